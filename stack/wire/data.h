/*
 * data.h: what passes by the pair of a socket beside plain bytes: the header of
 * a datagram, and the record of an accepted connection.
 */
#ifndef STACK_WIRE_DATA_H
#define STACK_WIRE_DATA_H

#include <assert.h>
#include <stdint.h>

/* An IP address with its port, of either family, or what stands for one. */
struct wire_addr {
	uint16_t family;	/* AF_INET, AF_INET6, AF_PACKET, or 0: none */
	uint16_t port;		/* network byte order; AF_PACKET: protocol */
	uint32_t scope;		/* IPv6 scope id; AF_PACKET: ifindex */
	uint8_t ip[16];		/* IPv4 in the first four; struct wire_ll */
};

/* The rest of a struct sockaddr_ll, and what PACKET_AUXDATA tells. */
struct wire_ll {
	uint8_t addr[8];
	uint8_t pkttype, halen;
	uint16_t hatype;
	uint8_t net;		/* where the network header begins */
};
struct wire_aux {
	uint32_t status;	/* TP_STATUS_ bits */
	uint32_t len, snaplen;	/* of the whole packet, and of what is here */
	uint16_t vlan_tci, vlan_tpid;
};

/*
 * In front of every message on a datagram pair (UDP, ICMP, raw, packets).
 * Program to server: peer is where to (family 0: the connected peer);
 * a message that does not begin with the magic has no header (sendfile(2) and
 * other calls the library does not see): all of it goes to that peer.
 * local.ip and ifindex, if not zero, are the source asked for (IP_PKTINFO).
 * Server to program: peer is where from, local is where to, ifindex the
 * interface it came in by; of a packet, local.ip is a struct wire_aux.
 */
enum wire_dgram_flags {
	WIRE_DG_TTL = 1,	/* ttl is set (to server) */
	WIRE_DG_TOS = 2,
	WIRE_DG_ERROR = 4,	/* to program: not data but an error; err is set,
				   and for an ICMP error: peer = the destination it
				   is about, local.ip = who reported it, icmp_type and
				   icmp_code; payload: what was sent */
	WIRE_DG_DONTROUTE = 8,
	WIRE_DG_MORE = 32,	/* to server: MSG_MORE, the rest is to come */
	WIRE_DG_MULTICAST = 16,	/* to program: came by multicast or broadcast */
	WIRE_DG_WAKE = 64,	/* to program: no data, there is some in the ring */
};
struct wire_dgram {
	uint32_t magic;
	uint16_t flags;
	uint8_t ttl, tos;
	struct wire_addr peer;
	struct wire_addr local;
	uint32_t ifindex;
	int32_t err;
	uint64_t when_ns;	/* CLOCK_REALTIME of arrival */
	union {
		struct {
			uint8_t icmp_type, icmp_code;
		};
		uint16_t segment;	/* of data: bytes of each of the datagrams
				   that it is cut into or was joined of, the
				   last may be shorter; 0: it is one */
	};
	uint16_t want;		/* to program: enum wire_want of the socket */
	uint32_t dropped;	/* to program: lost so far for want of room;
				   of an error EMSGSIZE: the path MTU */
};

/* The control messages a datagram socket has asked for by its options. */
enum wire_want {
	WIRE_WANT_PKTINFO = 1,		/* IP_PKTINFO */
	WIRE_WANT_TTL = 2,		/* IP_RECVTTL */
	WIRE_WANT_TOS = 4,		/* IP_RECVTOS */
	WIRE_WANT_TIMESTAMP = 8,	/* SO_TIMESTAMP */
	WIRE_WANT_TIMESTAMPNS = 16,	/* SO_TIMESTAMPNS */
	WIRE_WANT_OVERFLOW = 32,	/* SO_RXQ_OVFL */
	WIRE_WANT_ORIGDST = 64,		/* IP_RECVORIGDSTADDR */
	WIRE_WANT_AUXDATA = 0x80,	/* PACKET_AUXDATA */
	WIRE_WANT_PKTINFO6 = 0x100,	/* IPV6_RECVPKTINFO */
	WIRE_WANT_HOPLIMIT6 = 0x200,	/* IPV6_RECVHOPLIMIT */
	WIRE_WANT_TCLASS6 = 0x400,	/* IPV6_RECVTCLASS */
	WIRE_WANT_GRO = 0x800,		/* UDP_GRO */
};

/*
 * One established connection, on a listening pair, with its fd beside it.
 * That fd brings the byte WIRE_SEAL first, which accept(2) takes off: with it
 * there the connection is one that nobody has accepted.
 */
enum { WIRE_SEAL = 'a' };

struct wire_accept {
	uint32_t magic;
	uint32_t spare;
	uint64_t sock;
	uint64_t listener;	/* id of the socket that it came to */
	struct wire_addr peer;
};

static_assert(sizeof(struct wire_addr) == 24, "wire_addr");
static_assert(sizeof(struct wire_dgram) == 80, "wire_dgram");
static_assert(sizeof(struct wire_ll) <= 16 && sizeof(struct wire_aux) == 16,
    "wire_addr.ip holds them");
static_assert(sizeof(struct wire_accept) == 48, "wire_accept");

#endif
