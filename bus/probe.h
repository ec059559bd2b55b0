/*
 * probe.h: does somebody have an address?  Asked by ARP as in RFC 5227, but
 * five times as fast: on a bus, and over a bridge, answers take no seconds.
 */
#ifndef BUS_PROBE_H
#define BUS_PROBE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_NUM	3	/* asked so many times */
#define PROBE_MS	200	/* after each; RFC 5227: 1 to 2 s */
#define PROBE_FRAME	42u	/* bytes */

/* One at a time: by who asks, and the thread that receives. */
struct probe {
	_Atomic uint32_t ip4;	/* as in a frame; 0: nothing is asked */
	atomic_bool taken;
	uint8_t mac[6];		/* who asks */
};

void probe_begin(struct probe *p, const uint8_t ip4[static 4],
    const uint8_t mac[static 6]);
void probe_frame(const struct probe *p, uint8_t frame[static PROBE_FRAME]);
/* A frame came in. */
void probe_see(struct probe *p, const uint8_t *frame, size_t len);
/* Return: whether nobody has it. */
bool probe_end(struct probe *p);

#endif
