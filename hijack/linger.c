/*
 * linger.c: close(2) of a stream with SO_LINGER; see linger.h.
 *
 * The kernel keeps the option on our end of the pair, where it has no effect
 * of its own: so it is known after dup, fork and accept without a table.
 */
#include "hijack/linger.h"

#include <string.h>
#include <time.h>

#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/clock.h"
#include "stack/wire/sys.h"

bool linger_used;

void linger_set(int fd, const void *val, size_t len)
{
	struct linger l;

	if (len < sizeof(l))
		return;
	memcpy(&l, val, sizeof(l));
	sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	if (l.l_onoff && l.l_linger)
		__atomic_store_n(&linger_used, true, __ATOMIC_RELAXED);
}

/* Return: for how long fd lingers, in seconds; 0: it does not. */
static unsigned linger_time(int fd, struct wire_id *id)
{
	struct linger l = { 0, 0 };
	socklen_t len = sizeof(l);

	if (sys_getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) < 0 ||
	    !l.l_onoff || l.l_linger <= 0)
		return 0;
	return client_id_of(fd, id) && id->type == SOCK_STREAM ?
	    (unsigned)l.l_linger : 0;
}

/*
 * The host forgets a closed socket once its last byte is acknowledged; of
 * one that is open elsewhere, under another number or in another process,
 * there is nothing to wait for.
 */
static void wait_acknowledged(const struct wire_id *id, unsigned seconds)
{
	uint64_t end = clock_ns() + seconds * 1000000000ull;
	struct wire_rep rep;
	int pause = 1;

	while (rpc_sock(id, WIRE_QUERY, WIRE_QUERY_LINGER, 0, 0, NULL, 0,
	    &rep) == 0 && rep.value && clock_ns() < end) {
		if (sys_poll(NULL, 0, pause) == -EINTR)
			return;
		if (pause < 20)
			pause *= 2;
	}
}

int linger_close(int fd)
{
	struct wire_id id;
	unsigned seconds = hj_sandboxed ? 0 : linger_time(fd, &id);
	struct wire_rep rep;
	int r;

	/* The host has to know it before we cannot show it any more. */
	if (seconds)
		rpc_sock(&id, WIRE_QUERY, WIRE_QUERY_STATE, 0, 0, NULL, 0,
		    &rep);
	r = next.close(fd);
	id.fd = -1;
	if (r == 0 && seconds)
		wait_acknowledged(&id, seconds);
	return r;
}
