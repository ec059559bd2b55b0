/* core.c: the one lock around lwIP, timers and odd jobs; see core.h. */
#include "stack/core/core.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lwip/err.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "stack/core/log.h"
#include "stack/wire/clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Calls to be made without the lock, queued under it. */
#define AFTER_MAX 32
static struct core_after after[AFTER_MAX];
static int nafter;
static atomic_int in_after;	/* threads that are making such calls */
static struct core_work *work_head, **work_tail = &work_head;

/* The loop thread's, of core_set_loop(). */
static void (*kick)(void);
static void (*expect)(int ms);

static struct core_timer *timers;

void core_timer_add(struct core_timer *t)
{
	t->next = timers;
	timers = t;
}

void core_set_loop(void (*kick_fn)(void), void (*expect_fn)(int ms))
{
	kick = kick_fn;
	expect = expect_fn;
}

u32_t sys_now(void)
{
	return (u32_t)(clock_ns() / 1000000u);
}

uint32_t stack_random(void)
{
	uint32_t r;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		r = (uint32_t)clock_ns() * 2654435761u;
	return r;
}

void stack_lwip_assert(const char *text, const char *file, int line)
{
	log_err("lwIP: %s (%s:%d)", text, file, line);
	abort();
}

void core_init(void)
{
	lwip_init();
}

/*
 * Whoever holds it has often just woken us and was preempted for that, and
 * needs the CPU for a moment only: yielding costs one switch, where sleeping
 * would cost two and a system call of the holder's.
 */
void core_lock(void)
{
	for (int i = 0; i < 20; i++) {
		if (!pthread_mutex_trylock(&lock))
			return;
		sched_yield();
	}
	pthread_mutex_lock(&lock);
}

void core_defer(struct core_work *w)
{
	if (w->queued)
		return;
	w->queued = true;
	w->next = NULL;
	*work_tail = w;
	work_tail = &w->next;
}

void core_undefer(struct core_work *w)
{
	struct core_work **p;

	if (!w->queued)
		return;
	for (p = &work_head; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	if (!*p)
		work_tail = p;
	w->queued = false;
}

static void (*looped_back)(void);

void core_on_loopback(void (*fn)(void))
{
	looped_back = fn;
}

static bool loopback_pending(void)
{
	struct netif *nif;

	NETIF_FOREACH(nif) {
		if (nif->loop_first)
			return true;
	}
	return false;
}

/*
 * Two programs on one host answer each other here: bounded, so that the other
 * threads get their turn; the loop thread goes on where this stopped.
 */
static void settle(void)
{
	struct core_work *w;

	for (int i = 0; i < 64; i++) {
		while ((w = work_head)) {
			if (nafter > AFTER_MAX - 8)
				return;	/* core_drop() comes back */
			work_head = w->next;
			if (!work_head)
				work_tail = &work_head;
			w->queued = false;
			w->fn(w);
		}
		if (!loopback_pending())
			return;
		netif_poll_all();
		if (looped_back)
			looped_back();
	}
	if (kick)
		kick();
}

static int timeout(void)
{
	uint64_t now = clock_ns(), first = UINT64_MAX;

	for (struct core_timer *t = timers; t; t = t->next) {
		if (!t->due && (!t->needed || t->needed()))
			t->due = now + t->period * CLOCK_NS_MS;
		if (t->due && t->due < first)
			first = t->due;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)((first - now + 999999) / CLOCK_NS_MS);
}

int core_settle(void)
{
	settle();
	return timeout();
}

bool core_after(const struct core_after *a)
{
	if (nafter == AFTER_MAX)
		return false;
	after[nafter++] = *a;
	return true;
}

void core_after_forget(void *arg, bool make)
{
	int kept = 0;

	for (int i = 0; i < nafter; i++) {
		if (after[i].arg != arg)
			after[kept++] = after[i];
		else if (make)
			after[i].out(arg);
	}
	nafter = kept;
	while (atomic_load(&in_after))
		sched_yield();
}

/* true: the lock is held again, and there may be more to do. */
static bool drop(void)
{
	struct core_after mine[AFTER_MAX];
	long ret[AFTER_MAX];
	int n = nafter;
	bool again = work_head != NULL;	/* settle() stopped to let us in */

	memcpy(mine, after, (size_t)n * sizeof(mine[0]));
	nafter = 0;
	if (n)
		atomic_fetch_add(&in_after, 1);
	pthread_mutex_unlock(&lock);
	if (!n)
		return false;
	for (int i = 0; i < n; i++) {
		ret[i] = mine[i].out(mine[i].arg);
		again |= mine[i].fin != NULL;
	}
	atomic_fetch_sub(&in_after, 1);
	if (!again)
		return false;
	core_lock();
	for (int i = 0; i < n; i++)
		if (mine[i].fin)
			mine[i].fin(mine[i].id, ret[i]);
	return true;
}

/* When the loop thread is next needed for a timer. */
static void tell(int ms)
{
	if (expect)
		expect(ms);
}

void core_drop(void)
{
	while (drop())
		tell(core_settle());
}

void core_unlock(void)
{
	int ms = core_settle();

	core_drop();
	tell(ms);
}

void core_run_timers(void)
{
	uint64_t now = clock_ns();

	for (struct core_timer *t = timers; t; t = t->next) {
		if (!t->due || t->due > now)
			continue;
		t->due = 0;
		if (!t->needed || t->needed())
			t->fn();
	}
}

int errno_from_lwip(signed char err)
{
	switch (err) {
	case ERR_OK:		return 0;
	case ERR_MEM:		return ENOBUFS;
	case ERR_BUF:		return ENOBUFS;
	case ERR_TIMEOUT:	return ETIMEDOUT;
	case ERR_RTE:		return ENETUNREACH;
	case ERR_INPROGRESS:	return EINPROGRESS;
	case ERR_VAL:		return EINVAL;
	case ERR_WOULDBLOCK:	return EAGAIN;
	case ERR_USE:		return EADDRINUSE;
	case ERR_ALREADY:	return EALREADY;
	case ERR_ISCONN:	return EISCONN;
	case ERR_CONN:		return ENOTCONN;
	case ERR_IF:		return ENETDOWN;
	case ERR_ABRT:		return ETIMEDOUT;
	case ERR_RST:		return ECONNRESET;
	case ERR_CLSD:		return EPIPE;
	default:		return EIO;
	}
}
