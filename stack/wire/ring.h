/*
 * ring.h: PACKET_RX_RING: packets in memory that is shared with the program, in
 * the layout of TPACKET_V2.  Hosts have such, and relays on the program's
 * machine.
 */
#ifndef STACK_WIRE_RING_H
#define STACK_WIRE_RING_H

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

extern int ring_max;		/* bytes of all rings of this process */
extern uint32_t ring_bytes;	/* of them in use */

/*
 * The option PACKET_RX_RING, its value in val: *r is made, or freed.  version:
 * PACKET_VERSION; reserve: bytes before each packet.
 * Return: 0 or -errno, by packet(7)'s rules; -ENOMEM: beyond ring_max.
 */
int ring_set(struct ring **r, const void *val, size_t len, int version,
    unsigned reserve);
void ring_free(struct ring *r);		/* NULL is allowed */
int ring_fd(const struct ring *r);	/* the memory; -1 of ring_map() */
/* false: no room, the packet is lost. */
bool ring_put(struct ring *r, const struct ring_packet *p);
/* Is the packet put last still there?  As the kernel's poll asks. */
bool ring_ready(const struct ring *r);

/*
 * The reader's side.  fd: the memory, which somebody else fills as req says; it
 * stays the caller's.  0 or -errno.
 */
int ring_map(struct ring **out, int fd, const struct tpacket_req *req);
/* The oldest packet, if there is one: it stays until ring_next(). */
bool ring_peek(const struct ring *r, struct ring_packet *p);
void ring_next(struct ring *r);

#endif
