/* serve.c: far halves for who comes by TCP; see serve.h. */
#include "stack/relay/serve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/relay/far.h"
#include "stack/relay/note.h"
#include "stack/relay/tls.h"
#include "stack/wire/clock.h"

#define GUESTS		64	/* connections that are not let in yet */
#define GUEST_NS	(10 * CLOCK_NS_S)

struct guest {
	struct watch watch;	/* first */
	struct guest *next;
	struct trans trans;
	uint64_t since;
	bool begun;		/* it has said something */
	bool shaken;		/* the handshake of TLS is done */
	char who[64];
	char line[RELAY_LINE];
	size_t n;
};

struct door {
	struct watch watch;	/* first */
};

static struct sockaddr_un host;
static const char *keys;	/* the file, or NULL: let in everybody */
static struct guest *guests;
static unsigned nguests;

static void guest_free(struct watch *w)
{
	free(w);
}

/* Out of the list; its connection is somebody else's, or closed. */
static void guest_forget(struct guest *g)
{
	struct guest **at = &guests;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	nguests--;
}

static void guest_close(struct guest *g)
{
	guest_forget(g);
	if (g->trans.tls)
		tls_free(g->trans.tls);
	watch_drop(&g->watch);
}

/* Out, and why. */
static void turn_away(struct guest *g, enum wire_note why)
{
	note(&host, why, g->who);
	guest_close(g);
}

/* Its connection is to be another's. */
static struct trans take_over(struct guest *g)
{
	struct trans t = g->trans;

	guest_forget(g);
	watch_leave(&g->watch);
	watch_drop(&g->watch);
	return t;
}

/* Its line is whole: nl is where it ends. */
static void let_in(struct guest *g, char *nl)
{
	const struct tls_peer *peer = g->trans.tls ?
	    tls_peer_of(g->trans.tls) : NULL;
	struct trans t = take_over(g);
	char why[TRANS_WHY];
	uint32_t number;

	*nl = '\0';
	if (trans_check(g->line, &number, why)) {
		note(&host, WIRE_NOTE_PROTOCOL, g->who);
		far_refuse(&t, why);
		return;
	}
	nl++;
	far_start(&t, &host, peer, nl, g->n - (size_t)(nl - g->line));
}

/*
 * The first byte tells whether that is TLS.  Who should speak it and does not,
 * or the other way round, is told so.  Return: go on.
 */
static bool first_byte(struct guest *g)
{
	static const char no_key[] = "it lets in only who has a key; set "
	    "RUMP_SERVER_KEY to a file with it";
	struct trans t;
	char byte;
	ssize_t n;

	if (g->begun || !keys)
		return true;
	n = recv(g->trans.in, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n != 1) {
		guest_close(g);
		return false;
	}
	g->begun = true;
	if (byte != RELAY_HELLO[0])
		return true;
	note(&host, WIRE_NOTE_KEY, g->who);
	t = take_over(g);
	if (t.tls)
		tls_free(t.tls);
	t.tls = NULL;
	far_refuse(&t, no_key);
	return false;
}

/* Return: true: it is done. */
static bool shake(struct guest *g)
{
	if (g->shaken || !g->trans.tls)
		return true;
	switch (tls_handshake(g->trans.tls)) {
	case TLS_DONE:
		g->shaken = true;
		return true;
	case TLS_AGAIN:
		return false;
	case TLS_WRONG_KEY:
		turn_away(g, WIRE_NOTE_KEY);
		return false;
	case TLS_NOT_TLS:
		turn_away(g, WIRE_NOTE_PROTOCOL);
		return false;
	}
	return false;
}

static void guest_event(struct watch *w, uint32_t events)
{
	struct guest *g = (struct guest *)w;
	char *nl;
	ssize_t n;

	if (!(events & ~(uint32_t)EPOLLOUT) || !first_byte(g) || !shake(g))
		return;
	do {
		n = trans_read(&g->trans, g->line + g->n,
		    sizeof(g->line) - 1 - g->n);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			guest_close(g);
			return;
		}
		g->n += (size_t)n;
		nl = memchr(g->line, '\n', g->n);
	} while (!nl && g->n < sizeof(g->line) - 1);
	if (nl)
		let_in(g, nl);
	else
		turn_away(g, WIRE_NOTE_PROTOCOL);
}

static void name_of(const struct sockaddr_storage *ss, socklen_t len,
    char *who, size_t size)
{
	char host_text[48] = "?";

	getnameinfo((const struct sockaddr *)ss, len, host_text,
	    sizeof(host_text), NULL, 0, NI_NUMERICHOST);
	snprintf(who, size, "%s", host_text);
}

static void greet(int fd, const struct sockaddr_storage *ss, socklen_t len)
{
	struct guest *g = nguests < GUESTS ? calloc(1, sizeof(*g)) : NULL;
	char who[sizeof(g->who)];

	name_of(ss, len, who, sizeof(who));
	if (g && keys)
		g->trans.tls = tls_server(fd, keys);
	if (!g || (keys && !g->trans.tls)) {
		note(&host, WIRE_NOTE_MANY, who);
		free(g);
		close(fd);
		return;
	}
	trans_tune(fd);
	g->trans.in = g->trans.out = fd;
	g->since = clock_ns();
	strcpy(g->who, who);
	g->watch = (struct watch){ .fn = guest_event, .free = guest_free,
	    .fd = fd };
	g->next = guests;
	guests = g;
	nguests++;
	if (watch_add(&g->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP))
		guest_close(g);
}

static void on_guest(struct watch *w, uint32_t events)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	(void)events;
	for (;;) {
		len = sizeof(ss);
		fd = accept4(w->fd, (struct sockaddr *)&ss, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		greet(fd, &ss, len);
	}
}

void serve_tick(void)
{
	struct guest *g, *next;
	uint64_t now = clock_ns();

	for (g = guests; g; g = next) {
		next = g->next;
		if (now - g->since > GUEST_NS)
			turn_away(g, WIRE_NOTE_TIME);
	}
}

static int open_door(const struct addrinfo *a)
{
	struct door *d = calloc(1, sizeof(*d));
	int one = 1, e;

	if (!d)
		return -ENOMEM;
	d->watch.fn = on_guest;
	d->watch.fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (d->watch.fd < 0)
		goto fail;
	setsockopt(d->watch.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->ai_family == AF_INET6)
		setsockopt(d->watch.fd, IPPROTO_IPV6, IPV6_V6ONLY, &one,
		    sizeof(one));
	if (bind(d->watch.fd, a->ai_addr, a->ai_addrlen) < 0 ||
	    listen(d->watch.fd, 128) < 0)
		goto fail;
	e = watch_add(&d->watch, EPOLLIN);
	if (!e)
		return 0;
	errno = -e;
fail:
	e = -errno;
	if (d->watch.fd >= 0)
		close(d->watch.fd);
	free(d);
	return e;
}

int serve_listen(const struct url *u, const char *key,
    const struct sockaddr_un *sun, char err[static SERVE_ERRLEN])
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE,
	}, *list, *a;
	bool any = !strcmp(u->host, "0") || !strcmp(u->host, "*");
	int e, n = 0;

	host = *sun;
	keys = key;
	e = getaddrinfo(any ? NULL : u->host, u->port, &hints, &list);
	if (e) {
		snprintf(err, SERVE_ERRLEN, "%s: %s", u->host,
		    gai_strerror(e));
		return -1;
	}
	for (a = list; a; a = a->ai_next) {
		int r = open_door(a);

		n += !r;
		/* A machine may have no IPv6. */
		if (r && !(any && r == -EAFNOSUPPORT))
			e = r;
	}
	freeaddrinfo(list);
	if (n && !e)
		return 0;
	snprintf(err, SERVE_ERRLEN, "%s port %s: %s", u->host, u->port,
	    strerror(-e));
	return -1;
}
