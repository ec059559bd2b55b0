/*
 * affinity.h: where the program runs, for its host to run there as well
 * (stack/core/affinity.h): the CPU's number, stored at each data call.
 */
#ifndef HIJACK_PLACE_H
#define HIJACK_PLACE_H

#include <stdint.h>
#include <sys/rseq.h>

#include "hijack/hijack.h"

/* Shared with the host; a word of our own before there is one. */
extern HJ_HIDDEN uint32_t *affinity_word;

/*
 * Map our word of the host's memory and close affinity_fd, if there is one.  A
 * child of fork() uses its parent's word; the host sees them take turns.
 */
struct client_hello;
HJ_HIDDEN void affinity_map(const struct client_hello *hello);

/* No system call, ever: glibc registers with the kernel, which keeps it. */
static inline void affinity_here(void)
{
	const struct rseq *r = (const struct rseq *)
	    ((const char *)__builtin_thread_pointer() + __rseq_offset);

	if (likely(__rseq_size))
		__atomic_store_n(__atomic_load_n(&affinity_word, __ATOMIC_RELAXED),
		    r->cpu_id, __ATOMIC_RELAXED);
}

#endif
