/* trim.c: memory goes back to the machine; see trim.h. */
#include "stack/core/trim.h"

#include <malloc.h>
#include <stdbool.h>

#include "stack/core/core.h"

#define WORTH	(8 << 20)	/* bytes */

static int64_t kept, most;	/* now, and at most since the last time */

void trim_count(int64_t bytes)
{
	kept += bytes;
	if (kept > most)
		most = kept;
}

static bool needed(void)
{
	return most > WORTH && kept < most / 4;
}

static void trim(void)
{
	most = kept;
	malloc_trim(0);
}

void trim_init(void)
{
	static struct core_timer timer = {
		.fn = trim, .needed = needed, .period = 1000,
	};

	core_timer_add(&timer);
}
