/*
 * draw.c: a stock of random numbers; see draw.h.
 *
 * Each is taken out of memory that a forked child finds empty, by an exchange
 * for 0: so nobody gets it a second time, nor finds it there afterwards.
 */
#include "stack/wire/draw.h"

#include <sys/random.h>

#include "stack/wire/clock.h"
#include "stack/wire/sys.h"
#include "stack/wire/wiped.h"

#define STOCK	32	/* 256 bytes come whole: getrandom(2) */

struct stock {
	int64_t left;		/* at most; below 0 when many have asked */
	int filling;		/* by somebody; the others do without */
	uint64_t number[STOCK];	/* 0: taken */
	uint64_t fresh[STOCK];	/* as they come, of who is filling */
};

static void *stock;	/* struct stock */

/* Return: the number, or 0: there is none. */
static uint64_t take(struct stock *s)
{
	int64_t n = __atomic_fetch_sub(&s->left, 1, __ATOMIC_ACQUIRE);

	return n > 0 ? __atomic_exchange_n(&s->number[n - 1], 0,
	    __ATOMIC_RELAXED) : 0;
}

/* Whole: one who still holds an old place takes no half of a number. */
static void put(struct stock *s)
{
	for (int i = 0; i < STOCK; i++) {
		__atomic_store_n(&s->number[i], s->fresh[i], __ATOMIC_RELAXED);
		s->fresh[i] = 0;
	}
	__atomic_store_n(&s->left, STOCK, __ATOMIC_RELEASE);
}

static uint64_t fill_and_take(struct stock *s)
{
	if (__atomic_exchange_n(&s->filling, 1, __ATOMIC_ACQUIRE))
		return 0;
	if (__atomic_load_n(&s->left, __ATOMIC_RELAXED) <= 0 &&
	    SYS3(SYS_getrandom, s->fresh, sizeof(s->fresh),
	    GRND_NONBLOCK) == sizeof(s->fresh))
		put(s);
	__atomic_store_n(&s->filling, 0, __ATOMIC_RELEASE);
	return take(s);
}

uint64_t draw_number(void)
{
	struct stock *s = wiped_get(&stock, sizeof(*s));
	uint64_t r = s ? take(s) : 0;

	if (!r && s)
		r = fill_and_take(s);
	if (r || SYS3(SYS_getrandom, &r, sizeof(r), GRND_NONBLOCK) ==
	    sizeof(r))
		return r;
	/* The machine has only just started. */
	return clock_ns() * 0x9e3779b97f4a7c15u ^ (uintptr_t)&r;
}
