/*
 * iface.h: the network interfaces of the virtual host: lo, shmifN, virtN, vdeN;
 * which there are, and what their drivers do.  Changes are ifconfig.h's.
 */
#ifndef STACK_IFACE_H
#define STACK_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/netif.h"
#include "stack/wire/wire.h"

#define IFACE_ERRLEN	640	/* a path and a sentence */

struct iface;

/*
 * What a kind of interface does; 0 or -errno with one line in err.
 *
 * Life: attach() once, then any number of link()/unlink() pairs where the kind
 * is linked to something, then detach().  All is called under the core lock.
 * The driver owns iface.priv and gives received frames to nif.input; frames
 * come to nif.linkoutput.  When it had no room for one (ERR_WOULDBLOCK), it
 * calls iface_tx_ready() once there is some.
 */
struct iface_driver {
	const char *kind;	/* also the name's stem */
	bool loopback;
	bool large;		/* linkoutput knows of pbuf.seg_size */
	bool vnl;		/* it is linked to a VNL, not to a path */
	/* Prepare f->nif (hwaddr, mtu, flags, linkoutput). */
	int (*attach)(struct iface *f, char err[static IFACE_ERRLEN]);
	/* May let go of the core lock while it waits for its thread. */
	void (*detach)(struct iface *f);
	/*
	 * Both NULL where nothing is to be linked.  -EINPROGRESS: to be called
	 * again with the same words, until it is decided.
	 */
	int (*link)(struct iface *f, const char *path,
	    char err[static IFACE_ERRLEN]);
	void (*unlink)(struct iface *f);
	/* May this address be ours? -EADDRINUSE */
	int (*check_addr)(struct iface *f, const struct wire_ifaddr *a,
	    char err[static IFACE_ERRLEN]);
	void (*addrs_changed)(struct iface *f);
	/* The address that comes by itself (bus slot); -ENXIO */
	int (*auto_addr)(struct iface *f, struct wire_ifaddr *a);
	int (*set_mac)(struct iface *f, const uint8_t mac[static 6]);
	/* Tell others the host's name; -EADDRINUSE: another host's. */
	int (*take_name)(struct iface *f, const char *name);
	void (*fill_link)(struct iface *f, struct wire_link *l);
	void (*set_promisc)(struct iface *f);	/* f->promisc is (not) zero */
	/* In a forked child: let go of fds the loop does not watch. */
	void (*in_child)(struct iface *f);
	/* The most that it can carry, of what it is linked to; NULL: any. */
	uint32_t (*mtu_max)(const struct iface *f);
	/*
	 * In between, frames of one stream may be held back, to be joined to a
	 * large segment (bus/gso.h): for the time of one tcp_output(), or of a
	 * program's datagrams that are there.
	 */
	void (*batch_begin)(struct iface *f);
	void (*batch_end)(struct iface *f);
	/* Addresses of the member of that name into rep; 0 or -ENOENT. */
	int (*resolve)(struct iface *f, const char *name,
	    struct wire_rep *rep);
	/* Name of the member with that address into rep; 0 or -ENOENT. */
	int (*name_of)(struct iface *f, const struct wire_ifaddr *a,
	    struct wire_rep *rep);
	/* Every name of a member, with each of its addresses. */
	void (*names)(struct iface *f, void (*put)(void *arg, const char *name,
	    const struct wire_ifaddr *a), void *arg);
};

/* Further IPv4 addresses: lwIP has one a netif, so each brings a netif. */
struct iface_alias {
	struct iface_alias *next;
	struct netif nif;
	char label[WIRE_NAMELEN];	/* "shmif0:1", or "" */
};

/*
 * What stands between lwIP and the driver: stack/fault/, in nif.linkoutput's
 * and nif.input's place.  With `in`, drivers give each frame to nif.input by
 * itself, none as part of a large segment.
 */
struct iface_faults {
	/* In loopback_send()'s place. */
	err_t (*loop)(struct netif *nif, struct pbuf *p);
	/* The interface is about to go. */
	void (*gone)(struct iface *f);
	bool netem;		/* all frames that go out meet one entry */
	bool in;		/* there are entries for frames that come in */
	/*
	 * There are entries that damage frames.  What leaves together may not
	 * be joined then: of several, all would be lost with one, and two sums
	 * that are wrong could make one that is right.
	 */
	bool damages;
};

/* nif.state points back here, for aliases too. */
struct iface {
	struct netif nif;	/* has the first IPv4 and all IPv6 addresses */
	struct iface *next;
	const struct iface_driver *driver;
	void *priv;		/* the driver's */
	unsigned unit;
	char name[WIRE_NAMELEN];
	char linkstr[512];	/* "" : not linked */
	struct iface_alias *aliases;
	uint8_t plen6[LWIP_IPV6_NUM_ADDRESSES];
	bool mtu_set, mac_set;	/* chosen by the user */
	unsigned ra_wait, ra_count;	/* rtadv.c's: s to go, sent so far */
	struct iface_faults *faults;	/* NULL: none */
	unsigned promisc;	/* who wants to see frames for others; tap.h */
	uint32_t asked;		/* of WIRE_IF_ASKED, by a user */
	uint8_t want_ip4[4];	/* hint for the bus: the slot of this address */
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_multicast;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
};

void iface_in_child(void);	/* the interfaces are the parent's */
void iface_insert(struct iface *f);
void iface_remove(struct iface *f);

struct iface *iface_next(struct iface *f);	/* NULL to NULL, by index */
struct iface *iface_find(const char *name);
struct iface *iface_by_index(uint32_t ifindex);
struct netif *iface_by_name(const char *name);
void iface_name(const struct netif *nif, char name[static WIRE_NAMELEN]);
uint32_t iface_index(const struct netif *nif);
bool iface_is_loopback(const struct iface *f);
bool iface_is_linked(const struct iface *f);	/* or needs no link */
/* ifaddr.c: the addresses; which one to use. */
/* The i-th; false after the last. */
bool iface_addr_at(struct iface *f, unsigned i, struct wire_ifaddr *a);
bool iface_has_addr(const struct wire_addr *a);
struct iface *iface_of_addr(const struct wire_addr *a);
/* The netif (main or alias) whose network has the next hop. */
struct netif *iface_netif_for(struct iface *f, const struct wire_addr *hop);
/* The address to use as source towards peer. */
int iface_source(struct iface *f, struct netif *nif,
    const struct wire_addr *peer, struct wire_addr *src);

/* ARP for an alias is its netif's; for a driver's input. */
struct netif *iface_arp_target(struct iface *f, const uint8_t *frame,
    size_t len);
void iface_fill_link(struct iface *f, struct wire_link *l);

/* The host's name, as others see it on a bus. */
extern char iface_hostname[64];
/*
 * What the host shall be called.  While another on one of its buses has that
 * name it is NAME-2, or NAME-3 and so on, with a line on stderr.
 */
void iface_set_hostname(const char *name);
bool iface_is_named(void);	/* or has the machine's name */
/* Once more, after a link to another bus. */
void iface_claim_hostname(void);
/* Where it serves, announced as well; "" as long as it does not. */
extern char iface_server[128];
void iface_set_server(const char *path);

/*
 * Drivers: there is room again after ERR_WOULDBLOCK.  fn is whoever waits for
 * that, one for the host.
 */
void iface_tx_ready(void);
void iface_on_tx_ready(void (*fn)(void));
/* batch_begin and batch_end of all drivers. */
void iface_batch_begin(void);
void iface_batch_end(void);
extern int iface_tso;		/* sysctl: whether to join segments */
/*
 * datagrams.c: does one socket, and nobody else, get the datagrams from there
 * to that address of ours?
 */
bool iface_takes_datagrams(const struct wire_addr *from,
    const struct wire_addr *to);
extern unsigned iface_raw_udp;	/* raw sockets that get all datagrams */
/*
 * Bytes of messages, since the start, that came when a program had not read
 * those before; for drivers to compare.
 */
extern uint64_t iface_rx_behind;

#endif
