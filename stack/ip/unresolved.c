/* unresolved.c: neighbours that do not answer; see unresolved.h. */
#include "stack/ip/unresolved.h"

#include <netinet/in.h>
#include <stdbool.h>

#include "lwip/pbuf.h"
#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/ip/addr.h"
#include "stack/ip/route.h"

#define WATCHED		96
#define PATIENCE	(3 * CLOCK_NS_S)

static struct unresolved watched[WATCHED];
static unsigned count;

void unresolved_watch(const struct wire_addr *peer,
    void (*silent)(const struct unresolved *u), uint64_t id,
    const struct pbuf *p)
{
	struct unresolved *u = watched;

	if (count == WATCHED || addr_is_multicast(peer) ||
	    (peer->family == AF_INET && route_is_broadcast(peer->ip)) ||
	    route_resolved(peer, 0))
		return;
	while (u->since)
		u++;
	u->peer = *peer;
	u->silent = silent;
	u->id = id;
	u->since = clock_ns();
	u->len = pbuf_copy_partial(p, u->quote, sizeof(u->quote), 0);
	count++;
}

static void look(void)
{
	uint64_t now = clock_ns();

	for (struct unresolved *u = watched; u < watched + WATCHED; u++) {
		bool known;

		if (!u->since)
			continue;
		known = route_resolved(&u->peer, 0);
		if (!known && now - u->since < PATIENCE)
			continue;
		u->since = 0;
		count--;
		if (known)
			continue;
		if (u->peer.family == AF_INET)
			counter_inc("ip.no_neighbour");
		else
			counter_inc("ip6.no_neighbour");
		u->silent(u);
	}
}

static bool needed(void)
{
	return count > 0;
}

void unresolved_init(void)
{
	static struct core_timer timer = {
		.fn = look, .needed = needed, .period = 1000,
	};

	core_timer_add(&timer);
}
