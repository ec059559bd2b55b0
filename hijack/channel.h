/*
 * channel.h: where replies come: sockets that are kept for that, on numbers
 * out of the program's way.  One made for each call would take a low number
 * for a moment, which other threads could see: one that they have just
 * closed would be open.
 */
#ifndef HIJACK_CHANNEL_H
#define HIJACK_CHANNEL_H

#include "hijack/hijack.h"

struct channel {
	int fd;			/* readable: the reply, or the end */
	uint64_t id;		/* for wire_req's reply */
	int slot;
};

/*
 * One for this caller alone, registered with the host over the control
 * connection ctl, of that cookie.
 * Return: false: none is to be had, go without.
 */
HJ_HIDDEN bool channel_take(struct channel *c, int ctl, uint64_t cookie);
/* Back to the others, its reply taken. */
HJ_HIDDEN void channel_give(struct channel *c);
/* Nobody will know whose reply comes: close it. */
HJ_HIDDEN void channel_drop(struct channel *c);

#endif
