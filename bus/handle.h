/*
 * handle.h: what the files of the native format share about an open bus.  Not
 * for other components: they use bus.h.
 */
#ifndef BUS_HANDLE_H
#define BUS_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus/bus.h"
#include "bus/gso.h"
#include "bus/map.h"
#include "bus/ops.h"
#include "bus/spin.h"

/* What a writer remembers about a member that was in its way (room.c). */
struct bus_stall {
	uint64_t pos, since_ns;		/* where it stood, and since when */
	uint64_t start, start_ns;	/* where and when it began */
};

/* The sending side; used by one thread at a time. */
struct bus_tx {
	uint32_t lock_word;	/* what the lock holds while it is ours */
	uint64_t min;		/* nobody who counts reads below this */
	uint64_t frames, bytes, full;
	struct bus_stall stall[BUS_SLOTS];
};

/* The receiving side; used by one thread. */
struct bus_rx {
	uint64_t pos;		/* of the next record to look at */
	uint64_t seq;		/* number of the next frame */
	uint64_t told;		/* what cursor holds when not idle */
	uint64_t woke;		/* pos when those short of room were woken */
	bool idle;		/* cursor was set to BUS_IDLE */
	bool fresh;		/* no longer, but nothing read since */
	unsigned laps;		/* overrun since all was read */
	bool have;		/* bus_peek found the frame at pos: */
	struct ring_rec rec;
	uint32_t seg_size;
	uint64_t frames, bytes, lost;
};

/* What it told of itself, to tell it again (rejoin.c). */
struct bus_told {
	_Atomic uint32_t seq;	/* map_info_seq() afterwards */
	char name[BUS_NAMELEN];
	char server[BUS_SERVERLEN];
	struct bus_addr addr[BUS_ADDRS];
};

/* Where the observer is in the log. */
struct bus_watch {
	uint64_t pos, seq;
	bool have_pos;	/* pos is valid */
	bool counted;		/* seq is valid */
	/* A large segment that is shown frame by frame; the next of them. */
	uint8_t *gso;
	struct gso_cut cut;
	struct bus_frame of;
	unsigned next;
};

struct native {
	struct bus bus;		/* first; fd: holds a sign of life (slot.c) */
	struct bus_map map;
	bool borrowed;		/* map is another handle's */
	bool rdonly;
	int lock_fd;		/* of PATH.lock, holds the slot's lock; of who
				   only reads perhaps -1 */

	int slot;		/* -1: not a member */
	uint8_t mac[6];
	_Atomic uint64_t mac_flags;	/* own MAC and flags, as in the slot */

	_Atomic bool broken;	/* -EIO for ever; set by the SIGBUS handler */
	_Atomic uint32_t kicked;
	_Atomic uint32_t sleeping; /* in bus_wait, or about to be */
	_Atomic uint32_t full;	/* bus_send had no room; bus_wait to tell */
	shm_u32 word;		/* slept on by who is not a member */

	bool wake_deferred;		/* bus_wake does it, not bus_send */
	_Atomic uint64_t to_wake[BUS_WORDS];

	struct spin spin;	/* of who waits */
	struct bus_tx tx;
	struct bus_rx rx;
	struct bus_told told;
	uint64_t bridge_id;	/* of a bridge, else 0 */
	uint64_t malformed;	/* likewise: words that it refused */
	struct bus_watch watch;
};

static inline struct native *native_of(struct bus *bus)
{
	return (struct native *)bus;
}

static inline const struct native *native_seen(const struct bus *bus)
{
	return (const struct native *)bus;
}

/* handle.c */
/* False if the bus is broken; asked at every entry. */
bool bus_ok(struct native *b);
/* Broken from now on.  Return: -EIO. */
int bus_set_broken(struct native *b);
/*
 * fd, or the same with another number: keep clear of the standard three, which
 * the program may have closed.
 */
int bus_fd_lift(int fd);

/*
 * The operations, in native.c's table: bus.h has the contract of bus_NAME for
 * native_NAME, ops.h that of the others.
 */
void native_geometry(struct bus_geometry *g);
int native_create(const char *path, const struct bus_geometry *g,
    unsigned mode, char err[static BUS_ERRLEN]);
int native_open(struct bus **out, int fd, const char *path, unsigned flags,
    char err[static BUS_ERRLEN]);
void native_close(struct bus *bus);
bool native_same(const struct bus *a, const struct bus *b);
int native_join(struct bus *bus, const struct bus_want *want,
    char err[static BUS_ERRLEN]);
void native_leave(struct bus *bus);
int native_slot(const struct bus *bus);
const uint8_t *native_mac(const struct bus *bus);
int native_rejoin(struct bus *bus);
void native_announce_addrs(struct bus *bus, const struct bus_addr *a,
    size_t n);
void native_announce_name(struct bus *bus, const char *name);
void native_announce_server(struct bus *bus, const char *path);
int native_take_name(struct bus *bus, const char *name,
    const uint64_t ours[static BUS_SLOTS / 64]);
int native_check_addr(struct bus *bus, const struct bus_addr *a, int *slot);
int native_set_mac(struct bus *bus, const uint8_t mac[static 6]);
void native_set_promisc(struct bus *bus, bool on);
int native_member(struct bus *bus, unsigned slot, struct bus_member *out);
int native_send(struct bus *bus, const struct iovec *iov, int iovcnt,
    unsigned seg_size);
void native_defer_wake(struct bus *bus);
void native_wake(struct bus *bus);
ssize_t native_peek(struct bus *bus);
ssize_t native_take(struct bus *bus, void *buf, size_t cap,
    uint32_t *seg_size);
int native_wait(struct bus *bus, int timeout_ms);
void native_kick(struct bus *bus);
void native_announce_bridge(struct bus *bus, uint64_t id, const char *far);
size_t native_put_guests(struct bus *bus, const struct bus_guest_info *g,
    size_t n);
int native_guest(struct bus *bus, unsigned n, struct bus_member *out);
bool native_bridged(struct bus *bus);
void native_count_lost(struct bus *bus, uint64_t n);
void native_count_malformed(struct bus *bus);
bool native_is_local(struct bus *bus, const uint8_t mac[static 6]);
uint64_t native_stamp(struct bus *bus);
void native_reap(struct bus *bus);
void native_bridge_lock(struct bus *bus, bool on);
int native_log_next(struct bus *bus, struct bus_frame *f, void *buf,
    size_t cap);
void native_log_seek_end(struct bus *bus);

/* open.c */
/* A second handle over the mapping of `of`, which must outlive it. */
int native_open_twin(struct bus **out, struct bus *of,
    char err[static BUS_ERRLEN]);
/* Check what a file says about itself; size is the file's. -errno + line. */
int bus_check_const(const struct bus_const *c, uint64_t size, const char *path,
    char err[static BUS_ERRLEN]);

/* slot.c */
bool bus_slot_alive(struct native *b, unsigned slot);
/* Take the slot's lock.  Return: 0, -EAGAIN if somebody has it, -errno. */
int bus_slot_lock(struct native *b, unsigned slot);
void bus_slot_unlock(struct native *b, unsigned slot);
/* Forget a member whose slot's lock is held by the caller. */
void bus_slot_clear(struct native *b, unsigned slot);
/* Clear it if its owner is dead.  Return: true if it was. */
bool bus_slot_reclaim(struct native *b, unsigned slot);
/* Serialises joining; bounded wait, false if it was not obtained. */
bool bus_join_lock(struct native *b);
void bus_join_unlock(struct native *b);

/* lock.c: the writers' lock. */
/* Return: 0, -EAGAIN if it was not to be had in time. */
int bus_lock(struct native *b);
bool bus_lock_mine(const struct native *b);
/* Return: false if we were robbed of it. */
bool bus_unlock(struct native *b);
/* Free the lock if it still names a former owner of our slot. */
void bus_lock_inherit(struct native *b);

/* room.c: what writers may overwrite. */
/*
 * Make the log, whose ends are e, begin at `end` - size at least, so that it
 * can grow up to `end`.  With the lock.  Return: 0, -EAGAIN: a member still
 * reads there, -ESTALE: the lock was lost.
 */
int bus_room_make(struct native *b, const struct map_ends *e, uint64_t end);
/*
 * The first byte after the strays that overlap [off, off + span) of the
 * ring, 0 if there are none.  With the lock.
 */
uint64_t bus_room_stray(struct native *b, uint64_t off, uint64_t span);

/* futex.c */
/* Sleep at most ns while *word is val.  Return: 0, or -errno of futex(2). */
int bus_futex_wait(shm_u32 *word, uint32_t val, uint64_t ns);
void bus_futex_wake(shm_u32 *word);
/* Wake a member that sleeps. */
void bus_wake_slot(struct native *b, unsigned slot);
/* Wake those that wait for room. */
void bus_wake_full(struct native *b);

/* announce.c */
uint64_t bus_mac_flags(const uint8_t mac[static 6], uint64_t flags);
/* native_set_mac for who has the join lock already. */
int bus_set_mac_locked(struct native *b, const uint8_t mac[static 6]);

/* Tell b->told and the MAC again. */
void bus_announce_again(struct native *b);

/* guest.c */
/* What a member announces as a bridge, if it is one. */
void bus_bridge_member(const struct native *b, struct bus_member *m);
/* Forget what a bridge in that slot has told; see bus_slot_clear(). */
void bus_guests_clear(struct native *b, unsigned slot);
/* Return: 1 and the bus_host() that has the address, 0. */
int bus_guest_addr(struct native *b, const struct bus_addr *a, int *host);
/* A bridge does not want what goes from one member to another. */
bool bus_bridge_wants(struct native *b, unsigned slot, const uint8_t *dst);

/* rejoin.c */
/* Is the slot as we left it?  While somebody announces it may seem not. */
bool bus_mine(const struct native *b);

/* notify.c */
/*
 * End the idleness of members that want the frame at pos; with the lock, after
 * head was moved past it.  Adds to `wake` who must be woken afterwards.
 */
void bus_notify(struct native *b, uint64_t pos, uint64_t seq,
    uint64_t wake[static BUS_WORDS]);
void bus_notify_wake(struct native *b, const uint64_t wake[static BUS_WORDS]);

/* recv.c */
/* Say that there is nothing to read; false if there is after all. */
bool bus_go_idle(struct native *b);

#endif
