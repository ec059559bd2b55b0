/* dump.h: lists of what the host has, as records in a memfd. */
#ifndef STACK_DUMP_H
#define STACK_DUMP_H

#include <stdint.h>

struct rights;
struct wire_req;

/* As WIRE_DUMP says, for who; *fd holds *count records.  0 or -errno. */
int dump(const struct wire_req *req, const struct rights *who, int *fd,
    uint64_t *count);

#endif
