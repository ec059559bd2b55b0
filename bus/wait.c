/*
 * wait.c: sleeping on the bus.  Every sleep is cut into slices: a writer may
 * have died between ending our idleness and the system call that wakes, and a
 * truncated file wakes nobody.
 */
#include "bus/handle.h"
#include "stack/wire/clock.h"

#include <errno.h>

#define SLICE_NS	(500 * CLOCK_NS_MS)
#define FULL_NS		(10 * CLOCK_NS_MS)	/* after -EAGAIN */

int spin_max_us = SPIN_DEFAULT_US;

void bus_set_spin(unsigned us)
{
	__atomic_store_n(&spin_max_us, (int)us, __ATOMIC_RELAXED);
}

static bool has_news(void *arg)
{
	struct native *b = arg;

	return atomic_load(&b->kicked) || native_peek(&b->bus) != 0;
}

/* Poll for a while before the sleep, if that paid off lately. */
static bool spin(struct native *b)
{
	return b->slot >= 0 && spin_until(&b->spin, has_news, b);
}

/* Return: 1 if there is no need to sleep, 0, -EIO, -ESTALE. */
static int ready(struct native *b)
{
	ssize_t n;

	if (!bus_ok(b))
		return -EIO;
	if (atomic_load(&b->kicked)) {
		atomic_store(&b->kicked, 0);
		return 1;
	}
	if (b->slot < 0)
		return 0;
	if (!bus_mine(b))
		return -ESTALE;
	n = native_peek(&b->bus);
	if (n != 0)
		return n < 0 ? n : 1;
	/* Whoever makes room takes us from the set, perhaps long ago. */
	if (atomic_load(&b->full) && !map_set_has(&b->map, MAP_FULL, b->slot)) {
		atomic_store(&b->full, 0);
		return 1;
	}
	return 0;
}

/* Return: 0: woken or to be looked at again, 1: there may be room, -errno. */
static int nap(struct native *b, shm_u32 *word, uint32_t val, uint64_t left)
{
	bool full = b->slot >= 0 && atomic_load(&b->full);
	uint64_t ns = full ? FULL_NS : SLICE_NS;
	int r;

	r = bus_futex_wait(word, val, left < ns ? left : ns);
	if (r == -EFAULT)
		return bus_set_broken(b);
	if (!full || r == -EINTR)
		return 0;
	atomic_store(&b->full, 0);
	return 1;
}

static shm_u32 *own_word(struct native *b)
{
	return b->slot >= 0 ? map_wake_word(&b->map, b->slot) : &b->word;
}

static int wait_until(struct native *b, uint64_t deadline)
{
	shm_u32 *word = own_word(b);
	uint64_t now;
	uint32_t val;
	int r;

	for (;;) {
		/* Read first: whatever happens from here on changes it. */
		val = map_word(word);
		r = ready(b);
		if (r != 0)
			return r < 0 ? r : 0;
		now = clock_ns();
		if (now >= deadline)
			return -ETIMEDOUT;
		if (spin(b) || (b->slot >= 0 && !bus_go_idle(b)))
			continue;
		now = clock_ns();
		r = nap(b, word, val, deadline - now);
		spin_slept(&b->spin, clock_ns() - now);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

int native_wait(struct bus *bus, int timeout_ms)
{
	struct native *b = native_of(bus);
	uint64_t deadline = UINT64_MAX;
	int r;

	if (timeout_ms >= 0)
		deadline = clock_ns() + timeout_ms * CLOCK_NS_MS;
	/* Before anything is looked at, see bus_kick and bus_send. */
	atomic_store(&b->sleeping, 1);
	r = wait_until(b, deadline);
	atomic_store(&b->sleeping, 0);
	return r;
}

void native_kick(struct bus *bus)
{
	struct native *b = native_of(bus);
	shm_u32 *word = own_word(b);

	atomic_store(&b->kicked, 1);
	if (!atomic_load(&b->sleeping))
		return;
	shm_add32(word, 1);
	bus_futex_wake(word);
}
