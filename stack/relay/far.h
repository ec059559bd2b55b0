/*
 * far.h: the far half: a client of the host, for the programs that the near
 * half has.  One for each link.
 */
#ifndef RELAY_FAR_H
#define RELAY_FAR_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "stack/relay/flow.h"
#include "stack/relay/trans.h"

/*
 * Where a socket is in its life; as near.h has it, but for the host's eyes.
 * OPEN is that of a datagram socket from the start.
 */
enum far_state {
	FAR_FRESH, FAR_LISTEN, FAR_CONNECTING, FAR_OPEN, FAR_ENDED,
};

struct far;
struct far_channel;
struct far_post;
struct ring;

/* PACKET_RX_RING of a packet socket: the host fills it, and we read it. */
struct far_ring {
	struct ring *ring;	/* NULL: packets come by the pair */
	struct tpacket_req req;	/* what it was or is to be made by */
	bool armed;		/* the host is to tell when there are some */
};

struct far_sock {
	struct flow flow;	/* first: the program's end of a pair */
	struct far *far;
	uint64_t id;		/* the host's */
	enum far_state state;
	int type;
	int sndbuf;		/* bytes, without the plug */
	int news;		/* RELAY_NEWS: the host's end until it has it */
	bool cut;		/* the near half knows that it takes no more */
	bool closing;		/* the program has closed its end */
	bool aborted;		/* it is closed once the host knows: by a reset */
	uint64_t taken;		/* bytes it was given */
	unsigned waiting, backlog;	/* of a listener */
	struct far_ring packets;
};

struct far {
	struct link link;	/* first */
	struct watch ctl;	/* the control connection */
	unsigned refs;		/* of what is to be freed first */
	uint32_t number;
	uint64_t server_id;
	struct table by_stream, accepted;
	uint32_t next_accepted;
	struct far_channel *idle, *all;	/* channels; those without a request */
	unsigned channels;
	struct far_post *post, **post_end;	/* the host has no room for */
};

struct tls_peer;

/*
 * A half for what is at the other end of t, whose hello line was read.  t is
 * taken over.  peer: whose key it has, which limits its rights; NULL: it has
 * those that we have.  Return: 0 or -errno.
 */
int far_start(const struct trans *t, const struct sockaddr_un *sun,
    const struct tls_peer *peer, const void *ahead, size_t n);
/* The same where the host is known already, on fd, and the lines are said. */
int far_begin(const struct trans *t, int fd, const void *ahead, size_t n);
/* Say why not instead, and close t. */
void far_refuse(struct trans *t, const char *why);
/* Those that there are. */
unsigned far_count(void);
/* For watch_run(). */
bool far_settle(void);
void far_tick(void);

/* farcall.c: requests. */
/* Of the near half; f: its socket, or NULL. */
void far_request(struct far *far, struct far_sock *s,
    const struct relay_msg *m, const uint8_t *data);
/* To the host, without a reply; fds are duplicated.  0 or -errno. */
int far_send(struct far *far, struct wire_req *req, const int *fds, int nfds);
/* Close the socket as one that is reset. */
void far_abort(struct far_sock *s);
/* For the memory of its ring, and its packets, see WIRE_QUERY. */
void far_ask_ring(struct far_sock *s);
void far_ask_ready(struct far_sock *s);
void far_ctl_event(struct watch *w, uint32_t events);
void far_calls_end(struct far *far);
void far_put(struct far *far);

/* farsock.c: sockets. */
struct link_stream *far_opened(struct link *l, int32_t id,
    const struct relay_open *o);
struct far_sock *far_by_stream(struct far *far, uint32_t stream);
void far_socks_end(struct far *far);
/* A request is about to be asked, or was answered with err (-errno). */
void far_asked(struct far_sock *s, const struct wire_req *req);
void far_answered(struct far_sock *s, int op, int a, int err);
/* What the near half tells of a socket. */
void far_told(struct far *far, struct far_sock *s, const struct relay_msg *m,
    const uint8_t *data);

/* farring.c: rings. */
void far_ring_asked(struct far_sock *s, const struct wire_req *req);
void far_ring_answered(struct far_sock *s, int op, int b, int err);
/* Its memory: fd is the caller's. */
void far_ring_memory(struct far_sock *s, int fd);
/* As flow_fetch(). */
ssize_t far_ring_fetch(struct flow *f, void *p, size_t n);

#endif
