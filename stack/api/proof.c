/* proof.c: which sockets a connection may name; see proof.h. */
#include "stack/api/proof.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "stack/core/counter.h"
#include "stack/sock/sock.h"

#define SIZE_MIN	16

/* Where it is, or where it would go. */
static size_t place(const struct proofs *p, uint64_t id)
{
	size_t i = id * 0x9e3779b97f4a7c15u >> 32;

	while (p->id[i & (p->size - 1)] && p->id[i & (p->size - 1)] != id)
		i++;
	return i & (p->size - 1);
}

static bool has(const struct proofs *p, uint64_t id)
{
	return p->size && p->id[place(p, id)] == id;
}

static size_t count_alive(const struct proofs *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->size; i++)
		n += p->id[i] && sock_find(p->id[i]);
	return n;
}

/* Those of sockets that are gone stay behind. */
static bool make_room(struct proofs *p)
{
	struct proofs more = { .size = SIZE_MIN };
	size_t alive;

	if (p->used < p->size / 2)
		return true;
	alive = count_alive(p);
	while (more.size < alive * 4)
		more.size *= 2;
	more.id = calloc(more.size, sizeof(*more.id));
	if (!more.id)
		return false;
	for (size_t i = 0; i < p->size; i++) {
		if (!p->id[i] || !sock_find(p->id[i]))
			continue;
		more.id[place(&more, p->id[i])] = p->id[i];
		more.used++;
	}
	free(p->id);
	*p = more;
	return true;
}

int proof_show(struct proofs *p, const struct wire_req *req, int fd)
{
	const struct sock *s = sock_find(req->sock);

	if (!s || !s->cookie || sock_cookie(fd) != s->cookie)
		return 0;
	if (has(p, s->id))
		return 1;
	if (!make_room(p))
		return -ENOMEM;
	p->id[place(p, s->id)] = s->id;
	p->used++;
	return 1;
}

static bool is_about_socket(const struct wire_req *req)
{
	return (req->op >= WIRE_BIND && req->op <= WIRE_QUERY) ||
	    req->op == WIRE_LEND || req->op == WIRE_SOCKET;
}

int proof_check(const struct proofs *p, const struct rights *r,
    const struct wire_req *req)
{
	const struct sock *s;

	/* Of another host, or of none: who is asked says so. */
	if (!is_about_socket(req) || !req->sock ||
	    (req->server && req->server != sock_server_id()))
		return 0;
	s = sock_find(req->sock);
	if (!s || s->owner.conn == r->number || has(p, s->id))
		return 0;
	if (req->flags & WIRE_OF_OTHERS && r->may.bits & RIGHT_CONFIG)
		return 0;
	counter_inc("request.not_shown");
	return -EBADF;
}

void proof_drop_all(struct proofs *p)
{
	free(p->id);
	*p = (struct proofs){ .size = 0 };
}
