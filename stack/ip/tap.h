/*
 * tap.h: the frames of all interfaces, for who listens: packet sockets.
 *
 * Drivers show each frame once as it came in, before lwIP has it, and once as
 * it goes out, when it is sure that it does.  With nobody there that is a
 * load and a branch.
 */
#ifndef STACK_TAP_H
#define STACK_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iface;
struct pbuf;

struct tap_listener {
	/*
	 * type 0: p begins with an Ethernet header; else it begins behind one,
	 * which would have had this type.
	 */
	void (*frame)(struct iface *f, const struct pbuf *p, uint16_t type,
	    bool out);
	/* The interface was set down, or is about to be destroyed. */
	void (*lost)(struct iface *f, bool gone);
};

/* NULL: nobody.  Under the core lock, as all here. */
extern const struct tap_listener *tap_listener;

static inline void tap_frame(struct iface *f, const struct pbuf *p,
    uint16_t type, bool out)
{
	if (__builtin_expect(tap_listener != NULL, 0))
		tap_listener->frame(f, p, type, out);
}

/*
 * Send an Ethernet frame as it is; p stays the caller's.
 * Return: 0, -ENOBUFS or -ENETDOWN.
 */
int tap_send(struct iface *f, struct pbuf *p);
/* Frames for others, too: as often off as on. */
void tap_promisc(struct iface *f, bool on);
/*
 * A frame that came in, in one piece: it is counted, shown (if show: else it
 * was already) and given to lwIP.  p goes with it.
 */
void tap_input(struct iface *f, struct pbuf *p, bool show);

#endif
