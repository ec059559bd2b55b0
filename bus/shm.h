/*
 * shm.h: words in memory that others may change at any time.
 *
 * A word is a struct, so that nothing but these functions can read or write
 * it: what is read is a local from then on, read once.  Only map.h and
 * ring.[ch] call them, and check there; see map.h.
 *
 * The tests build the bus with BUS_HOOK: bus_hook() then runs before each
 * access, where it may end or stop the process, and gives the value that a
 * load shall have seen.
 */
#ifndef BUS_SHM_H
#define BUS_SHM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { _Atomic uint64_t shared; } shm_u64;
typedef struct { _Atomic uint32_t shared; } shm_u32;

#ifdef BUS_HOOK
uint64_t bus_hook(const volatile void *at, uint64_t seen);
#else
static inline uint64_t bus_hook(const volatile void *at, uint64_t seen)
{
	(void)at;
	return seen;
}
#endif

/* Without a suffix: sequentially consistent, as all that says no reason. */
#define SHM_WORD(bits) \
static inline uint##bits##_t shm_get##bits(const shm_u##bits *w, \
    memory_order order) \
{ \
	return (uint##bits##_t)bus_hook(w, \
	    atomic_load_explicit(&w->shared, order)); \
} \
static inline void shm_put##bits(shm_u##bits *w, uint##bits##_t v, \
    memory_order order) \
{ \
	bus_hook(NULL, 0); \
	atomic_store_explicit(&w->shared, v, order); \
} \
static inline uint##bits##_t shm_load##bits(const shm_u##bits *w) \
{ \
	return shm_get##bits(w, memory_order_seq_cst); \
} \
static inline void shm_store##bits(shm_u##bits *w, uint##bits##_t v) \
{ \
	shm_put##bits(w, v, memory_order_seq_cst); \
} \
/* *was becomes what was there, if it was something else. */ \
static inline bool shm_cas##bits(shm_u##bits *w, uint##bits##_t *was, \
    uint##bits##_t v) \
{ \
	bool done; \
\
	bus_hook(NULL, 0); \
	done = atomic_compare_exchange_strong(&w->shared, was, v); \
	if (!done) \
		*was = (uint##bits##_t)bus_hook(w, *was); \
	return done; \
}

#if defined(__SANITIZE_THREAD__)
#define SHM_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SHM_TSAN 1
#endif
#endif

/* Bytes, that may change while they are copied; see shm.c. */
void shm_copy_in(void *shared, const void *src, size_t n);
void shm_copy_out(void *dst, const void *shared, size_t n);

SHM_WORD(64)
SHM_WORD(32)

static inline uint64_t shm_swap64(shm_u64 *w, uint64_t v)
{
	bus_hook(NULL, 0);
	return bus_hook(w, atomic_exchange(&w->shared, v));
}

static inline void shm_or64(shm_u64 *w, uint64_t bits)
{
	bus_hook(NULL, 0);
	atomic_fetch_or(&w->shared, bits);
}

static inline void shm_clear64(shm_u64 *w, uint64_t bits)
{
	bus_hook(NULL, 0);
	atomic_fetch_and(&w->shared, ~bits);
}

static inline void shm_add32(shm_u32 *w, uint32_t n)
{
	bus_hook(NULL, 0);
	atomic_fetch_add(&w->shared, n);
}

#endif
