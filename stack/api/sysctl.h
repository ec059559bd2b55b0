/* sysctl.h: the tree of named settings and statistics. */
#ifndef STACK_SYSCTL_H
#define STACK_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

/*
 * arg is NAME or NAME=VALUE; out gets the value (the old one when setting).
 * 0, -ENOENT, -EPERM (read-only), -EINVAL (not in range, then out has text).
 */
int sysctl_request(char *arg, char *out, size_t size, uint32_t *len);
bool sysctl_at(unsigned i, struct wire_sysctl *s);

#endif
