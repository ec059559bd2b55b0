/*
 * data.h: steps that send and receive.
 */
#ifndef TESTS_RANDOM_DATA_H
#define TESTS_RANDOM_DATA_H

#include "tests/random/addr.h"
#include "tests/random/differ.h"

static const struct bit_name flag_names[] = {
	{ MSG_PEEK, "PEEK" }, { MSG_DONTWAIT, "DONTWAIT" },
	{ MSG_TRUNC, "TRUNC" }, { MSG_WAITALL, "WAITALL" },
	{ MSG_MORE, "MORE" }, { MSG_OOB, "OOB" }, { MSG_NOSIGNAL, "NOSIGNAL" },
	{ MSG_ERRQUEUE, "ERRQUEUE" }, { MSG_EOR, "EOR" },
	{ MSG_CONFIRM, "CONFIRM" }, { MSG_DONTROUTE, "DONTROUTE" },
	{ MSG_CTRUNC, "CTRUNC" }, { MSG_WAITFORONE, "WAITFORONE" },
	{ MSG_CMSG_CLOEXEC, "CLOEXEC" }, { 0, NULL },
};
static uint8_t memory[1 << 17];

/* Cut a piece of memory into some, of that many bytes together. */
static unsigned pieces(struct iovec *iov, int size)
{
	unsigned n = one_in(3) ? pick(4) : 1;
	uint8_t *at = memory;

	tell(" [");
	for (unsigned i = 0; i < n; i++) {
		unsigned now = i + 1 == n ? (unsigned)size :
		    pick((unsigned)size + 1);

		iov[i] = (struct iovec){ at, now };
		at += now;
		size -= (int)now;
		tell("%s%u", i ? "+" : "", now);
		if (one_in(60)) {
			iov[i].iov_base = BAD;
			tell(" EFAULT");
		}
	}
	tell("]");
	return n;
}

static int send_flags(const struct slot *s)
{
	int flags = 0;

	if (one_in(3))
		flags |= MSG_NOSIGNAL;
	if (one_in(4))
		flags |= MSG_DONTWAIT;
	if (with.corks && one_in(4))
		flags |= MSG_MORE;
	if ((with.urgent || s->type == SOCK_DGRAM) && one_in(8))
		flags |= MSG_OOB;
	if (one_in(16))
		flags |= ONE_OF(MSG_EOR, MSG_CONFIRM, MSG_DONTROUTE, MSG_PEEK,
		    MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_CTRUNC);
	tell(" %s", bits((unsigned)flags, flag_names));
	return flags;
}

static long send_by(int how, int fd, struct msghdr *m, int flags, bool alone)
{
	struct mmsghdr mm[2] = { { *m, 77 }, { *m, 77 } };
	int r;

	switch (how) {
	case 0:
		return write(fd, m->msg_iovlen ? m->msg_iov->iov_base : NULL,
		    m->msg_iovlen ? m->msg_iov->iov_len : 0);
	case 1:
		return writev(fd, m->msg_iov, (int)m->msg_iovlen);
	case 2:
		return sendto(fd, m->msg_iovlen ? m->msg_iov->iov_base : NULL,
		    m->msg_iovlen ? m->msg_iov->iov_len : 0, flags,
		    m->msg_name, m->msg_namelen);
	case 3:
		/* Does the second one meet the first one's error? */
		r = sendmmsg(fd, mm, alone ? 1 : 2, flags);
		return r < 0 ? r : r * 100000 + (int)mm[0].msg_len;
	default:
		return sendmsg(fd, m, flags);
	}
}

static void do_send(struct slot *s)
{
	static const char *const ways[] = { "write", "writev", "sendto",
	    "sendmmsg", "sendmsg" };
	int how = (int)pick(5), size, flags;
	struct iovec iov[4];
	struct msghdr m = { .msg_iov = iov };
	union any_addr a;
	bool none = true;

	size = ONE_OF(0, 1, 2, 7, 100, 1000, 1472, 5000, 20000);
	for (size_t i = 0; i < 20000; i++)
		memory[i] = (uint8_t)((unsigned)step * 31 + i * 7);
	tell(" %s", ways[how]);
	m.msg_iovlen = pieces(iov, size);
	flags = send_flags(s);
	if (one_in(s->type == SOCK_DGRAM ? 2 : 12)) {
		a = random_addr(s, &m.msg_namelen);
		m.msg_name = (void *)(uintptr_t)maybe_bad(&a, 30);
		none = false;
	}
	if (differs_send(s, none ? NULL : &a,
	    !m.msg_iovlen || !iov[0].iov_len))
		return;
	gives("%s", result(send_by(how, s->fd, &m, flags,
	    state_of(s) != TCP_ESTABLISHED)));
}

static int recv_flags(void)
{
	int flags = 0;

	if (one_in(4))
		flags |= MSG_PEEK;
	if (one_in(4))
		flags |= MSG_DONTWAIT;
	if (one_in(6))
		flags |= MSG_TRUNC;
	if (one_in(6))
		flags |= MSG_WAITALL;
	if (one_in(with.urgent ? 4 : 24))
		flags |= MSG_OOB;
	if (one_in(8))
		flags |= MSG_ERRQUEUE;
	if (one_in(16))
		flags |= ONE_OF(MSG_NOSIGNAL, MSG_MORE, MSG_EOR, MSG_CTRUNC,
		    MSG_DONTROUTE, MSG_CMSG_CLOEXEC, MSG_WAITFORONE);
	tell(" %s", bits((unsigned)flags, flag_names));
	return flags;
}

static const char *control_text(struct msghdr *m)
{
	static char buf[256];
	struct cmsghdr *c;

	buf[0] = '\0';
	if (!m->msg_control || m->msg_control == BAD)
		return buf;
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf),
		    " (%d %d %zu)", c->cmsg_level, c->cmsg_type,
		    (size_t)c->cmsg_len);
	return buf;
}

static void recv_many(struct slot *s, struct msghdr *m, int flags)
{
	struct timespec limit = { 0, TIMEOUT_MS * 1000000 };
	struct mmsghdr mm[3] = { { *m, 0 }, { *m, 0 }, { *m, 0 } };
	int r = recvmmsg(s->fd, mm, 3, flags, &limit);

	gives("%s: %u %u %u", result(r), r > 0 ? mm[0].msg_len : 0,
	    r > 1 ? mm[1].msg_len : 0, r > 2 ? mm[2].msg_len : 0);
}

static void do_recv(struct slot *s)
{
	static char control[256];
	struct iovec iov[4];
	union any_addr a;
	struct msghdr m = { .msg_iov = iov, .msg_control = control };
	socklen_t size;
	int flags;
	long r;

	memset(&a, 0, sizeof(a));
	memset(memory, 0, sizeof(memory));
	m.msg_iovlen = pieces(iov, ONE_OF(0, 1, 7, 100, 1472, 5000, 70000));
	flags = recv_flags();
	if (differs_recv(s, &m, flags))
		return;
	if (one_in(3)) {
		gives("read %s", result(r = readv(s->fd, iov,
		    (int)m.msg_iovlen)));
		return;
	}
	m.msg_controllen = (size_t)ONE_OF(0, 256, 256, 16, 20, 24);
	size = name_sizes[pick(COUNT(name_sizes) - 1)];
	m.msg_namelen = size;
	m.msg_name = one_in(4) ? NULL : (void *)(uintptr_t)maybe_bad(&a, 30);
	tell(" name %s %u, control %zu", m.msg_name ? "" : "NULL",
	    (unsigned)size, m.msg_controllen);
	if (one_in(5)) {
		tell(" recvmmsg");
		if (!differs_recv_many(s))
			recv_many(s, &m, flags);
		return;
	}
	r = recvmsg(s->fd, &m, flags);
	gives("%s, sum %x, %s, %u bytes, %s, control %zu%s", result(r),
	    r > 0 ? sum(memory, r < 70000 ? (size_t)r : 70000) : 0,
	    r < 0 ? "-" : bits((unsigned)m.msg_flags, msg_names),
	    r < 0 ? 0 : m.msg_namelen, r < 0 ? "-" : address(&a,
	    m.msg_namelen < size ? m.msg_namelen : size),
	    r < 0 ? 0 : m.msg_controllen, r < 0 ? "" : control_text(&m));
}

#endif
