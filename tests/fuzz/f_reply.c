/*
 * f_reply.c: what a host may send to a program: replies with and without a
 * descriptor, datagrams with their header, records of connections; and the
 * netlink requests of a program, answered from such replies.
 */
#include "hijack/hijack.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <netinet/in.h>

#include "hijack/addr.c"
#include "hijack/cmsg.c"
#include "hijack/dump.h"
#include "hijack/mem.c"
#include "hijack/nlchange.c"
#include "hijack/nlgen.h"
#include "hijack/nltable.c"
#include "hijack/rpc.h"
#include "stack/wire/client.h"

bool hj_sandboxed;
static struct input rest;

/* The host's side of every request: whatever comes next in the input. */
int rpc_call(struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int *rep_fd)
{
	(void)req;
	(void)fds;
	(void)nfds;
	memset(rep, 0, WIRE_REP_HEAD);
	rep->value = take8(&rest);
	rep->len = (uint32_t)take_bytes(&rest, rep->data, WIRE_DATA);
	if (rep_fd)
		*rep_fd = -1;
	return -(take8(&rest) & 1 ? ENODEV : 0);
}

int dump_open(enum wire_dump what, unsigned *count)
{
	(void)what;
	*count = take8(&rest) % 4;
	return take8(&rest) & 1 ? -ENETDOWN : open("/dev/null", O_RDONLY);
}

bool dump_get(int fd, unsigned i, void *rec, size_t size)
{
	(void)fd;
	(void)i;
	memset(rec, 0, size);
	take_bytes(&rest, rec, size);
	return rest.n > 0;
}

int dump_link(const char *name, unsigned index, struct wire_link *out)
{
	(void)name;
	(void)index;
	return dump_get(-1, 0, out, sizeof(*out)) ? 0 : -ENODEV;
}

int dump_neigh(struct wire_neigh *n)
{
	return dump_get(-1, 0, n, sizeof(*n)) ? 0 : -ENOENT;
}

long dump_setting(const char *name)
{
	(void)name;
	return take8(&rest);
}

static void one_reply(int to, int from)
{
	struct wire_rep rep;
	uint8_t b[2048];
	int fd = -1, null = take8(&rest) & 1 ? open("/dev/null", O_RDONLY) : -1;
	size_t n = take_bytes(&rest, b, sizeof(b));

	sys_send_fds(to, b, n, &null, null >= 0, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (null >= 0)
		close(null);
	client_recv(from, &rep, take8(&rest) & 1 ? &fd : NULL);
	if (fd >= 0)
		close(fd);
}

static void one_netlink(int to)
{
	union {
		struct nlmsghdr h;
		uint8_t b[1024];
	} in = { .b = { 0 } };
	struct nlmsg_out o = { .fd = to };
	size_t n = take_bytes(&rest, in.b, sizeof(in.b));

	if (n < sizeof(in.h))
		return;
	in.h.nlmsg_len = (uint32_t)n;
	nlgen_answer(&o, &in.h);
	if (in.h.nlmsg_type % 4 == 2)
		nltable_get(&o, &in.h);
	else
		nltable_change(&o, &in.h);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int sv[2];

	rest = (struct input){ p, n };
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv) == 0,
	    "no pair");
	while (rest.n) {
		if (take8(&rest) & 1)
			one_reply(sv[0], sv[1]);
		else
			one_netlink(sv[0]);
	}
	close(sv[0]);
	close(sv[1]);
	return 0;
}
