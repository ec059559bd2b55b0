/* core.c: the one lock around lwIP, its timers and its odd jobs. */
#include "stack/core/core.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/init.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "stack/api/request.h"
#include "stack/core/log.h"
#include "stack/core/loop.h"
#include "stack/ip/autoconf.h"
#include "stack/ip/forward.h"
#include "stack/ip/loopback.h"
#include "stack/ip/rtadv.h"
#include "stack/sock/icmp.h"
#include "stack/stream/stream.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Calls to be made without the lock, queued under it. */
#define AFTER_MAX 32
static struct core_after after[AFTER_MAX];
static int nafter;
static atomic_int in_after;	/* threads that are making such calls */
static struct core_work *work_head, **work_tail = &work_head;

static bool need_tcp(void)
{
	return tcp_active_pcbs || tcp_tw_pcbs;
}

/* A group whose report is not yet due to be sent again needs the fast timer. */
static bool need_igmp(void)
{
	struct netif *nif;
	struct igmp_group *g;

	NETIF_FOREACH(nif) {
		for (g = netif_igmp_data(nif); g; g = g->next)
			if (g->timer > 0)
				return true;
	}
	return false;
}

static bool need_mld(void)
{
	struct netif *nif;
	struct mld_group *g;

	NETIF_FOREACH(nif) {
		for (g = netif_mld6_data(nif); g; g = g->next)
			if (g->timer > 0)
				return true;
	}
	return false;
}

static bool need_always(void)
{
	return true;
}

/* lwIP's periodic jobs; one that is not needed does not wake the host up. */
static struct {
	void (*fn)(void);
	bool (*needed)(void);
	uint32_t period;	/* ms */
	uint64_t due;		/* ns, 0: not running */
} timers[] = {
	{ tcp_tmr, need_tcp, TCP_TMR_INTERVAL, 0 },
	{ delack_timer, delack_needed, DELACK_MS, 0 },
	{ igmp_tmr, need_igmp, IGMP_TMR_INTERVAL, 0 },
	{ mld6_tmr, need_mld, MLD6_TMR_INTERVAL, 0 },
	{ etharp_tmr, need_always, ARP_TMR_INTERVAL, 0 },
	{ ip_reass_tmr, need_always, IP_TMR_INTERVAL, 0 },
	{ nd6_tmr, need_always, ND6_TMR_INTERVAL, 0 },
	{ ip6_reass_tmr, need_always, IP6_REASS_TMR_INTERVAL, 0 },
	{ connect_second, need_always, 1000, 0 },
	{ icmp_second, need_always, 1000, 0 },
	{ forward_second, need_always, 1000, 0 },
	{ autoconf_second, need_always, 1000, 0 },
	{ rtadv_second, need_always, 1000, 0 },
	{ request_second, need_always, 500, 0 },
};
#define NTIMERS	(sizeof(timers) / sizeof(timers[0]))

uint64_t core_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

u32_t sys_now(void)
{
	return (u32_t)(core_now_ns() / 1000000u);
}

uint32_t stack_random(void)
{
	uint32_t r;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		r = (uint32_t)core_now_ns() * 2654435761u;
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
		loopback_settle();
	}
	loop_kick();
}

static int timeout(void)
{
	uint64_t now = core_now_ns(), first = UINT64_MAX;

	for (size_t i = 0; i < NTIMERS; i++) {
		if (!timers[i].due && timers[i].needed())
			timers[i].due = now + timers[i].period * 1000000ull;
		if (timers[i].due && timers[i].due < first)
			first = timers[i].due;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)((first - now + 999999) / 1000000);
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

void core_drop(void)
{
	while (drop())
		loop_expect(core_settle());
}

void core_unlock(void)
{
	int ms = core_settle();

	core_drop();
	loop_expect(ms);
}

void core_run_timers(void)
{
	uint64_t now = core_now_ns();

	for (size_t i = 0; i < NTIMERS; i++) {
		if (!timers[i].due || timers[i].due > now)
			continue;
		timers[i].due = 0;
		if (timers[i].needed())
			timers[i].fn();
	}
}
