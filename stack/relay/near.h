/*
 * near.h: the near half: a server to programs, whose host is elsewhere.
 * One link, one thread; it ends when the link does, or a moment after the last
 * program.
 */
#ifndef RELAY_NEAR_H
#define RELAY_NEAR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "stack/relay/flow.h"
#include "stack/relay/trans.h"

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

/* nearcall.c: programs and their requests. */
int near_listen(const struct sockaddr_un *sun);
unsigned near_clients(void);
bool near_was_used(void);	/* somebody came, though he may be gone */
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

#endif
