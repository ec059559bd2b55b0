/* flow.c: a descriptor and its stream; see flow.h. */
#include "stack/relay/flow.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define HEAD		sizeof(uint32_t)
#define PART		65536	/* bytes read at once */
#define DGRAM_MAX	(sizeof(struct wire_dgram) + 65535 + 18)

struct held {
	struct held *next;
	struct relay_msg m;
	uint8_t data[];
};

/* From the descriptor. */

static void at_end(struct flow *f)
{
	f->read_end = true;
	f->readable = false;
}

ssize_t flow_fetch(struct flow *f, void *p, size_t n)
{
	ssize_t r;

	if (!f->readable || f->read_end || f->watch.fd < 0)
		return -EAGAIN;
	r = recv(f->watch.fd, p, n, MSG_DONTWAIT);
	if (r > 0) {
		/* Less than asked for: what is new makes an edge. */
		if ((size_t)r < n && !f->dgram && !f->ending)
			f->readable = false;
		return r;
	}
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		f->readable = false;
	else if (r < 0 || !f->dgram || f->ending)
		at_end(f);
	/* Else it is an empty datagram, of which hosts know nothing. */
	return -EAGAIN;
}

/* One datagram into `ahead`. */
static void take_dgram(struct flow *f)
{
	static uint8_t buf[HEAD + DGRAM_MAX];
	uint32_t len;
	ssize_t n = f->ops->fetch ? f->ops->fetch(f, buf + HEAD, DGRAM_MAX) :
	    flow_fetch(f, buf + HEAD, DGRAM_MAX);

	if (n <= 0)
		return;
	len = (uint32_t)n;
	memcpy(buf, &len, HEAD);
	bytes_put(&f->ahead, buf, HEAD + len);
}

/*
 * An urgent byte is there: read to it, as its place is to be told before it is
 * sent.
 */
static void find_mark(struct flow *f)
{
	int yes = 0;
	ssize_t n = 1;
	uint8_t *to;

	/* The question is about what is there to be read. */
	while (n > 0 && recv(f->watch.fd, &(char){ 0 }, 1, MSG_PEEK |
	    MSG_DONTWAIT) == 1 && !ioctl(f->watch.fd, SIOCATMARK, &yes) &&
	    !yes) {
		to = bytes_room(&f->ahead, PART);
		n = to ? recv(f->watch.fd, to, PART, MSG_DONTWAIT) : 0;
		if (n > 0)
			f->ahead.len += (size_t)n;
	}
	if (yes)
		f->ops->urgent(f, f->sent + f->ahead.len);
}

static void take_stream(struct flow *f, size_t window)
{
	size_t part = window < PART ? window : PART;
	uint8_t *to = part ? bytes_room(&f->ahead, part) : NULL;
	ssize_t n = to ? flow_fetch(f, to, part) : -EAGAIN;

	if (n > 0)
		f->ahead.len += (size_t)n;
}

/* Who asks may be heard before epoll has told of what was written before. */
static void look(struct flow *f)
{
	struct pollfd p = {
		.fd = f->watch.fd, .events = POLLIN | POLLPRI,
	};

	if (!f->open || f->read_end || p.fd < 0 || poll(&p, 1, 0) <= 0)
		return;
	if (p.revents & POLLPRI && !f->dgram)
		find_mark(f);
	f->readable = true;
}

uint64_t flow_drain(struct flow *f)
{
	size_t window = link_window(&f->stream), before, fits;

	look(f);
	while (f->open && f->readable && f->ahead.len < window) {
		before = f->ahead.len;
		if (f->dgram)
			take_dgram(f);
		else
			take_stream(f, window - before);
		if (f->ahead.len == before)
			break;
	}
	if (f->ahead.len || f->read_end)
		link_resume(&f->stream);
	/* Of a datagram the window may let only a part pass for now. */
	fits = f->ahead.len < window ? f->ahead.len : window;
	return f->sent + fits + (f->read_end && !f->sent_end &&
	    fits == f->ahead.len);
}

static ssize_t on_read(struct link_stream *s, uint8_t *buf, size_t n,
    bool *end)
{
	struct flow *f = table_of(struct flow, stream, s);
	ssize_t r = -EAGAIN;

	if (!f->ahead.len && f->dgram && f->open && f->readable)
		take_dgram(f);
	if (f->ahead.len) {
		r = (ssize_t)(n < f->ahead.len ? n : f->ahead.len);
		memcpy(buf, bytes_head(&f->ahead), (size_t)r);
		bytes_take(&f->ahead, (size_t)r);
	} else if (f->open && !f->dgram) {
		r = flow_fetch(f, buf, n);
	}
	if (r > 0)
		f->sent += (uint64_t)r;
	if (!f->ahead.len && f->reset) {
		/* Behind this frame; there may be no window for another. */
		link_reset(&f->stream, f->reset);
		return r;
	}
	if (!f->ahead.len && f->read_end && r <= 0) {
		*end = true;
		f->sent++;
		f->sent_end = true;
		f->ops->ended(f);
		return 0;
	}
	return r;
}

/* To the descriptor. */

/* Of n bytes from `at` on, those that go out with one call, and how. */
static size_t until_urgent(const struct flow *f, uint64_t at, size_t n,
    int *oob)
{
	uint64_t ahead = f->urgent_at - at;

	*oob = 0;
	if (!f->urgent || ahead >= n)
		return n;	/* also if it is behind: that wraps */
	*oob = ahead ? 0 : MSG_OOB;
	return ahead ? (size_t)ahead : 1;
}

void flow_urgent_told(struct flow *f, const struct relay_msg *m,
    const uint8_t *data)
{
	if (m->len != sizeof(f->urgent_at))
		return;
	memcpy(&f->urgent_at, data, sizeof(f->urgent_at));
	f->urgent = true;
}

/* Return: bytes of p that are done with. */
static size_t put_stream(struct flow *f, const uint8_t *p, size_t n)
{
	size_t put = 0, part;
	ssize_t r;
	int oob;

	while (put < n) {
		part = until_urgent(f, f->given + put, n - put, &oob);
		r = send(f->watch.fd, p + put, part, oob | MSG_DONTWAIT |
		    MSG_NOSIGNAL);
		if (r < 0 && oob && errno == EOPNOTSUPP)
			r = send(f->watch.fd, p + put, part, MSG_DONTWAIT |
			    MSG_NOSIGNAL);
		if (r < 0)
			return errno == EAGAIN ? put : SIZE_MAX;
		put += (size_t)r;
	}
	return put;
}

/* Return: 0; -EAGAIN: there is no room; -EPIPE: nobody reads. */
static int put_one(struct flow *f, const uint8_t *p, size_t n)
{
	if (f->ops->dgram && f->ops->dgram(f, p, n))
		return 0;
	if (send(f->watch.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	    errno == EMSGSIZE)
		return 0;
	return errno == EAGAIN || errno == ENOBUFS ? -EAGAIN : -EPIPE;
}

static size_t put_dgrams(struct flow *f, const uint8_t *p, size_t n)
{
	size_t put = 0;
	uint32_t len;
	int err;

	while (n - put >= HEAD) {
		memcpy(&len, p + put, HEAD);
		if (len > DGRAM_MAX)
			return SIZE_MAX;
		if (n - put < HEAD + len)
			break;
		err = put_one(f, p + put + HEAD, len);
		if (err)
			return err == -EAGAIN ? put : SIZE_MAX;
		put += HEAD + len;
	}
	return put;
}

static void want_room(struct flow *f, bool yes)
{
	uint32_t events = yes ? f->watch.events | EPOLLOUT :
	    f->watch.events & ~(uint32_t)EPOLLOUT;

	if (f->watch.fd >= 0 && events != f->watch.events)
		watch_set(&f->watch, events);
}

static void finish(struct flow *f)
{
	if (!f->came_end || f->back.len || f->done)
		return;
	f->done = true;
	f->ops->done(f);
}

/* Return: bytes that are done with: written, or not wanted. */
static size_t put(struct flow *f, const uint8_t *p, size_t n)
{
	size_t r = n;

	if (!f->discard && f->watch.fd >= 0)
		r = f->dgram ? put_dgrams(f, p, n) : put_stream(f, p, n);
	if (r > n) {
		f->discard = true;
		f->ops->refused(f);
		r = n;
	}
	f->given += r;
	return r;
}

static void push(struct flow *f)
{
	size_t n = put(f, bytes_head(&f->back), f->back.len);

	bytes_take(&f->back, n);
	link_consumed(&f->stream, n);
	want_room(f, f->back.len > 0);
	finish(f);
}

static void release(struct flow *f)
{
	struct held *h;

	while ((h = f->held) && h->m.after <= f->came) {
		f->held = h->next;
		f->ops->message(f, &h->m, h->data);
		free(h);
	}
}

static void on_input(struct link_stream *s, const uint8_t *p, size_t n)
{
	struct flow *f = table_of(struct flow, stream, s);
	size_t done = 0;

	f->came += n;
	f->got += n;
	if (!f->back.len)
		done = put(f, p, n);
	link_consumed(s, done);
	if (done < n) {
		if (!bytes_put(&f->back, p + done, n - done)) {
			flow_reset(f, ENOBUFS);
			return;
		}
		push(f);
	}
	release(f);
}

static void on_end(struct link_stream *s)
{
	struct flow *f = table_of(struct flow, stream, s);

	f->came++;
	f->came_end = true;
	finish(f);
	release(f);
}

static void on_over(struct link_stream *s, int error)
{
	struct flow *f = table_of(struct flow, stream, s);

	if (error)
		f->ops->reset(f, error);
	f->came = UINT64_MAX;	/* no message has to wait any more */
	release(f);
	flow_settle(f);
}

/* Events. */

static void on_event(struct watch *w, uint32_t events)
{
	struct flow *f = (struct flow *)w;

	f->ops->event(f, events);
	if (w->dead || w->fd < 0)
		return;
	if (events & EPOLLOUT && f->back.len)
		push(f);
	if (events & EPOLLPRI && f->open && !f->dgram)
		find_mark(f);
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		f->readable = true;
		f->ending |= !!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
		if (f->open)
			link_resume(&f->stream);
	}
}

static void on_free(struct watch *w)
{
	struct flow *f = (struct flow *)w;
	struct held *h;

	while ((h = f->held)) {
		f->held = h->next;
		free(h);
	}
	bytes_free(&f->ahead);
	bytes_free(&f->back);
	f->ops->free(f);
}

int flow_start(struct flow *f, int fd, bool dgram, const struct flow_ops *ops)
{
	int one = 1;

	f->watch = (struct watch){ .fn = on_event, .free = on_free, .fd = fd };
	f->dgram = dgram;
	f->ops = ops;
	/* Where pairs have marks it is found by them. */
	if (!dgram)
		setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	return watch_add(&f->watch, EPOLLIN | EPOLLRDHUP | EPOLLPRI);
}

static const struct link_stream_ops stream_ops = {
	.read = on_read, .input = on_input, .end = on_end, .over = on_over,
};

int flow_make_stream(struct flow *f, struct link *l,
    const struct relay_open *o)
{
	f->stream.ops = &stream_ops;
	f->opened = true;
	return link_open(l, &f->stream, o);
}

void flow_take_stream(struct flow *f, struct link *l, int32_t id)
{
	f->stream = (struct link_stream){
		.ops = &stream_ops, .link = l, .id = id,
	};
	f->opened = true;
}

void flow_resume(struct flow *f)
{
	f->readable = true;
	link_resume(&f->stream);
}

void flow_open(struct flow *f)
{
	if (f->open)
		return;
	f->open = true;
	flow_resume(f);
}

bool flow_hold(struct flow *f, const struct relay_msg *m, const uint8_t *data)
{
	struct held *h;

	if (!f->held && m->after <= f->came)
		return false;
	h = malloc(sizeof(*h) + m->len);
	if (!h)
		return false;
	h->m = *m;
	h->next = NULL;
	memcpy(h->data, data, m->len);
	if (!f->held)
		f->held_end = &f->held;
	*f->held_end = h;
	f->held_end = &h->next;
	return true;
}

void flow_end(struct flow *f)
{
	at_end(f);
	link_resume(&f->stream);
}

void flow_cut(struct flow *f)
{
	static uint8_t sink[65536];
	int room = 8 << 20;		/* as much as the kernel allows */

	if (f->watch.fd < 0)
		return;
	/* In this order: what is written in between is refused. */
	shutdown(f->watch.fd, SHUT_RD);
	while (recv(f->watch.fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
	if (f->back.len)
		setsockopt(f->watch.fd, SOL_SOCKET, SO_SNDBUF, &room,
		    sizeof(room));
	flow_end(f);
	if (f->back.len)
		push(f);
}

void flow_close(struct flow *f)
{
	watch_close(&f->watch);
	f->discard = true;
	at_end(f);
	link_consumed(&f->stream, f->back.len);
	bytes_take(&f->back, f->back.len);
	finish(f);
	link_resume(&f->stream);
	flow_settle(f);
}

void flow_reset(struct flow *f, int error)
{
	f->reset = error;
	f->ending = true;
	flow_drain(f);
	/* RST_STREAM overtakes DATA. */
	if (!f->ahead.len || f->ahead.len > link_window(&f->stream))
		link_reset(&f->stream, error);
	flow_close(f);
}

void flow_settle(struct flow *f)
{
	if (f->watch.fd < 0 && !f->stream.id && f->opened)
		watch_drop(&f->watch);
}
