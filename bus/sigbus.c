/*
 * sigbus.c: a file can be truncated under its mapping, and then the next
 * access is a SIGBUS.  Put zero pages there instead and mark the bus broken.
 */
#include "bus/sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define GUARD_MAX 512

/* base is set last and cleared first; the handler reads without a lock. */
struct guard {
	_Atomic uintptr_t base;
	_Atomic size_t len;
	_Atomic bool *_Atomic broken;
};

static struct guard guards[GUARD_MAX];
static pthread_mutex_t guards_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;	/* valid once installed */
/* In chain(): two handlers may each think the other came first. */
static __thread bool chaining __attribute__((tls_model("initial-exec")));

/* A fault that is not ours: as if we had never been here. */
static void chain(int sig, siginfo_t *si, void *context)
{
	bool first = !chaining;

	chaining = true;
	if (first && (previous.sa_flags & SA_SIGINFO)) {
		previous.sa_sigaction(sig, si, context);
	} else if (first && previous.sa_handler != SIG_DFL &&
	    previous.sa_handler != SIG_IGN) {
		previous.sa_handler(sig);
	} else {
		/*
		 * The instruction faults again and ends the process; one
		 * that was sent by kill(2) has to be sent again.
		 */
		signal(sig, SIG_DFL);
		if (si->si_code <= 0)
			raise(sig);
	}
	chaining = false;
}

static void on_sigbus(int sig, siginfo_t *si, void *context)
{
	uintptr_t addr = (uintptr_t)si->si_addr, base;
	_Atomic bool *broken;
	int saved = errno;
	size_t len;

	for (int i = 0; si->si_code > 0 && i < GUARD_MAX; i++) {
		base = atomic_load(&guards[i].base);
		len = atomic_load(&guards[i].len);
		broken = atomic_load(&guards[i].broken);
		if (!base || !broken || addr < base || addr - base >= len)
			continue;
		if (mmap((void *)base, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		    -1, 0) == MAP_FAILED)
			break;
		atomic_store(broken, true);
		errno = saved;
		return;
	}
	errno = saved;
	chain(sig, si, context);
}

/* Again at every open: the program may have set another handler since. */
static void install(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	struct sigaction now;

	if (sigaction(SIGBUS, NULL, &now) == 0 &&
	    (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_sigbus)
		return;
	previous = now;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGBUS, &sa, NULL);
}

int bus_guard_add(void *base, size_t len, _Atomic bool *broken)
{
	int r = -EMFILE;

	pthread_mutex_lock(&guards_lock);
	install();
	for (int i = 0; i < GUARD_MAX && r < 0; i++) {
		if (atomic_load(&guards[i].base))
			continue;
		atomic_store(&guards[i].len, len);
		atomic_store(&guards[i].broken, broken);
		atomic_store(&guards[i].base, (uintptr_t)base);
		r = 0;
	}
	pthread_mutex_unlock(&guards_lock);
	return r;
}

void bus_guard_del(void *base)
{
	pthread_mutex_lock(&guards_lock);
	for (int i = 0; i < GUARD_MAX; i++)
		if (atomic_load(&guards[i].base) == (uintptr_t)base)
			atomic_store(&guards[i].base, 0);
	pthread_mutex_unlock(&guards_lock);
}
