/* loop.c: the thread that waits for programs; see loop.h. */
#include "stack/core/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bus/spin.h"
#include "stack/core/affinity.h"
#include "stack/core/core.h"

#define BATCH	64
#define LEAVING	32	/* fds that wait to be closed, at most */

static int epfd = -1, kickfd = -1;
static atomic_bool stopping;
static struct pollable *retired, *all;	/* under the core lock */
/*
 * Of loop_leave().  Those in leaving, under the core lock, come to graves at
 * the end of a turn; graves is the loop thread's, which takes one off before
 * it frees it and its fd before it closes that, so that a forked child finds
 * what is still open.
 */
static struct pollable *leaving, *_Atomic graves;
static unsigned nleaving;
static int few;			/* fd numbers from here on are scarce */
/*
 * When the loop will wake by itself, CLOCK_MONOTONIC ns; 0 while it is awake
 * and will look at the timers anyhow.  Set under the core lock, so that no
 * timer started later is missed; cleared without it, which costs at most a
 * needless kick.
 */
static _Atomic uint64_t wakes_at;

int loop_init(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct rlimit rl = { 0, 0 };

	getrlimit(RLIMIT_NOFILE, &rl);
	few = rl.rlim_cur > 65536 ? 32768 : (int)rl.rlim_cur / 2;
	epfd = epoll_create1(EPOLL_CLOEXEC);
	kickfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epfd < 0 || kickfd < 0 ||
	    epoll_ctl(epfd, EPOLL_CTL_ADD, kickfd, &ev) < 0)
		return -errno;
	core_set_loop(loop_kick, loop_expect);
	return 0;
}

int loop_add(struct pollable *p, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = p };

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, p->fd, &ev) < 0)
		return -errno;
	p->all_next = all;
	p->all_prev = &all;
	if (all)
		all->all_prev = &p->all_next;
	all = p;
	return 0;
}

int loop_modify(struct pollable *p, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = p };

	return epoll_ctl(epfd, EPOLL_CTL_MOD, p->fd, &ev) < 0 ? -errno : 0;
}

static void unlist(struct pollable *p)
{
	if (!p->all_prev)
		return;
	*p->all_prev = p->all_next;
	if (p->all_next)
		p->all_next->all_prev = p->all_prev;
	p->all_prev = NULL;
}

static void shut(struct pollable *p)
{
	int fd = p->fd;

	p->fd = -1;
	/*
	 * Closing alone would not do it: a duplicate may be in flight in a
	 * queue and keep the description, and so the watch, alive.
	 */
	epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

void loop_close(struct pollable *p)
{
	if (p->fd < 0)
		return;
	shut(p);
	unlist(p);
}

void loop_retire(struct pollable *p)
{
	if (p->dead)
		return;
	p->dead = true;
	loop_close(p);
	p->next = retired;
	retired = p;
}

void loop_leave(struct pollable *p)
{
	if (p->dead)
		return;
	if (p->fd < 0 || p->fd >= few || nleaving >= LEAVING) {
		loop_retire(p);
		return;
	}
	p->dead = true;
	unlist(p);
	p->next = leaving;
	leaving = p;
	nleaving++;
}

static void bury(void)
{
	struct pollable *p;

	while ((p = retired)) {
		retired = p->next;
		p->free(p);
	}
	if (atomic_load_explicit(&graves, memory_order_relaxed))
		return;		/* the loop has more to do than these */
	atomic_store_explicit(&graves, leaving, memory_order_relaxed);
	leaving = NULL;
	nleaving = 0;
}

/*
 * Without the core lock, and when no event is fetched that points there.  A
 * pair that is closed while others are in flight makes the kernel collect
 * garbage, so what programs send is taken first, if they send.
 */
static void close_buried(void)
{
	struct pollable *p;

	while ((p = atomic_load_explicit(&graves, memory_order_relaxed))) {
		shut(p);
		atomic_store_explicit(&graves, p->next, memory_order_release);
		p->free(p);
	}
}

/* Not loop_close(): the epoll set is the parent's, too. */
void loop_in_child(void)
{
	struct pollable *p;

	for (p = all; p; p = p->all_next) {
		close(p->fd);
		p->fd = -1;
	}
	for (p = leaving; p; p = p->next)
		close(p->fd);
	for (p = atomic_load(&graves); p; p = p->next)
		if (p->fd >= 0)
			close(p->fd);
	close(kickfd);
	close(epfd);
	kickfd = epfd = -1;
}

void loop_kick(void)
{
	uint64_t one = 1;
	ssize_t n = write(kickfd, &one, sizeof(one));

	(void)n;	/* EAGAIN: it is being kicked already */
}

void loop_expect(int ms)
{
	uint64_t at = atomic_load_explicit(&wakes_at, memory_order_relaxed);

	if (ms >= 0 && at && at > clock_ns() + ms * 1000000ull + 1000000)
		loop_kick();
}

void loop_stop(void)
{
	atomic_store(&stopping, true);
	loop_kick();
}

static void dispatch(struct epoll_event *ev, int n)
{
	uint64_t count;

	for (int i = 0; i < n; i++) {
		struct pollable *p = ev[i].data.ptr;

		if (!p)
			while (read(kickfd, &count, sizeof(count)) > 0)
				;
		else if (!p->dead && p->fd >= 0)
			p->fn(p, ev[i].events);
	}
}

struct await {
	struct epoll_event *ev;
	int n;
};

static bool has_events(void *arg)
{
	struct await *a = arg;

	a->n = epoll_wait(epfd, a->ev, BATCH, 0);
	return a->n != 0;
}

/* Wait for events: polling first where that has paid off. */
static int await(struct epoll_event *ev, int ms)
{
	static struct spin spin;	/* the loop thread's */
	struct await a = { ev, 0 };
	uint64_t start;

	if (atomic_load_explicit(&graves, memory_order_relaxed)) {
		if (has_events(&a))
			return a.n;
		close_buried();
	}
	if (ms && spin_until(&spin, has_events, &a))
		return a.n;
	start = clock_ns();
	a.n = epoll_wait(epfd, ev, BATCH, ms);
	spin_slept(&spin, clock_ns() - start);
	return a.n;
}

void loop_run(void)
{
	struct epoll_event ev[BATCH];
	int n = 0, ms;

	while (!atomic_load(&stopping)) {
		core_lock();
		dispatch(ev, n);
		core_run_timers();
		bury();
		ms = core_settle();
		atomic_store_explicit(&wakes_at, ms < 0 ? UINT64_MAX :
		    clock_ns() + ms * 1000000ull, memory_order_relaxed);
		core_drop();
		affinity_turn();
		n = await(ev, ms);
		atomic_store_explicit(&wakes_at, 0, memory_order_relaxed);
	}
}
