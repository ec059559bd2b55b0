/*
 * record.h: what requests are about, and what tables consist of: interfaces,
 * addresses, routes, neighbours, sockets, settings, lines of the log.
 */
#ifndef STACK_WIRE_RECORD_H
#define STACK_WIRE_RECORD_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "stack/wire/data.h"

#define WIRE_NAMELEN	16		/* interface name with its NUL */
#define WIRE_KEYLEN	32		/* name of a key, with its NUL */

/* An interface as it was asked for: BSD calls the loopback lo0. */
static inline const char *wire_ifname(const char *name)
{
	return strcmp(name, "lo0") ? name : "lo";
}

struct wire_link {
	uint32_t ifindex;
	uint32_t flags;		/* Linux's IFF_ bits */
	uint32_t mtu;
	uint16_t hatype;	/* ARPHRD_ */
	uint8_t mac[6];
	char name[WIRE_NAMELEN];
	char kind[8];		/* "lo", "shmif", "virt", "vde" */
	int32_t slot;		/* on its bus; -1 */
	uint32_t netem;		/* frames that go out meet faults */
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_multicast;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
	char linkstr[512];	/* path of the bus, the tap, a VNL */
};

struct wire_ifaddr {
	uint32_t ifindex;
	uint8_t family, plen;
	uint8_t flags;		/* WIRE_ADDR_ */
	uint8_t scope;		/* rtnetlink: 0 global, 253 link, 254 host */
	uint8_t ip[16];
	uint8_t bcast[16];
	char ifname[WIRE_NAMELEN];
};
enum { WIRE_ADDR_ALIAS = 1, WIRE_ADDR_TENTATIVE = 2, WIRE_ADDR_AUTO = 4,
       WIRE_ADDR_SLOT = 8 /* to server: take the bus slot's address */,
       WIRE_ADDR_ANYHOW = 16 /* to server: another may have it too */ };

struct wire_route {
	uint8_t family, plen;
	uint16_t flags;		/* WIRE_RT_ */
	uint32_t ifindex;	/* 0 on add: found from the gateway */
	uint32_t metric;
	uint32_t mtu;
	uint8_t dst[16], gw[16];
	uint8_t src[16];	/* of packets whose sender has chosen none */
	char ifname[WIRE_NAMELEN];
	uint8_t proto;		/* RTPROT_, who made it; 0 on add: by flags */
	uint8_t weight;		/* of a way of several, less 1 */
	uint8_t spare[2];
};
enum { WIRE_RT_GATEWAY = 1, WIRE_RT_HOST = 2, WIRE_RT_CONNECTED = 4,
       WIRE_RT_REJECT = 8, WIRE_RT_AUTO = 16,
       /* with WIRE_RT_REJECT, which is "unreachable" by itself */
       WIRE_RT_BLACKHOLE = 32, WIRE_RT_PROHIBIT = 64, WIRE_RT_THROW = 128,
       /* src counts; one way of several, which have dst and metric in common */
       WIRE_RT_SRC = 256, WIRE_RT_MULTI = 512 };

/* A multicast group that an interface is in. */
struct wire_group {
	uint32_t ifindex;
	uint8_t family;
	uint8_t flags;		/* WIRE_GROUP_ */
	uint8_t ip[16];
	uint32_t users;
	uint32_t timer;		/* ms until it is reported; 0: not due */
	char ifname[WIRE_NAMELEN];
};
enum {
	WIRE_GROUP_UP = 1,	/* the interface is */
	WIRE_GROUP_LOOP = 2,	/* the interface is the loopback */
	WIRE_GROUP_REPORTED = 4,	/* by this host, and no other since */
	WIRE_GROUP_SILENT = 8,	/* all are in it, so none reports it */
};

/* A source that a socket's membership of a group is about. */
struct wire_source {
	uint32_t ifindex;
	uint8_t family;
	uint8_t include;	/* wanted; else unwanted */
	uint8_t group[16];
	uint8_t ip[16];
	char ifname[WIRE_NAMELEN];
};

struct wire_neigh {
	uint32_t ifindex;
	uint8_t family, state;	/* NUD_ bits of rtnetlink */
	uint8_t mac[6];
	uint8_t ip[16];
	uint32_t age;		/* seconds */
	char ifname[WIRE_NAMELEN];
};

struct wire_sock {
	uint64_t id;
	int32_t domain, type, protocol;
	uint32_t state;		/* Linux's TCP_ESTABLISHED... of netinet/tcp.h;
				   datagram: 1 connected, 7 not */
	struct wire_addr local, peer;
	uint32_t recvq, sendq;	/* bytes */
	int32_t pid;
	uint32_t uid;
	char comm[16];
	char key[WIRE_KEYLEN];	/* of the connection that made it; "" */
	uint32_t rights;	/* ... enum right */
	uint32_t spare;
};

struct wire_sysctl {
	char name[64];
	char value[64];
	uint32_t writable;
	uint32_t spare;
};

/* More of a socket than struct wire_sock has. */
struct wire_sockinfo {
	uint64_t id;
	/* A stream's halves and the program's end; "" for datagrams. */
	char rx[12], tx[12], end[12];
	uint32_t recvq, sendq;	/* bytes */
	uint32_t unsent;	/* of sendq: not yet given to TCP */
	uint32_t in_flight;	/* of sendq: sent, not acknowledged */
	uint32_t rcv_wnd, snd_wnd;	/* bytes that we, the peer, may send */
	uint32_t cwnd, ssthresh;	/* bytes */
	uint32_t rtt_us, rttvar_us, rto_us;
	uint32_t min_rtt_us;
	uint32_t retransmits;	/* of the oldest segment */
	uint32_t sacked, lost;	/* bytes of in_flight */
	uint32_t total_retransmits, dsacks, reordered;	/* segments, ever */
	uint32_t mss, pmtu;	/* bytes */
	uint32_t backlog, waiting;	/* of a listener */
	uint64_t dropped;	/* datagrams that found no room */
};

/* Which way a packet would take. */
enum wire_verdict {
	WIRE_TRACE_LEAVES,
	WIRE_TRACE_DELIVERED,	/* to this host, and its socket if one counts */
	WIRE_TRACE_DROPPED,	/* and counter counts it */
};
struct wire_trace {
	uint8_t protocol;	/* IPPROTO_TCP, IPPROTO_UDP, 0: neither */
	uint8_t verdict;	/* enum wire_verdict */
	uint16_t spare;
	uint32_t mtu;		/* of the path */
	struct wire_addr src;	/* family 0: as the host chooses; then chosen */
	struct wire_addr dst;
	struct wire_addr hop;	/* the neighbour it goes to; family 0: none */
	struct wire_neigh neigh;	/* family 0: would be asked for first */
	struct wire_route route;	/* family 0: needs none */
	char ifname[WIRE_NAMELEN];	/* "": none */
	uint64_t sock;		/* who gets it; 0: nobody */
	int32_t pid;
	char comm[16];
	char counter[40];
};

/* A line of the host's log. */
struct wire_log {
	uint64_t number;	/* from 1, one by one */
	uint64_t when_ns;	/* CLOCK_REALTIME */
	char kind[16];		/* "connect", "error", ... */
	char text[168];
};

/* Something that is counted, mostly a reason to drop a packet. */
struct wire_counter {
	char name[40];		/* layer.reason */
	uint64_t n;
};

struct wire_ifreq {
	char name[WIRE_NAMELEN];
	struct wire_ifaddr addr;
	uint32_t mtu;
	uint32_t flags;		/* IFF_ */
	uint8_t mac[6];
	uint8_t spare[2];
	char str[512];
};

static_assert(sizeof(struct wire_log) == 200, "wire_log");
static_assert(sizeof(struct wire_counter) == 48, "wire_counter");

#endif
