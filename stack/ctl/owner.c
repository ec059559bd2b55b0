/* owner.c: the programs at the ends of a connection; see owner.h. */
#include "stack/ctl/owner.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bus/bus.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/frame.h"
#include "stack/ctl/text.h"
#include "stack/wire/clock.h"

#define ASK_TIMEOUT	300	/* ms for a host's table */
#define FRESH		(20 * CLOCK_NS_MS)	/* for so long it is taken */
#define SILENT		(5 * CLOCK_NS_S)	/* between two tries */
#define FLOWS		16384	/* remembered; a power of two */
#define TCP		6
#define SYN		2
#define ACK		16

/* What a host that may be asked has told. */
struct host {
	char server[BUS_SERVERLEN];
	uint64_t asked[2];	/* ns; 0: never */
	uint64_t silent_until;	/* ns */
	struct ctl_list socks, log;
};

struct owners {
	struct bus *bus;
	uint64_t key;		/* strangers shall not choose what collides */
	uint64_t flow[FLOWS];	/* hashes of those told of; 0: free */
	size_t num_hosts;
	struct host host[BUS_SLOTS];
};

/* One end of a connection. */
struct end {
	const uint8_t *ip;
	uint16_t port;		/* network byte order */
};

struct flow {
	int family;
	size_t len;		/* bytes of an address */
	bool tcp;
	struct end from, to;
};

struct owners *owners_new(struct bus *b)
{
	struct owners *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->bus = b;
	if (getrandom(&o->key, sizeof(o->key), GRND_NONBLOCK) < 0)
		o->key = clock_ns();
	return o;
}

void owners_free(struct owners *o)
{
	for (size_t i = 0; o && i < o->num_hosts; i++) {
		free(o->host[i].socks.rec);
		free(o->host[i].log.rec);
	}
	free(o);
}

void owners_restart(struct owners *o)
{
	memset(o->flow, 0, sizeof(o->flow));
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *byte = p;

	while (n--)
		h = (h ^ *byte++) * 0x100000001b3u;
	return h ^ h >> 29;
}

static uint64_t hash_end(const struct owners *o, const struct flow *f,
    const struct end *e)
{
	return mix(mix(o->key, e->ip, f->len), &e->port, 2);
}

/* Both directions are one connection; one that begins is another. */
static bool is_new(struct owners *o, const struct flow *f, bool begins)
{
	uint64_t h = hash_end(o, f, &f->from) + hash_end(o, f, &f->to) +
	    f->tcp;
	uint64_t *place = &o->flow[(h ^ h >> 32) & (FLOWS - 1)];

	h |= 1;
	if (*place == h && !begins)
		return false;
	*place = h;
	return true;
}

static bool get_flow(struct flow *f, bool *begins, const uint8_t *frame,
    size_t n)
{
	struct frame_ip ip;

	if (!frame_ip(&ip, frame, n) || !frame_has_ports(&ip))
		return false;
	*f = (struct flow){
		.family = ip.family, .len = ip.family == AF_INET ? 4 : 16,
		.tcp = ip.proto == TCP,
		.from.ip = ip.src, .to.ip = ip.dst,
	};
	memcpy(&f->from.port, ip.p, 2);
	memcpy(&f->to.port, ip.p + 2, 2);
	*begins = f->tcp && ip.n >= 14 && (ip.p[13] & (SYN | ACK)) == SYN;
	return true;
}

/* Who has the address.  Return: whether it is one who may be asked. */
static bool find_member(struct owners *o, const struct flow *f,
    const uint8_t *ip, struct bus_member *m)
{
	for (unsigned slot = 0; slot < BUS_SLOTS; slot++) {
		if (bus_member(o->bus, slot, m) != 1)
			continue;
		for (int i = 0; i < BUS_ADDRS; i++)
			if (m->addr[i].family == f->family &&
			    !memcmp(m->addr[i].addr, ip, f->len))
				return m->server[0];
	}
	return false;
}

static struct host *get_host(struct owners *o, const char *server)
{
	struct host *h = o->host;

	for (size_t i = 0; i < o->num_hosts; i++, h++)
		if (!strcmp(h->server, server))
			return h;
	if (o->num_hosts == BUS_SLOTS)
		return NULL;
	o->num_hosts++;
	strcpy(h->server, server);
	return h;
}

/* A table of the host's: that of a moment ago, or a new one. */
static const struct ctl_list *table(struct host *h, bool log)
{
	struct ctl_list *have = log ? &h->log : &h->socks, got;
	uint64_t now = clock_ns();

	if (now < h->silent_until)
		return have;
	if (h->asked[log] && now - h->asked[log] < FRESH)
		return have;
	if (!bus_server_ours(h->server) || ctl_ask_host(h->server,
	    log ? WIRE_DUMP_LOG : WIRE_DUMP_SOCK, ASK_TIMEOUT, &got)) {
		h->silent_until = clock_ns() + SILENT;
		return have;
	}
	free(have->rec);
	*have = got;
	h->asked[log] = clock_ns();
	return have;
}

static bool is_end(const struct wire_addr *a, const struct flow *f,
    const struct end *e)
{
	return a->family == f->family && a->port == e->port &&
	    !memcmp(a->ip, e->ip, f->len);
}

static bool is_any(const struct wire_addr *a)
{
	static const uint8_t zero[16];

	return !a->family || !memcmp(a->ip, zero,
	    a->family == AF_INET ? 4 : 16);
}

/* The socket of that connection, or with any: the one that waits for it. */
static const struct wire_sock *find_sock(const struct ctl_list *l,
    const struct flow *f, const struct end *here, const struct end *there,
    bool any)
{
	const struct wire_sock *s = l->rec;

	for (size_t i = 0; i < l->n; i++, s++) {
		if (s->pid <= 0 || s->type != (f->tcp ? SOCK_STREAM :
		    SOCK_DGRAM) || s->local.port != here->port)
			continue;
		if (!any && is_end(&s->local, f, here) &&
		    is_end(&s->peer, f, there))
			return s;
		if (any && !s->peer.port && (is_end(&s->local, f, here) ||
		    (is_any(&s->local) && (s->domain == f->family ||
		    s->domain == AF_INET6))))
			return s;
	}
	return NULL;
}

static void end_text(char *dst, size_t size, const struct flow *f,
    const struct end *e)
{
	char ip[TEXT_IPLEN];

	snprintf(dst, size, f->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
	    text_ip(ip, f->family, e->ip), ntohs(e->port));
}

/*
 * The program of a connection that is over.  The host's log has
 * "connect: tcp HERE -> THERE RESULT WHO" or "accept: tcp HERE <- THERE WHO".
 * Return: WHO, a name and a pid, or NULL.
 */
static const char *find_logged(const struct ctl_list *l, const struct flow *f,
    const struct end *here, const struct end *there)
{
	const struct wire_log *line = l->rec;
	char a[TEXT_IPLEN + 8], b[TEXT_IPLEN + 8], head[160];
	const char *proto = f->tcp ? "tcp" : "udp", *who;
	bool connect;
	size_t len;

	end_text(a, sizeof(a), f, here);
	end_text(b, sizeof(b), f, there);
	for (size_t i = l->n; i-- > 0;) {
		connect = !strcmp(line[i].kind, "connect");
		if (!connect && strcmp(line[i].kind, "accept"))
			continue;
		len = (size_t)snprintf(head, sizeof(head), "%s %s %s %s ",
		    proto, a, connect ? "->" : "<-", b);
		if (strncmp(line[i].text, head, len))
			continue;
		who = line[i].text + len;
		if (connect)
			who += strcspn(who, " ") + 1;
		if (strchr(who, '['))
			return who;
	}
	return NULL;
}

/* " of user NAME": the log tells none, but another socket of the program. */
static void user_text(char *dst, size_t size, const struct ctl_list *socks,
    const char *who)
{
	const struct wire_sock *s = socks->rec;
	const char *pid = strrchr(who, '[');
	const struct passwd *pw;

	dst[0] = '\0';
	for (size_t i = 0; i < socks->n; i++, s++) {
		if (s->pid <= 0 || s->pid != atoi(pid + 1))
			continue;
		pw = getpwuid(s->uid);
		if (pw)
			snprintf(dst, size, " of user %s", pw->pw_name);
		else
			snprintf(dst, size, " of user %u", s->uid);
		return;
	}
}

static bool tell(struct owners *o, const struct flow *f,
    const struct end *here, const struct end *there,
    char text[static OWNER_TEXT])
{
	char addr[TEXT_IPLEN + 8], found[40], user[64];
	const struct ctl_list *socks;
	const struct wire_sock *s;
	struct bus_member m;
	const char *who;
	struct host *h;

	if (!find_member(o, f, here->ip, &m) ||
	    !(h = get_host(o, m.server)))
		return false;
	end_text(addr, sizeof(addr), f, here);
	socks = table(h, false);
	s = find_sock(socks, f, here, there, false);
	who = s ? NULL : find_logged(table(h, true), f, here, there);
	if (!s && !who)
		s = find_sock(socks, f, here, there, true);
	if (s) {
		snprintf(found, sizeof(found), "%s[%d]", s->comm, s->pid);
		who = found;
	}
	if (!who)
		return false;
	user_text(user, sizeof(user), socks, who);
	snprintf(text, OWNER_TEXT, "%s: %s%s on %s", addr, who, user, m.name);
	return true;
}

size_t owners_tell(struct owners *o, const uint8_t *frame, size_t n,
    char text[static 2][OWNER_TEXT])
{
	struct flow f;
	bool begins;
	size_t k = 0;

	if (!get_flow(&f, &begins, frame, n) || !is_new(o, &f, begins))
		return 0;
	k += tell(o, &f, &f.from, &f.to, text[k]);
	k += tell(o, &f, &f.to, &f.from, text[k]);
	return k;
}
