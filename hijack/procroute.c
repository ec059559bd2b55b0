/* procroute.c: the routes as texts of /proc/net; see procroute.h. */
#include "hijack/procroute.h"

#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <netinet/in.h>
#include <string.h>

#include "hijack/nllocal.h"

static unsigned route_flags(const struct wire_route *r)
{
	return RTF_UP | (r->flags & WIRE_RT_GATEWAY ? RTF_GATEWAY : 0) |
	    (r->plen == (r->family == AF_INET ? 32 : 128) ? RTF_HOST : 0) |
	    (r->flags & WIRE_RT_REJECT ? RTF_REJECT : 0);
}

void procroute4(struct text *t, int arg)
{
	struct wire_route r;
	struct rows rows = rows_of(t, WIRE_DUMP_ROUTE);

	(void)arg;
	text_row(t, 127, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\t"
	    "Metric\tMask\t\tMTU\tWindow\tIRTT");
	while (rows_next(&rows, &r, sizeof(r))) {
		if (r.family != AF_INET || r.plen > 32)
			continue;
		r.ifname[sizeof(r.ifname) - 1] = '\0';
		text_row(t, 127, "%s\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X\t%u\t0"
		    "\t0", r.flags & WIRE_RT_REJECT ? "*" : r.ifname,
		    text_word(r.dst), r.flags & WIRE_RT_GATEWAY ? text_word(r.gw) : 0,
		    route_flags(&r), r.metric,
		    htonl(r.plen ? ~0u << (32 - r.plen) : 0), r.mtu);
	}
}

/* One line; the count of users is not known, that of uses 0. */
static void put6(struct text *t, const uint8_t *dst, unsigned plen,
    const uint8_t *gw, unsigned metric, unsigned flags, const char *ifname)
{
	static const uint8_t none[16];

	text_hex(t, dst, "");
	text_put(t, 0, " %02x ", plen);
	text_hex(t, none, " 00 ");
	text_hex(t, gw ? gw : none, "");
	text_put(t, 0, " %08x %08x %08x %08x %8s\n", metric, 1, 0, flags,
	    ifname);
}

/* The end of each table, where nothing in it is the way to everywhere. */
static void put_null(struct text *t)
{
	static const uint8_t none[16];

	put6(t, none, 0, NULL, UINT32_MAX, RTF_NONEXTHOP | RTF_REJECT, "lo");
}

/* Return: is there a default route? */
static bool put_main(struct text *t)
{
	struct wire_route r;
	unsigned flags;
	bool whole = false;
	struct rows rows = rows_of(t, WIRE_DUMP_ROUTE);

	while (rows_next(&rows, &r, sizeof(r))) {
		if (r.family != AF_INET6 || r.plen > 128)
			continue;
		r.ifname[sizeof(r.ifname) - 1] = '\0';
		flags = route_flags(&r) | (r.flags & WIRE_RT_AUTO ?
		    RTF_ADDRCONF | (r.plen ? 0 : RTF_DEFAULT) : 0);
		put6(t, r.dst, r.plen, r.flags & WIRE_RT_GATEWAY ? r.gw : NULL,
		    r.metric ? r.metric : r.flags & WIRE_RT_CONNECTED ? 256 :
		    1024, flags, r.ifname);
		whole |= !r.plen;
	}
	return whole;
}

static void put_made(struct text *t, const struct nllocal *r, int table)
{
	if (r->table == table)
		put6(t, r->dst, r->plen, NULL, r->metric, RTF_UP |
		    (r->type == RTN_LOCAL ? RTF_NONEXTHOP | RTF_LOCAL : 0),
		    r->ifname);
}

static void made_main(void *t, const struct nllocal *r)
{
	put_made(t, r, RT_TABLE_MAIN);
}

static void made_local(void *t, const struct nllocal *r)
{
	put_made(t, r, RT_TABLE_LOCAL);
}

void procroute6(struct text *t, int arg)
{
	bool whole = put_main(t);
	int err = nllocal_each(AF_INET6, made_main, t);

	(void)arg;
	if (!whole)
		put_null(t);
	if (!err)
		err = nllocal_each(AF_INET6, made_local, t);
	put_null(t);
	if (err && !t->err)
		t->err = err;
}
