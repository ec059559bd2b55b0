/* fault.h: faults of an interface, as requests and tables have them. */
#ifndef STACK_WIRE_FAULT_H
#define STACK_WIRE_FAULT_H

#include <stdint.h>

#include "stack/wire/record.h"

/* Faults of an interface: tc-netem(8) says what its words mean. */
enum wire_fault_op {
	WIRE_FAULT_SET,		/* in place of one with the same key */
	WIRE_FAULT_ADD,		/* EEXIST: there is one */
	WIRE_FAULT_CHANGE,	/* ENOENT: there is none */
	WIRE_FAULT_CLEAR,	/* all of these directions; ENOENT: none */
};
enum { WIRE_FAULT_IN = 1, WIRE_FAULT_OUT = 2 };
enum wire_fault_kind { WIRE_FAULT_NETEM, WIRE_FAULT_DOWN,
    WIRE_FAULT_PARTITION, WIRE_FAULT_NUM_KINDS };
enum wire_fault_loss { WIRE_LOSS_RANDOM, WIRE_LOSS_STATE, WIRE_LOSS_GEMODEL,
    WIRE_LOSS_NUM };

/* Of 2^32 - 1: how likely, and how much like it was the last time. */
struct wire_chance {
	uint32_t p, correlation;
};

struct wire_fault {
	/* The key: dirs, kind and match are what an entry is known by. */
	char ifname[WIRE_NAMELEN];
	uint8_t dirs;		/* WIRE_FAULT_IN, WIRE_FAULT_OUT, or both */
	uint8_t kind;		/* enum wire_fault_kind */
	/* WIRE_FAULT_CLEAR: only that kind; only that match. */
	uint8_t this_kind, this_match;
	char match[512];	/* a filter as it was written; "": all frames */

	uint8_t loss_model;	/* enum wire_fault_loss */
	uint8_t ecn;		/* mark in place of a loss, if that may be */
	uint8_t drawn;		/* the seed was; it is to be, of a new one */
	uint8_t keep_dist;	/* WIRE_FAULT_CHANGE: the table as it was */
	uint32_t limit;		/* frames that may wait */
	int64_t delay_ns, jitter_ns;
	uint32_t delay_correlation;
	uint32_t gap;		/* 0: nothing is reordered */
	struct wire_chance loss, duplicate, reorder, corrupt;
	uint32_t markov[5];	/* p13 p31 p32 p23 p14; or p r h 1-k */
	int32_t overhead;	/* bytes more of a frame */
	uint64_t rate;		/* bytes a second; 0: as fast as may be */
	uint32_t cell_size;	/* bytes; 0: no cells */
	int32_t cell_overhead;
	uint64_t seed;
	uint32_t handle;	/* of the qdisc; 0 of a new one: the next */
	char dist[16];		/* name of the distribution */
	/* In the file: struct sock_filter, int16_t, struct wire_fault_addr. */
	uint32_t ninsn, ndist, naddr;
	uint32_t ifindex;
	uint32_t spare;

	/* What became of frames. */
	uint64_t frames, bytes;	/* that met it */
	uint64_t sent, sent_bytes;
	uint64_t lost, marked, duplicated, reordered, corrupted;
	uint64_t delayed;
	uint64_t limited;	/* lost, since `limit` were waiting */
	uint64_t cut;		/* lost, since the way is down or partitioned */
	uint32_t waiting, waiting_bytes;
};

/* A partition's: an IPv4, IPv6 or Ethernet address. */
struct wire_fault_addr {
	uint8_t family;		/* AF_INET, AF_INET6, AF_PACKET: Ethernet */
	uint8_t spare[3];
	uint32_t entry;		/* in the dump: which one, from 0 */
	uint8_t addr[16];
};

#endif
