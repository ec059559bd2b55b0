/*
 * rumpmap.h: a mapped bus of NetBSD's format, and the only way to the words in
 * it; what map.h is for the native format, with the same distrust.
 *
 * A position P is a byte count that only grows, gen * RUMP_SIZE + offset, and
 * wraps at 2^64 like any number of its type: only differences count.
 */
#ifndef BUS_RUMPMAP_H
#define BUS_RUMPMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/rumplayout.h"

struct rump_map {
	struct rump_header *hdr;
	uint8_t *ring;
	bool swap;		/* the other byte order; for reading only */
	unsigned rec;		/* bytes of struct rump_rec there */
};

/* What the header said; any numbers. */
struct rump_view {
	uint64_t gen;
	uint32_t first, last;
};

/*
 * What can be made of it: frames stand from `tail` to `head`, 1 to RUMP_SIZE
 * bytes, the newest at `newest`; head is at `off` in the ring.
 */
struct rump_ends {
	uint64_t tail, head, newest;
	uint32_t off;
};

/* What stands in front of a frame, in our byte order. */
struct rump_stamp {
	uint32_t len;
	uint32_t sec, usec;
	uint64_t sender;
};

/* Return: 0, -errno; *broken is set as by map_shared(). */
int rump_map_open(struct rump_map *m, int fd, bool rdonly,
    _Atomic bool *broken);
void rump_map_close(struct rump_map *m);

/* Is it still such a file?  Zeroes after a truncation are not. */
bool rump_map_same(const struct rump_map *m);

void rump_view(const struct rump_map *m, struct rump_view *v);
/* False if no honest member can have left that. */
bool rump_ends(const struct rump_map *m, const struct rump_view *v,
    struct rump_ends *e);
/* Where a position is in the ring, at most RUMP_SIZE before e's head. */
uint32_t rump_off(const struct rump_ends *e, uint64_t pos);

/* n at most RUMP_SIZE, from an offset below RUMP_SIZE; may go round. */
void rump_copy_out(const struct rump_map *m, uint32_t off, void *dst,
    size_t n);
void rump_copy_in(const struct rump_map *m, uint32_t off, const void *src,
    size_t n);
/* The length of the frame whose header is there; any number. */
uint32_t rump_len(const struct rump_map *m, uint32_t off);
/* The header from a copy of its m->rec bytes. */
void rump_stamp(const struct rump_map *m, const uint8_t *rec,
    struct rump_stamp *s);

/* For who has the lock. */
void rump_put_ends(const struct rump_map *m, uint32_t first, uint32_t last);
void rump_put_gen(const struct rump_map *m, uint64_t gen);

/* The lock with the spare word: u32 lock, u32 spare. */
static inline uint64_t rump_lock_pack(uint32_t lock, uint32_t spare)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
	    lock | (uint64_t)spare << 32 : spare | (uint64_t)lock << 32;
}

static inline uint32_t rump_lock_held(uint64_t word)
{
	return (uint32_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word :
	    word >> 32);
}

static inline uint32_t rump_lock_spare(uint64_t word)
{
	return (uint32_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
	    word >> 32 : word);
}

uint64_t rump_lock_word(const struct rump_map *m);
/* False: *was is what is there now. */
bool rump_lock_cas(const struct rump_map *m, uint64_t *was, uint64_t word);

/*
 * How long headers of frames are there, to be found by walking over them; 0 if
 * it is neither of the lengths of version 3.
 */
unsigned rump_find_rec(struct rump_map *m);

#endif
