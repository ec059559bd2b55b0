/*
 * ring.h: PACKET_RX_RING: packets in memory that the host shares with the
 * program, in the layout of TPACKET_V2.
 */
#ifndef STACK_RING_H
#define STACK_RING_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* One packet, seen from its first byte that the program gets. */
struct ring_packet {
	const uint8_t *data;
	uint32_t len, snaplen;
	unsigned net;		/* bytes before the network header */
	uint64_t when_ns;	/* CLOCK_REALTIME */
	uint16_t vlan_tci, vlan_tpid;
	uint32_t status;	/* TP_STATUS_ bits beside USER */
	struct sockaddr_ll from;
};

extern int ring_max;		/* sysctl: bytes of all rings together */
extern uint32_t ring_bytes;	/* of them in use */

/* reserve: bytes before each packet.  0 or -errno, by packet(7)'s rules. */
int ring_new(struct ring **out, const struct tpacket_req *req,
    unsigned reserve);
void ring_free(struct ring *r);		/* NULL is allowed */
int ring_fd(const struct ring *r);	/* the memory */
/* false: no room, the packet is lost. */
bool ring_put(struct ring *r, const struct ring_packet *p);
/* Is the packet put last still there?  As the kernel's poll asks. */
bool ring_ready(const struct ring *r);

#endif
