/* pull.c: messages of the program, out of the pair; see dgram.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "stack/core/counter.h"
#include "stack/dgram/dgram.h"
#include "stack/ip/iface.h"
#include "stack/ip/route.h"
#include "stack/sock/event.h"
#include "stack/sock/sock.h"

#define BATCH		64	/* messages of one socket before others have a turn */
#define TOGETHER	32	/* read with one call */

struct message {
	struct wire_dgram hdr;
	uint8_t data[DGRAM_MAX];
};

/* Under the core lock; lwIP copies what it keeps. */
static struct message in[TOGETHER];

struct dgram_held {
	struct dgram_held *next;
	size_t len, at;		/* bytes of data; those that have gone */
	struct wire_dgram hdr;
	uint8_t data[];
};

/* What a program sends with MSG_MORE, until the rest comes. */
struct dgram_more {
	size_t len;
	struct message m;	/* with the header of the first piece */
};

static unsigned held_count;	/* messages that wait for room */

static void post_error(struct sock *s, int err, const struct wire_dgram *h)
{
	struct wire_dgram hdr = { .err = err };

	hdr.peer = h->peer.family ? h->peer : s->peer;
	if (err == EMSGSIZE && hdr.peer.family)
		hdr.dropped = (uint32_t)route_mtu(&hdr.peer);
	deliver_error(s, &hdr, NULL, 0);
}

/* Those for which there is no room, in order. */

static void hold(struct sock *s, const struct message *m, size_t len,
    size_t at)
{
	struct dgram_held **end = &dgram_of(s)->held, *h;

	h = malloc(sizeof(*h) + len);
	if (!h) {
		counter_inc("udp.no_memory");
		return;		/* then it is lost, as UDP may */
	}
	h->next = NULL;
	h->len = len;
	h->at = at;
	h->hdr = m->hdr;
	memcpy(h->data, m->data, len);
	while (*end)
		end = &(*end)->next;
	*end = h;
	held_count++;
}

static void drop_first(struct dgram *d)
{
	struct dgram_held *h = d->held;

	d->held = h->next;
	free(h);
	held_count--;
}

/* false: there is still no room. */
static bool retry_held(struct sock *s)
{
	struct dgram *d = dgram_of(s);
	struct dgram_held *h;
	int err;

	while ((h = d->held)) {
		err = dgram_transmit(s, &h->hdr, h->data, h->len, &h->at);
		if (err == -EAGAIN)
			return false;
		if (err)
			post_error(s, -err, &h->hdr);
		drop_first(d);
	}
	return true;
}

/* It goes, or is held, after those that are. */
static void send_message(struct sock *s, const struct message *m, size_t len)
{
	size_t at = 0;
	int err = dgram_of(s)->held ? -EAGAIN :
	    dgram_transmit(s, &m->hdr, m->data, len, &at);

	if (err == -EAGAIN)
		hold(s, m, len, at);
	else if (err)
		post_error(s, -err, &m->hdr);
}

/* One that comes in pieces. */

/* Add a piece; false: it does not fit, and all is dropped. */
static bool gather(struct sock *s, const struct message *m, size_t len)
{
	struct dgram *d = dgram_of(s);
	struct dgram_more *all = d->more;

	if (!all) {
		all = malloc(sizeof(*all));
		if (!all) {
			post_error(s, ENOBUFS, &m->hdr);
			return false;
		}
		all->m.hdr = m->hdr;
		all->len = 0;
		d->more = all;
	}
	if (len > sizeof(all->m.data) - all->len) {
		post_error(s, EMSGSIZE, &all->m.hdr);
		free(all);
		d->more = NULL;
		return false;
	}
	memcpy(all->m.data + all->len, m->data, len);
	all->len += len;
	return true;
}

void dgram_uncork(struct sock *s)
{
	struct dgram *d = dgram_of(s);
	struct dgram_more *all = d->more;

	if (!all)
		return;
	d->more = NULL;
	send_message(s, &all->m, all->len);
	free(all);
}

/*
 * A message without a header came past the library (sendfile, stdio): it is
 * for the connected peer as it is.
 */
static size_t adopt(struct message *m, size_t len)
{
	if (len > sizeof(m->data))
		len = sizeof(m->data);
	memmove(m->data, m, len);
	memset(&m->hdr, 0, sizeof(m->hdr));
	return len;
}

static void take(struct sock *s, struct message *m, size_t n)
{
	size_t len = n - sizeof(m->hdr);

	if (n < sizeof(m->hdr) || m->hdr.magic != WIRE_MAGIC)
		len = adopt(m, n);
	if (!dgram_of(s)->more && !(m->hdr.flags & WIRE_DG_MORE))
		send_message(s, m, len);
	else if (gather(s, m, len) && !(m->hdr.flags & WIRE_DG_MORE))
		dgram_uncork(s);
}

/* Return: messages that are in `in` now, len bytes each. */
static int read_pair(struct sock *s, size_t len[TOGETHER])
{
	/* The same each time: the kernel writes lengths and flags only. */
	static struct mmsghdr v[TOGETHER];
	static struct iovec iov[TOGETHER];
	int n, got = 0;

	for (int i = 0; i < TOGETHER && !v[i].msg_hdr.msg_iov; i++) {
		iov[i] = (struct iovec){ &in[i], sizeof(in[i]) };
		v[i].msg_hdr.msg_iov = &iov[i];
		v[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(s->poll.fd, v, TOGETHER, MSG_DONTWAIT, NULL);
	/* One without any bytes is the end of the pair. */
	while (got < n && v[got].msg_len) {
		len[got] = v[got].msg_len;
		got++;
	}
	if (got < TOGETHER)
		s->readable = false;
	return got;
}

/* What is there leaves together. */
static void pull(struct sock *s, int batch)
{
	size_t len[TOGETHER];

	iface_batch_begin();
	dgram_batch(true);
	if (!retry_held(s))
		batch = 0;
	while (s->readable && batch > 0 && !dgram_of(s)->held) {
		int n = read_pair(s, len);

		for (int i = 0; i < n; i++)
			take(s, &in[i], len[i]);
		batch -= n;
	}
	dgram_batch(false);
	iface_batch_end();
	if (s->readable && !dgram_of(s)->held)
		sock_defer(s);
}

void dgram_input(struct sock *s, uint32_t events)
{
	s->readable = true;
	if (events & EPOLLOUT)
		deliver_flush(dgram_of(s));
	pull(s, BATCH);
	/* Shut down both ways it hangs up, too. */
	if (events & EPOLLERR || (events & EPOLLHUP && sock_end_closed(s))) {
		pull(s, 4096);	/* what it wrote before it closed is sent */
		s->gone = true;
		event_close(s, "");
		sock_free(s);
	}
}

void dgram_flush(struct sock *s)
{
	pull(s, BATCH);
}

void dgram_drain(struct sock *s)
{
	s->readable = true;
	pull(s, 4096);
}

void dgram_tx_ready(void)
{
	struct sock *s;

	if (!held_count)
		return;
	for (s = sock_next(NULL); s; s = sock_next(s))
		if (s->type != SOCK_STREAM && s->domain != AF_PACKET &&
		    dgram_of(s)->held)
			sock_defer(s);
}

void pull_drop(struct dgram *d)
{
	while (d->held)
		drop_first(d);
	free(d->more);
	d->more = NULL;
}
