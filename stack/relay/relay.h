/*
 * relay.h: what the two halves of the relay say to each other.
 *
 * Descriptors cannot cross machines, so a relay stands between a program and
 * a virtual host that is not on its machine:
 *
 *	program ==pair== near half --- one connection --- far half ==pair== host
 *
 * To the program the near half is the host: it serves on a unix socket, holds
 * the inner ends of the pairs, and names the program's.  To the host the far
 * half is a program: it makes a pair for each of the near half's sockets and
 * gives one end away.  Neither knows what TCP is: requests pass, and what one
 * end of a socket shows is done to the other.
 *
 * The connection.  A line from each side (struct hello, below), then HTTP/2 as
 * a framing engine, without HTTP: libnghttp2, the near half as client.
 *
 * - Stream 1 carries messages, struct relay_msg and what belongs to it, and is
 *   sent before all others.
 * - Every other stream is a descriptor of a program.  It is opened by a header
 *   with a struct relay_open in it.  DATA holds a stream's plain bytes, or
 *   datagrams with a uint32_t in front of each, its length.
 * - END_STREAM: the writer has shut down its half of the pair, after all that
 *   it wrote.  RST_STREAM: the socket was reset; the code is an errno.
 * - A stream's window is what its reader keeps for a pair that is full;
 *   the connection's is without limit, and reading never waits for writing.
 *
 * Order.  A message about a socket overtakes its data.  So it says how many
 * bytes of that stream come before it (`after`, where END_STREAM is one), and
 * waits for these at the other side: what a program wrote before it asked, the
 * host has before it answers, as it is on one machine, and the other way round.
 * Only bytes that the window allows are counted, so that it never waits for a
 * reader.
 *
 * A stream socket begins as WIRE_CONNECT or WIRE_LISTEN make it.  Until it is
 * connected its pair is not read; a plug (WIRE_CONNECT_ASYNC) is made at
 * the far half just as the program made it, and what becomes of that one is
 * told: RELAY_CONNECTED or RELAY_FAILED.
 */
#ifndef STACK_RELAY_H
#define STACK_RELAY_H

#include <assert.h>
#include <stdint.h>

#include "stack/wire/wire.h"

#define RELAY_VERSION	1	/* of all that is in this file */

/*
 * The line of each side, in text: "shmif-relay VERSION WIRE ABI LINK\n".  WIRE
 * is WIRE_MAGIC in hex: structs of wire.h pass as they are, so both must be of
 * one build and kind of machine, which ABI tells ("le64").  LINK, of the far
 * half, is a number in hex that makes ids: see relay_sock_id().
 * Who cannot go on sends "error TEXT\n" instead.
 */
#define RELAY_HELLO	"shmif-relay"
#define RELAY_LINE	256	/* bytes, with its end */

/*
 * What the host calls the socket of a stream that the near half opened.  Numbers
 * of other programs have 48 bits, and so never the highest.
 */
static inline uint64_t relay_sock_id(uint32_t link, uint32_t stream)
{
	return 1ull << 63 | (uint64_t)(link & 0x7fffffff) << 32 | stream;
}

enum relay_kind {
	RELAY_SOCKET,		/* WIRE_SOCKET was asked for */
	RELAY_TAKEN,		/* the connection of RELAY_ACCEPT */
	RELAY_NEWS,		/* fd[2] of WIRE_NOTIFY: messages to the program */
};

struct relay_open {
	uint16_t kind;		/* enum relay_kind */
	uint16_t spare;
	int32_t domain, type, protocol;
	uint32_t number;	/* RELAY_TAKEN: of RELAY_ACCEPT */
	uint32_t spare2;
	uint64_t like;		/* RELAY_SOCKET: as WIRE_SOCKET has it */
};

enum relay_op {
	/*
	 * To the far half: a struct wire_req cut to its length, and what a
	 * descriptor of memory held that came with it.  stream: the socket, or
	 * that of RELAY_NEWS.  number: the reply's; 0: none is wanted.
	 */
	RELAY_REQUEST = 1,
	/*
	 * To the near half: a struct wire_rep cut to its length; with
	 * RELAY_HAS_MEMORY a descriptor of memory came along, and its content
	 * follows.
	 */
	RELAY_REPLY,
	/* To the near half, of an asynchronous connect. */
	RELAY_CONNECTED,
	RELAY_FAILED,
	/* Who reads there takes no more: nobody can write any more. */
	RELAY_CUT,
	/* A uint64_t follows: the place in the stream of a byte that is urgent. */
	RELAY_URGENT,
	/*
	 * To the near half: a connection on that listener; struct wire_accept
	 * follows.  It is answered by a stream RELAY_TAKEN, and when programs
	 * have accepted some, their number comes with RELAY_ACCEPTED: so
	 * many more may come.
	 */
	RELAY_ACCEPT,
	RELAY_ACCEPTED,
	/*
	 * To the far half: the program has closed its end; what it wrote before
	 * is still to come, with its END_STREAM.  A uint64_t follows, how many
	 * bytes it was given: if more were sent, it left some unread.
	 * With a number instead of a stream: nobody took that connection.
	 */
	RELAY_CLOSED,
};

enum { RELAY_HAS_MEMORY = 1 };

struct relay_msg {
	uint32_t len;		/* of what follows */
	uint8_t op;		/* enum relay_op */
	uint8_t flags;
	uint16_t spare;
	uint32_t stream;	/* the socket it is about, or 0 */
	uint32_t number;
	uint64_t after;		/* bytes of that stream that come before */
};

#define RELAY_MEMORY_MAX (64u << 20)	/* bytes, the largest table */
#define RELAY_REQUEST_MAX (sizeof(struct wire_req) + 65536)

static_assert(sizeof(struct relay_open) == 32, "relay_open");
static_assert(sizeof(struct relay_msg) == 24, "relay_msg");

#endif
