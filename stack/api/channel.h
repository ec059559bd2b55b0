/*
 * channel.h: where the replies to a program go without a socket of their own
 * for each; see WIRE_CHANNEL.
 */
#ifndef STACK_CHANNEL_H
#define STACK_CHANNEL_H

#include <stdint.h>

/* Those of one control connection; all zero: none. */
struct channels {
	struct channel *first;
	unsigned n;
};

/* One more, on fd, which is taken over, also if it cannot be had. */
void channel_add(struct channels *of, uint64_t id, int fd);
/* Its fd, still the channel's; -1: there is none of that id. */
int channel_fd(const struct channels *of, uint64_t id);
void channel_drop_all(struct channels *of);

#endif
