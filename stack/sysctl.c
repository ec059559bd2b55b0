/* sysctl.c: the tree of named settings and statistics, one table. */
#include "stack/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/opt.h"
#include "lwip/stats.h"
#include "stack/iface.h"
#include "stack/port.h"
#include "stack/route.h"

enum kind { K_INT, K_PORT, K_STAT, K_CONST, K_HOSTNAME };

static const struct node {
	const char *name;
	enum kind kind;
	void *var;
	long min, max;		/* of a setting; the value of a constant */
} tree[] = {
	{ "kern.hostname", K_HOSTNAME, NULL, 0, 0 },
	{ "kern.ostype", K_CONST, (void *)"shmhijack", 0, 0 },
	{ "net.inet.ip.forwarding", K_INT, &route_forward4, 0, 1 },
	{ "net.inet.ip.ttl", K_CONST, NULL, IP_DEFAULT_TTL, 0 },
	{ "net.inet.ip.anonportmin", K_PORT, &port_first, 1024, 65535 },
	{ "net.inet.ip.anonportmax", K_PORT, &port_last, 1024, 65535 },
	{ "net.inet6.ip6.forwarding", K_INT, &route_forward6, 0, 1 },
	{ "net.inet6.ip6.hlim", K_CONST, NULL, IP_DEFAULT_TTL, 0 },
	{ "net.inet.tcp.recvspace", K_CONST, NULL, TCP_WND, 0 },
	{ "net.inet.tcp.sendspace", K_CONST, NULL, TCP_SND_BUF, 0 },
	{ "net.inet.tcp.msl", K_CONST, NULL, TCP_MSL, 0 },
	{ "net.inet.tcp.rto", K_CONST, NULL, LWIP_TCP_RTO_TIME, 0 },
#define PROTO(p, s) \
	{ "net.inet." p ".stats.xmit", K_STAT, &lwip_stats.s.xmit, 0, 0 }, \
	{ "net.inet." p ".stats.recv", K_STAT, &lwip_stats.s.recv, 0, 0 }, \
	{ "net.inet." p ".stats.drop", K_STAT, &lwip_stats.s.drop, 0, 0 }, \
	{ "net.inet." p ".stats.chkerr", K_STAT, &lwip_stats.s.chkerr, 0, 0 }, \
	{ "net.inet." p ".stats.lenerr", K_STAT, &lwip_stats.s.lenerr, 0, 0 }, \
	{ "net.inet." p ".stats.memerr", K_STAT, &lwip_stats.s.memerr, 0, 0 }, \
	{ "net.inet." p ".stats.rterr", K_STAT, &lwip_stats.s.rterr, 0, 0 }, \
	{ "net.inet." p ".stats.proterr", K_STAT, &lwip_stats.s.proterr, 0, 0 }
	PROTO("ip", ip),
	PROTO("icmp", icmp),
	PROTO("tcp", tcp),
	PROTO("udp", udp),
	PROTO("arp", etharp),
	PROTO("ip6", ip6),
	PROTO("icmp6", icmp6),
};
#define NODES	(sizeof(tree) / sizeof(tree[0]))

static void show(const struct node *n, char *out, size_t size)
{
	switch (n->kind) {
	case K_INT:
		snprintf(out, size, "%d", *(int *)n->var);
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

	if (n->kind == K_STAT || n->kind == K_CONST)
		return -EPERM;
	if (n->kind == K_HOSTNAME) {
		iface_set_hostname(value);
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
		*(int *)n->var = (int)v;
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
		*len = e && e != -EINVAL ? 0 : (uint32_t)strlen(out);
		return e;
	}
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
