/* spec.h: the interface specifications and routes of a command line. */
#ifndef STACK_SPEC_H
#define STACK_SPEC_H

#include <stdbool.h>

#include "stack/ip/iface.h"
#include "stack/wire/wire.h"

#define SPEC_ADDRS 16

/*
 * shmif0=BUS[,ADDR/PLEN]...[,mtu=N][,mac=M][,name=HOST], virt0[,...],
 * vde0[,...]=VNL
 */
struct spec {
	char iface[WIRE_NAMELEN];
	char link[512];		/* bus or VNL */
	struct wire_ifaddr addr[SPEC_ADDRS];
	int naddr;
	uint32_t mtu;		/* 0: the bus's */
	uint8_t mac[6];
	bool has_mac;
	bool inherited;		/* addr: who left may have lost it to others */
	char name[64];
};

/* 0 or -EINVAL with one line in err. */
int spec_parse(struct spec *s, const char *text,
    char err[static IFACE_ERRLEN]);
/* DEST[/PLEN]=GW or default=GW */
int spec_parse_route(struct wire_route *r, const char *text,
    char err[static IFACE_ERRLEN]);
/*
 * What an interface is linked to, as its user calls it: the path of a bus, for
 * vdeN a VNL.  0 or -errno with one line in err.
 */
int spec_link_name(char *dst, size_t size, const char *iface, const char *name,
    char err[static IFACE_ERRLEN]);
/* Make the interface; under the core lock. */
int spec_apply(struct spec *s, char err[static IFACE_ERRLEN]);

#endif
