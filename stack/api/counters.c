/*
 * counters.c: all counters by name: those of counter.h, lwIP's under names of
 * the same kind, and what the interfaces count; see counters.h.
 */
#include "stack/api/counters.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lwip/stats.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"

/* What lwIP drops, and why; its "drop" is the sum of these and more. */
static const struct {
	const char *name;
	const STAT_COUNTER *n;
} lwip[] = {
#define C(name, field)	{ name, &lwip_stats.field }
	C("arp.bad_packet", etharp.proterr),
	C("arp.no_memory", etharp.memerr),
	C("icmp.bad_checksum", icmp.chkerr),
	C("icmp.bad_length", icmp.lenerr),
	C("icmp.no_memory", icmp.memerr),
	C("icmp.unknown_type", icmp.proterr),
	C("icmp6.bad_checksum", icmp6.chkerr),
	C("icmp6.bad_length", icmp6.lenerr),
	C("icmp6.no_memory", icmp6.memerr),
	C("icmp6.no_route", icmp6.rterr),
	C("icmp6.unknown_type", icmp6.proterr),
	C("ip.bad_checksum", ip.chkerr),
	C("ip.bad_header", ip.err),
	C("ip.bad_length", ip.lenerr),
	C("ip.bad_option", ip.opterr),
	C("ip.fragment_bad", ip_frag.lenerr),
	C("ip.fragment_bad", ip_frag.err),
	C("ip.fragment_lost", ip_frag.drop),
	C("ip.fragment_no_memory", ip_frag.memerr),
	C("ip.no_memory", ip.memerr),
	C("ip.no_route", ip.rterr),
	C("ip.unknown_protocol", ip.proterr),
	C("ip6.bad_length", ip6.lenerr),
	C("ip6.bad_option", ip6.opterr),
	C("ip6.fragment_bad", ip6_frag.proterr),
	C("ip6.fragment_lost", ip6_frag.drop),
	C("ip6.fragment_no_memory", ip6_frag.memerr),
	C("ip6.no_memory", ip6.memerr),
	C("ip6.no_route", ip6.rterr),
	C("ip6.unknown_protocol", ip6.proterr),
	C("nd6.bad_length", nd6.lenerr),
	C("nd6.bad_packet", nd6.proterr),
	C("nd6.no_memory", nd6.memerr),
	C("tcp.bad_checksum", tcp.chkerr),
	C("tcp.bad_length", tcp.lenerr),
	C("tcp.no_memory", tcp.memerr),
	C("tcp.no_port", tcp.proterr),
	C("tcp.no_route", tcp.rterr),
	C("udp.bad_checksum", udp.chkerr),
	C("udp.bad_length", udp.lenerr),
	C("udp.no_memory", udp.memerr),
	C("udp.no_port", udp.proterr),
	C("udp.no_route", udp.rterr),
#undef C
};
#define NUM_LWIP	(sizeof(lwip) / sizeof(lwip[0]))

/* A bus counts in its file what its members lose, for all to see. */
#define BUS_LAPPED	"bus.lapped"
#define BUS_FULL	"bus.full"

/* The i-th name, in no order and not only once; NULL after the last. */
static const char *name_at(unsigned i)
{
	if (i < NUM_LWIP)
		return lwip[i].name;
	i -= NUM_LWIP;
	if (i < 2)
		return i ? BUS_FULL : BUS_LAPPED;
	return counter_at(i - 2) ? counter_at(i - 2)->name : NULL;
}

static uint64_t of_buses(bool lapped)
{
	struct wire_link l;
	uint64_t sum = 0;

	for (struct iface *f = iface_next(NULL); f; f = iface_next(f)) {
		iface_fill_link(f, &l);
		if (l.slot >= 0)
			sum += lapped ? l.rx_dropped : l.tx_dropped;
	}
	return sum;
}

static uint64_t value(const char *name)
{
	uint64_t sum = counter_value(name);

	for (size_t i = 0; i < NUM_LWIP; i++)
		if (!strcmp(lwip[i].name, name))
			sum += *lwip[i].n;
	if (!strcmp(name, BUS_LAPPED) || !strcmp(name, BUS_FULL))
		sum += of_buses(!strcmp(name, BUS_LAPPED));
	return sum;
}

bool counters_next(const char *after, struct wire_counter *out)
{
	const char *name, *next = NULL;

	for (unsigned i = 0; (name = name_at(i)); i++)
		if (strcmp(name, after) > 0 && (!next || strcmp(name, next) < 0))
			next = name;
	if (!next)
		return false;
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", next);
	out->n = value(next);
	return true;
}
