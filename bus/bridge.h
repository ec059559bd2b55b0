/*
 * bridge.h: a bridge makes one Ethernet of a bus and another one: a second bus,
 * or a cable that leads to a bus on another machine.
 *
 * It is a member of its buses like others, but hears what is for no member.
 * It learns which MAC is on which side, tells other bridges who is there, and
 * puts up what they tell as guests of its buses (bus_host()).
 */
#ifndef BUS_BRIDGE_H
#define BUS_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"
#include "bus/plug.h"

/* Its two sides; all of it is the caller's, and outlives the bridge. */
struct bus_ends {
	struct bus *bus[2];	/* the second NULL: the plug */
	const struct bus_plug *plug;
	const char *name[2];	/* for lines, and for others on the buses */
	void (*say)(const char *line);	/* for what the user should know */
};

struct bus_bridge;		/* opaque, freed by bus_bridge_close() */

/*
 * Become a member of the buses.
 * Return: 0 and *out, or -errno with one line in err: -EEXIST: there is a
 * bridge between these two.
 */
int bus_bridge_open(struct bus_bridge **out, const struct bus_ends *ends,
    char err[static BUS_ERRLEN]);
/*
 * Pass frames until bus_bridge_stop().  ready: called once it does.
 * Return: 0, or -errno with one line in err: -ELOOP: what it sends comes back
 * to it, -EPIPE: the cable has come to its end, -EIO: a bus is broken.
 */
int bus_bridge_run(struct bus_bridge *br, void (*ready)(void *arg), void *arg,
    char err[static BUS_ERRLEN]);
/* From any thread or signal handler. */
void bus_bridge_stop(struct bus_bridge *br);
/*
 * Leaves the buses, which are the caller's to close.  Return: false if a thread
 * is still in the plug: then all that the bridge was given has to stay.
 */
bool bus_bridge_close(struct bus_bridge *br);

#endif
