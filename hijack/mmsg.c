/*
 * mmsg.c: many messages with one call.
 *
 * Datagrams go over the pair as many at a time as they are simple; whatever is
 * not, and whatever fails, is left to the call for one.
 */
#include "hijack/io.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>

#include "hijack/dgram.h"
#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/clock.h"

#define TOGETHER	16	/* messages */
#define PIECES		32	/* buffers of all of them */

/* Some of the program's messages, as they are on the pair; some 4 KiB. */
struct batch {
	struct mmsghdr v[TOGETHER];
	struct wire_dgram h[TOGETHER];
	struct iovec iov[TOGETHER + PIECES];
	unsigned n, niov;
};

#define SPAN		65536	/* bytes that are looked at as one */

/* Memory that several headers name. */
struct span {
	uintptr_t from, to;
};

static void widen(struct span *s, const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p;

	if (!n)
		return;
	s->from = at < s->from ? at : s->from;
	s->to = at + n > s->to ? at + n : s->to;
}

/*
 * What n headers name lies close together as a rule: it is looked at once.
 * Return: HJ_KNOWN, or fd.
 */
static int look(int fd, const struct mmsghdr *v, unsigned n)
{
	struct span s[3] = {
		{ UINTPTR_MAX, 0 }, { UINTPTR_MAX, 0 }, { UINTPTR_MAX, 0 },
	};

	if (n > TOGETHER)
		n = TOGETHER;
	if (!hj_readable(fd, v, n * sizeof(*v)))
		return fd;
	for (unsigned i = 0; i < n; i++) {
		const struct msghdr *m = &v[i].msg_hdr;

		if (m->msg_iovlen > PIECES)
			return fd;
		widen(&s[0], m->msg_iov, m->msg_iovlen *
		    sizeof(*m->msg_iov));
		widen(&s[1], m->msg_name, m->msg_name ? m->msg_namelen : 0);
		widen(&s[2], m->msg_control, m->msg_controllen);
	}
	for (int i = 0; i < 3; i++)
		if (s[i].to && (s[i].to < s[i].from ||
		    s[i].to - s[i].from > SPAN || !hj_readable(fd,
		    (const void *)s[i].from, s[i].to - s[i].from)))
			return fd;
	return HJ_KNOWN;
}

/* One message more, in m.  Return: its bytes, -1: it does not go along. */
static ssize_t add(int fd, struct batch *b, const struct msghdr *theirs,
    struct msghdr *m)
{
	struct iovec *iov = &b->iov[b->niov];
	size_t total;

	if (b->n == TOGETHER || io_take_header(fd, m, theirs) ||
	    m->msg_iovlen > TOGETHER + PIECES - b->niov - 1 ||
	    dgram_take_iov(fd, iov + 1, m, &total))
		return -1;
	iov[0] = (struct iovec){ &b->h[b->n], sizeof(b->h[0]) };
	memset(&b->v[b->n], 0, sizeof(b->v[0]));
	b->v[b->n].msg_hdr.msg_iov = iov;
	b->v[b->n].msg_hdr.msg_iovlen = 1 + m->msg_iovlen;
	return (ssize_t)total;
}

static void added(struct batch *b)
{
	b->niov += (unsigned)b->v[b->n++].msg_hdr.msg_iovlen;
}

/* Return: how many of the n have gone; 0: the first is to be tried alone. */
static unsigned send_batch(int fd, unsigned mark, struct mmsghdr *v,
    unsigned n, int flags)
{
	unsigned len[TOGETHER];
	int keep = errno, sent, from;
	struct msghdr m;
	struct batch b;

	b.n = b.niov = 0;
	if (mark & (MARK_PACKET | MARK_EXTRA | MARK_PING) || flags & MSG_MORE ||
	    (mark & (MARK_PEER | MARK_RECVERR) && dgram_has_error(fd)))
		return 0;
	from = look(fd, v, n);
	for (unsigned i = 0; i < n; i++) {
		struct dgram_out o = {
			.m = &m, .flags = flags, .h.magic = WIRE_MAGIC,
		};
		ssize_t total = add(from, &b, &v[i].msg_hdr, &m);

		if (total < 0)
			break;
		if (!m.msg_namelen)
			m.msg_name = NULL;
		o.total = (size_t)total;
		o.iov = &b.iov[b.niov + 1];
		if (dgram_prepare(from, mark, &o) || dgram_must_ask(mark, &o))
			break;
		b.h[b.n] = o.h;
		len[b.n] = (unsigned)total;
		added(&b);
	}
	if (b.n < 2)
		return 0;
	sent = next.sendmmsg(fd, b.v, b.n, (flags & MSG_DONTWAIT) |
	    MSG_NOSIGNAL);
	errno = keep;
	for (int i = 0; i < sent; i++) {
		/* One look at each page. */
		bool same = i && !(((uintptr_t)&v[i].msg_len ^
		    (uintptr_t)&v[i - 1].msg_len) & ~(uintptr_t)4095);

		if (hj_put(same ? HJ_KNOWN : fd, &v[i].msg_len, &len[i],
		    sizeof(len[i])))
			return (unsigned)i;
	}
	return sent < 0 ? 0 : (unsigned)sent;
}

HOOK(int, sendmmsg, int fd, struct mmsghdr *v, unsigned n, int flags)
{
	unsigned mark = fd_mark(fd), i, k;

	/* A stream's pair takes addresses and options otherwise than TCP. */
	if (likely(!mark) && !io_is_stream(fd))
		return next.sendmmsg(fd, v, n, flags);
	if (n > 1024)
		n = 1024;
	for (i = 0; i < n; i += k) {
		unsigned len;
		ssize_t r;

		k = mark & MARK_DGRAM && n - i > 1 ?
		    send_batch(fd, mark, v + i, n - i, flags) : 0;
		if (k)
			continue;
		r = io_sendmsg(fd, &v[i].msg_hdr, flags);
		len = (unsigned)r;
		if (r >= 0 && hj_put(fd, &v[i].msg_len, &len, sizeof(len)))
			r = hj_ret(-EFAULT);
		if (r < 0)
			return i ? (int)i : -1;
		k = 1;
	}
	return (int)i;
}
HOOK_ALIAS(__sendmmsg, sendmmsg);

/* An error that was read too early: it comes again. */
static void give_back(int fd, int err)
{
	struct wire_rep rep;
	struct wire_id id;

	if (client_id_of(fd, &id))
		rpc_sock(&id, WIRE_SETSOCKOPT, SOL_SHMIF, SHMIF_ERROR, 0, &err,
		    sizeof(err), &rep);
}

/* n bytes of data from one message's buffers to another's. */
static void move(int fd, const struct msghdr *to, const struct msghdr *from,
    size_t n)
{
	size_t i = 1, k = 1, at = 0, there = 0;

	while (n && i < from->msg_iovlen && k < to->msg_iovlen) {
		struct iovec s = from->msg_iov[i], d = to->msg_iov[k];
		size_t part = s.iov_len - at;

		part = part > d.iov_len - there ? d.iov_len - there : part;
		part = part > n ? n : part;
		if (hj_put(fd, (char *)d.iov_base + there,
		    (char *)s.iov_base + at, part))
			return;
		at += part;
		there += part;
		n -= part;
		if (at == s.iov_len)
			i++, at = 0;
		if (there == d.iov_len)
			k++, there = 0;
	}
}

/* Message `from` of the batch is the program's message `to`. */
static bool give(int fd, unsigned mark, struct batch *b, unsigned from,
    unsigned to, struct msghdr *m, struct mmsghdr *theirs)
{
	size_t len = b->v[from].msg_len - sizeof(b->h[0]), room = 0;
	const struct msghdr *there = &b->v[to].msg_hdr;

	m->msg_flags = b->v[from].msg_hdr.msg_flags & MSG_TRUNC;
	if (from != to) {
		for (size_t i = 1; i < there->msg_iovlen; i++)
			room += there->msg_iov[i].iov_len;
		m->msg_flags |= len > room ? MSG_TRUNC : 0;
		move(fd, there, &b->v[from].msg_hdr, len);
		len = len < room ? len : room;
	}
	if (dgram_give(fd, mark, m, &b->h[from]))
		return false;
	if (theirs->msg_hdr.msg_name)
		theirs->msg_hdr.msg_namelen = m->msg_namelen;
	theirs->msg_hdr.msg_controllen = m->msg_controllen;
	theirs->msg_hdr.msg_flags = m->msg_flags;
	theirs->msg_len = (unsigned)len;
	return true;
}

/*
 * What is there.  Return: how many of the n were filled; *more: there may be
 * others.
 */
static unsigned recv_batch(int fd, unsigned mark, struct mmsghdr *v,
    unsigned n, int flags, bool *more)
{
	struct msghdr m[TOGETHER];
	int keep = errno, got, from;
	unsigned to = 0;
	struct batch b;

	*more = true;
	b.n = b.niov = 0;
	if (!(mark & MARK_DGRAM) || mark & (MARK_PACKET | MARK_RECVERR |
	    MARK_BARE) || flags & ~(MSG_DONTWAIT | MSG_TRUNC))
		return 0;
	from = look(fd, v, n);
	while (b.n < n && b.n < TOGETHER &&
	    add(from, &b, &v[b.n].msg_hdr, &m[b.n]) >= 0)
		added(&b);
	if (!b.n)
		return 0;
	got = next.recvmmsg(fd, b.v, b.n, MSG_DONTWAIT | (flags & MSG_TRUNC),
	    NULL);
	errno = keep;
	*more = got == (int)b.n;
	for (int i = 0; i < got; i++) {
		const struct wire_dgram *h = &b.h[i];
		bool valid = dgram_is_valid(h, b.v[i].msg_len);

		if (!b.v[i].msg_len) {
			*more = true;	/* the end of the pair */
			break;
		}
		if (valid && !(h->flags & (WIRE_DG_ERROR | WIRE_DG_WAKE)))
			to += give(fd, mark, &b, (unsigned)i, to, &m[to],
			    &v[to]);
		else if (valid && h->flags & WIRE_DG_ERROR)
			give_back(fd, dgram_error_of(h));
	}
	return to;
}

/* When to stop at the latest; 0: never, or -errno. */
static int until(int fd, const struct timespec *timeout, uint64_t *end)
{
	struct timespec limit;

	*end = 0;
	if (!timeout)
		return 0;
	if (hj_get(fd, &limit, timeout, sizeof(limit)))
		return -EFAULT;
	if (limit.tv_sec < 0 || (unsigned long)limit.tv_nsec >= 1000000000)
		return -EINVAL;
	*end = clock_ns() + (uint64_t)limit.tv_sec * CLOCK_NS_S +
	    (uint64_t)limit.tv_nsec;
	return 0;
}

/* What is left of the time-out, if a message came. */
static int time_left(int fd, struct timespec *timeout, uint64_t end, int r)
{
	uint64_t now = clock_ns(), left = end > now ? end - now : 0;
	struct timespec t = clock_timespec(left);

	return r > 0 && end && hj_put(fd, timeout, &t, sizeof(t)) ?
	    (int)hj_ret(-EFAULT) : r;
}

/* Like the kernel's, the time-out is looked at after each message only. */
static int recv_many(int fd, unsigned mark, struct mmsghdr *v, unsigned n,
    int flags, uint64_t end)
{
	bool one = flags & MSG_WAITFORONE, more = true;
	unsigned i, k;

	flags &= ~MSG_WAITFORONE;
	for (i = 0; i < n; i += k) {
		k = i ? recv_batch(fd, mark, v + i, n - i, flags, &more) : 0;
		if (!k && (more || !(flags & MSG_DONTWAIT))) {
			ssize_t r = io_recvmsg(fd, &v[i].msg_hdr, flags);

			if (r < 0)
				return i ? (int)i : -1;
			v[i].msg_len = (unsigned)r;
			k = 1;
		}
		if (one)
			flags |= MSG_DONTWAIT;
		if (!k || (end && clock_ns() >= end))
			return (int)(i + k);
	}
	return (int)i;
}

HOOK(int, recvmmsg, int fd, struct mmsghdr *v, unsigned n, int flags,
    struct timespec *timeout)
{
	unsigned mark = fd_mark(fd);
	uint64_t end;
	int r;

	if (mark || io_is_stream(fd)) {
		r = until(fd, timeout, &end);
		return r ? (int)hj_ret(r) : time_left(fd, timeout, end,
		    recv_many(fd, mark, v, n, flags, end));
	}
	r = next.recvmmsg(fd, v, n, flags, timeout);
	for (int i = 0; i < r; i++)
		if (v[i].msg_hdr.msg_controllen)
			io_forget_rights(&v[i].msg_hdr);
	return r;
}
