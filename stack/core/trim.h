/*
 * trim.h: memory goes back to the machine.
 *
 * What strangers and slow programs make a host keep is many small pieces.
 * Freed, they stay with malloc(3), between others that are still in use.
 */
#ifndef STACK_TRIM_H
#define STACK_TRIM_H

#include <stdint.h>

/*
 * Bytes that are kept from now on, negative: no longer; under the core lock.
 * Once most of what was there at most has gone, so has its memory.
 */
void trim_count(int64_t bytes);
void trim_init(void);

#endif
