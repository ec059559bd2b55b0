/* next.c: the functions behind our hooks; see next.h. */
#include "hijack/next.h"

#include <signal.h>

#include "stack/wire/sys.h"

/* Some machines have no dup2; dup3 does not take equal numbers. */
static long next_raw_dup2(int from, int to)
{
	if (from == to) {
		long r = SYS2(SYS_fcntl, from, F_GETFD);

		return r < 0 ? r : to;
	}
	return SYS3(SYS_dup3, from, to, 0);
}

/* The kernel writes the time left into its argument; ppoll(3) does not. */
static long next_raw_ppoll(struct pollfd *p, unsigned long n,
    const struct timespec *timeout, const void *mask)
{
	struct timespec ts;

	if (timeout)
		ts = *timeout;
	return SYS5(SYS_ppoll, p, n, timeout ? &ts : NULL, mask, _NSIG / 8);
}

static long next_raw_pselect(int n, void *r, void *w, void *e,
    const struct timespec *timeout, const void *mask)
{
	struct { const void *set; size_t size; } sig = { mask, _NSIG / 8 };
	struct timespec ts;

	if (timeout)
		ts = *timeout;
	return SYS6(SYS_pselect6, n, r, w, e, timeout ? &ts : NULL, &sig);
}

/* The time that is left comes back, as select(2) of Linux has it. */
static long next_raw_select(int n, void *r, void *w, void *e,
    struct timeval *timeout)
{
	struct timespec ts;
	long ret;

	if (!timeout)
		return next_raw_pselect(n, r, w, e, NULL, NULL);
	ts.tv_sec = timeout->tv_sec;
	ts.tv_nsec = timeout->tv_usec * 1000;
	ret = SYS6(SYS_pselect6, n, r, w, e, &ts, NULL);
	timeout->tv_sec = ts.tv_sec;
	timeout->tv_usec = ts.tv_nsec / 1000;
	return ret;
}

#define NEXT_RAW(ret, name, par, raw)	\
	static ret raw_##name par { return (ret)hj_ret(raw); }
NEXT_CALLS(NEXT_RAW)

#define NEXT_INIT(ret, name, par, raw)	.name = raw_##name,
struct next next = {
	NEXT_CALLS(NEXT_INIT)
};

static void find(void *slot, const char *name)
{
	void *sym = hj_libc(name);

	if (sym)
		__atomic_store_n((void **)slot, sym, __ATOMIC_RELEASE);
}

/*
 * Where somebody watches the calls (hijack/entry/), those of libc would be
 * taken for the program's: ours stay as they are.  They are no cancellation
 * points.
 */
void next_find(void)
{
	if (sys_watched())
		return;
#define NEXT_FIND(ret, name, par, raw)	find(&next.name, #name);
	NEXT_CALLS(NEXT_FIND)
}
