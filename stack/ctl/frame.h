/* frame.h: what an Ethernet frame says, and one line of text about it. */
#ifndef STACK_CTL_FRAME_H
#define STACK_CTL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Describe the n captured bytes of a frame that was len bytes long: addresses,
 * protocol, and what the protocol says.  Every field is checked against n.
 */
void frame_describe(char *dst, size_t size, const uint8_t *p, size_t n,
    size_t len);

/* What is behind the IP headers of a frame; it points into the frame. */
struct frame_ip {
	int family;
	const uint8_t *src, *dst;	/* addresses */
	unsigned proto;
	bool first;		/* no later fragment */
	const uint8_t *p;	/* that protocol's header */
	size_t n;		/* bytes that are there of it and its data */
	size_t payload;		/* and that the headers announce */
};

/* Return: false if the n bytes are no frame with an IP packet in it. */
bool frame_ip(struct frame_ip *ip, const uint8_t *p, size_t n);

/* Of TCP or UDP, with its ports in the first four bytes? */
static inline bool frame_has_ports(const struct frame_ip *ip)
{
	return ip->first && ip->n >= 4 && (ip->proto == 6 || ip->proto == 17);
}

#endif
