/*
 * wiped.h: memory of one process that a forked child finds empty.  No libc: for
 * signal handlers and vforked children as well.
 */
#ifndef STACK_WIPED_H
#define STACK_WIPED_H

#include <stddef.h>
#include <sys/mman.h>

#include "stack/wire/sys.h"

/*
 * *at: NULL in the beginning; whoever asks first puts it there, of size bytes,
 * all 0.  It is never freed.  Return: it, NULL: there is none to be had.
 */
static inline void *wiped_get(void **at, size_t size)
{
	void *p = __atomic_load_n(at, __ATOMIC_ACQUIRE), *none = NULL;
	long r;

	if (p)
		return p;
	r = SYS6(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r < 0 && r > -4096)
		return NULL;
	p = (void *)r;
	if (SYS3(SYS_madvise, p, size, MADV_WIPEONFORK) == 0 &&
	    __atomic_compare_exchange_n(at, &none, p, false,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return p;
	SYS2(SYS_munmap, p, size);
	return none;
}

#endif
