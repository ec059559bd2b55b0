/*
 * fd.h: what an fd is.
 *
 * A virtual socket says so itself in two ways, both kept by the kernel over
 * dup, fork, exec and SCM_RIGHTS: by its name (client_id_of(): which socket of
 * which host) and, where data calls must treat it specially, by a mark.  The
 * mark is a number in SO_INCOMING_CPU, which means nothing to a socket pair.
 * A connected stream has no mark: it needs no treatment.  One that connected
 * asynchronously keeps a silent one, for connect(2) alone.
 */
#ifndef HIJACK_FD_H
#define HIJACK_FD_H

#include <stdint.h>

#include "hijack/affinity.h"
#include "hijack/hijack.h"

enum fd_mark {
	MARK_FRESH = 1,		/* stream: neither connected nor listening */
	MARK_LISTEN = 2,	/* stream: brings struct wire_accept */
	MARK_CONNECTING = 4,	/* stream: asynchronous connect began */
	MARK_DGRAM = 8,		/* struct wire_dgram before each message */
	MARK_PEER = 0x10,	/* datagram: connected */
	MARK_INHERIT = MARK_PEER,	/* listener: accept_inherits() */
	MARK_RAW = 0x20,	/* datagram: no ports */
	MARK_V6 = 0x40,		/* AF_INET6 */
	MARK_RECVERR = 0x80,	/* datagram: IP_RECVERR or IPV6_RECVERR is on */
	MARK_ERRSEEN = 0x100,	/* the error first in the queue was reported */
	MARK_RDSHUT = 0x200,	/* datagram: shut down for reading */
	MARK_WRSHUT = 0x400,	/* ... for writing */
	MARK_PING = 0x800,	/* datagram: ICMP echo, "ports" are ids */
	MARK_BROADCAST = 0x2000,	/* datagram: SO_BROADCAST is on */
	MARK_NETLINK = 0x1000,	/* NETLINK_ROUTE, see netlink.h */
	MARK_SETTING = MARK_FRESH,	/* ... but a file, see procsys.h */
	MARK_WHOLE = 0x4000,	/* datagram: not to be cut into fragments */
	MARK_PACKET = 0x8000,	/* datagram: AF_PACKET */
	MARK_RING = MARK_PING,	/* ... with a ring */
	MARK_BARE = MARK_FRESH,	/* datagram: what comes has no header */
	MARK_EXTRA = MARK_LISTEN,	/* datagram: fd_extra() is not 0 */
};

/*
 * What data calls on UDP must know besides: a number in SO_RCVLOWAT, which
 * means nothing to a pair of messages either.
 */
enum {
	EXTRA_SEGMENT = 0xffff,	/* UDP_SEGMENT, bytes */
	EXTRA_CORK = 0x10000,	/* UDP_CORK */
	EXTRA_PENDING = 0x20000,	/* a datagram is begun, its rest to come */
};

/*
 * Two bits for each fd number below FD_HINTS, set when the kernel was asked:
 * "needs no treatment", and "is a socket".  A hint, not a table: everything
 * that brings a new fd into the process clears them (fd_forget), and a fd
 * number that is closed behind our back keeps a hint nobody looks at until
 * the number comes again, which clears it.  A word also holds a count of
 * clearings, so that an answer the kernel gave before one is not noted
 * after it.
 */
#define FD_HINTS	65536
#define FD_PER_WORD	16
enum { FD_PLAIN = 1, FD_SOCKET = 2 };
extern HJ_HIDDEN uint64_t fd_hint[FD_HINTS / FD_PER_WORD];

static inline unsigned fd_hint_of(int fd)
{
	if (unlikely((unsigned)fd >= FD_HINTS))
		return 0;
	return __atomic_load_n(&fd_hint[fd / FD_PER_WORD], __ATOMIC_RELAXED) >>
	    fd % FD_PER_WORD * 2 & 3;
}

/* fd is new in this process, or may be another file than before. */
HJ_HIDDEN void fd_forget(int fd);
/* fd is new in this process, and a socket without a mark. */
HJ_HIDDEN void fd_is_plain(int fd);

/* Ask the kernel. Return: enum fd_mark bits, 0: no virtual socket or plain. */
HJ_HIDDEN unsigned fd_mark_ask(int fd);

/* The same without a system call where the answer is known to be 0. */
static inline unsigned fd_mark(int fd)
{
	affinity_here();		/* every data call comes by */
	if (likely(fd_hint_of(fd) & FD_PLAIN) || hj_sandboxed)
		return 0;
	return fd_mark_ask(fd);
}

/* Some socket of this process had IP_RECVERR turned on. */
extern HJ_HIDDEN bool fd_recverr_used;

/* The bits of a silent mark as well, with which fd_mark() says 0. */
HJ_HIDDEN unsigned fd_mark_silent(int fd);

/* bits 0 takes the mark away. */
HJ_HIDDEN void fd_mark_set(int fd, unsigned bits);

HJ_HIDDEN unsigned fd_extra(int fd);
HJ_HIDDEN void fd_extra_set(int fd, unsigned extra);	/* and its mark */

/* The kernel's own number for a socket, never used twice; 0: none. */
HJ_HIDDEN uint64_t fd_cookie(int fd);
/* From here on fds are high, away from the numbers programs use and close. */
HJ_HIDDEN int fd_floor(void);

#endif
