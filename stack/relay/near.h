/*
 * near.h: the near half: a server to programs, whose host is elsewhere.
 * One link, one thread; it ends when the link does, or a moment after the last
 * program.
 */
#ifndef RELAY_NEAR_H
#define RELAY_NEAR_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "stack/relay/flow.h"
#include "stack/relay/trans.h"
#include "stack/wire/sys.h"

/*
 * Where a socket is in its life.
 *
 * FRESH	made, maybe bound.  A stream's pair is not read.
 * LISTEN	records of connections go into the pair; it is not read.
 * CONNECTING	the pair is plugged.
 * OPEN		data moves; datagram sockets from the start.
 * ENDED	nothing moves any more; questions may still be asked.
 */
enum near_state {
	NEAR_FRESH, NEAR_LISTEN, NEAR_CONNECTING, NEAR_OPEN, NEAR_ENDED,
};

/* What is known of a socket's id; longer than the socket itself. */
struct near_name {
	struct entry by_id, by_far;
	uint64_t id, far_id;	/* for programs, for the host */
	uint32_t stream;
	struct near_sock *sock;	/* NULL: its pair is closed */
};

struct near_accept;		/* a connection the pair had no room for */
struct ring;

/* PACKET_RX_RING of a packet socket. */
struct near_ring {
	struct ring *ring;	/* NULL: packets go into the pair */
	struct tpacket_req req;	/* that was asked for last */
	unsigned reserve;	/* PACKET_RESERVE */
	bool armed;		/* tell when there is something in it */
	uint32_t drops;		/* for want of room, since they were asked for */
};

struct near_sock {
	struct flow flow;	/* first; the inner end of the pair */
	struct near_name *name;
	struct entry by_key;	/* RELAY_NEWS */
	enum near_state state;
	int domain, type, protocol;
	bool gone;		/* the program's end is closed */
	bool hard;		/* SO_LINGER of zero: closing is a reset */
	bool counted;		/* in near_open_sockets() */
	uint32_t plug;		/* bytes in the pair that are no data */
	struct near_accept *pending, **pending_end;
	unsigned pushed, taken;	/* records: put into the pair, accepted */
	struct near_ring packets;
};

struct near_client;

/*
 * A request of a program's with its descriptors, of which fd[0] is where the
 * reply goes, or -1.
 */
struct near_call {
	struct wire_req req;
	struct near_client *from;
	int fd[SYS_FDS];
	int nfd;
};

/* near.c */
extern struct link near_link;
extern uint32_t near_link_number;
extern uint64_t near_server_id;
/*
 * Serve at sun what is behind t, whose hello lines were exchanged; `ahead` came
 * already.  ready is called once programs may come.  Return: exit status.
 */
int near_run(const struct trans *t, uint32_t number, const void *ahead,
    size_t n, const struct sockaddr_un *sun, void (*ready)(void));

/* nearclient.c: programs. */
int near_listen(const struct sockaddr_un *sun);
unsigned near_clients(void);
bool near_was_used(void);	/* somebody came, though he may be gone */
/* One is not freed while a reply is due. */
void near_client_get(struct near_client *c);
void near_client_put(struct near_client *c);
/* Take a descriptor out of it. Return: the caller's now, or -1. */
int near_take_fd(struct near_call *c, int i);
/* By that channel, or with 0 to fd; fd and rep_fd, if any, are closed. */
void near_send_reply(const struct near_client *c, uint64_t channel, int fd,
    struct wire_rep *rep, int rep_fd);

/* nearcall.c: their requests. */
void near_handle(struct near_call *c);
void near_reply(const struct relay_msg *m, const uint8_t *data);

/* nearsock.c: sockets. */
struct near_name *near_find(uint64_t id);
/* The program's id of what the host calls far_id, if it is one of ours. */
uint64_t near_id_of(uint64_t far_id);
struct near_sock *near_by_stream(uint32_t stream);
/* fd, the inner end, is taken over. Return: 0 or -errno. */
int near_socket(uint64_t id, int domain, int type, int protocol, int fd,
    uint64_t like);
/*
 * Where messages of a netlink socket, whose cookie is key, go: to fd, which is
 * taken over, or with -1 where they go already.  Return: the stream, or 0.
 */
uint32_t near_news(uint64_t key, int fd);
unsigned near_open_sockets(void);
/* A request is about to be asked, or was answered with err (-errno). */
void near_asked(struct near_sock *s, const struct wire_req *req);
void near_answered(struct near_sock *s, int op, int a, int err);
/* What the far half tells of a socket. */
void near_told(struct near_sock *s, const struct relay_msg *m,
    const uint8_t *data);

/* nearring.c: rings. */
/*
 * Is that a question about the ring?  Then it is answered with *err (-errno)
 * and *fd, a descriptor or -1.
 */
bool near_ring_query(struct near_sock *s, const struct wire_req *req,
    int *err, int *fd);
/* What is about to be asked of the host, and what it answered: maybe changed. */
void near_ring_asked(struct near_sock *s, const struct wire_req *req);
void near_ring_answered(struct near_sock *s, int op, int b,
    struct wire_rep *rep);
/* A packet came. Return: false: there is no ring for it. */
bool near_ring_take(struct near_sock *s, const uint8_t *p, size_t n);

#endif
