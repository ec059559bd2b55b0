/* sysctl.c: the tree of named settings and statistics, one table. */
#include "stack/api/sysctl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/spin.h"
#include "lwip/opt.h"
#include "lwip/stats.h"
#include "stack/core/affinity.h"
#include "stack/dgram/dgram.h"
#include "stack/ip/autoconf.h"
#include "stack/ip/held.h"
#include "stack/ip/hooks.h"
#include "stack/ip/icmprate.h"
#include "stack/ip/iface.h"
#include "stack/ip/pmtu.h"
#include "stack/ip/route.h"
#include "stack/ip/rtadv.h"
#include "stack/sock/port.h"
#include "stack/sock/sockopt.h"
#include "stack/stream/halfopen.h"
#include "stack/stream/reass.h"
#include "stack/stream/stream.h"
#include "stack/tcp/rec.h"
#include "stack/wire/ring.h"

enum kind { K_INT, K_PORT, K_STAT, K_CONST, K_HOSTNAME, K_CONGCTL };

static const struct node {
	const char *name;
	enum kind kind;
	void *var;
	long min, max;		/* of a setting; the value of a constant */
} tree[] = {
	{ "kern.hostname", K_HOSTNAME, NULL, 0, 0 },
	{ "kern.ostype", K_CONST, (void *)"shmhijack", 0, 0 },
	{ "net.follow", K_INT, &affinity_follow, 0, 1 },
	{ "net.tso", K_INT, &iface_tso, 0, 1 },
	{ "net.busy_poll", K_INT, &spin_max_us, 0, 1000 },
	{ "net.core.rmem_max", K_INT, &sockopt_rmem_max, 2304, INT_MAX / 2 },
	{ "net.dgram_mem", K_INT, &deliver_mem, 0, INT_MAX },
	{ "net.inet.ip.forwarding", K_INT, &route_forward4, 0, 1 },
	{ "net.inet.ip.redirect", K_CONST, NULL, 0, 0 },
	{ "net.inet.ip.ttl", K_INT, &sockopt_default.ttl, 1, 255 },
	{ "net.inet.ip.anonportmin", K_PORT, &port_first, 1024, 65535 },
	{ "net.inet.ip.anonportmax", K_PORT, &port_last, 1024, 65535 },
	{ "net.inet.ip.mtudisc", K_INT, &pmtu_discover, 0, 1 },
	{ "net.inet.ip.mtudisc_max", K_CONST, NULL, PMTU_MAX, 0 },
	{ "net.inet.ip.frag_high", K_INT, &held_frag4, HELD_MIN, HELD_MAX },
	{ "net.inet6.ip6.frag_high", K_INT, &held_frag6, HELD_MIN, HELD_MAX },
	{ "net.link.unres_high", K_INT, &held_unres, HELD_MIN, HELD_MAX },
	{ "net.inet6.ip6.forwarding", K_INT, &route_forward6, 0, 1 },
	{ "net.inet6.ip6.maxifdefrouters", K_CONST, NULL,
	    LWIP_ND6_NUM_ROUTERS, 0 },
	{ "net.inet6.ip6.maxifprefixes", K_CONST, NULL,
	    LWIP_ND6_NUM_PREFIXES, 0 },
	{ "net.inet6.ip6.maxifaddrs", K_CONST, NULL,
	    LWIP_IPV6_NUM_ADDRESSES, 0 },
	{ "net.inet6.ip6.neighborgcthresh", K_CONST, NULL,
	    LWIP_ND6_NUM_NEIGHBORS, 0 },
	{ "net.inet.arp.max", K_CONST, NULL, ARP_TABLE_SIZE, 0 },
	{ "net.inet.arp.keep", K_CONST, NULL, ARP_MAXAGE, 0 },
	{ "net.inet6.icmp6.nd6_delay", K_CONST, NULL,
	    LWIP_ND6_DELAY_FIRST_PROBE_TIME / 1000, 0 },
	{ "net.inet6.icmp6.nd6_mmaxtries", K_CONST, NULL,
	    LWIP_ND6_MAX_MULTICAST_SOLICIT, 0 },
	{ "net.inet6.icmp6.nd6_umaxtries", K_CONST, NULL,
	    LWIP_ND6_MAX_UNICAST_SOLICIT, 0 },
	{ "net.inet6.icmp6.nd6_reachable", K_CONST, NULL,
	    LWIP_ND6_REACHABLE_TIME, 0 },
	{ "net.inet6.icmp6.nd6_retrans", K_CONST, NULL,
	    LWIP_ND6_RETRANS_TIMER, 0 },
	{ "net.inet6.ip6.accept_rtadv", K_INT, &autoconf_accept, 0, 1 },
	{ "net.inet6.ip6.sendra", K_INT, &rtadv_send, 0, 1 },
	{ "net.inet6.ip6.redirect", K_CONST, NULL, 0, 0 },
	{ "net.inet6.ip6.hlim", K_INT, &sockopt_default.hops, 1, 255 },
	{ "net.inet.icmp.errppslimit", K_INT, &icmprate_limit, 0, INT_MAX },
	{ "net.inet.icmp.bmcastecho", K_CONST, NULL, LWIP_BROADCAST_PING, 0 },
	{ "net.inet.tcp.keepidle", K_INT, &sockopt_default.keepidle, 1, 32767 },
	{ "net.inet.tcp.keepintvl", K_INT, &sockopt_default.keepintvl, 1,
	    32767 },
	{ "net.inet.tcp.keepcnt", K_INT, &sockopt_default.keepcnt, 1, 127 },
	{ "net.inet.tcp.synretries", K_INT, &sockopt_default.syncnt, 1, 127 },
	{ "net.inet.tcp.synackretries", K_INT, &rec_synack_retries, 0, 255 },
	{ "net.inet.tcp.orphanretries", K_INT, &expire_orphan_retries, 0, 15 },
	{ "net.inet.tcp.nodelay", K_INT, &sockopt_default.nodelay, 0, 1 },
	{ "net.inet.tcp.congctl", K_CONGCTL, NULL, 0, 0 },
	{ "net.inet.tcp.halfopen", K_INT, &halfopen_limit, 1, HALFOPEN_MAX },
	{ "net.inet.tcp.reass_max", K_INT, &reass_max, 1, 65535 },
	{ "net.inet.tcp.reass_memory", K_INT, &reass_memory, 1, 1 << 20 },
	{ "net.inet.tcp.rx_memory", K_INT, &data_rx_max, 1, 1 << 20 },
	{ "net.inet.tcp.ecn", K_INT, &rec_ecn, 0, 2 },
	{ "net.inet.tcp.maxrtx", K_INT, &rec_data_retries, 1, 255 },
	{ "net.inet.tcp.sack", K_CONST, NULL, LWIP_TCP_SACK_OUT, 0 },
	{ "net.inet.tcp.window_scaling", K_CONST, NULL, LWIP_WND_SCALE, 0 },
	{ "net.inet.tcp.recvspace", K_CONST, NULL, TCP_WND, 0 },
	{ "net.inet.tcp.sendspace", K_CONST, NULL, TCP_SND_BUF, 0 },
	{ "net.inet.tcp.msl", K_CONST, NULL, TCP_MSL, 0 },
	{ "net.inet.tcp.rto", K_CONST, NULL, LWIP_TCP_RTO_TIME, 0 },
	{ "net.packet.ring_max", K_INT, &ring_max, 0, INT_MAX },
	{ "net.packet.ring_bytes", K_STAT, &ring_bytes, 0, 0 },
#define STAT(p, s, f) \
	{ "net." p ".stats." #f, K_STAT, &lwip_stats.s.f, 0, 0 }
#define PROTO(p, s) \
	STAT(p, s, xmit), STAT(p, s, recv), STAT(p, s, drop), \
	STAT(p, s, chkerr), STAT(p, s, lenerr), STAT(p, s, memerr), \
	STAT(p, s, rterr), STAT(p, s, proterr)
#define LOSS(f) \
	{ "net.inet.tcp.stats." #f, K_STAT, &rec_stats.f, 0, 0 }
	PROTO("inet.ip", ip),
	STAT("inet.ip", ip, fw),
	PROTO("inet.ipfrag", ip_frag),
	PROTO("inet.icmp", icmp),
	PROTO("inet.tcp", tcp),
	LOSS(rexmit), LOSS(timeouts), LOSS(recoveries), LOSS(tailprobes),
	LOSS(spurious), LOSS(reordered), LOSS(dsackin), LOSS(dsackout),
	LOSS(windowprobes), LOSS(keepprobes),
	LOSS(ecn), LOSS(cein), LOSS(ecncuts),
	PROTO("inet.udp", udp),
	PROTO("inet.arp", etharp),
	PROTO("inet6.ip6", ip6),
	STAT("inet6.ip6", ip6, fw),
	PROTO("inet6.ip6frag", ip6_frag),
	PROTO("inet6.icmp6", icmp6),
	PROTO("inet6.nd6", nd6),
};
#define NODES	(sizeof(tree) / sizeof(tree[0]))

static void show(const struct node *n, char *out, size_t size)
{
	switch (n->kind) {
	case K_INT:
		snprintf(out, size, "%d", __atomic_load_n((int *)n->var,
		    __ATOMIC_RELAXED));
		break;
	case K_PORT:
		snprintf(out, size, "%u", *(uint16_t *)n->var);
		break;
	case K_STAT:
		snprintf(out, size, "%u", (unsigned)*(STAT_COUNTER *)n->var);
		break;
	case K_HOSTNAME:
		snprintf(out, size, "%s", iface_hostname);
		break;
	case K_CONGCTL:
		snprintf(out, size, "%s", sockopt_default.congestion);
		break;
	case K_CONST:
		if (n->var)
			snprintf(out, size, "%s", (const char *)n->var);
		else
			snprintf(out, size, "%ld", n->min);
		break;
	}
}

static int set(const struct node *n, const char *value, char *out,
    size_t size)
{
	char *end;
	long v;

	if (n->kind == K_STAT || n->kind == K_CONST) {
		snprintf(out, size, "%s: cannot be set", n->name);
		return -EPERM;
	}
	if (n->kind == K_HOSTNAME) {
		iface_set_hostname(value);
		return 0;
	}
	if (n->kind == K_CONGCTL) {
		if (!sockopt_is_congestion(value))
			return -ENOENT;
		strcpy(sockopt_default.congestion, value);
		return 0;
	}
	errno = 0;
	v = strtol(value, &end, 0);
	if (!*value || *end || errno || v < n->min || v > n->max ||
	    (n->var == &port_first && v > port_last) ||
	    (n->var == &port_last && v < port_first)) {
		snprintf(out, size, "%s: %s is not in %ld to %ld", n->name,
		    value, n->min, n->max);
		return -EINVAL;
	}
	if (n->kind == K_PORT)
		*(uint16_t *)n->var = (uint16_t)v;
	else
		/* Some are read without the core lock. */
		__atomic_store_n((int *)n->var, (int)v, __ATOMIC_RELAXED);
	return 0;
}

int sysctl_request(char *arg, char *out, size_t size, uint32_t *len)
{
	char *value = strchr(arg, '=');
	int e = 0;

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < NODES; i++) {
		if (strcmp(tree[i].name, arg))
			continue;
		show(&tree[i], out, size);
		if (value)
			e = set(&tree[i], value, out, size);
		*len = (uint32_t)strlen(out);
		return e;
	}
	*len = (uint32_t)snprintf(out, size, "%.64s: no such name; "
	    "shmif sysctl -a lists all", arg);
	return -ENOENT;
}

bool sysctl_at(unsigned i, struct wire_sysctl *s)
{
	if (i >= NODES)
		return false;
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", tree[i].name);
	show(&tree[i], s->value, sizeof(s->value));
	s->writable = tree[i].kind != K_STAT && tree[i].kind != K_CONST;
	return true;
}
