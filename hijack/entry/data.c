/*
 * data.c: messages: a datagram socket's have a header in the pair, which the
 * library puts there and takes away.  A stream's bytes are the kernel's.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "hijack/entry/entry.h"
#include "stack/wire/clock.h"
#include "stack/wire/sys.h"

#define LONGEST		65536	/* bytes of a message */
#define CONTROL		4096	/* of control messages */

/* A message of the task's, in our memory. */
struct message {
	struct msghdr m;	/* for the call that we make */
	struct iovec ours;
	struct sockaddr_storage name;
	size_t room;		/* bytes that the task has for data */
	bool drop;		/* the data go nowhere: MSG_TRUNC of a stream */
	struct msghdr theirs;
	struct iovec *iov;	/* theirs, msg_iovlen of them */
	struct iovec one;
	char control[CONTROL];
	char data[LONGEST];
};

/* The kernel's memory is refused before a message is taken. */
static bool is_kernels(const struct iovec *v)
{
	return (intptr_t)v->iov_base < 0 ||
	    (intptr_t)((uintptr_t)v->iov_base + v->iov_len) < 0;
}

static int get_iov(const struct call *c, struct message *g)
{
	size_t n = g->theirs.msg_iovlen;

	if (n > IOV_MAX)
		return -EMSGSIZE;
	g->iov = malloc((n + 1) * sizeof(*g->iov));
	if (!g->iov)
		return -ENOMEM;
	if (task_get(c, g->iov, (uintptr_t)g->theirs.msg_iov,
	    n * sizeof(*g->iov)))
		return -EFAULT;
	for (size_t i = 0; i < n; i++) {
		if (g->iov[i].iov_len > SSIZE_MAX - g->room)
			return -EINVAL;
		if (is_kernels(&g->iov[i]))
			return -EFAULT;
		g->room += g->iov[i].iov_len;
	}
	return 0;
}

/* Between the task's pieces and our one. */
static int move(const struct call *c, struct message *g, size_t n, bool put)
{
	size_t at = 0;

	for (size_t i = 0; i < g->theirs.msg_iovlen && at < n; i++) {
		size_t part = g->iov[i].iov_len;
		uint64_t there = (uintptr_t)g->iov[i].iov_base;

		if (part > n - at)
			part = n - at;
		if (put ? task_put(c, there, g->data + at, part) :
		    task_get(c, g->data + at, there, part))
			return -EFAULT;
		at += part;
	}
	return 0;
}

/* A struct msghdr at `at`, or the arguments of sendto and recvfrom. */
static int get_head(const struct call *c, struct message *g, uint64_t at)
{
	bool plain = c->nr == SYS_sendto || c->nr == SYS_recvfrom;

	memset(&g->theirs, 0, sizeof(g->theirs));
	g->room = 0;
	g->iov = NULL;
	if (!plain) {
		if (task_get(c, &g->theirs, at, sizeof(g->theirs)))
			return -EFAULT;
		if ((int)g->theirs.msg_namelen < 0)
			return -EINVAL;
		return get_iov(c, g);
	}
	g->one.iov_base = (void *)c->arg[1];
	g->one.iov_len = c->arg[2];
	if (is_kernels(&g->one))
		return -EFAULT;
	g->room = c->arg[2] < SSIZE_MAX ? c->arg[2] : SSIZE_MAX;
	g->theirs.msg_name = (void *)c->arg[4];
	g->theirs.msg_iovlen = 1;
	g->iov = malloc(sizeof(*g->iov));
	if (!g->iov)
		return -ENOMEM;
	g->iov[0] = g->one;
	return 0;
}

/* What is sent.  Return: 0 or -errno. */
static int get_message(const struct call *c, struct message *g)
{
	size_t n = g->room < LONGEST ? g->room : LONGEST;
	size_t name = g->theirs.msg_namelen;
	size_t control = g->theirs.msg_controllen;

	memset(&g->m, 0, sizeof(g->m));
	if (c->nr == SYS_sendto)
		name = g->theirs.msg_name ? (uint32_t)c->arg[5] : 0;
	if (name > sizeof(g->name)) {
		if (c->nr == SYS_sendto)
			return -EINVAL;
		name = sizeof(g->name);
	}
	if (control > sizeof(g->control))
		return -ENOBUFS;
	/* sendto(2) takes an address of no bytes for one. */
	if (c->nr == SYS_sendto && g->theirs.msg_name && !name &&
	    c->type != SOCK_STREAM)
		return -EINVAL;
	g->ours = (struct iovec){ g->data, n };
	g->m.msg_iov = &g->ours;
	g->m.msg_iovlen = 1;
	if (g->theirs.msg_name && name) {
		if (task_get(c, &g->name, (uintptr_t)g->theirs.msg_name, name))
			return -EFAULT;
		g->m.msg_name = &g->name;
		g->m.msg_namelen = (socklen_t)name;
	}
	if (control) {
		if (task_get(c, g->control, (uintptr_t)g->theirs.msg_control,
		    control))
			return -EFAULT;
		g->m.msg_control = g->control;
		g->m.msg_controllen = control;
	}
	return move(c, g, n, false);
}

static long wait_or(struct call *c, long r, int flags, short events)
{
	if (r != -EAGAIN || c->nonblock || flags & (MSG_DONTWAIT | MSG_ERRQUEUE))
		return r;
	c->events = events;
	return CALL_WAIT;
}

static long send_one(struct call *c, struct message *g, uint64_t at, int flags)
{
	long r = get_head(c, g, at);

	if (!r)
		r = get_message(c, g);
	free(g->iov);
	if (r)
		return r;
	r = sendmsg(c->fd, &g->m, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	return r < 0 ? -errno : r;
}

/* What came, to where the task wants it.  Return: n or -errno. */
static long put_message(const struct call *c, struct message *g, uint64_t at,
    long n)
{
	size_t name = g->m.msg_namelen, room = g->theirs.msg_namelen;
	size_t len = (size_t)n < g->ours.iov_len ? (size_t)n : g->ours.iov_len;
	socklen_t plain;

	if (!g->drop && move(c, g, len, true))
		return -EFAULT;
	if (c->nr == SYS_recvfrom) {
		if (!c->arg[4])
			return n;
		if (task_get(c, &plain, c->arg[5], sizeof(plain)))
			return -EFAULT;
		room = plain;
		plain = (socklen_t)name;
		if (task_put(c, c->arg[5], &plain, sizeof(plain)))
			return -EFAULT;
		return task_put(c, c->arg[4], &g->name,
		    name < room ? name : room) ? -EFAULT : n;
	}
	if (g->theirs.msg_name && task_put(c, (uintptr_t)g->theirs.msg_name,
	    &g->name, name < room ? name : room))
		return -EFAULT;
	if (g->theirs.msg_control && task_put(c,
	    (uintptr_t)g->theirs.msg_control, g->control, g->m.msg_controllen))
		return -EFAULT;
	g->theirs.msg_namelen = (socklen_t)name;
	g->theirs.msg_controllen = g->m.msg_controllen;
	g->theirs.msg_flags = g->m.msg_flags;
	return task_put(c, at, &g->theirs, sizeof(g->theirs)) ? -EFAULT : n;
}

static long recv_one(struct call *c, struct message *g, uint64_t at, int flags)
{
	size_t control;
	long r = get_head(c, g, at);

	g->drop = c->type == SOCK_STREAM && flags & MSG_TRUNC;
	control = g->theirs.msg_control ? g->theirs.msg_controllen : 0;
	g->ours = (struct iovec){ g->data,
	    g->room < LONGEST ? g->room : LONGEST };
	g->m = (struct msghdr){
		.msg_iov = &g->ours, .msg_iovlen = 1, .msg_name = &g->name,
		.msg_namelen = sizeof(g->name),
	};
	if (control) {
		g->m.msg_control = g->control;
		g->m.msg_controllen = control < sizeof(g->control) ? control :
		    sizeof(g->control);
	}
	if (!r) {
		r = recvmsg(c->fd, &g->m, flags | MSG_DONTWAIT);
		r = r < 0 ? -errno : put_message(c, g, at, r);
	}
	free(g->iov);
	return r;
}

typedef long one_fn(struct call *c, struct message *g, uint64_t at, int flags);

/*
 * sendmmsg and recvmmsg: the first error counts if nothing went before it.
 * Those that went before a try that had to wait are c->done.
 */
static long many(struct call *c, struct message *g, int flags, short events,
    one_fn *one)
{
	unsigned n = (unsigned)c->arg[2], len;
	uint64_t at;
	long r = 0;

	for (; c->done < n && c->done < IOV_MAX; c->done++) {
		at = c->arg[1] + c->done * sizeof(struct mmsghdr);
		if (c->done && flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		r = wait_or(c, one(c, g, at, flags & ~MSG_WAITFORONE), flags,
		    events);
		if (r < 0)
			break;
		len = (unsigned)r;
		if (task_put(c, at + offsetof(struct mmsghdr, msg_len), &len,
		    sizeof(len)))
			return c->done ? (long)c->done : -EFAULT;
		if (c->until && clock_ns() >= c->until)
			return (long)++c->done;
	}
	return r == CALL_WAIT || !c->done ? r : (long)c->done;
}

/* recvmmsg's time-out is looked at after each message. */
static int get_limit(struct call *c)
{
	struct timespec t;

	if (c->nr != SYS_recvmmsg || !c->arg[4] || c->until)
		return 0;
	if (task_get(c, &t, c->arg[4], sizeof(t)))
		return -EFAULT;
	if (t.tv_sec < 0 || (unsigned long)t.tv_nsec >= CLOCK_NS_S)
		return -EINVAL;
	c->until = clock_ns() + (uint64_t)t.tv_sec * CLOCK_NS_S +
	    (uint64_t)t.tv_nsec;
	return 0;
}

/* The task hears of it if a message came. */
static long time_left(const struct call *c, long r)
{
	uint64_t now = clock_ns(), left = c->until > now ? c->until - now : 0;
	struct timespec t = clock_timespec(left);

	return r > 0 && c->until && task_put(c, c->arg[4], &t, sizeof(t)) ?
	    -EFAULT : r;
}

static long with_message(struct call *c, int flags, bool several, short events,
    one_fn *one)
{
	struct message *g = malloc(sizeof(*g));
	long r;

	if (!g)
		return -ENOMEM;
	r = get_limit(c);
	if (!r)
		r = several ? time_left(c, many(c, g, flags, events, one)) :
		    wait_or(c, one(c, g, c->arg[1],
		    flags & ~MSG_WAITFORONE), flags, events);
	free(g);
	return r;
}

/*
 * A connected stream's bytes are the kernel's business, unless the flags are
 * TCP's own or an address comes with them.
 */
#define PLAIN_FLAGS	(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_PEEK | MSG_WAITALL | \
	MSG_CMSG_CLOEXEC)

static bool is_plain(const struct call *c, int flags)
{
	struct pollfd p = { .fd = c->fd };
	bool named = c->nr == SYS_sendto && c->arg[4];
	int mark = 0;
	socklen_t len = sizeof(mark);

	if (c->type != SOCK_STREAM || flags & ~PLAIN_FLAGS || named)
		return false;
	/* Why it ended the host knows. */
	if (sys_poll(&p, 1, 0) > 0 && p.revents & POLLERR)
		return false;
	/* Neither fresh nor listening nor connecting: hijack/fd.h. */
	return sys_getsockopt(c->fd, SOL_SOCKET, SO_INCOMING_CPU, &mark,
	    &len) || (mark & (int)0xffff0000) != 0x5a4d0000;
}

long data_send(struct call *c)
{
	bool several = c->nr == SYS_sendmmsg;
	int flags = (int)c->arg[c->nr == SYS_sendmsg ? 2 : 3];
	long r;

	if (is_plain(c, flags))
		return CALL_CONTINUE;
	r = with_message(c, flags, several, POLLOUT, send_one);
	if (r == -EPIPE && c->type == SOCK_STREAM && !(flags & MSG_NOSIGNAL))
		task_signal(c, SIGPIPE);
	return r;
}

long data_recv(struct call *c)
{
	bool several = c->nr == SYS_recvmmsg;
	int flags = (int)c->arg[c->nr == SYS_recvmsg ? 2 : 3];

	/* Of nothing TCP waits otherwise than a pair. */
	if (is_plain(c, flags) && (c->nr != SYS_recvfrom || c->arg[2]))
		return CALL_CONTINUE;
	return with_message(c, flags, several, POLLIN, recv_one);
}
