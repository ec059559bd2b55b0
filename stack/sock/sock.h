/*
 * sock.h: a virtual socket: the server's end of a program's pair, and what
 * all kinds of socket have in common.  Kinds embed it: stream/stream.h,
 * dgram/dgram.h.
 */
#ifndef STACK_SOCK_H
#define STACK_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/core/core.h"
#include "stack/core/loop.h"
#include "stack/sock/sockopt.h"
#include "stack/wire/wire.h"

struct ip_error;
struct sock;

/*
 * Where a socket is in its life.
 *
 * FRESH	made, maybe bound.  A stream's pair is not read.
 * LISTEN	records of connections go into the pair; it is not read.
 * CONNECTING	a stream waits for SYN|ACK; its pair may be plugged.
 * OPEN		data moves; for datagram sockets once they are connected, and
 *		from the start.  A stream's halves end by themselves.
 * FAILED	an asynchronous connect failed: our end is closed, so_error
 *		waits to be asked for.
 * CLOSED	our end is closed, or the program's is gone; what it wrote is
 *		still being sent by lwIP.
 */
enum sock_state {
	SOCK_FRESH,
	SOCK_LISTEN,
	SOCK_CONNECTING,
	SOCK_OPEN,
	SOCK_FAILED,
	SOCK_CLOSED,
	SOCK_NUM_STATES
};

struct sock_owner {
	int32_t pid;
	uint32_t uid;
	int affinity;		/* for affinity_sample() */
	char comm[16];
	uint64_t conn;		/* number of the control connection */
	char key[WIRE_KEYLEN];	/* see WIRE_LIMIT */
	uint32_t rights;	/* enum right */
};

/*
 * What a kind of socket does.  Registered once, by sock_ops_add(), for the
 * life of the host; all is called under the core lock.  0 or -errno.
 *
 * Life of a socket: open() once, with domain, type, protocol and opt set;
 * release() once, when it is freed, whatever state it is in.  In between
 * anything may be asked in any state: the kind says no where it has to.
 * Who calls input, drain, flush or error must expect that the socket is
 * freed: sock_find() tells, or poll.dead for the rest of the turn.
 */
struct sock_ops {
	size_t size;		/* of the struct that embeds struct sock */
	/* Is it this kind?  Puts the default for protocol 0 into *protocol. */
	bool (*is_kind)(int domain, int type, int *protocol);
	int (*open)(struct sock *s);
	void (*release)(struct sock *s);	/* of port, lwIP, queues */
	int (*bind)(struct sock *s, const struct wire_addr *a);
	/* -EINPROGRESS: it succeeds or fails later */
	int (*connect)(struct sock *s, const struct wire_addr *a);
	int (*listen)(struct sock *s, int backlog);
	int (*shutdown)(struct sock *s, int how);
	void (*input)(struct sock *s, uint32_t events);	/* pair is ready */
	void (*drain)(struct sock *s);	/* take what the program wrote, now */
	void (*flush)(struct sock *s);	/* deferred work, see sock_defer() */
	void (*apply)(struct sock *s);	/* options changed */
	void (*in_child)(struct sock *s);	/* see sock_in_child() */
	/* An error came for it; e is gone afterwards. */
	void (*error)(struct sock *s, const struct ip_error *e);
	/* The numbers that sockstat shows. */
	void (*fill)(const struct sock *s, struct wire_sock *w);
	void (*fill_info)(const struct sock *s, struct wire_sockinfo *w);

	/* Of the kind as a whole; NULL where it does not matter. */
	void (*tx_ready)(void);		/* an interface has room again */
	/* Was the packet that e quotes sent by us? */
	bool (*sent)(const struct ip_error *e);
	/* The path to peer takes no packets longer than mtu. */
	void (*path_mtu)(const struct wire_addr *peer, unsigned mtu);
	/* Does something that has no socket any more use that address? */
	bool (*port_used)(const struct sock *s, const struct wire_addr *a);
	/* Is there a connection between those two? take: end an old one. */
	bool (*tuple_used)(const struct wire_addr *local,
	    const struct wire_addr *peer, bool take);
};

struct sock {
	struct pollable poll;	/* our end; first */
	struct core_work work;	/* ops->flush is due */
	const struct sock_ops *ops;
	uint64_t id;
	uint64_t cookie;	/* SO_COOKIE of the program's end */
	struct sock *id_next;	/* in its bucket of the table */
	int domain, type, protocol;
	enum sock_state state;
	uint32_t events;	/* what epoll watches for */
	struct sock_owner owner;
	struct sock_opts opt;
	int so_error;		/* pending, positive errno */
	struct wire_addr local, peer;	/* as getsockname, getpeername say */
	bool bound;		/* in the port table */
	bool bound_addr;	/* the program chose the address itself */
	bool bound_port;	/* ... the port */
	bool gone;		/* the program's end is closed: nobody asks */
	bool readable;		/* the pair may hold more than we took */
	struct sock *port_next;	/* same protocol and port */
	struct sock *all_next, **all_prev;	/* every socket */
};

/* A stable name for a state, for the log and sockstat. */
const char *sock_state_name(enum sock_state st);
void sock_set_state(struct sock *s, enum sock_state st);

void sock_ops_add(const struct sock_ops *ops);
/* Remember that a socket could not be made, and why: what sock_find() of that
 * id, which finds none, means to the program.  -ENOTCONN: it has ended. */
void sock_not_made(uint64_t id, int err);
int sock_why_missing(uint64_t id);
/*
 * Make a socket on our end fd, which it owns from now on (also on failure).
 * made: -EINVAL if there is one of that id.
 * Return: 0 and *out, or -errno as socket(2).
 */
int sock_new(struct sock **out, const struct wire_made *made, int domain, int type,
    int protocol, int fd, const struct sock_owner *owner);
/* For a pair that we make ourselves. Return: what its name is salted with. */
uint64_t sock_made(struct wire_made *made, int program_end);
/* Give a program's end its name; 0 or -errno. */
int sock_name(const struct sock *s, int program_end, uint64_t salt);
/* SO_COOKIE; 0: fd is no socket. */
uint64_t sock_cookie(int fd);
struct sock *sock_find(uint64_t id);
/* Walk all sockets; from NULL to NULL. */
struct sock *sock_next(struct sock *s);
unsigned sock_count_open(void);	/* with a program behind them */
/* Ask for ops->flush before the lock is let go. */
void sock_defer(struct sock *s);
/* Watch for events (EPOLLET is added), if not so already. */
void sock_watch(struct sock *s, uint32_t events);
/*
 * Is the program's end closed by all who had it?  A pair that is shut down
 * both ways hangs up just the same.
 */
bool sock_end_closed(const struct sock *s);
/* What the loop has not seen yet, if the program closed its end; may free s. */
void sock_look(struct sock *s);
/* Close our end; the program sees it.  The object stays, by id. */
void sock_hang_up(struct sock *s);
/* In a forked child: let go of the fds that the loop does not watch. */
void sock_in_child(void);
/* Forget the socket altogether. */
void sock_free(struct sock *s);
/* The server's own id, part of every identity name. */
uint64_t sock_server_id(void);

/* Take the pending error. */
int sock_take_error(struct sock *s);

/* Ask all kinds: ops->sent, ops->path_mtu. */
bool sock_sent(const struct ip_error *e);
void sock_path_mtu(const struct wire_addr *peer, unsigned mtu);
/* Drivers: an interface has room again. */
void sock_init(void);

#endif
