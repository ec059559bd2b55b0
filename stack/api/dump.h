/* dump.h: lists of what the host has, as records in a memfd. */
#ifndef STACK_DUMP_H
#define STACK_DUMP_H

#include <stdint.h>

/* what: enum wire_dump; *fd holds *count records.  0 or -errno. */
int dump(int what, int *fd, uint64_t *count);

#endif
