/*
 * bridgemsg.h: what bridges tell each other: a frame of EtherType 0x88B5, the
 * one for local experiments (IEEE 802), that other bridges pass on.
 *
 *	14	magic "shmj", version, flags, hops, number of hosts
 *	22	id of the bridge that tells (8), round (4)
 *	34	the youngest bridge it came by: flags (1), since (8), id (8)
 *	51	hosts: bytes of the name, number of addresses, the name,
 *		addresses: 4 or 6, prefix length, 4 or 16 bytes
 *
 * Numbers are in network byte order.  It is sent to a unicast address that
 * nobody has, so that it reaches all who listen to everything, and wakes no
 * host.  All of it is a stranger's word.
 */
#ifndef BUS_BRIDGEMSG_H
#define BUS_BRIDGEMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"

#define BRIDGEMSG_MAX	590u	/* bytes: fits the smallest MTU */
#define BRIDGEMSG_HEAD	51u
#define BRIDGEMSG_HOSTS	256u	/* in one frame, and of one bridge */
#define BRIDGEMSG_HOPS	32	/* it is passed on that often at most */

/* Which of two bridges is the younger: the greater one. */
struct bridge_age {
	uint8_t listening;	/* does not pass frames yet */
	uint64_t since;		/* CLOCK_REALTIME, ns, when it began */
	uint64_t id;
};

struct bridgemsg {
	uint64_t id;		/* of who tells */
	uint32_t round;		/* grows; all frames of one round are one */
	uint8_t hops;
	struct bridge_age youngest;
	unsigned n;
	struct bus_guest_info host[BRIDGEMSG_HOSTS];
};

bool bridge_age_less(const struct bridge_age *a, const struct bridge_age *b);

/* Is it one, of whatever kind? */
bool bridgemsg_is(const uint8_t *frame, size_t len);
/* Return: false if anything in it is not as it should be. */
bool bridgemsg_parse(struct bridgemsg *m, const uint8_t *frame, size_t len);
/*
 * As many of the hosts from *from on as fit; *from moves past them.  Return:
 * bytes of the frame, 60 at least.
 */
size_t bridgemsg_make(uint8_t frame[static BRIDGEMSG_MAX],
    const struct bridgemsg *m, const uint8_t src[static 6],
    const struct bus_guest_info *host, size_t n, size_t *from);
/* In a frame that was parsed: one hop more, and who is the youngest. */
void bridgemsg_pass(uint8_t *frame, const struct bridge_age *youngest);

#endif
