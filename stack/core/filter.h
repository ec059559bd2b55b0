/* filter.h: programs that choose packets: SO_ATTACH_FILTER. */
#ifndef STACK_FILTER_H
#define STACK_FILTER_H

#include <stddef.h>
#include <stdint.h>

struct filter;

/*
 * n instructions are read of file fd, checked and taken.
 * Return: 0 and *out, or -errno: -EINVAL: no valid program; -ENOPROTOOPT: it
 * asks for what only Linux knows, or there is no libpcap: who asks can filter
 * by himself.
 */
int filter_new(struct filter **out, int fd, uint32_t n);
void filter_free(struct filter *f);
/* How many of the bytes are wanted; 0: the packet is not.  f may be NULL. */
size_t filter_run(const struct filter *f, const void *packet, size_t len);

#endif
