/*
 * map.h: a mapped bus, and the only way to the words in it.
 *
 * Whoever may write the file may write anything into it at any time, between
 * any two instructions of ours.  So each function here loads a word once,
 * checks it, and returns it: what the rest of bus/ works with are locals that
 * can lead nowhere outside the mapping.  What is returned is plausible, not
 * true: a hostile member can still keep others from working.  Behind the
 * mapping stands a page that nobody may touch.
 *
 * Here, in ring.[ch] and in create.c, and nowhere else, layout.h's structs
 * have members; `make check` sees to that.
 *
 * Everything is sequentially consistent where nothing else is said.  A slot
 * is a number below BUS_SLOTS, whatever is given.
 */
#ifndef BUS_MAP_H
#define BUS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bus/layout.h"
#include "bus/ring.h"

struct bus_map {
	struct bus_header *hdr;
	struct bus_slot *slots;
	struct bus_guest *guests;
	struct bus_locks *locks;	/* NULL: for reading only */
	size_t len;		/* bytes of the bus, without the page behind */
	struct bus_const con;	/* checked, as it was when it was opened */
	struct ring ring;
};

/*
 * The first len bytes of a file, with a page behind them that belongs to
 * nobody; *broken is set when it turns out to be shorter, see sigbus.c.
 * Return: 0, -errno.
 */
int map_shared(void **base, int fd, size_t len, int prot,
    _Atomic bool *broken);
void unmap_shared(void *base, size_t len);	/* NULL is allowed */

/*
 * Map the bus of which con was read and checked, and its lock file, or the bus
 * for reading only if lock_fd is -1.  Return: 0, -errno.  *broken is set when
 * a file turns out to be shorter, see sigbus.c.
 */
int map_open(struct bus_map *m, int fd, int lock_fd,
    const struct bus_const *con, _Atomic bool *broken);
void map_close(struct bus_map *m);

static inline struct bus_slot *map_slot(const struct bus_map *m, unsigned slot)
{
	return &m->slots[slot % BUS_SLOTS];
}

/*
 * Does the file still say what it said when it was opened?  That line never
 * changes, so this costs a few compares in a line that every processor keeps.
 * Zeroes after a truncation fail it, too.
 */
static inline bool map_same(const struct bus_map *m)
{
	return memcmp(&m->hdr->con.shared, &m->con, sizeof(m->con)) == 0;
}

/* Is the lock file still this bus's?  Asked with a lock on it. */
static inline bool map_locks_same(const struct bus_map *m)
{
	struct bus_lock_const con;

	memcpy(&con, &m->locks->con.shared, sizeof(con));
	return con.magic == BUS_LOCK_MAGIC && con.version == BUS_VERSION &&
	    con.id == m->con.lock_id;
}

/* The log's ends. */

struct map_ends {
	uint64_t tail, head;	/* whole units, at most a ring apart */
	uint64_t was_tail;	/* what tail really said, for map_move_tail */
};

/* False: not a position that an honest member can have written. */
static inline bool map_head(const struct bus_map *m, uint64_t *head)
{
	*head = shm_load64(&m->hdr->head);
	return ring_pos_ok(*head);
}

/* A tail that cannot be is taken for the head.  False: as above. */
static inline bool map_ends(const struct bus_map *m, struct map_ends *e)
{
	e->was_tail = shm_load64(&m->hdr->tail);
	e->tail = e->was_tail;
	if (!map_head(m, &e->head))
		return false;
	if (!ring_pos_ok(e->tail) || e->tail > e->head ||
	    e->head - e->tail > m->con.size)
		e->tail = e->head;
	return true;
}

static inline void map_move_head(const struct bus_map *m, uint64_t from,
    uint64_t to)
{
	shm_cas64(&m->hdr->head, &from, to);
}

/* Before any byte that is written from now on.  False: somebody was faster. */
static inline bool map_move_tail(const struct bus_map *m,
    const struct map_ends *e, uint64_t to)
{
	uint64_t was = e->was_tail;

	if (!shm_cas64(&m->hdr->tail, &was, to))
		return false;
	ring_fence_write();
	return true;
}

/*
 * True if what was read at pos before this call may have been overwritten.
 * Pairs with the fence in map_move_tail(): whoever saw bytes of the new lap
 * sees the new tail.
 */
static inline bool map_lapped(const struct bus_map *m, uint64_t pos)
{
	ring_fence_read();
	return shm_get64(&m->hdr->tail, memory_order_relaxed) > pos;
}

/* The number of the next frame: any number. */
static inline uint64_t map_seq(const struct bus_map *m)
{
	return shm_get64(&m->hdr->seq, memory_order_relaxed);
}

static inline void map_count_frame(const struct bus_map *m, uint64_t seq)
{
	shm_cas64(&m->hdr->seq, &seq, seq + 1);
}

/* Sets of slots: any bits. */

enum map_set {
	MAP_PRESENT,		/* members */
	MAP_SPECIAL,		/* promiscuous, or with a MAC not ours */
	MAP_FULL,		/* wait for room */
	MAP_STRAY,		/* robbed of the lock while alive: their claim
				   may be written to at any time */
	MAP_BRIDGE,		/* bridges, which own guests */
};

static inline shm_u64 *map_set(const struct bus_map *m, enum map_set s,
    unsigned word)
{
	return &m->hdr->set[s][word % BUS_WORDS];
}

static inline uint64_t map_set_word(const struct bus_map *m, enum map_set s,
    unsigned word)
{
	return shm_load64(map_set(m, s, word));
}

static inline uint64_t map_set_take(const struct bus_map *m, enum map_set s,
    unsigned word)
{
	return shm_swap64(map_set(m, s, word), 0);
}

static inline bool map_set_has(const struct bus_map *m, enum map_set s,
    unsigned slot)
{
	return shm_get64(map_set(m, s, slot / 64), memory_order_relaxed) >>
	    slot % 64 & 1;
}

static inline void map_set_add(const struct bus_map *m, enum map_set s,
    unsigned slot)
{
	shm_or64(map_set(m, s, slot / 64), 1ull << slot % 64);
}

static inline void map_set_del(const struct bus_map *m, enum map_set s,
    unsigned slot)
{
	/* Most often it is not there; do not take the line for that. */
	if (map_set_has(m, s, slot))
		shm_clear64(map_set(m, s, slot / 64), 1ull << slot % 64);
}

/* Futex words, for who is a member: any number. */

static inline shm_u32 *map_lock_word(const struct bus_map *m)
{
	return &m->locks->lock;
}

static inline shm_u32 *map_wake_word(const struct bus_map *m, unsigned slot)
{
	return &m->locks->wake[slot % BUS_SLOTS].word;
}

static inline uint32_t map_word(const shm_u32 *futex)
{
	return shm_load32(futex);
}

static inline uint32_t map_lock(const struct bus_map *m, memory_order order)
{
	return shm_get32(map_lock_word(m), order);
}

static inline bool map_lock_cas(const struct bus_map *m, uint32_t *was,
    uint32_t v)
{
	return shm_cas32(map_lock_word(m), was, v);
}

/*
 * A member's cursor: BUS_IDLE, or a position, perhaps with BUS_DOZING; see
 * notify.c.  What is neither is taken for position 0, which is behind all.
 */
static inline uint64_t map_cursor(const struct bus_map *m, unsigned slot)
{
	uint64_t c = shm_load64(&map_slot(m, slot)->cursor);

	return c == BUS_IDLE || ring_pos_ok(c & ~BUS_DOZING) ? c : 0;
}

static inline void map_set_cursor(const struct bus_map *m, unsigned slot,
    uint64_t c)
{
	shm_store64(&map_slot(m, slot)->cursor, c);
}

static inline bool map_cursor_cas(const struct bus_map *m, unsigned slot,
    uint64_t was, uint64_t c)
{
	return shm_cas64(&map_slot(m, slot)->cursor, &was, c);
}

/* The number of the frame that ended its idleness; any number. */
static inline uint64_t map_cursor_seq(const struct bus_map *m, unsigned slot)
{
	return shm_get64(&map_slot(m, slot)->cursor_seq, memory_order_relaxed);
}

static inline void map_set_cursor_seq(const struct bus_map *m, unsigned slot,
    uint64_t seq)
{
	shm_put64(&map_slot(m, slot)->cursor_seq, seq, memory_order_relaxed);
}

static inline bool map_lagging(const struct bus_map *m, unsigned slot)
{
	return shm_get32(&map_slot(m, slot)->lagging, memory_order_relaxed);
}

static inline void map_set_lagging(const struct bus_map *m, unsigned slot,
    bool on)
{
	shm_store32(&map_slot(m, slot)->lagging, on);
}

/*
 * What a member may be writing to, as bytes of the ring from *off on; false
 * if it claims nothing, or what no honest member would.
 */
static inline bool map_claim(const struct bus_map *m, unsigned slot,
    uint64_t *off, uint64_t *len)
{
	const struct bus_slot *s = map_slot(m, slot);

	*len = shm_load32(&s->claim_len);
	*off = shm_load64(&s->claim_pos) & (m->con.size - 1);
	return *len > 0 && *len <= m->con.size - *off &&
	    *off % BUS_UNIT == 0 && *len % BUS_UNIT == 0 &&
	    *len <= ring_span(m->ring.max_len);
}

static inline void map_set_claim(const struct bus_map *m, unsigned slot,
    uint64_t pos, uint32_t len)
{
	shm_put64(&map_slot(m, slot)->claim_pos, pos, memory_order_relaxed);
	shm_store32(&map_slot(m, slot)->claim_len, len);
}

static inline void map_end_claim(const struct bus_map *m, unsigned slot)
{
	shm_put32(&map_slot(m, slot)->claim_len, 0, memory_order_release);
}

/* A member's MAC and flags: any bits. */
static inline uint64_t map_mac_flags(const struct bus_map *m, unsigned slot)
{
	return shm_load64(&map_slot(m, slot)->mac_flags);
}

static inline void map_set_mac_flags(const struct bus_map *m, unsigned slot,
    uint64_t v)
{
	shm_store64(&map_slot(m, slot)->mac_flags, v);
}

/* What a member counted: any numbers. */

struct map_counts {
	uint64_t tx_frames, tx_bytes, tx_full;
	uint64_t rx_frames, rx_bytes, rx_lost, malformed;
};

static inline void map_put_tx(const struct bus_map *m, unsigned slot,
    uint64_t frames, uint64_t bytes, uint64_t full)
{
	struct bus_slot *s = map_slot(m, slot);

	shm_put64(&s->tx_frames, frames, memory_order_relaxed);
	shm_put64(&s->tx_bytes, bytes, memory_order_relaxed);
	shm_put64(&s->tx_full, full, memory_order_relaxed);
}

static inline void map_put_rx(const struct bus_map *m, unsigned slot,
    uint64_t frames, uint64_t bytes, uint64_t lost)
{
	struct bus_slot *s = map_slot(m, slot);

	shm_put64(&s->rx_frames, frames, memory_order_relaxed);
	shm_put64(&s->rx_bytes, bytes, memory_order_relaxed);
	shm_put64(&s->rx_lost, lost, memory_order_relaxed);
}

static inline void map_put_malformed(const struct bus_map *m, unsigned slot,
    uint64_t n)
{
	shm_put64(&map_slot(m, slot)->malformed, n, memory_order_relaxed);
}

void map_counts(const struct bus_map *m, unsigned slot, struct map_counts *c);

/* What a member tells of itself. */

struct map_info {
	uint32_t pid;
	char name[BUS_NAMELEN];		/* printable and ended */
	struct bus_addr addr[BUS_ADDRS];
	char server[BUS_SERVERLEN];	/* as the name */
};

/* Replace the name, or the addresses, unless NULL; and the process. */
void map_put_info(const struct bus_map *m, unsigned slot, const char *name,
    const struct bus_addr *addr);
void map_put_server(const struct bus_map *m, unsigned slot,
    const char *server);
/* Another number after each of these: to notice what somebody else did. */
static inline uint32_t map_info_seq(const struct bus_map *m, unsigned slot)
{
	return shm_load32(&map_slot(m, slot)->info_seq);
}

/* A member stopped while it changes it leaves it half changed. */
void map_info(const struct bus_map *m, unsigned slot, struct map_info *out);

/* Guests: n is a number below BUS_GUESTS, whatever is given. */

/* The slot of the bridge that owns it, -1 if it is free. */
static inline int map_guest_owner(const struct bus_map *m, unsigned n)
{
	uint32_t owner = shm_load32(&m->guests[n % BUS_GUESTS].owner);

	return owner <= BUS_SLOTS ? (int)owner - 1 : -1;
}

/* Give it from one owner, or -1, to another.  False: somebody was faster. */
static inline bool map_guest_pass(const struct bus_map *m, unsigned n,
    int from, int to)
{
	uint32_t was = (uint32_t)(from + 1);

	return shm_cas32(&m->guests[n % BUS_GUESTS].owner, &was,
	    (uint32_t)(to + 1));
}

/* By its owner; name and addresses only, also when it is read. */
void map_put_guest(const struct bus_map *m, unsigned n, const char *name,
    const struct bus_addr *addr);
void map_guest(const struct bus_map *m, unsigned n, struct map_info *out);

#endif
