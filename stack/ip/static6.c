/* static6.c: static IPv6 neighbours; see static6.h. */
#include "stack/ip/static6.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define ENTRIES	128

static struct static6 table[ENTRIES];
static unsigned count;		/* most hosts have none */

static struct static6 *find(uint32_t ifindex, const uint8_t *ip)
{
	for (int i = 0; i < ENTRIES; i++)
		if (table[i].ifindex == ifindex &&
		    (!ifindex || !memcmp(table[i].ip, ip, 16)))
			return &table[i];
	return NULL;
}

const struct static6 *static6_find(uint32_t ifindex,
    const uint8_t ip[static 16])
{
	return count && ifindex ? find(ifindex, ip) : NULL;
}

int static6_add(const struct static6 *s)
{
	struct static6 *e = find(s->ifindex, s->ip);

	if (!e) {
		e = find(0, NULL);
		count += e != NULL;
	}
	if (!e)
		return -ENOBUFS;
	*e = *s;
	return 0;
}

bool static6_del(uint32_t ifindex, const uint8_t ip[static 16])
{
	unsigned before = count;

	for (int i = 0; i < ENTRIES; i++) {
		struct static6 *e = &table[i];

		if (!e->ifindex || memcmp(e->ip, ip, 16) ||
		    (ifindex && ifindex != e->ifindex))
			continue;
		e->ifindex = 0;
		count--;
	}
	return count != before;
}

void static6_flush(uint32_t ifindex)
{
	for (int i = 0; i < ENTRIES; i++)
		if (ifindex && table[i].ifindex == ifindex) {
			table[i].ifindex = 0;
			count--;
		}
}

const struct static6 *static6_at(unsigned i)
{
	return i < ENTRIES ? &table[i] : NULL;
}
