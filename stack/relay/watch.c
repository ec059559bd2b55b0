/* watch.c: the loop; see watch.h. */
#include "stack/relay/watch.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "stack/wire/clock.h"

#define BATCH	128

static int epfd = -1;
static bool stopping;
static struct watch *dropped;

int watch_init(void)
{
	epfd = epoll_create1(EPOLL_CLOEXEC);
	return epfd < 0 ? -errno : 0;
}

int watch_add(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLET, .data.ptr = w };

	w->events = events;
	return epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &ev) < 0 ? -errno : 0;
}

void watch_set(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLET, .data.ptr = w };

	if (w->fd < 0)
		return;
	w->events = events;
	epoll_ctl(epfd, EPOLL_CTL_MOD, w->fd, &ev);
}

void watch_leave(struct watch *w)
{
	epoll_ctl(epfd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fd = -1;
}

void watch_close(struct watch *w)
{
	int fd = w->fd;

	if (fd < 0)
		return;
	/* A duplicate in some queue would keep it watched. */
	watch_leave(w);
	close(fd);
}

void watch_drop(struct watch *w)
{
	if (w->dead)
		return;
	w->dead = true;
	watch_close(w);
	w->next = dropped;
	dropped = w;
}

static void bury(void)
{
	struct watch *w;

	while ((w = dropped)) {
		dropped = w->next;
		w->free(w);
	}
}

void watch_stop(void)
{
	stopping = true;
}

void watch_run(bool (*settle)(void), void (*tick)(void))
{
	struct epoll_event ev[BATCH];
	uint64_t due = 0, now;
	bool more = true;
	int n = 0;

	while (!stopping) {
		n = epoll_wait(epfd, ev, BATCH, more ? 0 : WATCH_TICK);
		for (int i = 0; i < n; i++) {
			struct watch *w = ev[i].data.ptr;

			if (!w->dead && w->fd >= 0)
				w->fn(w, ev[i].events);
		}
		now = clock_ns();
		if (now >= due) {
			tick();
			due = now + WATCH_TICK * CLOCK_NS_MS;
		}
		more = settle();
		bury();
	}
}
