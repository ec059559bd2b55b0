/*
 * futex.c: the system call that members sleep in, and waking them.
 */
#include "bus/handle.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Not FUTEX_PRIVATE_FLAG: others map the same file elsewhere. */
int bus_futex_wait(shm_u32 *word, uint32_t val, uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / 1000000000ull,
		.tv_nsec = ns % 1000000000ull,
	};

	bus_hook(NULL, 0);
	return syscall(SYS_futex, word, FUTEX_WAIT, val, &ts, NULL, 0) < 0 ?
	    -errno : 0;
}

void bus_futex_wake(shm_u32 *word)
{
	int saved = errno;

	bus_hook(NULL, 0);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
	errno = saved;
}

void bus_wake_slot(struct native *b, unsigned slot)
{
	shm_u32 *word = map_wake_word(&b->map, slot);

	shm_add32(word, 1);
	bus_futex_wake(word);
}

void bus_wake_full(struct native *b)
{
	uint64_t set;

	for (int w = 0; w < BUS_WORDS; w++) {
		if (!map_set_word(&b->map, MAP_FULL, w))
			continue;
		set = map_set_take(&b->map, MAP_FULL, w);
		for (; set; set &= set - 1)
			bus_wake_slot(b, w * 64 + __builtin_ctzll(set));
	}
}
