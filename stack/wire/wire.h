/*
 * wire.h: what a program and its virtual host say to each other: requests on
 * the control connection, and the name that tells which virtual socket an fd
 * is.  What passes by the sockets' own pairs is in data.h, the records of
 * requests and tables are in record.h and fault.h.
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
#include <sys/socket.h>

#include "stack/wire/data.h"
#include "stack/wire/fault.h"
#include "stack/wire/record.h"

#define WIRE_MAGIC	0x73686d37u	/* "shm7"; changes with the format */
#define WIRE_DATA	1024		/* bytes of payload at most */
#define WIRE_AFFINITY_WORDS	1024	/* programs of a host with one of them */
#define WIRE_AFFINITY_STEP	64	/* bytes to the next: a cache line */
#define WIRE_AFFINITY_NONE	UINT32_MAX	/* in the word: not known */
#define WIRE_PLUG_MAX	65537		/* of a program without the library */
#define WIRE_PLUG	256		/* bytes that keep a connecting fd unwritable */

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
	 * b > 0: so many bytes of WIRE_PLUG_MAX were written instead, of which
	 * the last, by itself, stays: the program has no library, see
	 * stack/stream/tail.h.
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
	 * The tree comes with WIRE_DUMP_SYSCTL.  NAME may be Linux's, as
	 * "net.ipv4.ip_forward" or with a slash in front, "/ipv4/ip_forward".
	 * a = WIRE_SYSCTL_FILE: data = the latter, and fd[1] one end of a
	 * SOCK_SEQPACKET pair: each message by it is a value, as of those that
	 * write to the file out of the library's sight; nobody is told of
	 * errors.  Reply c = 1: it is looked at.
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
enum { WIRE_SYSCTL_FILE = 1 };
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
	SHMIF_ERROR = 3,	/* datagram: an errno, to be told once more */
	/*
	 * Listener: what is accepted is for programs without the library.  Read
	 * of any: has the host closed its end, so that the kernel knows of the
	 * error?
	 */
	SHMIF_TAIL = 4,
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
	WIRE_DUMP_GROUP,	/* struct wire_group, by interface */
	WIRE_DUMP_SOURCE,	/* struct wire_source, of all sockets */
	WIRE_NUM_DUMPS
};

enum wire_if_op {
	WIRE_IF_CREATE,		/* name; "shmif", "virt", "vde" alone: next number.
				   reply data = the name it got */
	WIRE_IF_DESTROY,
	WIRE_IF_LINKSTR,	/* str = absolute path of the bus; create it if
				   missing; of vde, a VNL: -EINPROGRESS until
				   it is decided, so ask again */
	WIRE_IF_UNLINKSTR,
	WIRE_IF_ADDR_ADD,	/* addr: family plen addr bcast flags, and in
				   ifname the label of an alias ("shmif0:1") */
	WIRE_IF_ADDR_DEL,
	WIRE_IF_UP,
	WIRE_IF_DOWN,
	WIRE_IF_MTU,
	WIRE_IF_LLADDR,
	WIRE_IF_HOSTNAME,	/* str; name is ignored */
	WIRE_IF_FLAGS,		/* flags: which of WIRE_IF_ASKED are set now */
};

/* IFF_PROMISC and IFF_ALLMULTI: kept as they were asked for. */
enum { WIRE_IF_ASKED = 0x100 | 0x200 };

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

static_assert(WIRE_REQ_HEAD == 48 && WIRE_REP_HEAD == 24, "wire heads");
static_assert(sizeof(struct wire_trace) <= WIRE_DATA, "wire_trace fits");
static_assert(sizeof(struct wire_ifreq) <= WIRE_DATA, "wire_ifreq fits");
static_assert(sizeof(struct wire_fault) <= WIRE_DATA, "wire_fault fits");

#endif
