/* fd.c: marks and hints: which fds need treatment; see fd.h. */
#include "hijack/fd.h"

#include <sys/resource.h>

#include "hijack/plug.h"
#include "stack/wire/sys.h"

#define MARK_MAGIC	0x5a4d0000u
#define SILENT_MAGIC	0x5a530000u
#define MARK_BITS	0xffffu

/* Low 32 bits: two for each fd.  High 32 bits: count of clearings. */
uint64_t fd_hint[FD_HINTS / FD_PER_WORD];

bool fd_recverr_used;

/* Instead of what was known.  Return: the word now. */
static uint64_t hint_begin(int fd, uint64_t bits)
{
	uint64_t *word, old, want;

	if ((unsigned)fd >= FD_HINTS)
		return 0;
	word = &fd_hint[fd / FD_PER_WORD];
	old = __atomic_load_n(word, __ATOMIC_RELAXED);
	do {
		want = (old & ~((uint64_t)3 << fd % FD_PER_WORD * 2)) +
		    ((uint64_t)1 << 32);
		want |= bits << fd % FD_PER_WORD * 2;
	} while (!__atomic_compare_exchange_n(word, &old, want, true,
	    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	return want;
}

void fd_forget(int fd)
{
	hint_begin(fd, 0);
}

void fd_is_plain(int fd)
{
	hint_begin(fd, FD_PLAIN | FD_SOCKET);
}

/*
 * Note what the kernel said, unless the word changed since `seen`: then the
 * next call asks again.
 */
static void hint_set(int fd, uint64_t seen, uint64_t bits)
{
	uint64_t want = seen | bits << fd % FD_PER_WORD * 2;

	if ((unsigned)fd < FD_HINTS)
		__atomic_compare_exchange_n(&fd_hint[fd / FD_PER_WORD], &seen,
		    want, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static int mark_get(int fd, unsigned *val)
{
	socklen_t len = sizeof(*val);

	return sys_getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, val, &len);
}

static int mark_put(int fd, unsigned val)
{
	return sys_setsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &val,
	    sizeof(val));
}

/* The plug is gone, one way or the other: the attempt to connect is over. */
static bool attempt_over(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return sys_poll(&p, 1, 0) > 0;
}

unsigned fd_mark_silent(int fd)
{
	unsigned val;

	if (mark_get(fd, &val) || ((val & ~MARK_BITS) != MARK_MAGIC &&
	    (val & ~MARK_BITS) != SILENT_MAGIC))
		return 0;
	return val & MARK_BITS;
}

unsigned fd_mark_ask(int fd)
{
	uint64_t seen = 0;
	unsigned val;
	int err;

	/* acquire: the word is read before the kernel is asked */
	if ((unsigned)fd < FD_HINTS)
		seen = __atomic_load_n(&fd_hint[fd / FD_PER_WORD],
		    __ATOMIC_ACQUIRE);
	err = mark_get(fd, &val);
	if (err == 0 && (val & ~MARK_BITS) == MARK_MAGIC) {
		if (!(val & MARK_CONNECTING) || !attempt_over(fd))
			return val & MARK_BITS;
		plug_out(fd);
		mark_put(fd, SILENT_MAGIC | (val & MARK_BITS));
	}
	if (err != -EBADF)
		hint_set(fd, seen, err ? FD_PLAIN : FD_PLAIN | FD_SOCKET);
	return 0;
}

void fd_mark_set(int fd, unsigned bits)
{
	uint64_t seen;

	if (bits) {
		mark_put(fd, MARK_MAGIC | bits);
		fd_forget(fd);
		return;
	}
	/* Whoever sets another meanwhile forgets this after it. */
	seen = hint_begin(fd, 0);
	if (mark_put(fd, ~0u) == 0)
		hint_set(fd, seen, FD_PLAIN | FD_SOCKET);
}

/* Shifted, as the kernel makes 1 of 0. */
unsigned fd_extra(int fd)
{
	unsigned val = 0;
	socklen_t len = sizeof(val);

	sys_getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &val, &len);
	return val >> 1;
}

void fd_extra_set(int fd, unsigned extra)
{
	unsigned val = extra << 1 | 1, mark = fd_mark(fd);

	sys_setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &val, sizeof(val));
	if (!(mark & MARK_EXTRA) != !extra)
		fd_mark_set(fd, mark ^ MARK_EXTRA);
}

uint64_t fd_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

int fd_floor(void)
{
	struct rlimit rl = { 0, 0 };

	SYS4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &rl);
	if (rl.rlim_cur >= 1008)
		return 1000;
	return rl.rlim_cur > 16 ? (int)rl.rlim_cur - 8 : 3;
}
