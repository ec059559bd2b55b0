/* dump.h: the virtual host's tables: interfaces, addresses, routes. */
#ifndef HIJACK_DUMP_H
#define HIJACK_DUMP_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

/*
 * A table as it is now, as a file of records.
 * Return: its fd, to be closed with sys_close(), and *count, or -errno.
 */
HJ_HIDDEN int dump_open(enum wire_dump what, unsigned *count);
/* Copy record i of `size` bytes. Return: false if it is not there. */
HJ_HIDDEN bool dump_get(int fd, unsigned i, void *rec, size_t size);

/*
 * One interface, by name, which may be that of an alias ("shmif0:1"), or
 * (name NULL) by index.  Return: 0 or -ENODEV...
 */
HJ_HIDDEN int dump_link(const char *name, unsigned index,
    struct wire_link *out);

/*
 * The neighbour with n's family, ip and (unless 0) ifindex into n.
 * Return: 0 or -ENOENT...
 */
HJ_HIDDEN int dump_neigh(struct wire_neigh *n);

/* The number that a setting of the host has; 0 if it has none of that name. */
HJ_HIDDEN long dump_setting(const char *name);

#endif
