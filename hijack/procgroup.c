/* procgroup.c: multicast groups as texts of /proc/net; see procgroup.h. */
#include "hijack/procgroup.h"

#include <arpa/inet.h>
#include <string.h>

/* How many of IPv4 an interface is in, from record i on. */
static unsigned count_of(const struct rows *rows, unsigned i, uint32_t ifindex)
{
	struct wire_group g;
	unsigned n = 0;

	for (; dump_get(rows->fd, i, &g, sizeof(g)) && g.ifindex == ifindex;
	    i++)
		n += g.family == AF_INET;
	return n;
}

/* A timer as the kernel shows it, in hundredths of a second. */
static unsigned centiseconds(const struct wire_group *g)
{
	return g->timer / 10;
}

void procgroup_igmp(struct text *t, int arg)
{
	struct wire_group g;
	uint32_t last = 0;
	struct rows rows = rows_of(t, WIRE_DUMP_GROUP);

	(void)arg;
	text_put(t, 0, "Idx\tDevice    : Count Querier\tGroup    Users Timer\t"
	    "Reporter\n");
	while (rows_next(&rows, &g, sizeof(g))) {
		if (g.family != AF_INET)
			continue;
		g.ifname[sizeof(g.ifname) - 1] = '\0';
		if (g.ifindex != last)
			text_put(t, 0, "%u\t%-10s: %5u      V2\n", g.ifindex,
			    g.ifname, count_of(&rows, rows.i - 1, g.ifindex));
		last = g.ifindex;
		text_put(t, 0, "\t\t\t\t%08X %5u %d:%08X\t\t%d\n",
		    text_word(g.ip), g.users, g.timer != 0, centiseconds(&g),
		    !!(g.flags & WIRE_GROUP_REPORTED));
	}
}

/* Of IPv6, and of IPv4 where all groups are such: beyond the node itself. */
static bool is_loaded(const struct wire_group *g)
{
	return g->flags & WIRE_GROUP_UP && (g->family == AF_INET ||
	    (g->ip[1] & 15) >= 2);
}

/* The kernel's MAF_ bits. */
static unsigned maf_bits(const struct wire_group *g)
{
	bool silent = g->flags & WIRE_GROUP_SILENT || (g->ip[1] & 15) < 2;

	return (g->timer ? 1u : 0) |
	    (g->flags & WIRE_GROUP_REPORTED ? 2u : 0) |
	    (is_loaded(g) ? 4u : 0) | (silent ? 8u : 0);
}

void procgroup_igmp6(struct text *t, int arg)
{
	struct wire_group g;
	struct rows rows = rows_of(t, WIRE_DUMP_GROUP);

	(void)arg;
	while (rows_next(&rows, &g, sizeof(g))) {
		if (g.family != AF_INET6)
			continue;
		g.ifname[sizeof(g.ifname) - 1] = '\0';
		text_put(t, 0, "%-4u %-15s ", g.ifindex, g.ifname);
		text_hex(t, g.ip, "");
		text_put(t, 0, " %5u %08X %u\n", g.users, maf_bits(&g),
		    centiseconds(&g));
	}
}

static bool same_source(const struct wire_source *a,
    const struct wire_source *b)
{
	return a->ifindex == b->ifindex && a->family == b->family &&
	    !memcmp(a->group, b->group, 16) && !memcmp(a->ip, b->ip, 16);
}

/*
 * How many sockets include and exclude record i's source.
 * Return: false if an earlier record was about the same.
 */
static bool count_sources(const struct rows *rows, unsigned i,
    const struct wire_source *s, unsigned count[2])
{
	struct wire_source other;

	count[0] = count[1] = 0;
	for (unsigned j = 0; j < rows->count &&
	    dump_get(rows->fd, j, &other, sizeof(other)); j++) {
		if (!same_source(&other, s))
			continue;
		if (j < i)
			return false;
		count[!other.include]++;
	}
	return true;
}

void procgroup_filter(struct text *t, int family)
{
	struct wire_source s;
	unsigned count[2];
	struct rows rows = rows_of(t, WIRE_DUMP_SOURCE);

	text_put(t, 0, family == AF_INET ?
	    "Idx Device        MCA        SRC    INC    EXC\n" :
	    "Idx Device                Multicast Address"
	    "                   Source Address    INC    EXC\n");
	while (rows_next(&rows, &s, sizeof(s))) {
		if (s.family != family ||
		    !count_sources(&rows, rows.i - 1, &s, count))
			continue;
		s.ifname[sizeof(s.ifname) - 1] = '\0';
		text_put(t, 0, "%3u %6.6s ", s.ifindex, s.ifname);
		if (family == AF_INET) {
			text_put(t, 0, "0x%08x 0x%08x",
			    ntohl(text_word(s.group)), ntohl(text_word(s.ip)));
		} else {
			text_hex(t, s.group, " ");
			text_hex(t, s.ip, "");
		}
		text_put(t, 0, " %6u %6u\n", count[0], count[1]);
	}
}

static void mac_of(const struct wire_group *g, uint8_t mac[6])
{
	static const uint8_t ip4[3] = { 0x01, 0x00, 0x5e };

	memset(mac, 0x33, 2);
	memcpy(mac + 2, g->ip + 12, 4);
	if (g->family != AF_INET)
		return;
	memcpy(mac, ip4, 3);
	memcpy(mac + 3, g->ip + 1, 3);
	mac[3] &= 0x7f;
}

/* How many groups have record i's; 0: an earlier record is one of them. */
static unsigned count_macs(const struct rows *rows, unsigned i,
    uint32_t ifindex, const uint8_t mac[6])
{
	struct wire_group g;
	uint8_t other[6];
	unsigned n = 0;

	for (unsigned j = 0; j < rows->count &&
	    dump_get(rows->fd, j, &g, sizeof(g)); j++) {
		mac_of(&g, other);
		if (g.ifindex != ifindex || !is_loaded(&g) ||
		    memcmp(other, mac, 6))
			continue;
		if (j < i)
			return 0;
		n++;
	}
	return n;
}

void procgroup_dev(struct text *t, int arg)
{
	struct wire_group g;
	uint8_t mac[6];
	unsigned n;
	struct rows rows = rows_of(t, WIRE_DUMP_GROUP);

	(void)arg;
	while (rows_next(&rows, &g, sizeof(g))) {
		mac_of(&g, mac);
		n = is_loaded(&g) && !(g.flags & WIRE_GROUP_LOOP) ?
		    count_macs(&rows, rows.i - 1, g.ifindex, mac) : 0;
		g.ifname[sizeof(g.ifname) - 1] = '\0';
		if (n)
			text_put(t, 0, "%-4u %-15s %-5u %-5u "
			    "%02x%02x%02x%02x%02x%02x\n", g.ifindex, g.ifname,
			    n, 0, mac[0], mac[1], mac[2], mac[3], mac[4],
			    mac[5]);
	}
}
