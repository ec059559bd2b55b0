/*
 * pcapng.h: blocks of a capture file in the pcapng format: libpcap reads it and
 * cannot write it.  Integers are in this machine's order, which the file tells.
 */
#ifndef STACK_CTL_PCAPNG_H
#define STACK_CTL_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bus/bus.h"

/* The first block of a file. */
void pcapng_begin(FILE *to);

/* Who is captured from; the first in a file is interface 0. */
struct pcapng_iface {
	const char *name, *description;
	const uint8_t *mac;		/* NULL: not known */
	const struct bus_addr *addr;	/* those with a family */
	size_t num_addrs;
};
void pcapng_interface(FILE *to, uint32_t snaplen,
    const struct pcapng_iface *i);

struct pcapng_packet {
	uint32_t iface;
	uint64_t when_ns;
	const uint8_t *bytes;
	uint32_t caplen, len;	/* bytes that there are, and were */
	uint64_t dropped;	/* packets lost before this one */
	const char *const *comment;
	size_t num_comments;
};
void pcapng_packet(FILE *to, const struct pcapng_packet *p);

#endif
