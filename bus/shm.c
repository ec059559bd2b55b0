/*
 * shm.c: copying bytes that others may overwrite meanwhile.  That is a data
 * race by C's letter; who calls it uses nothing of what was copied before it
 * knows that there was none, or that it does no harm.  The thread sanitizer
 * gets copies it can tell from mistakes.
 */
#include "bus/shm.h"

#include <string.h>

#ifdef SHM_TSAN
static void copy_word(void *dst, const void *src, bool in)
{
	uint64_t w;

	if (in) {
		memcpy(&w, src, sizeof(w));
		__atomic_store_n((uint64_t *)dst, w, __ATOMIC_RELAXED);
	} else {
		w = __atomic_load_n((const uint64_t *)src, __ATOMIC_RELAXED);
		memcpy(dst, &w, sizeof(w));
	}
}

static void copy_shared(void *dst, const void *src, size_t n, bool in)
{
	uintptr_t shared = (uintptr_t)(in ? dst : src);
	uint8_t *d = dst;
	const uint8_t *s = src;
	size_t i = 0;

	while (i < n) {
		if ((shared + i) % 8 == 0 && n - i >= 8) {
			copy_word(d + i, s + i, in);
			i += 8;
			continue;
		}
		if (in)
			__atomic_store_n(&d[i], s[i], __ATOMIC_RELAXED);
		else
			d[i] = __atomic_load_n(&s[i], __ATOMIC_RELAXED);
		i++;
	}
}
#else
static inline void copy_shared(void *dst, const void *src, size_t n, bool in)
{
	(void)in;
	memcpy(dst, src, n);
}
#endif

void shm_copy_in(void *shared, const void *src, size_t n)
{
	bus_hook(NULL, 0);
	copy_shared(shared, src, n, true);
}

void shm_copy_out(void *dst, const void *shared, size_t n)
{
	bus_hook(NULL, 0);
	copy_shared(dst, shared, n, false);
}
