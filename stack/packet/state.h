/* state.h: what a packet socket is, for the files of this folder. */
#ifndef STACK_STATE_H
#define STACK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/sock/sock.h"

struct filter;
struct iface;
struct ring;

/* One PACKET_ADD_MEMBERSHIP. */
struct member {
	struct member *next;
	int ifindex;
	unsigned count;		/* how often it was asked for */
	uint16_t type, alen;
	uint8_t addr[8];
};

struct packet {
	struct sock s;		/* first */
	struct packet *next;	/* all of them */
	uint32_t rx_dropped;	/* since it was made */
	uint32_t ifindex;	/* 0: any; PACKET_GONE: that is destroyed */
	uint16_t protocol;	/* network byte order; 0: no packets */
	struct filter *filter;	/* NULL: all */
	struct ring *ring;	/* NULL: they go into the pair */
	bool armed;		/* tell when there is something in the ring */
	struct member *members;
	int send_err;		/* of the last packet sent, positive errno */
	uint32_t packets, drops;	/* since they were last asked for */
	/* Options, as the program set them. */
	int auxdata, origdev, version, loss, copy_thresh, tstamp;
	int tx_has_off, qdisc_bypass, ignore_outgoing;
	unsigned reserve;
};
static inline struct packet *packet_of(struct sock *s)
{
	return (struct packet *)s;
}

#define PACKET_GONE	UINT32_MAX

/* Interfaces that members have made promiscuous are so no longer. */
void packet_leave_all(struct packet *k);
void packet_forget(struct packet *k, const struct iface *f);

#endif
