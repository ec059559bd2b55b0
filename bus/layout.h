/*
 * layout.h: the native format of a bus, as all who map it share it.
 *
 *	0		struct bus_header, one page
 *	4096		BUS_SLOTS times struct bus_slot
 *	BUS_GUEST_OFF	BUS_GUESTS times struct bus_guest
 *	BUS_RING_OFF	the ring of records, geometry.size bytes
 *
 * Who may only read that file can also lock parts of it for reading, and wait
 * on any word of it in futex(2), which takes the wake-ups of others.  So what
 * members sleep on, and the locks that prove life, are in a second file beside
 * it, PATH.lock, a struct bus_locks, that only those can open who may write to
 * the first (lockfile.c).
 *
 * Numbers are in the machine's own byte order: the file is shared memory, it
 * does not travel.  Whoever may write the file may write anything into it at
 * any time, so every field is read once into a local, checked, and then used.
 *
 * Positions in the log are byte counts that only grow (BUS_POS_MAX is years
 * away); position P lives at byte P % size of the ring.  Records start at
 * multiples of BUS_UNIT and never cross the ring's end.  Valid are the
 * records from `tail` to `head`.
 */
#ifndef BUS_LAYOUT_H
#define BUS_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"
#include "bus/shm.h"

#define BUS_MAGIC	0x73756266696d6873ull	/* "shmifbus" */
#define BUS_VERSION	4
#define BUS_LOCK_MAGIC	0x6b636c66696d6873ull	/* "shmiflck" */
#define BUS_LINE	64		/* bytes of a cache line */
#define BUS_UNIT	64		/* bytes records are aligned to */
#define BUS_POS_MAX	(1ull << 62)	/* no honest position gets here */
/* bus_slot.cursor, when it is not just a position; see notify.c. */
#define BUS_IDLE	UINT64_MAX	/* nothing to read, does not count */
#define BUS_DOZING	1ull		/* added: about to be idle */
#define BUS_WORDS	(BUS_SLOTS / 64) /* words of a set of slots */

/* The lock word: epoch << 10 | waiters << 9 | owner's slot + 1 (0: free). */
#define BUS_LOCK_OWNER	0x1ffu
#define BUS_LOCK_WAITERS 0x200u		/* somebody may sleep on the word */
#define BUS_LOCK_EPOCH	0x400u		/* added once per acquisition */

/* bus_slot.mac_flags: MAC in the low 48 bits, its first byte lowest. */
#define BUS_MF_MAC	((1ull << 48) - 1)
#define BUS_MF_PROMISC	(1ull << 48)
#define BUS_MF_USED	(1ull << 63)

/* Written once, before the file gets its name; never changes. */
struct bus_const {
	uint64_t magic;
	uint32_t version;
	uint32_t slots;
	uint32_t slot_bytes;
	uint32_t ring_off;
	uint32_t size;
	uint32_t mtu;
	uint8_t subnet[4];
	uint32_t plen;
	uint64_t key;		/* random, mixed into every record's word */
	uint64_t created_ns;	/* CLOCK_REALTIME */
	uint64_t lock_id;	/* PATH.lock has the same, see lockfile.c */
};

struct bus_header {
	struct { struct bus_const shared; } con;
	uint8_t pad0[BUS_LINE];		/* lines are fetched in pairs */

	/* By writers, for readers: the end of the log. */
	shm_u64 head;
	shm_u64 seq;			/* number of the next frame */
	uint8_t pad1[BUS_LINE - 16];
	/* The oldest record still valid; moves in steps of many records. */
	shm_u64 tail;
	uint8_t pad2[BUS_LINE - 8];

	/* Sets of slots (map.h); hints, the slot decides. Seldom written. */
	shm_u64 set[5][BUS_WORDS];
};

/* A member.  Line 0 belongs to both sides, the others to the member. */
struct bus_slot {
	shm_u64 cursor;		/* read up to here; or BUS_IDLE */
	shm_u64 cursor_seq;	/* number of the frame at cursor, when
				   a writer ended BUS_IDLE */
	shm_u32 lagging;	/* does not count for room */
	uint8_t pad0[BUS_LINE - 20];

	/* Sending side. */
	shm_u64 claim_pos;	/* what it may be writing to now */
	shm_u32 claim_len;	/* bytes, 0: nothing */
	uint32_t pad1;
	shm_u64 tx_frames, tx_bytes, tx_full;
	uint8_t pad2[BUS_LINE - 40];

	/* Receiving side. */
	shm_u64 rx_frames, rx_bytes, rx_lost;
	shm_u64 malformed;	/* of a bridge: words of others */
	uint8_t pad3[BUS_LINE - 32];

	/* Who it is; info_seq is odd while name and addr change. */
	shm_u64 mac_flags;
	shm_u32 info_seq;
	shm_u32 pid;
	struct { char shared[BUS_NAMELEN]; } name;
	struct { struct bus_addr shared[BUS_ADDRS]; } addr;
	struct { char shared[BUS_SERVERLEN]; } server;
};

/*
 * A host that a bridge has heard of on its other side; the bridge's, while that
 * lives and has its slot in the set of bridges.
 */
struct bus_guest {
	shm_u32 owner;		/* the bridge's slot + 1; 0: free */
	shm_u32 info_seq;	/* odd while the rest changes */
	struct { char shared[BUS_NAMELEN]; } name;
	struct { struct bus_addr shared[BUS_ADDRS]; } addr;
	uint8_t pad[40];
};

/*
 * What stands before the bytes of a frame.  A record exists when its word
 * is right for its position; see ring.h for the word.  Of a pad only the word
 * has a meaning.
 */
struct bus_rec {
	shm_u64 word;
	shm_u64 seq;		/* frames sent before it on this bus */
	shm_u64 when_ns;	/* CLOCK_REALTIME */
	shm_u32 sender;		/* slot */
	shm_u32 seg_size;	/* of a large segment (gso.h), or 0 */
};

/* What is written once into PATH.lock, or again for another bus. */
struct bus_lock_const {
	uint64_t magic;
	uint32_t version;
	uint32_t unused;
	uint64_t id;		/* struct bus_const's lock_id */
};

/* The words that are slept on, each in a line of its own. */
struct bus_locks {
	struct { struct bus_lock_const shared; } con;
	uint8_t pad0[2 * BUS_LINE - sizeof(struct bus_lock_const)];
	shm_u32 lock;		/* among writers, see lock.c */
	uint8_t pad1[2 * BUS_LINE - 4];
	struct bus_wake {
		shm_u32 word;	/* counts a member's wake-ups */
		uint8_t pad[BUS_LINE - 4];
	} wake[BUS_SLOTS];
};

/*
 * The bytes of PATH.lock that stand for something when they are locked: the
 * first for joining, the last for becoming a bridge, the others for a member
 * each.
 */
#define BUS_LOCK_JOIN	0
#define BUS_LOCK_SLOT(n) (1 + (off_t)(n))
#define BUS_LOCK_BRIDGE	BUS_LOCK_SLOT(BUS_SLOTS)
#define BUS_LOCKS_SIZE	20480u		/* bytes of PATH.lock */
#define BUS_SLOT_OFF	4096u
#define BUS_GUEST_OFF	(BUS_SLOT_OFF + BUS_SLOTS * 512u)
#define BUS_RING_OFF	(BUS_GUEST_OFF + BUS_GUESTS * 256u)

static_assert(sizeof(struct bus_const) == 64, "one line");
static_assert(sizeof(struct bus_addr) == 18, "no padding");
static_assert(offsetof(struct bus_header, head) == 128, "own line");
static_assert(offsetof(struct bus_header, tail) == 192, "own line");
static_assert(offsetof(struct bus_header, set) == 256, "own line");
static_assert(sizeof(struct bus_header) == 416, "fits the first page");
static_assert(offsetof(struct bus_slot, claim_pos) == 64, "own line");
static_assert(offsetof(struct bus_slot, rx_frames) == 128, "own line");
static_assert(offsetof(struct bus_slot, mac_flags) == 192, "own line");
static_assert(offsetof(struct bus_slot, name) == 208, "after the pid");
static_assert(offsetof(struct bus_slot, addr) == 272, "after the name");
static_assert(offsetof(struct bus_slot, server) == 416, "after those");
static_assert(sizeof(struct bus_slot) == 512, "eight lines");
static_assert(sizeof(struct bus_guest) == 256, "four lines");
static_assert(sizeof(struct bus_rec) == 32, "half a unit");
static_assert(offsetof(struct bus_locks, lock) == 128, "own line");
static_assert(sizeof(struct bus_locks) <= BUS_LOCKS_SIZE, "fits");
static_assert(BUS_RING_OFF % 4096 == 0, "the ring starts on a page");
static_assert(BUS_SLOTS % 64 == 0 && BUS_SLOTS < BUS_LOCK_OWNER, "fits");

#endif
