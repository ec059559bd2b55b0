/*
 * rumplayout.h: the format of NetBSD's bus file, as its rump kernels (shmif)
 * share it: version 3, in the byte order of the machine.
 *
 *	0	struct rump_header
 *	32	the log, RUMP_SIZE bytes, a ring
 *
 * All of it is fixed, and the file is always 1 MiB.  In the ring stand frames,
 * each with a struct rump_rec in front, back to back without alignment; both
 * may go on at the ring's beginning.  Offsets count from the ring's.
 *
 * `last` is where the newest frame begins, not where the next one will be; a
 * fresh bus has it at 0, where zeroes pass for an empty frame, so that the
 * first real one is behind that.  `first` is where the oldest begins; on a bus
 * that was never full it is RUMP_SIZE, which stands for 0.  `gen` is one more
 * for each write that reached the end of the ring, if only just.  So gen and
 * the end of the newest frame make a position that only grows.
 *
 * `version` is written by who wakes the others (a write to the file, which they
 * wait for), and is 0 until then.
 */
#ifndef BUS_RUMPLAYOUT_H
#define BUS_RUMPLAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/shm.h"

#define RUMP_MAGIC	0xca11d054u
#define RUMP_VERSION	3u
#define RUMP_VERSION_OLD 2u	/* its frames do not name the sender */
#define RUMP_FILE	(1u << 20)
#define RUMP_SIZE	(RUMP_FILE - 32)
#define RUMP_MTU	1500u
#define RUMP_FRAME_MAX	(RUMP_MTU + 14)

struct rump_header {
	shm_u32 magic;
	shm_u32 version;
	shm_u64 gen;
	shm_u64 ends;		/* u32 first, u32 last */
	shm_u64 lock;		/* u32 lock: 1 held; u32 spare, unused by the
				   original: who of us holds it (rumplock.c) */
};

/* In front of a frame; its bytes are copied, so it is never used in place. */
struct rump_rec {
	uint32_t len;		/* of the frame, without this */
	uint32_t sec, usec;	/* the original: since its kernel began */
	uint32_t pad;
	uint64_t sender;	/* a random number for each interface */
};

/* Its bytes: of machines that align to 8, to 4, and of version 2. */
#define RUMP_REC	24u
#define RUMP_REC_I386	20u
#define RUMP_REC_OLD	12u

static_assert(offsetof(struct rump_header, version) == 4, "waking writes it");
static_assert(offsetof(struct rump_header, gen) == 8, "as the original");
static_assert(offsetof(struct rump_header, ends) == 16, "as the original");
static_assert(offsetof(struct rump_header, lock) == 24, "as the original");
static_assert(sizeof(struct rump_header) == 32, "as the original");
static_assert(sizeof(struct rump_rec) == RUMP_REC, "as the original");
static_assert(offsetof(struct rump_rec, sender) == 16, "as the original");

#endif
