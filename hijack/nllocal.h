/*
 * nllocal.h: the routes that Linux makes of a host's addresses: the table
 * "local", and the ways to link-local addresses in the table "main".  A virtual
 * host needs none of them; they are shown to those who look there.
 */
#ifndef HIJACK_NLLOCAL_H
#define HIJACK_NLLOCAL_H

#include "hijack/hijack.h"
#include "stack/wire/nlmsg.h"
#include "stack/wire/wire.h"

/* One of them. */
struct nllocal {
	uint8_t family;
	uint8_t type;		/* RTN_ */
	uint8_t plen;
	uint8_t table;		/* RT_TABLE_ */
	uint32_t metric;
	uint32_t oif;
	char ifname[WIRE_NAMELEN];	/* of that interface; IPv4: or a label */
	uint8_t dst[16];
	uint8_t src[16];	/* zeros: none goes with it */
};

/*
 * Call each for every one of a family or (AF_UNSPEC) of both.  Of an interface
 * that is down there are its IPv4 addresses only.  Return: 0 or -errno.
 */
HJ_HIDDEN int nllocal_each(int family, void (*each)(void *arg,
    const struct nllocal *r), void *arg);
/* Those of one table, or (RT_TABLE_UNSPEC) of both.  Return: 0 or -errno. */
HJ_HIDDEN int nllocal_list(struct nlmsg_out *o, int family, uint32_t table);
/*
 * The way to dst, if it is by one of them; oif: the interface that was asked
 * for, or 0.  Return: 0, -ENOENT if it is by none, or -errno.
 */
HJ_HIDDEN int nllocal_to(struct nlmsg_out *o, int family, const void *dst,
    uint32_t oif);

#endif
