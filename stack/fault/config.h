/* config.h: entries are set, shown and cleared. */
#ifndef STACK_FAULT_CONFIG_H
#define STACK_FAULT_CONFIG_H

#include <stdbool.h>

#include "stack/wire/wire.h"

/*
 * WIRE_FAULT, with its file or -1, which stays the caller's; nothing changes
 * if it fails.  Return: 0 or -errno, with a line in rep if there is more to say.
 */
int fault_request(const struct wire_req *req, struct wire_rep *rep, int fd);

/* The i-th entry of all interfaces, and its addresses.  false: no more. */
bool fault_at(unsigned i, struct wire_fault *out,
    const struct wire_fault_addr **addr);

#endif
