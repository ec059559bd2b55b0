/*
 * packet.c: packet sockets: sending, filters, and rings.
 *
 * A ring is memory that the host and the program share.  As long as it has
 * packets there is a message without data in the pair, so that it polls as
 * readable; that it has none any more, poll(2) and select(2) find out when they
 * ask the host.
 */
#include "hijack/packet.h"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "hijack/addr.h"
#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define LARGEST	(65535 + 14 + 4)	/* bytes of a frame */

bool packet_ring_used;

/* Sending. */

static int make_header(int fd, unsigned mark, struct dgram_out *o)
{
	const struct msghdr *m = o->m;
	struct sockaddr_ll ll;
	int err = 0;

	(void)mark;
	if (m->msg_name && m->msg_namelen < sizeof(ll))
		return -EINVAL;
	if (m->msg_name && hj_get(fd, &ll, m->msg_name, sizeof(ll)))
		return -EFAULT;
	if (m->msg_name)
		err = addr_in_ll(&o->h.peer, &ll, m->msg_namelen);
	return !err && o->total > LARGEST ? -EMSGSIZE : err;
}

/*
 * Linux tells at once what is wrong with a packet; the host looks at what was
 * written before it answers a question.
 */
static int result(int fd)
{
	struct wire_rep rep;
	struct wire_id id;
	int err;

	if (!client_id_of(fd, &id))
		return -EBADF;
	err = rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_SENT, 0, 0, NULL, 0, &rep);
	return err ? err : -(int)(rep.value & 4095);
}

ssize_t packet_send(int fd, const struct msghdr *m, int flags)
{
	struct dgram_out o = { .m = m, .flags = flags };
	ssize_t n = dgram_write(fd, MARK_PACKET, &o, make_header);
	int err = n < 0 ? (int)n : result(fd);

	return err ? err : n;
}

/* Filters. */

int packet_attach(const struct wire_id *id, const void *val, socklen_t len)
{
	struct wire_req req = {
		.op = WIRE_SETSOCKOPT, .a = SOL_SOCKET, .b = SO_ATTACH_FILTER,
		.len = sizeof(uint32_t),
	};
	struct wire_rep rep;
	struct sock_fprog prog;
	uint32_t n;
	int fd, err;
	long r;

	if (len != sizeof(prog))
		return -EINVAL;
	if (hj_copy_in(&prog, val, sizeof(prog)))
		return -EFAULT;
	if (!prog.len || prog.len > BPF_MAXINSNS || !prog.filter)
		return -EINVAL;
	n = prog.len;
	memcpy(req.data, &n, sizeof(n));
	fd = (int)SYS2(SYS_memfd_create, "shmif-filter", MFD_CLOEXEC);
	if (fd < 0)
		return fd;
	r = SYS3(SYS_write, fd, prog.filter, n * sizeof(*prog.filter));
	err = r < 0 ? (int)r : rpc_call_on(id, &req, &fd, 1, &rep, NULL);
	sys_close(fd);
	return err;
}

/* Rings. */

void packet_ring_set(int fd, bool on)
{
	unsigned mark = fd_mark(fd) & ~(unsigned)MARK_RING;

	fd_mark_set(fd, on ? mark | MARK_RING : mark);
	packet_ring_used |= on;
}

static void *ring_map(void *addr, size_t len, int prot, int flags, int fd,
    off_t off)
{
	struct wire_req req = { .op = WIRE_QUERY, .a = WIRE_QUERY_RING };
	void *r = MAP_FAILED;
	struct wire_rep rep;
	struct wire_id id;
	struct stat st;
	int mem = -1, err;

	if (!client_id_of(fd, &id))
		return (void *)hj_ret(-EBADF);
	err = rpc_call_on(&id, &req, NULL, 0, &rep, &mem);
	if (err)
		return (void *)hj_ret(err);
	if (mem < 0 || off || SYS2(SYS_fstat, mem, &st) ||
	    st.st_size != (off_t)len)
		errno = EINVAL;
	else
		r = next.mmap(addr, len, prot, flags, mem, 0);
	if (mem >= 0)
		sys_close(mem);
	packet_ring_used = true;
	return r;
}

HOOK(void *, mmap, void *addr, size_t len, int prot, int flags, int fd,
    off_t off)
{
	if (unlikely(packet_ring_used) && !(flags & MAP_ANONYMOUS) &&
	    fd_mark(fd) & MARK_RING)
		return ring_map(addr, len, prot, flags, fd, off);
	return next.mmap(addr, len, prot, flags, fd, off);
}
HOOK_ALIAS(mmap64, mmap);

void packet_prepare(int fd)
{
	struct wire_rep rep;
	struct wire_id id;
	int keep = errno;

	if ((fd_mark(fd) & (MARK_PACKET | MARK_RING)) !=
	    (MARK_PACKET | MARK_RING) || !client_id_of(fd, &id))
		return;
	dgram_drop_wakes(fd);
	rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_READY, 0, 0, NULL, 0, &rep);
	errno = keep;
}

void packet_poll_prepare(struct pollfd *p, unsigned long n)
{
	if (hj_no_memory(p))
		return;
	for (unsigned long i = 0; i < n; i++)
		if (p[i].fd >= 0 && p[i].events & (POLLIN | POLLRDNORM))
			packet_prepare(p[i].fd);
}
