/* counter.c: the counters of all files; see counter.h. */
#include "stack/core/counter.h"

#include <stddef.h>
#include <string.h>

/* Made by the linker, since the section's name is one of C. */
#define LINKERS	__attribute__((weak, visibility("hidden")))
extern struct counter *const __start_shmif_counter[] LINKERS;
extern struct counter *const __stop_shmif_counter[] LINKERS;

const struct counter *counter_at(unsigned i)
{
	/* cppcheck-suppress comparePointers ; both ends of one array */
	size_t n = (size_t)(__stop_shmif_counter - __start_shmif_counter);

	return i < n ? __start_shmif_counter[i] : NULL;
}

uint64_t counter_value(const char *name)
{
	const struct counter *c;
	uint64_t sum = 0;

	for (unsigned i = 0; (c = counter_at(i)); i++)
		if (!strcmp(c->name, name))
			sum += __atomic_load_n(&c->n, __ATOMIC_RELAXED);
	return sum;
}
