/*
 * wire.h: what a program and its virtual host say to each other: requests on
 * the control connection, the header of a datagram, the record of an accepted
 * connection, and the name that tells which virtual socket an fd is.
 *
 * Control connection: AF_UNIX SOCK_SEQPACKET to the server's socket.  A
 * request is one message, struct wire_req cut to its length, with SCM_RIGHTS
 * descriptors: [0] is where the reply goes and is owned by the server from
 * then on.  Because each request brings its own reply socket, one connection
 * may be shared by all threads and forked children of a program.  Who asks
 * often has the replies come by a channel (WIRE_CHANNEL) instead, and then
 * descriptors are counted as if there was a [0] all the same.
 *
 * Whoever names a socket shows that he has it, once on a connection, unless
 * it was made there: a request with WIRE_SHOWS among its flags has the
 * program's end as its last descriptor, behind all others.  Without that the
 * answer is EBADF.  A socket that was accepted counts as made where its
 * listener was.
 *
 * Both sides are of one machine and one ABI; the receiver checks every length.
 */
#ifndef STACK_WIRE_H
#define STACK_WIRE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define WIRE_MAGIC	0x73686d36u	/* "shm6"; changes with the format */
#define WIRE_DATA	1024		/* bytes of payload at most */
#define WIRE_NAMELEN	16		/* interface name with its NUL */
#define WIRE_KEYLEN	32		/* name of a key, with its NUL */
#define WIRE_AFFINITY_WORDS	1024	/* programs of a host with one of them */
#define WIRE_AFFINITY_STEP	64	/* bytes to the next: a cache line */
#define WIRE_AFFINITY_NONE	UINT32_MAX	/* in the word: not known */
#define WIRE_PLUG	256		/* bytes that keep a connecting fd unwritable */

/* An interface as it was asked for: BSD calls the loopback lo0. */
static inline const char *wire_ifname(const char *name)
{
	return strcmp(name, "lo0") ? name : "lo";
}

/*
 * Identity.  The program's end of every pair is bound to the abstract name
 *	\0shmif/SSSSSSSSSSSSSSSS/IIIIIIIIIIIIIIII/RRRRRRRRRRRRRRRR/DD.T.PPP
 * in hex but for the last part: server id, socket id, a random number that
 * nobody can guess and take first, then domain, type and protocol in decimal
 * without padding.  getsockname(2) on the fd gives it
 * after dup, fork, exec and SCM_RIGHTS alike.
 */
#define WIRE_ID_PREFIX	"shmif/"
struct wire_id {
	uint64_t server;
	uint64_t sock;
	int domain, type, protocol;
	int fd;			/* what was asked for its name; -1 */
	uint64_t salt;		/* for a name to come; 0: some other */
};

enum wire_op {
	/*
	 * Introduce: data is the program's name, and behind its NUL who holds a
	 * private host, as "PID START" (process.h).  Reply: value is the server
	 * id, data its host name, filled up with zeros, at WIRE_HELLO_NAMED
	 * whether that was given to it, and at WIRE_HELLO_RIGHTS what the
	 * connection may do, a uint32_t of enum right (right.h).
	 * With WIRE_SHOWS (sock = the socket's id), b and c may be st_dev and
	 * st_ino of the file that the server was looked for by, cut to 32 bits:
	 * EACCES, if it serves elsewhere.
	 * a = WIRE_HELLO_AFFINITY: the reply comes with
	 * a descriptor of memory to map, WIRE_AFFINITY_WORDS words, each the first of
	 * WIRE_AFFINITY_STEP bytes; in word c the program notes on which CPU it
	 * makes its data calls.
	 */
	WIRE_HELLO = 1,
	/*
	 * a = domain, b = type without flags, c = protocol; sock = one whose
	 * options it shall have, or 0.  fd[0] is the server's end of the new
	 * socket's pair (SOCK_STREAM pair for SOCK_STREAM, else
	 * SOCK_SEQPACKET), data = struct wire_made.  There is no reply; if the
	 * server can't make it, its end closes.
	 * Without fd[0], and a channel for the reply: the server makes the
	 * pair, and the program's end, named, comes with the reply; value = id.
	 */
	WIRE_SOCKET,
	WIRE_BIND,		/* data = sockaddr */
	/*
	 * data = sockaddr (AF_UNSPEC dissolves a datagram socket's).
	 * Streams, a = 0: the reply waits until the connection is there or
	 * failed; after a failure the socket is as fresh.  If the program
	 * gives up waiting (EINTR) it closes the reply socket and the attempt
	 * goes on as with a = WIRE_CONNECT_ASYNC; the library then also closes
	 * the pair, and makes the attempt anew with WIRE_CONNECT_ASYNC.
	 * a = WIRE_CONNECT_ASYNC: the program's end is plugged: SO_SNDBUF was
	 * made minimal and WIRE_PLUG bytes written.  Reply EINPROGRESS (or an
	 * immediate error: then the plug was taken out again).  On success the
	 * server takes the plug out; on failure it closes its end with the plug
	 * unread (or, to see when the port is free, shuts it down) and keeps
	 * the errno for SO_ERROR.  The program puts SO_SNDBUF back with the
	 * first call that finds the plug gone; the server has no duplicate of
	 * its end, with which it would not see that it was closed.
	 */
	WIRE_CONNECT,
	WIRE_LISTEN,		/* a = backlog */
	WIRE_GETSOCKNAME,	/* reply data = sockaddr */
	WIRE_GETPEERNAME,
	/*
	 * a = level, b = name, data = value; no reply if it comes without a
	 * reply socket.  SO_ATTACH_FILTER: data is the number of instructions,
	 * a uint32_t, and fd[1] a file of them.
	 */
	WIRE_SETSOCKOPT,
	/* a, b, c = room, data = what was there; reply data = value */
	WIRE_GETSOCKOPT,
	/* a = how, as shutdown(2).  The program itself did SHUT_WR on its fd. */
	WIRE_SHUTDOWN,
	/* a = enum wire_query; reply value */
	WIRE_QUERY,
	/*
	 * a = 0: data = host name of a bus member; reply data = struct
	 * wire_ifaddr[].  a = WIRE_RESOLVE_ADDR: data = struct wire_ifaddr of
	 * a member, of which family and ip count; reply data = its name.
	 */
	WIRE_RESOLVE,
	/*
	 * a = enum wire_dump; reply fd: a memfd with value records.
	 * WIRE_DUMP_LOG: data = a uint64_t, only lines numbered above it.
	 */
	WIRE_DUMP,
	WIRE_IF,		/* a = enum wire_if_op, data = struct wire_ifreq */
	WIRE_ROUTE,		/* a = enum wire_table_op, data = struct wire_route */
	WIRE_NEIGH,		/* a = enum wire_table_op, data = struct wire_neigh */
	/*
	 * data = NAME or NAME=VALUE; reply data = the (old) value as text.
	 * The tree comes with WIRE_DUMP_SYSCTL.
	 */
	WIRE_SYSCTL,
	WIRE_HALT,		/* the server ends; the reply comes first */
	/* data = struct wire_trace, of which protocol, src and dst count;
	   reply data = the same with what would become of such a packet */
	WIRE_TRACE,
	/*
	 * fd[0] is the server's end of a SOCK_SEQPACKET pair for the replies to
	 * requests of this connection that name it, one at a time; data its id, a
	 * uint64_t: the SO_COOKIE of the client's end.  No reply; it is over when an end of it closes.
	 */
	WIRE_CHANNEL,
	/*
	 * data = struct wire_yield.  A private host that nobody uses and that has
	 * the name or the address on that bus ends, else EBUSY or ENOENT.
	 * Reply data = struct wire_ifaddr[] of its own, if it had the name.
	 */
	WIRE_YIELD,
	/*
	 * A datagram socket goes on in a program without the library: fd[1]
	 * is a duplicate of its end, what waits there is taken first; reply
	 * fd: the socket that the program is to have, without headers.
	 */
	WIRE_LEND,
	/*
	 * A netlink socket wants news: data = struct wire_notify, fd[1] is the
	 * socket, fd[2] a datagram socket that is connected to it, to which
	 * netlink messages go.  Without fd[2] it is one that is known.
	 */
	WIRE_NOTIFY,
	/*
	 * This connection is to have fewer rights from now on, and whoever
	 * shares it: data = text, NAME:RIGHT[,RIGHT]... as in a file of keys, or
	 * NAME alone for "use".  It keeps what it has and is in the list; a
	 * right that it has not it does not get, and none comes back.  Whoever
	 * asks may do so.  NAME (WIRE_KEYLEN with its NUL; it may be empty) is
	 * shown with the sockets that are made here from now on, and cannot be
	 * changed once there is one: EPERM.  EINVAL: no such right; then the
	 * rights are what they were.  Reply value = what is left of them.
	 */
	WIRE_LIMIT,
	/* A stream's program is about to send urgent data. */
	WIRE_URGENT,
	/*
	 * A relay did not let somebody in: a = enum wire_note.  data, if any, is
	 * who, for the log.  There is no reply.
	 */
	WIRE_NOTE,
	/*
	 * a = enum wire_fault_op, data = struct wire_fault; what it counts of
	 * instructions, numbers and addresses is in the file fd[1], in that
	 * order.  Reply data = the entry that there is now.
	 */
	WIRE_FAULT,
	/*
	 * a = enum wire_names; reply fd: that file, for who looks names up
	 * itself.  WIRE_NAMES_HOSTS: c = 0: it has only the names of the buses,
	 * and the program's own /etc/hosts comes before them; value = when
	 * it changed, ns of CLOCK_REALTIME.  ENOENT: the machine's will do.
	 */
	WIRE_NAMES,
	WIRE_NUM_OPS
};

/*
 * A new socket.  No client can guess the id of another's and take it first; by
 * the SO_COOKIE of the program's end, which no other socket of the machine
 * has, the server knows that end when it is shown.
 */
struct wire_made {
	uint64_t id;		/* random, of 48 bits; not 0 */
	uint64_t cookie;
};

enum wire_note {
	WIRE_NOTE_KEY,		/* a wrong key */
	WIRE_NOTE_PROTOCOL,	/* nothing that a relay would say */
	WIRE_NOTE_TIME,		/* it took too long */
	WIRE_NOTE_MANY,		/* too many were at the door */
};

enum wire_notify_op { WIRE_NOTIFY_SET, WIRE_NOTIFY_JOIN, WIRE_NOTIFY_LEAVE };
struct wire_notify {
	uint32_t op;		/* enum wire_notify_op */
	uint32_t groups;	/* bit n - 1: RTNLGRP_ n */
};

enum {
	WIRE_HELLO_AFFINITY = 1,
	/* offsets in the reply's data, and its length */
	WIRE_HELLO_NAMED = 64, WIRE_HELLO_RIGHTS = 68, WIRE_HELLO_LEN = 72
};
enum { WIRE_CONNECT_ASYNC = 1 };
enum { WIRE_RESOLVE_ADDR = 1 };
enum wire_names { WIRE_NAMES_HOSTS, WIRE_NAMES_RESOLV, WIRE_NAMES_NUM };

enum wire_query {
	WIRE_QUERY_OUTQ,	/* SIOCOUTQ: bytes not yet acknowledged */
	WIRE_QUERY_STATE,	/* enum wire_sock_state */
	WIRE_QUERY_LINGER,	/* OUTQ if the program's end is closed, else 0 */
	WIRE_QUERY_READ,	/* errno of a read at the end, taken; 0: none */
	WIRE_QUERY_ERROR,	/* the pending errno, not taken; 0: none */
	WIRE_QUERY_SENT,	/* of packets: errno of the last one, taken */
	WIRE_QUERY_RING,	/* reply fd: the memory of PACKET_RX_RING */
	/*
	 * Those before were taken out: a message with WIRE_DG_WAKE comes, now
	 * if there are packets in the ring, or once there are.
	 */
	WIRE_QUERY_READY,
};

enum wire_sock_state {
	WIRE_STATE_FRESH,	/* neither connected nor listening */
	WIRE_STATE_LISTEN,
	WIRE_STATE_CONNECTING,
	WIRE_STATE_CONNECTED,
	WIRE_STATE_FAILED,	/* an asynchronous connect failed */
	WIRE_STATE_CLOSED,	/* over in both directions, or reset */
};

/*
 * Options of a level that Linux has not, for the second entry (hijack/entry/),
 * which makes sockets in the name of other programs; each takes an int.
 */
#define SOL_SHMIF	0x7368
enum {
	SHMIF_OWNER = 1,	/* the process that uses it, of the same user */
	SHMIF_BARE = 2,		/* datagram: what comes has no header */
};

enum wire_dump {
	WIRE_DUMP_LINK,		/* struct wire_link */
	WIRE_DUMP_ADDR,		/* struct wire_ifaddr */
	WIRE_DUMP_ROUTE,	/* struct wire_route */
	WIRE_DUMP_NEIGH,	/* struct wire_neigh */
	WIRE_DUMP_SOCK,		/* struct wire_sock */
	WIRE_DUMP_SYSCTL,	/* struct wire_sysctl */
	WIRE_DUMP_LOG,		/* struct wire_log, oldest first */
	WIRE_DUMP_COUNTER,	/* struct wire_counter, by name */
	WIRE_DUMP_SOCKINFO,	/* struct wire_sockinfo, one for each socket */
	WIRE_DUMP_FAULT,	/* struct wire_fault, by interface, as they count */
	WIRE_DUMP_FAULT_ADDR,	/* struct wire_fault_addr, in the same order */
	WIRE_NUM_DUMPS
};

enum wire_if_op {
	WIRE_IF_CREATE,		/* name; "shmif" or "virt" alone: next number.
				   reply data = the name it got */
	WIRE_IF_DESTROY,
	WIRE_IF_LINKSTR,	/* str = absolute path of the bus; create it if missing */
	WIRE_IF_UNLINKSTR,
	WIRE_IF_ADDR_ADD,	/* addr: family plen addr bcast flags, and in
				   ifname the label of an alias ("shmif0:1") */
	WIRE_IF_ADDR_DEL,
	WIRE_IF_UP,
	WIRE_IF_DOWN,
	WIRE_IF_MTU,
	WIRE_IF_LLADDR,
	WIRE_IF_HOSTNAME,	/* str; name is ignored */
};

enum wire_table_op {
	WIRE_TABLE_ADD,
	WIRE_TABLE_DEL,
	WIRE_TABLE_USE,		/* a neighbour: find out where it is */
	WIRE_TABLE_GET,		/* reply data = the record that matches */
};

struct wire_req {
	uint32_t magic;
	uint16_t op;		/* enum wire_op */
	uint16_t len;		/* bytes of data */
	uint64_t server;	/* 0, or the server id the socket belongs to */
	uint64_t sock;		/* socket id where the op is about a socket */
	uint64_t reply;		/* id of the channel for the reply, or 0 */
	int32_t a, b, c;
	uint32_t flags;		/* WIRE_SHOWS ... */
	uint8_t data[WIRE_DATA];
};
enum {
	WIRE_SHOWS = 1,		/* the last descriptor is the socket */
	WIRE_OF_OTHERS = 2,	/* whose the socket is does not matter: for those
				   who may configure the host */
};
#define WIRE_REQ_HEAD	(sizeof(struct wire_req) - WIRE_DATA)

struct wire_rep {
	uint32_t magic;
	int32_t error;		/* 0 or an errno; then data may be one line of text */
	uint64_t value;
	int32_t c;
	uint32_t len;		/* bytes of data */
	uint8_t data[WIRE_DATA];
};
#define WIRE_REP_HEAD	(sizeof(struct wire_rep) - WIRE_DATA)

/* Who comes to a bus and what it wants there. */
struct wire_yield {
	uint64_t dev, ino;	/* of the bus's file */
	char name[64];
	uint8_t family;		/* of ip; 0: none wanted */
	uint8_t spare[7];
	uint8_t ip[16];
};

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
	uint8_t icmp_type, icmp_code;
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

struct wire_link {
	uint32_t ifindex;
	uint32_t flags;		/* Linux's IFF_ bits */
	uint32_t mtu;
	uint16_t hatype;	/* ARPHRD_ */
	uint8_t mac[6];
	char name[WIRE_NAMELEN];
	char kind[8];		/* "lo", "shmif", "virt" */
	int32_t slot;		/* on its bus; -1 */
	uint32_t netem;		/* frames that go out meet faults */
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_multicast;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
	char linkstr[512];	/* path of the bus, or the tap */
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

struct wire_ifreq {
	char name[WIRE_NAMELEN];
	struct wire_ifaddr addr;
	uint32_t mtu;
	uint8_t mac[6];
	uint8_t spare[2];
	char str[512];
};

static_assert(WIRE_REQ_HEAD == 48 && WIRE_REP_HEAD == 24, "wire heads");
static_assert(sizeof(struct wire_addr) == 24, "wire_addr");
static_assert(sizeof(struct wire_dgram) == 80, "wire_dgram");
static_assert(sizeof(struct wire_ll) <= 16 && sizeof(struct wire_aux) == 16,
    "wire_addr.ip holds them");
static_assert(sizeof(struct wire_accept) == 48, "wire_accept");
static_assert(sizeof(struct wire_log) == 200, "wire_log");
static_assert(sizeof(struct wire_counter) == 48, "wire_counter");
static_assert(sizeof(struct wire_trace) <= WIRE_DATA, "wire_trace fits");
static_assert(sizeof(struct wire_ifreq) <= WIRE_DATA, "wire_ifreq fits");
static_assert(sizeof(struct wire_fault) <= WIRE_DATA, "wire_fault fits");

#endif
