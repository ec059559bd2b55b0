/* sockopt.c: what the options of a new socket are; see sockopt.h. */
#include "stack/sock/sockopt.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct sockopt_default sockopt_default = {
	.ttl = 64, .hops = 64,
	.keepidle = 7200, .keepintvl = 75, .keepcnt = 9, .syncnt = 6,
	.congestion = "bbr",
};

int sockopt_rmem_max = 4 << 20;

bool sockopt_is_congestion(const char *name)
{
	return !strcmp(name, "reno") || !strcmp(name, "cubic") ||
	    !strcmp(name, "bbr");
}

void sockopt_init(struct sock_opts *o, int domain, int type, int protocol)
{
	bool stream = type == SOCK_STREAM;

	memset(o, 0, sizeof(*o));
	o->sndbuf = stream ? 16384 : 212992;
	o->rcvbuf = stream ? 131072 : 212992;
	/* Ports mean nothing to those: they all share one. */
	o->reuseaddr = !stream && (type == SOCK_RAW || protocol != IPPROTO_UDP);
	o->rcvlowat = 1;
	o->peek_off = -1;
	o->incoming_cpu = -1;
	o->keepidle = sockopt_default.keepidle;
	o->keepintvl = sockopt_default.keepintvl;
	o->keepcnt = sockopt_default.keepcnt;
	o->syncnt = sockopt_default.syncnt;
	o->nodelay = stream && sockopt_default.nodelay;
	o->linger2 = 60;
	o->quickack = 1;
	o->ttl = sockopt_default.ttl;
	o->mtu_discover = 1;
	o->mc_ttl = 1;
	o->mc_loop = 1;
	o->mc_all = domain == AF_INET;
	o->mc_all6 = 1;
	o->hops = sockopt_default.hops;
	o->mc_hops = 1;
	o->mc_loop6 = 1;
	o->mtu_discover6 = 1;
	o->checksum6 = protocol == IPPROTO_ICMPV6 ? 2 : -1;
	o->autoflowlabel = 1;
	o->addr_prefs = 0x500;
	o->v6only = protocol == IPPROTO_ICMPV6 && type == SOCK_DGRAM;
	strcpy(o->congestion, sockopt_default.congestion);
	/* Linux's IPPROTO_RAW sockets bring their header. */
	o->hdrincl = type == SOCK_RAW && protocol == IPPROTO_RAW;
}
