/*
 * rumpwait.c: sleeping on a bus of NetBSD's format: until somebody writes to
 * the file with write(2), which the kernel tells by inotify.  All are woken by
 * every write, and by their own.  Where no inotify is to be had (a user may
 * have only so many), time has to do, as for the original on other systems.
 */
#include "bus/rump.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "bus/handle.h"
#include "stack/wire/clock.h"

#define SLICE_MS	500	/* a truncated file wakes nobody */
#define BLIND_MS	10	/* without inotify */
#define FULL_MS		1	/* while the lock is not to be had */
#define STUCK_MS	10	/* once that has lasted so long */

void rump_wait_open(struct rump *b)
{
	char proc[40];

	if (b->kick_fd >= 0)
		return;
	b->kick_fd = bus_fd_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	b->notify_fd = bus_fd_lift(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	if (b->notify_fd < 0)
		return;
	/* The file that is open, whatever has its name by now. */
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", b->bus.fd);
	if (inotify_add_watch(b->notify_fd, proc, IN_MODIFY) < 0 &&
	    inotify_add_watch(b->notify_fd, b->bus.path, IN_MODIFY) < 0) {
		close(b->notify_fd);
		b->notify_fd = -1;
	}
}

void rump_wait_close(struct rump *b)
{
	if (b->notify_fd >= 0)
		close(b->notify_fd);
	if (b->kick_fd >= 0)
		close(b->kick_fd);
	b->notify_fd = b->kick_fd = -1;
}

static void drain(int fd)
{
	char buf[4096];

	if (fd >= 0)
		while (read(fd, buf, sizeof(buf)) == sizeof(buf))
			;
}

static bool has_news(void *arg)
{
	struct rump *b = arg;

	return atomic_load(&b->kicked) || rump_peek(&b->bus) != 0 ||
	    atomic_load(&b->full);
}

/* Return: 1 if there is no need to sleep, 0, -EIO. */
static int ready(struct rump *b)
{
	ssize_t n;

	if (!rump_ok(b))
		return -EIO;
	if (atomic_load(&b->kicked)) {
		atomic_store(&b->kicked, 0);
		drain(b->kick_fd);
		return 1;
	}
	if (!b->joined)
		return 0;
	n = rump_peek(&b->bus);
	return n < 0 ? (int)n : n > 0;
}

/* Return: true if somebody wrote. */
static bool nap(struct rump *b, uint64_t left)
{
	struct pollfd p[] = {
		{ .fd = b->kick_fd, .events = POLLIN },
		{ .fd = b->notify_fd, .events = POLLIN },
	};
	uint64_t ms = b->notify_fd < 0 ? BLIND_MS : SLICE_MS;

	return poll(p, 2, (int)(left / CLOCK_NS_MS < ms ?
	    left / CLOCK_NS_MS + 1 : ms)) > 0 && p[1].revents;
}

/* Somebody has the lock, or had it just now.  Return: as rump_wait(). */
static int wait_lock(struct rump *b)
{
	struct pollfd p = { .fd = b->kick_fd, .events = POLLIN };

	atomic_store(&b->full, 0);
	poll(&p, 1, rump_stuck_ns(b) > STUCK_MS * CLOCK_NS_MS ? STUCK_MS :
	    FULL_MS);
	return rump_ok(b) ? 0 : -EIO;
}

static int wait_until(struct rump *b, uint64_t deadline)
{
	uint64_t now;
	int r;

	for (;;) {
		/* First: there may be frames that are not asked for. */
		if (atomic_load(&b->full))
			return wait_lock(b);
		r = ready(b);
		/* Read, then look: what is written from here on is told. */
		if (r == 0) {
			drain(b->notify_fd);
			r = ready(b);
		}
		if (r != 0)
			return r < 0 ? r : 0;
		now = clock_ns();
		if (now >= deadline)
			return -ETIMEDOUT;
		if (b->joined && spin_until(&b->spin, has_news, b))
			continue;
		now = clock_ns();
		/* Who is no member looks himself what it is. */
		if (nap(b, deadline - now) && !b->joined)
			return rump_ok(b) ? 0 : -EIO;
		spin_slept(&b->spin, clock_ns() - now);
	}
}

int rump_wait(struct bus *bus, int timeout_ms)
{
	struct rump *b = rump_of(bus);

	rump_wait_open(b);
	return wait_until(b, timeout_ms < 0 ? UINT64_MAX :
	    clock_ns() + timeout_ms * CLOCK_NS_MS);
}

void rump_kick(struct bus *bus)
{
	struct rump *b = rump_of(bus);
	const uint64_t one = 1;
	int saved = errno;

	atomic_store(&b->kicked, 1);
	if (write(b->kick_fd, &one, sizeof(one)) < 0)
		errno = saved;	/* full: it is readable all the same */
}
