/*
 * fault.h: entries of an interface that make its frames fare badly.
 *
 * An interface with entries has a struct faults at iface.faults, which takes
 * the places of nif.linkoutput and nif.input; one without has neither, and
 * costs nothing.  A frame meets the first entry of its direction that
 * matches it, and no other.  All under the core lock.
 */
#ifndef STACK_FAULT_H
#define STACK_FAULT_H

#include <stdint.h>

#include "stack/fault/netem.h"
#include "stack/fault/queue.h"
#include "stack/ip/iface.h"
#include "stack/wire/wire.h"

struct filter;

/* An entry. */
struct fault {
	struct fault *next;
	struct faults *of;
	struct wire_fault conf;	/* with its counters */
	struct filter *filter;	/* NULL: all frames */
	int16_t *dist;
	struct wire_fault_addr *addr;	/* conf.naddr of them */
	struct netem model;
	struct queue queue;
	bool running;		/* its queue is being looked at */
};

/* An interface's. */
struct faults {
	struct iface_faults iface;	/* first */
	struct iface *f;
	/* In this order they count: what cuts the way comes first. */
	struct fault *first;
	netif_linkoutput_fn output;	/* the driver's */
	netif_input_fn input;		/* lwIP's */
};

/* path.c: frames on their way. */
err_t fault_output(struct netif *nif, struct pbuf *p);	/* nif.linkoutput */
err_t fault_input(struct pbuf *p, struct netif *nif);	/* nif.input */
err_t fault_loop(struct netif *nif, struct pbuf *p);
/* What waits goes on its way now. */
void fault_flush(struct fault *e);

/* match.c: does a frame meet the entry?  lo's begin behind their header. */
struct fault *fault_find(struct faults *l, int dir, const struct pbuf *p);

#endif
