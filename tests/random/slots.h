/*
 * slots.h: the sockets of a sequence, and how they come to rest.
 */
#ifndef TESTS_RANDOM_SLOTS_H
#define TESTS_RANDOM_SLOTS_H

#include <linux/sockios.h>

#include "tests/random/words.h"

#define SLOTS		8
#define TIMEOUT_MS	40	/* of blocking sockets */

static struct slot {
	int fd;			/* -1: empty */
	int domain, type;
	bool used;		/* connected, or it has tried to be */
	bool copied;		/* there are two of it */
} slots[SLOTS];

/* What a sequence has in it, or else does without: see differ.h. */
static struct { bool urgent, ends, corks, empty; } with;

static int aux[4];		/* a stream's two ends, two UDP sockets */

static struct slot *empty_slot(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].fd < 0)
			return &slots[i];
	return NULL;
}

static int number(const struct slot *s)
{
	return (int)(s - slots);
}

/* One that is there, of that type or, if there is none, any; or 0. */
static struct slot *some_slot(int type)
{
	unsigned first = pick(SLOTS);

	for (int any = !type; any < 2; any++)
		for (unsigned i = 0; i < SLOTS; i++) {
			struct slot *s = &slots[(first + i) % SLOTS];

			if (s->fd >= 0 && (any || s->type == type))
				return s;
		}
	return NULL;
}

static void drop(struct slot *s)
{
	close(s->fd);
	s->fd = -1;
}

/* Without Nagle's algorithm and delayed ones nothing waits for a timer. */
static void settle_options(struct slot *s)
{
	struct timeval tv = { 0, TIMEOUT_MS * 1000 };

	setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (s->type == SOCK_STREAM)
		set_int(s->fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static struct slot *put(int fd, int domain, int type, bool used)
{
	struct slot *s = empty_slot();

	if (fd < 0)
		return NULL;
	if (!s) {
		close(fd);
		return NULL;
	}
	*s = (struct slot){ fd, domain, type, used, false };
	settle_options(s);
	return s;
}

static int state_of(const struct slot *s)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (s->type != SOCK_STREAM || getsockopt(s->fd, IPPROTO_TCP, TCP_INFO,
	    &info, &len) < 0)
		return -1;
	return info.tcpi_state;
}

/* Rest: what was sent before this has arrived, and is acknowledged. */

static void round_trip(int from, int to)
{
	char c;

	if (send(from, "", 1, 0) != 1 || !wait_for(to, POLLIN) ||
	    recv(to, &c, 1, 0) != 1)
		say("settle", "failed: %s", result(-1));
}

static bool unacknowledged(void)
{
	for (int i = 0; i < SLOTS; i++) {
		int n = 0;

		if (slots[i].fd >= 0 && slots[i].type == SOCK_STREAM &&
		    ((ioctl(slots[i].fd, SIOCOUTQ, &n) == 0 && n > 0) ||
		    state_of(&slots[i]) == TCP_FIN_WAIT1))
			return true;
	}
	return false;
}

static void come_to_rest(void)
{
	for (int i = 0; i < 2; i++) {
		round_trip(aux[0], aux[1]);
		round_trip(aux[1], aux[0]);
		round_trip(aux[2], aux[3]);
	}
	for (int i = 0; i < (with.corks ? 300 : 60) && unacknowledged(); i++)
		pause_ms(1);
}

static void aux_sockets(void)
{
	int port;

	fam = AF_INET;
	tcp_pair(&aux[0], &aux[1]);
	set_int(aux[0], IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(aux[1], IPPROTO_TCP, TCP_NODELAY, 1);
	aux[3] = udp_bound(&port);
	aux[2] = sock(SOCK_DGRAM);
	NEED(connect_to(aux[2], AF_INET, NULL, port));
}

#endif
