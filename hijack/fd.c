/* fd.c: marks and hints: which fds need treatment; see fd.h. */
#include "hijack/fd.h"

#include "stack/wire/sys.h"

#define MARK_MAGIC	0x5a4d0000u
#define MARK_BITS	0xffffu

/* Low 32 bits: two for each fd.  High 32 bits: count of clearings. */
uint64_t fd_hint[FD_HINTS / FD_PER_WORD];

bool fd_recverr_used;

void fd_forget(int fd)
{
	uint64_t *word, old, want;

	if ((unsigned)fd >= FD_HINTS)
		return;
	word = &fd_hint[fd / FD_PER_WORD];
	old = __atomic_load_n(word, __ATOMIC_RELAXED);
	do {
		want = (old & ~((uint64_t)3 << fd % FD_PER_WORD * 2)) +
		    ((uint64_t)1 << 32);
	} while (!__atomic_compare_exchange_n(word, &old, want, true,
	    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/*
 * Note what the kernel said, unless the word changed since `seen`: then the
 * next call asks again.
 */
static void hint_set(int fd, uint64_t seen, uint64_t bits)
{
	uint64_t want = seen | bits << fd % FD_PER_WORD * 2;

	__atomic_compare_exchange_n(&fd_hint[fd / FD_PER_WORD], &seen, want,
	    false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

unsigned fd_mark_ask(int fd)
{
	uint64_t seen = 0;
	socklen_t len = sizeof(int);
	unsigned val;
	int err;

	/* acquire: the word is read before the kernel is asked */
	if ((unsigned)fd < FD_HINTS)
		seen = __atomic_load_n(&fd_hint[fd / FD_PER_WORD],
		    __ATOMIC_ACQUIRE);
	err = sys_getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &val, &len);
	if (err == 0 && (val & ~MARK_BITS) == MARK_MAGIC)
		return val & MARK_BITS;
	if ((unsigned)fd < FD_HINTS && err != -EBADF)
		hint_set(fd, seen, err ? FD_PLAIN : FD_PLAIN | FD_SOCKET);
	return 0;
}

void fd_mark_set(int fd, unsigned bits)
{
	unsigned val = bits ? MARK_MAGIC | bits : ~0u;

	sys_setsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &val, sizeof(val));
	fd_forget(fd);
}
