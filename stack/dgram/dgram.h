/*
 * dgram.h: what UDP, ping and raw sockets have in common: messages with a
 * struct wire_dgram in front, in and out of the pair.
 */
#ifndef STACK_DGRAM_H
#define STACK_DGRAM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lwip/ip_addr.h"
#include "stack/sock/sock.h"

struct dgram;
struct dgram_loan;	/* lend.c: it is with a program without the library */
struct iovec;
struct dgram_held;	/* pull.c: a message that waits for room */
struct dgram_more;	/* MSG_MORE: what has come so far */
struct dgram_route;
struct mc_member;	/* a multicast membership */
struct netif;
struct parcel;	/* a message that the program has not taken */
struct pbuf;
struct raw_pcb;
struct udp_pcb;

#define DGRAM_MAX	65535	/* bytes of payload */
#define DGRAM_SEGMENTS	128	/* of a message that is cut, as on Linux */

/* What UDP and raw sockets do differently; 0 or -errno. */
struct dgram_ops {
	struct sock_ops sock;	/* first */
	/* Send; -EAGAIN: no room, try again. */
	int (*transmit)(struct dgram *d, const struct dgram_route *r,
	    struct pbuf *p);
	/* Make what lwIP needs after the local or peer's address changed. */
	int (*rebind)(struct dgram *d);
};

struct dgram {
	struct sock s;		/* first */
	union {
		struct udp_pcb *udp;
		struct raw_pcb *raw;
	};
	bool rx_discard;	/* the program reads no more */
	bool bare;		/* what comes has no header in the pair */
	uint64_t rx_dropped;
	struct parcel *waiting, **waiting_last;	/* for room in the pair */
	size_t waiting_bytes;
	int pair_room;		/* what the pair was told to take; 0: nothing */
	struct mc_member *memberships;
	struct dgram_more *more;
	struct dgram_held *held;	/* messages lwIP had no room for */
	struct dgram_loan *loan;
};

static inline struct dgram *dgram_of(struct sock *s)
{
	return (struct dgram *)s;
}

static inline bool dgram_is_udp(const struct sock *s)
{
	return s->type == SOCK_DGRAM && s->protocol == IPPROTO_UDP;
}

void dgram_init(void);
void udp_ops_add(void);
void raw_ops_add(void);

/* Operations that they share. */
void dgram_release(struct sock *s);
/*
 * Send, from byte *at on; h: to whom, if not the peer it is connected to.
 * 0 or -errno; *at is how far that came, for the next try after -EAGAIN.
 */
int dgram_transmit(struct sock *s, const struct wire_dgram *h,
    const uint8_t *data, size_t len, size_t *at);
/* Between on and off the core lock is held. */
void dgram_batch(bool on);
int dgram_bind(struct sock *s, const struct wire_addr *a);
int dgram_connect(struct sock *s, const struct wire_addr *a);
int dgram_listen(struct sock *s, int backlog);
int dgram_shutdown(struct sock *s, int how);
void dgram_error(struct sock *s, const struct ip_error *e);
void dgram_fill(const struct sock *s, struct wire_sock *w);
void dgram_fill_info(const struct sock *s, struct wire_sockinfo *w);
/* See SHMIF_ERROR.  0 or -errno */
int dgram_tell_again(struct sock *s, int err);
/* See SHMIF_BARE.  Return: 0, -EOPNOTSUPP: it is no datagram socket. */
int dgram_set_bare(struct sock *s, bool bare);

/* pull.c: what the program sends. */
void dgram_input(struct sock *s, uint32_t events);
void dgram_flush(struct sock *s);
void dgram_drain(struct sock *s);
void dgram_tx_ready(void);	/* an interface has room again */
void dgram_uncork(struct sock *s);	/* what MSG_MORE held back goes */
void pull_drop(struct dgram *d);	/* the socket is going */

/* lend.c: for a program without the library. */
/*
 * own: the program's end of the socket's own pair, whose messages go first.
 * Return: the new end for the program, or -errno; -EOPNOTSUPP: it is no
 * datagram socket.
 */
int dgram_lend(struct sock *s, int own);
void dgram_lend_end(struct dgram *d);
/* A message of n pieces; false: it is for the socket's own pair. */
bool dgram_lend_deliver(struct dgram *d, const struct wire_addr *from,
    const struct iovec *iov, size_t n);

/* The part of struct sock_ops that is the same for all. */
#define DGRAM_SOCK_OPS							\
	.size = sizeof(struct dgram), .release = dgram_release,		\
	.bind = dgram_bind, .connect = dgram_connect,			\
	.listen = dgram_listen, .shutdown = dgram_shutdown,		\
	.input = dgram_input, .drain = dgram_drain,			\
	.flush = dgram_flush, .error = dgram_error, .fill = dgram_fill, \
	.fill_info = dgram_fill_info

/* Where a message goes, found out once for all kinds of socket. */
struct dgram_route {
	struct wire_addr peer;
	ip_addr_t dst, src;
	struct netif *nif;
	int ttl, tos;
};

/* deliver.c: what came, on its way to the program. */

/* sysctl: bytes that all datagrams may take that no program has read yet. */
extern int deliver_mem;

/*
 * An error, of which h has err and what is known; payload: what was sent.
 * It comes before the messages that wait.
 */
void deliver_error(struct sock *s, struct wire_dgram *h, const void *payload,
    size_t len);
void deliver_flush(struct dgram *d);	/* the pair has room again */
void deliver_apply(struct dgram *d);	/* SO_RCVBUF may have changed */
void deliver_drop(struct dgram *d);	/* the socket is going */
/*
 * Give the program a packet that came in just now (lwIP's ip_current_*):
 * payload of p from offset on.  Dropped and counted if it does not read.
 */
void deliver_packet(struct dgram *d, struct pbuf *p, uint16_t offset,
    const ip_addr_t *from, uint16_t port);

#endif
