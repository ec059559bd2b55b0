/*
 * link.h: one connection between two halves: streams and messages by
 * libnghttp2, flow control, and finding out that the other side is dead.
 */
#ifndef RELAY_LINK_H
#define RELAY_LINK_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "stack/relay/bytes.h"
#include "stack/relay/relay.h"
#include "stack/relay/table.h"
#include "stack/relay/trans.h"
#include "stack/relay/watch.h"

#define LINK_WINDOW	(1u << 20)	/* bytes of a stream on their way */
#define LINK_STREAMS	65536		/* at once */
#define LINK_OPENS	50000		/* streams opened in a second */

struct link;
struct link_stream;

/* What is done about a stream; all is called by the link. */
struct link_stream_ops {
	/*
	 * Up to n bytes that go out now.  Return: how many; 0 with *end: all
	 * was sent; -EAGAIN: none now, link_resume() says when; -EPIPE: reset.
	 */
	ssize_t (*read)(struct link_stream *s, uint8_t *buf, size_t n,
	    bool *end);
	/* Bytes came; link_consumed() says when there is room for more. */
	void (*input)(struct link_stream *s, const uint8_t *p, size_t n);
	void (*end)(struct link_stream *s);	/* no more come */
	/*
	 * The stream is over: error: reset by the other side with that errno,
	 * or 0.  The link does not know it any more.
	 */
	void (*over)(struct link_stream *s, int error);
};

struct link_stream {
	const struct link_stream_ops *ops;
	struct link *link;
	int32_t id;		/* 0: it is over */
};

struct link_ops {
	/* The far half: a stream was opened. Return: it, or NULL: refused. */
	struct link_stream *(*opened)(struct link *l, int32_t id,
	    const struct relay_open *o);
	/* A message whose turn it is, with what belongs to it. */
	void (*message)(struct link *l, const struct relay_msg *m,
	    const uint8_t *data);
	/* It is over; after this turn nothing of it is called any more. */
	void (*down)(struct link *l, const char *why);
};

struct link {
	struct watch watch;	/* first; of what is read */
	struct watch writes;	/* of what is written, if that is another */
	struct trans trans;
	const struct link_ops *ops;
	nghttp2_session *h2;
	bool near;
	bool down;
	bool more;		/* there is more to read, or to write */
	uint64_t heard_ns, pinged_ns;
	struct bytes out;	/* frames that are to be written */
	struct link_stream messages;
	struct bytes told, heard;	/* messages to and from the other side */
	size_t message_max;	/* bytes of one that comes */
	uint64_t second;	/* of `opens` */
	unsigned opens;
	struct link *next;	/* of the owner's */
};

/*
 * Begin, on a connection whose hello lines were exchanged; trans is taken.
 * ahead: what came already.  Return: 0 or -errno.
 */
int link_start(struct link *l, const struct trans *t, bool near,
    const struct link_ops *ops, const void *ahead, size_t n);
/* It is over; ops->down is called, once, who calls link_end(). */
void link_fail(struct link *l, const char *why);
/* Close the connection; watch.free is called after the turn, for link_free(). */
void link_end(struct link *l);
void link_free(struct link *l);

/* The near half: open a stream. Return: 0 or -errno. */
int link_open(struct link *l, struct link_stream *s,
    const struct relay_open *o);
void link_resume(struct link_stream *s);
void link_reset(struct link_stream *s, int error);
void link_consumed(struct link_stream *s, size_t n);
/* Bytes that the stream's window allows to be sent. */
size_t link_window(const struct link_stream *s);

/* m->len is set here. */
void link_tell(struct link *l, struct relay_msg *m, const void *data,
    size_t len, const void *more, size_t more_len);

/* Write what there is. Return: there is more to do at once. */
bool link_settle(struct link *l);
/* Every WATCH_TICK. */
void link_tick(struct link *l);

#endif
