/* sigbus.h: mappings that outlive the truncation of their file. */
#ifndef BUS_SIGBUS_H
#define BUS_SIGBUS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From now on a fault in [base, base + len) maps zero pages there and sets
 * *broken.  Return: 0, or -EMFILE if the table is full.
 */
int bus_guard_add(void *base, size_t len, _Atomic bool *broken);
void bus_guard_del(void *base);

#endif
