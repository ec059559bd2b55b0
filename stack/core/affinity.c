/*
 * affinity.c: a host's threads run where its programs do; see affinity.h.
 *
 * What a thread works for is looked at in windows of SAMPLES.  When nearly all
 * of them name one CPU, the thread goes there; when they come too seldom to
 * matter, it is the scheduler's again.
 *
 * Sharing a CPU with the program is wrong where another one idles and both
 * have more to do than one CPU can: then the thread waits for its turn much
 * of the time, or the scheduler moves the program away again and again.
 * Then the thread is left alone for a while, each time for longer.
 */
#include "stack/core/affinity.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/wire/clock.h"
#include "stack/wire/wire.h"

#define SAMPLES		64u
#define AGREED		(SAMPLES - SAMPLES / 8)
#define NS_MS		1000000ull
#define SELDOM		(1000 * NS_MS)	/* a window that took longer */
#define DWELL		(25 * NS_MS)	/* programs move because we did */
#define CHECK		(100 * NS_MS)	/* between looks at who waits */
#define MOVES		8u		/* in a second, when a thread settles */
#define PAUSE		(1000 * NS_MS)	/* at first */
#define PAUSE_MAX	(64000 * NS_MS)

int affinity_follow = 1;

/* Each word is written by its program; a host reads it as any number. */
static _Atomic uint32_t (*words)[WIRE_AFFINITY_STEP / sizeof(uint32_t)];
static int memory = -1;
static unsigned given;

/* A thread's state. */
static _Thread_local struct affinity {
	unsigned samples, agree;	/* of this window; that name cpu */
	uint32_t cpu;		/* the first one named */
	uint64_t start;		/* of the window, ns */
	bool mine;		/* the affinity is `set`, which we made of `all` */
	cpu_set_t set, all;
	uint64_t changed;	/* ns */
	uint64_t checked;	/* ns; when waited and idle were read */
	uint64_t waited, idle;	/* ns in the queue; ns all CPUs idled */
	unsigned moves;		/* in this second */
	uint64_t second;	/* when it began, ns */
	uint64_t free_until, pause;	/* ns */
} here;

/* Sealed, so that no program can take it away from under us. */
static int make_memory(void)
{
	size_t size = WIRE_AFFINITY_WORDS * WIRE_AFFINITY_STEP;
	int fd = memfd_create("shmif-affinity", MFD_CLOEXEC |
	    MFD_ALLOW_SEALING);
	void *p = MAP_FAILED;

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) == 0 && fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		close(fd);
		return -1;
	}
	words = p;
	return fd;
}

int affinity_give(int *fd)
{
	unsigned i = given % WIRE_AFFINITY_WORDS;

	if (memory < 0)
		memory = make_memory();
	*fd = memory < 0 ? -1 : fcntl(memory, F_DUPFD_CLOEXEC, 3);
	if (*fd < 0)
		return -1;
	given++;
	/* Whoever had it before, if still there, is followed no worse. */
	atomic_store_explicit(&words[i][0], WIRE_AFFINITY_NONE,
	    memory_order_relaxed);
	return (int)i;
}

void affinity_sample(int index)
{
	struct affinity *p = &here;
	uint32_t cpu;

	if (index < 0 || p->samples == SAMPLES)
		return;
	cpu = atomic_load_explicit(&words[index][0], memory_order_relaxed);
	if (!p->samples)
		p->cpu = cpu;
	p->samples++;
	p->agree += cpu == p->cpu;
}

/* How long this thread was ready to run but did not, ns. */
static uint64_t read_waited(void)
{
	unsigned long long ran, waited = 0;
	FILE *f = fopen("/proc/thread-self/schedstat", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	fclose(f);
	return waited;
}

/* How long CPUs idled, all together, ns. */
static uint64_t read_idle(void)
{
	unsigned long long v = 0;
	FILE *f = fopen("/proc/stat", "re");

	if (!f)
		return 0;
	if (fscanf(f, "cpu %*u %*u %*u %llu", &v) != 1)
		v = 0;
	fclose(f);
	return v * 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* There is a CPU to spare that would serve this thread better. */
static bool crowded(struct affinity *p, uint64_t now)
{
	uint64_t waited, idle, past = now - p->checked;
	bool yes;

	if (past < CHECK)
		return false;
	waited = read_waited();
	idle = read_idle();
	yes = p->checked && past < 10 * CHECK &&
	    waited - p->waited > past / 3 && idle - p->idle > past / 4 * 3;
	p->checked = now;
	p->waited = waited;
	p->idle = idle;
	return yes;
}

/* The scheduler takes the program elsewhere as often as we follow. */
static bool chasing(struct affinity *p, uint64_t now)
{
	if (now - p->second >= 1000 * NS_MS) {
		p->second = now;
		p->moves = 0;
	}
	return p->moves > MOVES;
}

static void go(struct affinity *p, uint64_t now)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(p->cpu, &set);
	if ((p->mine && CPU_EQUAL(&set, &p->set)) ||
	    sched_setaffinity(0, sizeof(set), &set) < 0)
		return;
	if (!p->mine)
		p->checked = 0;
	p->set = set;
	p->mine = true;
	p->moves++;
	p->changed = now;
}

static void let_go(struct affinity *p, uint64_t now)
{
	if (!p->mine)
		return;
	sched_setaffinity(0, sizeof(p->all), &p->all);
	p->mine = false;
	p->changed = now;
}

static void stay_free(struct affinity *p, uint64_t now)
{
	if (now > p->free_until + 8 * p->pause)
		p->pause = PAUSE;	/* that was long ago */
	else if (p->pause < PAUSE_MAX)
		p->pause *= 2;
	p->free_until = now + p->pause;
	p->moves = 0;
}

/* What the affinity is apart from us; false: there is no choice. */
static bool may_choose(struct affinity *p)
{
	cpu_set_t now;

	if (sched_getaffinity(0, sizeof(now), &now) < 0)
		return false;
	if (!p->mine || !CPU_EQUAL(&now, &p->set)) {
		p->mine = false;
		p->all = now;
	}
	return CPU_COUNT(&p->all) > 1;
}

static void choose(struct affinity *p, uint64_t now)
{
	if (p->mine && (crowded(p, now) || chasing(p, now)))
		stay_free(p, now);
	if (!affinity_follow || now < p->free_until || now - p->start >= SELDOM)
		let_go(p, now);
	else if (p->agree >= AGREED && p->cpu < CPU_SETSIZE &&
	    CPU_ISSET(p->cpu, &p->all))
		go(p, now);
	/* Else they are not of one mind, and here is as good as anywhere. */
}

void affinity_turn(void)
{
	struct affinity *p = &here;
	uint64_t now;

	if (p->samples < SAMPLES)
		return;
	now = clock_ns();
	if (now - p->changed >= DWELL && may_choose(p))
		choose(p, now);
	p->samples = p->agree = 0;
	p->start = now;
}
