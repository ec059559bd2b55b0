/*
 * sock.h: a virtual socket: the server's end of a program's pair, and what
 * is behind it in lwIP.
 */
#ifndef STACK_SOCK_H
#define STACK_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/ip_addr.h"
#include "stack/core/core.h"
#include "stack/core/loop.h"
#include "stack/wire/wire.h"

struct dgram_route;
struct pbuf;
struct tcp_pcb;
struct udp_pcb;
struct raw_pcb;
struct sock;

/* Options as a program set them; opt.c has the table that reads them. */
struct sock_opts {
	/* SOL_SOCKET */
	int reuseaddr, reuseport, keepalive, broadcast, oobinline, dontroute;
	int linger_on, linger_s;
	int sndbuf, rcvbuf;		/* as reported: doubled */
	int rcvlowat, priority, mark, timestamp, timestampns, no_check;
	int rxq_ovfl;
	int debug, wifi_status, nofcs, lock_filter, busy_poll;	/* no effect */
	int select_err_queue, incoming_cpu, incoming_napi_id;	/* nor these */
	int peek_off, zerocopy;		/* only ever off */
	int bound_if;			/* SO_BINDTODEVICE, ifindex */
	/* IPPROTO_TCP, IPPROTO_UDP */
	int nodelay, cork, keepidle, keepintvl, keepcnt, maxseg, syncnt;
	int user_timeout, defer_accept, quickack, linger2, window_clamp;
	int thin_lto, thin_dupack, notsent_lowat;
	int no_check6_tx, no_check6_rx;
	char congestion[16];
	/* IPPROTO_IP */
	int ttl, tos, mtu_discover, pktinfo, recvttl, recvtos, recverr;
	int recvopts, retopts, mc_ttl, mc_loop, mc_if, mc_all, hdrincl;
	int freebind, transparent, router_alert, minttl, recvorigdst;
	int bind_noport, passsec, checksum, nodefrag, recvfragsize;
	int unicast_if;			/* ifindex, network byte order */
	uint8_t mc_if_addr[4];
	/* IPPROTO_IPV6 */
	int v6only, hops, tclass, recvpktinfo6, recvhoplimit, recvtclass;
	int recverr6, mtu_discover6, mc_hops, mc_loop6, mc_if6, mc_all6;
	int checksum6, autoflowlabel, dontfrag, minhops, unicast_if6, mtu6;
	int addr_prefs, recvhopopts, recvrthdr, recvdstopts, recvpathmtu;
	int recvorigdst6;
	int src_if6;			/* IPV6_PKTINFO: send from here */
	uint8_t src_addr6[16];
	uint32_t icmp_filter;
	uint32_t icmp6_filter[8];
};

/*
 * Where a socket is in its life.
 *
 * FRESH	made, maybe bound.  A stream's pair is not read.
 * LISTEN	records of connections go into the pair; it is not read.
 * CONNECTING	a stream waits for SYN|ACK; its pair may be plugged.
 * OPEN		data moves; for datagram sockets from the start.  The two
 *		halves end by sock->tx_eof (program) and rx_eof (network).
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
};

/* What TCP, UDP and raw sockets do differently. 0 or -errno. */
struct sock_ops {
	int (*open)(struct sock *s);
	void (*release)(struct sock *s);	/* let go of lwIP and queues */
	int (*bind)(struct sock *s, const struct wire_addr *a);
	/* -EINPROGRESS: sock_connected() or sock_failed() comes later */
	int (*connect)(struct sock *s, const struct wire_addr *a);
	int (*listen)(struct sock *s, int backlog);
	int (*shutdown)(struct sock *s, int how);
	void (*input)(struct sock *s, uint32_t events);	/* pair is ready */
	void (*drain)(struct sock *s);	/* take what the program wrote, now */
	void (*flush)(struct sock *s);	/* deferred work, see sock_defer() */
	void (*apply)(struct sock *s);	/* options changed */
	void (*in_child)(struct sock *s);	/* see sock_in_child() */
	/* Datagrams only, see dgram.h. */
	int (*transmit)(struct sock *s, const struct dgram_route *r,
	    struct pbuf *p);
	int (*rebind)(struct sock *s);
};

struct txbuf;	/* what a program wrote, lent to lwIP until acknowledged */
struct accept_item;	/* an established connection nobody accepted yet */
struct mc_member;	/* a multicast membership */

struct sock {
	struct pollable poll;	/* our end; first */
	struct core_work work;	/* ops->flush is due */
	const struct sock_ops *ops;
	uint64_t id;		/* the cookie of the program's end */
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
	struct sock *port_next;	/* same protocol and port */
	struct sock *all_next, **all_prev;	/* every socket */

	union {
		struct tcp_pcb *tcp;	/* NULL when lwIP has let go of it */
		struct udp_pcb *udp;
		struct raw_pcb *raw;
	};

	/* Streams; tcp.c's. */
	struct rx_queue {
		struct pbuf **v;	/* ring of cap received segments */
		uint32_t head, count, cap;
		uint32_t skip;		/* bytes of the first one taken */
		uint32_t bytes;		/* in all, less skip */
	} rx;
	/*
	 * What is on its way to the pair, ahead of rx.  While out_busy it
	 * belongs to whoever runs rx_send(), without the core lock.
	 */
	struct rx_queue out;
	bool out_busy;
	bool out_blocked;	/* the pair is full; EPOLLOUT comes */
	struct txbuf *tx_head, *tx_tail;
	uint32_t tx_bytes;	/* in chunks, not yet acknowledged */
	uint32_t tx_unwritten;	/* of these, not yet given to tcp_write() */
	uint64_t tx_full_ns;	/* when its share was used up, or 0 */
	uint8_t tx_wide;	/* its share is doubled so often */
	bool tx_eof;		/* program shut down writing or closed */
	bool tx_fin;		/* and lwIP was told */
	bool rx_eof;		/* FIN came */
	bool rx_fin;		/* and the program was told */
	bool rx_discard;	/* the program reads no more */
	bool gone;		/* the program's end is closed */
	bool writes_done;	/* it has shut down its half, or is gone */
	bool reset;		/* ... with data unread, or lingering is off */
	bool readable;		/* the pair may hold more than we took */
	bool delack;		/* in the list of delayed acknowledgements */
	uint8_t quick_acks;	/* since rx_when */
	uint64_t rx_when;	/* data came that was not yet acknowledged */
	int plug_dup;		/* duplicate of the program's end, or -1 */
	int plug_sndbuf;	/* its SO_SNDBUF before it was plugged */
	uint32_t plug_bytes;	/* in our queue, not to be taken for data */
	int reply_fd;		/* a blocking connect waits here, or -1 */
	uint64_t connect_ns;	/* when it began, for time-outs */
	struct accept_item *pending;	/* connections the pair had no room for */
	struct accept_item **pending_end;	/* the last one's next, if any */
	int backlog;		/* 0..SOMAXCONN */
	int waiting;		/* for accept(2), at most; see accept.c */

	/* Datagrams; dgram.c's. */
	uint64_t rx_dropped;
	struct mc_member *memberships;
	struct dgram_more *more;	/* MSG_MORE: what has come so far */
	uint8_t *held;		/* a message lwIP had no room for */
	size_t held_len;
};

/* A stable name for a state, for the log and sockstat. */
const char *sock_state_name(enum sock_state st);
void sock_set_state(struct sock *s, enum sock_state st);

/*
 * Make a socket on our end fd, which it owns from now on (also on failure).
 * id: see WIRE_SOCKET; -EINVAL if there is one of that id.
 * Return: 0 and *out, or -errno as socket(2).
 */
int sock_new(struct sock **out, uint64_t id, int domain, int type,
    int protocol, int fd, const struct sock_owner *owner);
/* Give a program's end its name; 0 or -errno. */
int sock_name(const struct sock *s, int program_end);
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

/* lwIP has eight bits for options and uses these: 04 08 20. */
#define SOF_APP_REUSE	0x40u	/* the program set SO_REUSEADDR */

/* Translations; addr_* are in addr.c. */
int addr_from_sockaddr(struct wire_addr *a, const struct sock *s,
    const void *sa, size_t len);
size_t addr_to_sockaddr(const struct wire_addr *a, int domain,
    struct sockaddr_storage *ss);
void addr_to_lwip(ip_addr_t *ip, const struct wire_addr *a);
void addr_from_lwip(struct wire_addr *a, const ip_addr_t *ip, uint16_t port);
bool addr_is_any(const struct wire_addr *a);
bool addr_is_multicast(const struct wire_addr *a);
/* Link-local: nothing without an interface. */
bool addr_needs_scope(const struct wire_addr *a);
bool addr_equal(const struct wire_addr *a, const struct wire_addr *b);
/* As a program of that domain sees it: IPv4 becomes v4-mapped for AF_INET6. */
void addr_present(struct wire_addr *a, int domain);
/* The reverse, for an address that a program put into a header. */
void addr_unmap(struct wire_addr *a);
int errno_from_lwip(signed char err);	/* a positive errno */

extern const struct sock_ops stream_ops, udp_ops, raw_ops;

#endif
