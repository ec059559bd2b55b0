/*
 * s_clock.c: preloaded into a host, it makes the clocks of the test's: all of
 * a host asks clock_gettime(2), in stack/wire/clock.h, and sleeps in epoll.
 *
 * CLOCK names a file of three numbers, to be written at any time: seconds to
 * add to CLOCK_MONOTONIC and to CLOCK_REALTIME, and how many times as fast
 * both go (0: as they do; to be set before the start).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000ll

static const volatile struct {
	int64_t monotonic, real, speed;
} *set;
static int64_t began;		/* CLOCK_MONOTONIC, ns */

static int64_t ask(clockid_t id)
{
	struct timespec ts;

	syscall(SYS_clock_gettime, id, &ts);
	return ts.tv_sec * NS + ts.tv_nsec;
}

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return;
	began = ask(CLOCK_MONOTONIC);
	set = p;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t now = ask(id);

	if (set && (id == CLOCK_MONOTONIC || id == CLOCK_REALTIME)) {
		if (set->speed)
			now += (ask(CLOCK_MONOTONIC) - began) *
			    (set->speed - 1);
		now += NS * (id == CLOCK_REALTIME ? set->real :
		    set->monotonic);
	}
	ts->tv_sec = now / NS;
	ts->tv_nsec = now % NS;
	return 0;
}

int epoll_wait(int fd, struct epoll_event *ev, int n, int ms)
{
	struct timespec ts;
	int64_t ns;

	if (ms <= 0 || !set || !set->speed)
		return (int)syscall(SYS_epoll_pwait, fd, ev, n, ms, NULL, 8);
	ns = ms * 1000000ll / set->speed;
	ts.tv_sec = ns / NS;
	ts.tv_nsec = ns % NS;
	return (int)syscall(SYS_epoll_pwait2, fd, ev, n, &ts, NULL, 8);
}
