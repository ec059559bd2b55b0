/* link.c: a connection between two halves; see link.h. */
#include "stack/relay/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stack/relay/tls.h"
#include "stack/wire/clock.h"

#define FRAME_HEAD	9
#define FRAME_MAX	65536		/* bytes of DATA */
#define OUT_FULL	(192u << 10)	/* bytes: no more frames are made */
#define TURN		(1u << 20)	/* bytes, then others have their turn */
#define TOLD_MAX	(128u << 20)	/* bytes that the other side leaves unread */
#define PING_NS		(2 * CLOCK_NS_S)
#define DEAD_NS		(7 * CLOCK_NS_S)

/* From an update of Debian's on; without it there is no limit of its own. */
extern void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option *o,
    uint64_t burst, uint64_t rate) __attribute__((weak));

void link_fail(struct link *l, const char *why)
{
	if (l->down)
		return;
	l->down = true;
	l->ops->down(l, why);
}

/* From nghttp2: what is to go out. */

static ssize_t on_send(nghttp2_session *h2, const uint8_t *p, size_t n,
    int flags, void *arg)
{
	struct link *l = arg;

	(void)h2;
	(void)flags;
	return bytes_put(&l->out, p, n) ? (ssize_t)n :
	    NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* Straight to where it is sent from, behind the head that is to come. */
static ssize_t on_read(nghttp2_session *h2, int32_t id, uint8_t *buf,
    size_t n, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct link_stream *s = source->ptr;
	struct link *l = arg;
	bool end = false;
	uint8_t *to;
	ssize_t r;

	(void)h2;
	(void)id;
	(void)buf;
	if (l->out.len >= OUT_FULL)
		return NGHTTP2_ERR_PAUSE;
	to = bytes_room(&l->out, FRAME_HEAD + n);
	if (!to)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	r = s->ops->read(s, to + FRAME_HEAD, n, &end);
	if (r == -EAGAIN)
		return NGHTTP2_ERR_DEFERRED;
	if (r < 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (r > 0)
		*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	return r;
}

static int on_data_head(nghttp2_session *h2, nghttp2_frame *frame,
    const uint8_t *head, size_t n, nghttp2_data_source *source, void *arg)
{
	struct link *l = arg;

	(void)h2;
	(void)frame;
	(void)source;
	memcpy(l->out.p + l->out.head + l->out.len, head, FRAME_HEAD);
	l->out.len += FRAME_HEAD + n;
	return 0;
}

static ssize_t on_length(nghttp2_session *h2, uint8_t type, int32_t id,
    int32_t all, int32_t window, uint32_t frame, void *arg)
{
	size_t n = frame < FRAME_MAX ? frame : FRAME_MAX;

	(void)h2;
	(void)type;
	(void)id;
	(void)arg;
	if ((size_t)all < n)
		n = (size_t)all;
	return (size_t)window < n ? window : (ssize_t)n;
}

/* From nghttp2: what came. */

static struct link_stream *stream_of_id(struct link *l, int32_t id)
{
	return nghttp2_session_get_stream_user_data(l->h2, id);
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id,
    const uint8_t *p, size_t n, void *arg)
{
	struct link *l = arg;
	struct link_stream *s = stream_of_id(l, id);

	(void)flags;
	nghttp2_session_consume_connection(h2, n);
	if (s)
		s->ops->input(s, p, n);
	return 0;
}

static const char OPEN_NAME[] = "open";

static int answer(struct link *l, struct link_stream *s)
{
	nghttp2_data_provider from = {
		.source.ptr = s, .read_callback = on_read,
	};

	nghttp2_session_set_stream_user_data(l->h2, s->id, s);
	return nghttp2_submit_response(l->h2, s->id, NULL, 0, &from);
}

/* Who opens and resets streams in no time keeps us busy with nothing. */
static bool too_many(struct link *l)
{
	uint64_t now = clock_ns() / CLOCK_NS_S;

	if (now != l->second)
		l->opens = 0;
	l->second = now;
	return ++l->opens > LINK_OPENS;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value, size_t len,
    uint8_t flags, void *arg)
{
	struct link *l = arg;
	struct link_stream *s = NULL;
	int32_t id = frame->hd.stream_id;
	struct relay_open o;

	(void)flags;
	if (l->near || frame->headers.cat != NGHTTP2_HCAT_REQUEST ||
	    name_len != sizeof(OPEN_NAME) - 1 ||
	    memcmp(name, OPEN_NAME, name_len) || stream_of_id(l, id))
		return 0;
	if (too_many(l))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (id == 1 && !l->messages.id) {
		s = &l->messages;
		s->id = id;
	} else if (len == sizeof(o) && id != 1) {
		memcpy(&o, value, sizeof(o));
		s = l->ops->opened(l, id, &o);
	}
	if (!s || answer(l, s))
		nghttp2_submit_rst_stream(h2, 0, id, ENOBUFS);
	return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame,
    void *arg)
{
	struct link *l = arg;
	struct link_stream *s;

	(void)h2;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (frame->hd.type != NGHTTP2_DATA ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	s = stream_of_id(l, frame->hd.stream_id);
	if (s)
		s->ops->end(s);
	return 0;
}

static int on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *arg)
{
	struct link *l = arg;
	struct link_stream *s = stream_of_id(l, id);

	(void)h2;
	if (!s)
		return 0;
	s->id = 0;
	s->ops->over(s, code && code < 4096 ? (int)code :
	    code ? ECONNRESET : 0);
	return 0;
}

/* Messages. */

static ssize_t messages_read(struct link_stream *s, uint8_t *buf, size_t n,
    bool *end)
{
	struct bytes *b = &s->link->told;

	(void)end;
	if (!b->len)
		return -EAGAIN;
	if (n > b->len)
		n = b->len;
	memcpy(buf, bytes_head(b), n);
	bytes_take(b, n);
	return (ssize_t)n;
}

/* One of `have` bytes at p. Return: its length, 0: not all there. */
static size_t one_message(struct link *l, const uint8_t *p, size_t have)
{
	struct relay_msg m;

	if (have < sizeof(m))
		return 0;
	memcpy(&m, p, sizeof(m));
	if (m.len > l->message_max) {
		link_fail(l, "a message that is too long");
		return 0;
	}
	if (have < sizeof(m) + m.len)
		return 0;
	l->ops->message(l, &m, p + sizeof(m));
	return sizeof(m) + m.len;
}

static void messages_input(struct link_stream *s, const uint8_t *p, size_t n)
{
	struct link *l = s->link;
	size_t part;

	link_consumed(s, n);
	while (!l->down && !l->heard.len && n &&
	    (part = one_message(l, p, n)) > 0) {
		p += part;
		n -= part;
	}
	if (l->down || !n)
		return;
	if (!bytes_put(&l->heard, p, n)) {
		link_fail(l, "no memory");
		return;
	}
	while (!l->down && l->heard.len && (part = one_message(l,
	    bytes_head(&l->heard), l->heard.len)) > 0)
		bytes_take(&l->heard, part);
}

static void messages_end(struct link_stream *s)
{
	link_fail(s->link, "the other side has ended");
}

static void messages_over(struct link_stream *s, int error)
{
	(void)error;
	link_fail(s->link, "the other side has ended");
}

void link_tell(struct link *l, struct relay_msg *m, const void *data,
    size_t len, const void *more, size_t more_len)
{
	m->len = (uint32_t)(len + more_len);
	if (l->down)
		return;
	if (l->told.len > TOLD_MAX || !bytes_put(&l->told, m, sizeof(*m)) ||
	    !bytes_put(&l->told, data, len) ||
	    !bytes_put(&l->told, more, more_len)) {
		link_fail(l, "the other side does not read");
		return;
	}
	link_resume(&l->messages);
}

/* Streams. */

int link_open(struct link *l, struct link_stream *s,
    const struct relay_open *o)
{
	nghttp2_data_provider from = {
		.source.ptr = s, .read_callback = on_read,
	};
	nghttp2_nv nv = {
		.name = (uint8_t *)(uintptr_t)OPEN_NAME,
		.namelen = sizeof(OPEN_NAME) - 1,
		.value = (uint8_t *)(uintptr_t)o,
		.valuelen = o ? sizeof(*o) : 0,
		.flags = NGHTTP2_NV_FLAG_NO_INDEX,
	};
	nghttp2_priority_spec after;

	/* What depends on a stream is sent when that has nothing to send. */
	nghttp2_priority_spec_init(&after, s == &l->messages ? 0 : 1, 16, 0);
	s->link = l;
	s->id = nghttp2_submit_request(l->h2, &after, &nv, 1, &from, s);
	if (s->id > 0)
		return 0;
	s->id = 0;
	return -ENOBUFS;
}

void link_resume(struct link_stream *s)
{
	if (s->id && !s->link->down)
		nghttp2_session_resume_data(s->link->h2, s->id);
}

void link_reset(struct link_stream *s, int error)
{
	if (s->id && !s->link->down)
		nghttp2_submit_rst_stream(s->link->h2, 0, s->id,
		    (uint32_t)error);
}

void link_consumed(struct link_stream *s, size_t n)
{
	if (s->id && n && !s->link->down)
		nghttp2_session_consume_stream(s->link->h2, s->id, n);
}

size_t link_window(const struct link_stream *s)
{
	int32_t n = s->id ? nghttp2_session_get_stream_remote_window_size(
	    s->link->h2, s->id) : 0;

	return n > 0 ? (size_t)n : 0;
}

/* The connection. */

static void link_read(struct link *l)
{
	static uint8_t buf[128 << 10];
	size_t total = 0;
	ssize_t n;

	while (!l->down && total < TURN) {
		n = trans_read(&l->trans, buf, sizeof(buf));
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			link_fail(l, n ? strerror((int)-n) : "closed");
			return;
		}
		l->heard_ns = clock_ns();
		total += (size_t)n;
		if (nghttp2_session_mem_recv(l->h2, buf, (size_t)n) != n)
			link_fail(l, "what came makes no sense");
	}
	l->more = true;
}

static void on_event(struct watch *w, uint32_t events)
{
	struct link *l = (struct link *)w;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		link_read(l);
}

/* It is written at the end of the turn. */
static void on_room(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
}

bool link_settle(struct link *l)
{
	size_t total = 0;
	ssize_t n;

	if (l->more) {
		l->more = false;
		link_read(l);
	}
	while (!l->down && total < TURN) {
		if (l->out.len < OUT_FULL && nghttp2_session_send(l->h2)) {
			link_fail(l, "no memory");
			break;
		}
		n = l->out.len ? trans_write(&l->trans, bytes_head(&l->out),
		    l->out.len) : trans_flush(&l->trans);
		if (n == -EAGAIN || !n)
			return l->more;
		if (n < 0) {
			link_fail(l, strerror((int)-n));
			break;
		}
		bytes_take(&l->out, (size_t)n);
		total += (size_t)n;
	}
	return !l->down;
}

void link_tick(struct link *l)
{
	uint64_t now = clock_ns();

	if (l->down)
		return;
	if (now - l->heard_ns > DEAD_NS) {
		link_fail(l, "the other side does not answer");
	} else if (now - l->heard_ns > PING_NS && now - l->pinged_ns >
	    PING_NS) {
		nghttp2_submit_ping(l->h2, 0, NULL);
		l->pinged_ns = now;
	}
}

static int make_session(struct link *l)
{
	nghttp2_session_callbacks *cb = NULL;
	nghttp2_option *opt = NULL;
	int e;

	if (nghttp2_session_callbacks_new(&cb) || nghttp2_option_new(&opt))
		return -ENOMEM;
	nghttp2_session_callbacks_set_send_callback(cb, on_send);
	nghttp2_session_callbacks_set_send_data_callback(cb, on_data_head);
	nghttp2_session_callbacks_set_data_source_read_length_callback(cb,
	    on_length);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	nghttp2_option_set_no_auto_window_update(opt, 1);
	nghttp2_option_set_no_http_messaging(opt, 1);
	nghttp2_option_set_no_closed_streams(opt, 1);
	nghttp2_option_set_peer_max_concurrent_streams(opt, LINK_STREAMS);
	if (nghttp2_option_set_stream_reset_rate_limit)
		nghttp2_option_set_stream_reset_rate_limit(opt, LINK_OPENS,
		    LINK_OPENS);
	e = l->near ? nghttp2_session_client_new2(&l->h2, cb, l, opt) :
	    nghttp2_session_server_new2(&l->h2, cb, l, opt);
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(opt);
	return e ? -ENOMEM : 0;
}

static int begin(struct link *l)
{
	nghttp2_settings_entry set[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, LINK_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_FRAME_SIZE, FRAME_MAX },
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, LINK_STREAMS },
		{ NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0 },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 4096 },
	};
	int e;

	e = nghttp2_submit_settings(l->h2, 0, set,
	    sizeof(set) / sizeof(set[0]));
	if (!e)
		e = nghttp2_session_set_local_window_size(l->h2, 0, 0,
		    INT32_MAX);
	if (!e && l->near)
		e = link_open(l, &l->messages, NULL);
	return e ? -ENOMEM : 0;
}

int link_start(struct link *l, const struct trans *t, bool near,
    const struct link_ops *ops, const void *ahead, size_t n)
{
	static const struct link_stream_ops messages = {
		.read = messages_read, .input = messages_input,
		.end = messages_end, .over = messages_over,
	};
	int e;

	l->trans = *t;
	l->near = near;
	l->ops = ops;
	l->messages.ops = &messages;
	l->messages.link = l;
	l->heard_ns = clock_ns();
	l->message_max = near ? RELAY_MEMORY_MAX + sizeof(struct wire_rep) :
	    RELAY_REQUEST_MAX;
	e = make_session(l);
	if (!e)
		e = begin(l);
	if (!e && n && nghttp2_session_mem_recv(l->h2, ahead, n) != (ssize_t)n)
		e = -EPROTO;
	if (e)
		return e;
	l->more = true;		/* what was there before it was watched */
	l->watch.fn = on_event;
	l->watch.fd = t->in;
	l->writes.fn = on_room;
	l->writes.fd = t->out;
	if (t->in == t->out)
		return watch_add(&l->watch, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
	e = watch_add(&l->watch, EPOLLIN);
	return e ? e : watch_add(&l->writes, EPOLLOUT);
}

void link_end(struct link *l)
{
	l->down = true;
	if (l->trans.tls)
		tls_free(l->trans.tls);
	l->trans.tls = NULL;
	if (l->trans.in != l->trans.out)
		watch_close(&l->writes);
	watch_drop(&l->watch);
}

void link_free(struct link *l)
{
	if (l->h2)
		nghttp2_session_del(l->h2);
	l->h2 = NULL;
	bytes_free(&l->out);
	bytes_free(&l->told);
	bytes_free(&l->heard);
}
