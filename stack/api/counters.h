/* counters.h: all counters by name, ours and lwIP's. */
#ifndef STACK_COUNTERS_H
#define STACK_COUNTERS_H

#include <stdbool.h>

#include "stack/wire/wire.h"

/* The one whose name comes next after `after`, ""; false: it was the last. */
bool counters_next(const char *after, struct wire_counter *out);

#endif
