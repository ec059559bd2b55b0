/*
 * flow.h: a descriptor and its stream: what can be read of the one goes to the
 * other, either way, with its ends.  Both halves are made of these.
 */
#ifndef RELAY_FLOW_H
#define RELAY_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/relay/bytes.h"
#include "stack/relay/link.h"
#include "stack/relay/table.h"
#include "stack/relay/watch.h"

struct flow;
struct held;		/* a message that waits for bytes */

struct flow_ops {
	/* What epoll says of the descriptor, before anything is done. */
	void (*event)(struct flow *f, uint32_t events);
	/* The descriptor was read to its end, and that is on its way. */
	void (*ended)(struct flow *f);
	/* It takes no more: nobody reads there. */
	void (*refused)(struct flow *f);
	/* All that came was written to it, and now comes its end. */
	void (*done)(struct flow *f);
	/* The other side has reset it. */
	void (*reset)(struct flow *f, int error);
	/* A held message's time has come. */
	void (*message)(struct flow *f, const struct relay_msg *m,
	    const uint8_t *data);
	/* A datagram that came. Return: true: it is dealt with.  May be NULL. */
	bool (*dgram)(struct flow *f, const uint8_t *p, size_t n);
	/* The byte at that place of what goes out is urgent. */
	void (*urgent)(struct flow *f, uint64_t at);
	/* In place of flow_fetch().  May be NULL. */
	ssize_t (*fetch)(struct flow *f, void *p, size_t n);
	/* Last of all; frees it. */
	void (*free)(struct flow *f);
};

struct flow {
	struct watch watch;	/* first: the descriptor; -1: closed */
	struct link_stream stream;
	struct entry by_stream;	/* of the owner's table */
	const struct flow_ops *ops;
	bool dgram;		/* messages, each with its length in front */
	bool open;		/* the descriptor's bytes are to be read */
	bool readable;		/* it may have some */
	bool ending;		/* an end follows what it has */
	bool read_end;		/* it has no more */
	bool sent_end, came_end, done;
	bool discard;		/* what comes is not wanted */
	bool opened;		/* there is, or was, a stream */
	bool urgent;		/* the byte at urgent_at is to be written so */
	int reset;		/* errno: its stream ends so, not by an end */
	struct bytes ahead;	/* read, but not sent */
	struct bytes back;	/* came, and found no room */
	uint64_t sent, came;	/* bytes; an end is one more */
	uint64_t got;		/* of came: data */
	uint64_t given;		/* of got: written, or not wanted */
	uint64_t urgent_at;
	struct held *held, **held_end;
};

/*
 * fd is taken over.  Only its ends are told until flow_open().
 * Return: 0 or -errno.
 */
int flow_start(struct flow *f, int fd, bool dgram, const struct flow_ops *ops);
void flow_open(struct flow *f);
/* The near half: make its stream; the far half: that is it. */
int flow_make_stream(struct flow *f, struct link *l,
    const struct relay_open *o);
void flow_take_stream(struct flow *f, struct link *l, int32_t id);

/* Read from the descriptor. Return: bytes, or -EAGAIN: none now, or ever. */
ssize_t flow_fetch(struct flow *f, void *p, size_t n);
/* It may have some again. */
void flow_resume(struct flow *f);
/*
 * Read what there is, as far as the window goes: then `sent` is what a message
 * has to wait for.  Return: that number.
 */
uint64_t flow_drain(struct flow *f);
/* Wait with m, if need be.  Return: false: its time is now. */
bool flow_hold(struct flow *f, const struct relay_msg *m,
    const uint8_t *data);
/* RELAY_URGENT came. */
void flow_urgent_told(struct flow *f, const struct relay_msg *m,
    const uint8_t *data);
/* No more is read of it: the end follows what was. */
void flow_end(struct flow *f);
/* The other side takes no more: nothing can be written to it any more. */
void flow_cut(struct flow *f);
/* Close the descriptor; what still comes is dropped. */
void flow_close(struct flow *f);
/*
 * The same, and the other side hears of a reset; but what was written before
 * comes before, as far as the window goes: a reset waits for no reader.
 */
void flow_reset(struct flow *f, int error);
/* Free it, once neither the stream nor the descriptor is there any more. */
void flow_settle(struct flow *f);

#endif
