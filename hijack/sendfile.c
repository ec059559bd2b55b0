/* sendfile.c: sendfile and splice, which know nothing of datagrams' headers. */
#include "hijack/hijack.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hijack/fd.h"
#include "hijack/io.h"
#include "hijack/next.h"
#include "hijack/plug.h"
#include "stack/wire/sys.h"

#define LONGEST	65536	/* bytes; no datagram is that long */

static void *get_room(void)
{
	return mmap(NULL, LONGEST, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void put_room(void *room)
{
	int keep = errno;

	munmap(room, LONGEST);
	errno = keep;
}

/* As the kernel does it: what was asked for is one datagram. */
static ssize_t send_from(int out, unsigned mark, int in, off_t at, size_t n,
    void *room)
{
	struct iovec v = { room, 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t r = pread(in, room, n < LONGEST ? n : LONGEST, at);

	if (r <= 0)
		return r;
	v.iov_len = (size_t)r;
	return io_send_marked(out, mark, &m, 0);
}

static ssize_t send_datagram(int out, unsigned mark, int in, off_t at,
    size_t n)
{
	void *room = get_room();
	ssize_t r;

	if (room == MAP_FAILED)
		return -1;
	r = send_from(out, mark, in, at, n, room);
	put_room(room);
	return r;
}

/* From *off on, or from where the file is. */
static ssize_t sendfile_dgram(int out, unsigned mark, int in, off_t *off,
    size_t n)
{
	off_t at = off ? 0 : lseek(in, 0, SEEK_CUR);
	ssize_t r;

	if (off && hj_get(out, &at, off, sizeof(at)))
		return hj_ret(-EFAULT);
	if (at < 0)
		return hj_ret(-EINVAL);
	r = send_datagram(out, mark, in, at, n);
	if (r <= 0)
		return r;
	at += r;
	if (!off)
		lseek(in, at, SEEK_SET);
	else if (hj_put(out, off, &at, sizeof(at)))
		return hj_ret(-EFAULT);
	return r;
}

/* EPIPE, and the signal. */
static ssize_t send_nothing(int out, unsigned mark)
{
	struct msghdr none = { .msg_iovlen = 0 };

	return io_send_marked(out, mark, &none, 0);
}

HOOK(ssize_t, sendfile, int out, int in, off_t *off, size_t n)
{
	unsigned mark = fd_mark(out);

	if (mark & MARK_DGRAM)
		return sendfile_dgram(out, mark, in, off, n);
	if (mark & MARK_NETLINK)
		return hj_ret(-EINVAL);
	if (mark & (MARK_FRESH | MARK_LISTEN))
		return send_nothing(out, mark);
	return next.sendfile(out, in, off, plug_fits(out, n));
}
HOOK_ALIAS(sendfile64, sendfile);

/* One message into a pipe, once that has room. */
static ssize_t splice_message(int in, unsigned mark, int out, size_t n,
    unsigned flags)
{
	struct pollfd p = { .fd = out, .events = POLLOUT };
	struct iovec v = { get_room(), n < LONGEST ? n : LONGEST };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t r;
	int ready;

	if (v.iov_base == MAP_FAILED)
		return -1;
	ready = sys_poll(&p, 1, flags & SPLICE_F_NONBLOCK ? 0 : -1);
	if (ready > 0)
		r = io_recv_marked(in, mark, &m, flags & SPLICE_F_NONBLOCK ?
		    MSG_DONTWAIT : 0);
	else
		r = hj_ret(ready ? ready : -EAGAIN);
	if (r > 0)
		r = next.write(out, v.iov_base, (size_t)r);
	put_room(v.iov_base);
	return r;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

HOOK(ssize_t, splice, int in, off64_t *at_in, int out, off64_t *at_out,
    size_t n, unsigned flags)
{
	unsigned mark = fd_mark(in);

	if (mark && !at_in && !at_out)
		return is_pipe(out) ? splice_message(in, mark, out, n, flags) :
		    hj_ret(-EINVAL);
	mark = fd_mark(out);
	if (!(mark & MARK_DGRAM) && mark & (MARK_FRESH | MARK_LISTEN))
		return send_nothing(out, mark);
	return next.splice(in, at_in, out, at_out, n, flags);
}
