/* rights.c: who may ask what; see rights.h. */
#include "stack/api/rights.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stack/api/allow.h"
#include "stack/core/counter.h"

#define ALLOW_HINT	"its owner can let you: shmif_server -o allow="

/*
 * The table: what each request takes.  One that is not in it takes RIGHT_CONFIG.
 */

static enum right of_socket(const struct wire_req *q)
{
	return q->a == AF_PACKET || q->b == SOCK_RAW ? RIGHT_RAW : RIGHT_USE;
}

static enum right of_dump(const struct wire_req *q)
{
	switch (q->a) {
	case WIRE_DUMP_LINK:
	case WIRE_DUMP_ADDR:
	case WIRE_DUMP_ROUTE:
	case WIRE_DUMP_NEIGH:
	case WIRE_DUMP_SYSCTL:
	case WIRE_DUMP_FAULT:
	case WIRE_DUMP_FAULT_ADDR:
	case WIRE_DUMP_GROUP:
	case WIRE_DUMP_SOURCE:
	/* Without RIGHT_WATCH those of others are left out: rights_sees(). */
	case WIRE_DUMP_SOCK:
	case WIRE_DUMP_SOCKINFO:
		return RIGHT_USE;
	default:
		return RIGHT_WATCH;
	}
}

static enum right of_table(const struct wire_req *q)
{
	return q->a == WIRE_TABLE_GET ? RIGHT_USE : RIGHT_CONFIG;
}

static enum right of_sysctl(const struct wire_req *q)
{
	return q->a == WIRE_SYSCTL_FILE || memchr(q->data, '=', q->len) ?
	    RIGHT_CONFIG : RIGHT_USE;
}

static const struct {
	enum right right;
	enum right (*of)(const struct wire_req *q);	/* if that depends */
} table[WIRE_NUM_OPS] = {
	[WIRE_HELLO] = { RIGHT_USE, NULL },
	[WIRE_SOCKET] = { 0, of_socket },
	[WIRE_BIND ... WIRE_RESOLVE] = { RIGHT_USE, NULL },
	[WIRE_DUMP] = { 0, of_dump },
	[WIRE_IF] = { RIGHT_CONFIG, NULL },
	[WIRE_ROUTE] = { 0, of_table },
	[WIRE_NEIGH] = { 0, of_table },
	[WIRE_SYSCTL] = { 0, of_sysctl },
	[WIRE_HALT] = { RIGHT_HALT, NULL },
	[WIRE_TRACE] = { RIGHT_WATCH, NULL },
	[WIRE_CHANNEL] = { RIGHT_USE, NULL },
	[WIRE_YIELD] = { RIGHT_HALT, NULL },
	[WIRE_LEND] = { RIGHT_USE, NULL },
	[WIRE_NOTIFY] = { RIGHT_USE, NULL },
	[WIRE_LIMIT] = { RIGHT_USE, NULL },
	[WIRE_FAULT] = { RIGHT_CONFIG, NULL },
	[WIRE_URGENT] = { RIGHT_USE, NULL },
	[WIRE_NAMES] = { RIGHT_USE, NULL },
};

static enum right right_of(const struct wire_req *q)
{
	if (q->op >= WIRE_NUM_OPS)
		return RIGHT_USE;	/* there is no such request */
	if (table[q->op].of)
		return table[q->op].of(q);
	return table[q->op].right ? table[q->op].right : RIGHT_CONFIG;
}

void rights_of_peer(struct rights *r, int fd)
{
	static uint64_t count;

	memset(r, 0, sizeof(*r));
	r->number = ++count;
	r->may = allow_peer(fd, &r->uid);
}

void rights_of_socket(struct rights *r, const struct sock_owner *o)
{
	if (!rights_none(r))
		return;
	r->may.bits = o->rights & RIGHT_USE;
	memcpy(r->key, o->key, sizeof(r->key));
}

bool rights_sees(const struct rights *r, const struct sock_owner *o)
{
	return r->may.bits & RIGHT_WATCH || r->number == o->conn ||
	    (r->uid == o->uid && !strcmp(r->key, o->key));
}

static void explain(struct wire_rep *rep, const char *text, const char *what)
{
	rep->len = (uint32_t)snprintf((char *)rep->data, sizeof(rep->data),
	    text, what);
}

/*
 * A VNL can have a program started and reach the machine's own network, so it
 * takes who could do that anyway: root, and who runs the host, on this machine.
 */
static bool may_plug(const struct rights *r, const struct wire_req *req)
{
	struct wire_ifreq ifr;

	if (req->op != WIRE_IF || req->a != WIRE_IF_LINKSTR ||
	    req->len != sizeof(ifr))
		return true;
	memcpy(&ifr, req->data, sizeof(ifr));
	if (strncmp(ifr.name, "vde", 3))
		return true;
	return r->may.bits == RIGHT_ALL && !r->key[0] &&
	    (r->uid == geteuid() || !r->uid);
}

int rights_check(const struct rights *r, const struct wire_req *req,
    struct wire_rep *rep)
{
	enum right need = right_of(req);

	if (r->may.bits & need && may_plug(r, req))
		return 0;
	if (r->may.bits & need) {
		counter_inc("request.no_right");
		explain(rep, "%s", "a VNL can start programs on the machine: "
		    "it is for who runs the host");
		return -EPERM;
	}
	if (rights_none(r)) {
		counter_inc("request.stranger");
		rep->len = (uint32_t)snprintf((char *)rep->data,
		    sizeof(rep->data), "not for uid %u; " ALLOW_HINT "%u",
		    r->uid, r->uid);
		return -EACCES;
	}
	counter_inc("request.no_right");
	explain(rep, "not permitted without the right \"%s\"",
	    right_name(need));
	return -EPERM;
}

/* Such as go into a table and onto a terminal as they are. */
static bool is_key(const char *name)
{
	if (strlen(name) >= WIRE_KEYLEN)
		return false;
	while (*name > ' ' && *name < 0x7f)
		name++;
	return !*name;
}

int rights_limit(struct rights *r, const struct wire_req *req,
    struct wire_rep *rep)
{
	struct right_set to = { RIGHT_USE };
	const char *bad, *list;
	char text[256];
	size_t n;

	if (req->len >= sizeof(text) || memchr(req->data, '\0', req->len))
		return -EINVAL;
	memcpy(text, req->data, req->len);
	text[req->len] = '\0';
	n = strcspn(text, ":");
	list = text[n] ? text + n + 1 : NULL;
	text[n] = '\0';
	if (!is_key(text))
		return -EINVAL;
	if (r->key[0] && n && strcmp(r->key, text))
		return -EPERM;
	if (list && right_parse(&to, list, &bad)) {
		explain(rep, "%s: no such right", bad);
		return -EINVAL;
	}
	if (n)
		strcpy(r->key, text);
	right_narrow(&r->may, &to);
	rep->value = r->may.bits;
	return 0;
}
