/*
 * rump.h: what the files of NetBSD's format share about an open bus.
 *
 * Threads: as in bus.h.  The one that receives and one that sends may use a
 * handle at once; both take the lock in the file (rumplock.c), by the same
 * name.
 */
#ifndef BUS_RUMP_H
#define BUS_RUMP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus/gso.h"
#include "bus/ops.h"
#include "bus/rumpmap.h"
#include "bus/spin.h"

#define RUMP_BUF	(64u << 10)	/* bytes copied at once */
#define RUMP_SENDERS	(BUS_SLOTS - 1)	/* that an observer tells apart */
/* rump.mac_flags: the MAC in the low 48 bits, its first byte lowest. */
#define RUMP_MF_MAC	((1ull << 48) - 1)
#define RUMP_MF_PROMISC	(1ull << 48)

/* What was copied out of the ring, to be looked at there and nowhere else. */
struct rump_chunk {
	uint8_t *buf;		/* RUMP_BUF */
	uint32_t at, n;		/* bytes looked at, bytes there */
	uint64_t pos;		/* of the byte at `at` */
};

/* The receiving side; used by one thread. */
struct rump_rx {
	struct rump_chunk chunk;
	uint64_t seen_gen;	/* what the header said when all was read */
	uint32_t seen_last;
	bool seen;		/* these two are valid */
	bool lost_sync;		/* pos is not: go on with what comes next */
	unsigned laps;		/* overrun since all was read */
	uint32_t have;		/* bytes of the frame that bus_peek found */
	unsigned merged;	/* frames that it is made of, 0: it is one */
	struct gso gso;		/* how, rumpmerge.c */
};

struct rump_watch {
	struct rump_chunk chunk;
	bool have_pos;
	uint64_t missed;	/* to be told with the next frame */
	uint64_t sender[RUMP_SENDERS];
	unsigned senders;
};

struct rump {
	struct bus bus;		/* first */
	struct rump_map map;
	bool rdonly;

	bool joined;
	uint64_t sender;	/* our number in frames */
	uint32_t id;		/* our number in the lock; 0: none */
	int id_fd;		/* has a lock in the file, which proves it */
	uint8_t mac[6];
	_Atomic uint64_t mac_flags;	/* for who receives: MAC, promiscuous */

	_Atomic bool broken;	/* -EIO for ever; set by the SIGBUS handler */
	_Atomic uint32_t kicked;
	_Atomic uint32_t full;	/* the lock was not to be had */
	bool wake_deferred;
	_Atomic bool to_wake;
	int notify_fd;		/* inotify; -1: there is none to be had */
	int kick_fd;		/* eventfd */
	struct spin spin;

	/* When somebody began to be in our way, and was last named; ns. */
	_Atomic uint64_t stuck_ns, named_ns;
	_Atomic uint64_t stuck_word;	/* what the lock said then */

	uint8_t *image;		/* frames with headers, to be sent */
	uint8_t *flat;		/* a large segment */
	struct rump_rx rx;
	struct rump_watch watch;
	_Atomic uint64_t tx_frames, tx_bytes, tx_full;
	_Atomic uint64_t rx_frames, rx_bytes, rx_lost;
};

static inline struct rump *rump_of(struct bus *bus)
{
	return (struct rump *)bus;
}

static inline const struct rump *rump_seen(const struct bus *bus)
{
	return (const struct rump *)bus;
}

static inline void rump_count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c,
	    memory_order_relaxed) + n, memory_order_relaxed);
}

/* rump.c */
/* False if the bus is broken; asked at every entry. */
bool rump_ok(struct rump *b);
int rump_set_broken(struct rump *b);	/* Return: -EIO */

/* rumplock.c */
/* Return: 0, -EAGAIN if it was not to be had within ns. */
int rump_lock(struct rump *b, uint64_t ns);
void rump_unlock(struct rump *b);
/* For how long it was not to be had; ns, 0: it was, the last time. */
uint64_t rump_stuck_ns(struct rump *b);
/* With the lock: what follows must be done whole, or be told from that. */
void rump_commit_begin(struct rump *b);
void rump_commit_end(struct rump *b);
/* Take a number for the lock.  Without one, nobody knows when we die. */
void rump_take_id(struct rump *b);
void rump_drop_id(struct rump *b);
/* Does the lock's holder live?  True if nobody can tell. */
bool rump_holder_alive(struct rump *b, uint64_t word);
bool rump_stuck(struct bus *bus, char line[static BUS_ERRLEN]);
int rump_break_lock(struct bus *bus, char err[static BUS_ERRLEN]);
/* How many live that have a number: 0, or 1 for some. */
int rump_users(struct bus *bus);

/* rumpmember.c */
uint64_t rump_mac_bits(const uint8_t mac[static 6]);
int rump_join(struct bus *bus, const struct bus_want *want,
    char err[static BUS_ERRLEN]);
void rump_leave(struct bus *bus);
int rump_slot(const struct bus *bus);
const uint8_t *rump_mac(const struct bus *bus);
int rump_set_mac(struct bus *bus, const uint8_t mac[static 6]);
void rump_set_promisc(struct bus *bus, bool on);
int rump_member(struct bus *bus, unsigned slot, struct bus_member *out);
void rump_count_lost(struct bus *bus, uint64_t n);

/* rumpsend.c */
int rump_send(struct bus *bus, const struct iovec *iov, int iovcnt,
    unsigned seg_size);
void rump_defer_wake(struct bus *bus);
void rump_wake(struct bus *bus);

/* rumprecv.c */
ssize_t rump_peek(struct bus *bus);
ssize_t rump_take(struct bus *bus, void *buf, size_t cap, uint32_t *seg_size);
/* Go on behind the newest frame. */
void rump_skip_all(struct rump *b);
/*
 * The frame at c->at, without its header: its bytes, 0: not all of it is there,
 * -1: that is none.  It may be one that is too short to be one.
 */
int rump_chunk_frame(const struct rump_map *m, const struct rump_chunk *c,
    struct rump_stamp *s, const uint8_t **bytes);
void rump_chunk_step(const struct rump_map *m, struct rump_chunk *c,
    uint32_t len);

/* rumpmerge.c */
/*
 * The frame of len bytes that is next, with those behind it that it makes a
 * large segment with: rx.merged of them.  Return: bytes of that, or len.
 */
uint32_t rump_merge(struct rump *b, uint32_t len);
/* Copy it out and step over all of them. */
void rump_take_merged(struct rump *b, uint8_t *to);

/* rumpwait.c */
int rump_wait(struct bus *bus, int timeout_ms);
void rump_kick(struct bus *bus);
/*
 * What is slept on, unless it is there; without it time has to do.  Not for
 * each look at a bus: the kernel takes milliseconds to end it.
 */
void rump_wait_open(struct rump *b);
void rump_wait_close(struct rump *b);

/* rumplog.c */
int rump_log_next(struct bus *bus, struct bus_frame *f, void *buf,
    size_t cap);
void rump_log_seek_end(struct bus *bus);

#endif
