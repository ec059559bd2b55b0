/* init.c: the constructor, and what it finds out once. */
#include "hijack/hijack.h"

#include "hijack/childenv.h"
#include "hijack/debug.h"
#include "hijack/dl.h"
#include "hijack/escape.h"
#include "hijack/exec.h"
#include "hijack/next.h"
#include "hijack/spawn.h"
#include "stack/wire/sys.h"

struct hj_settings hj_set;
bool hj_sandboxed;
bool hj_dormant;

/*
 * If the library is there twice (two builds of it), the first in line works
 * and tells the next one to stand back.
 */
HJ_EXPORT void libshmhijack_stand_back(void);
HJ_EXPORT void libshmhijack_stand_back(void)
{
	void (*further)(void);

	hj_sandboxed = hj_dormant = true;
	childenv_forget();
	*(void **)&further = dl_next("libshmhijack_stand_back");
	if (further)
		further();
}

void *hj_libc(const char *name)
{
	int keep = errno;
	void *sym = dl_next(name);

	errno = keep;
	return sym;
}

/*
 * AddressSanitizer wants to be the first library that is loaded, and ends the
 * program if it is not; it works behind this one as well.
 */
#ifndef __SANITIZE_ADDRESS__
HJ_EXPORT const char *__asan_default_options(void);
HJ_EXPORT const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
#endif

static void init(void)
{
	void (*others)(void);
	int keep = errno;

	next_find();
	dl_look_behind();
	exec_find();
	hj_env_read(&hj_set);
	spawn_init();
	debug_start();
	if (!hj_dormant)
		childenv_keep();
	if (childenv_library())
		escape_init();
	*(void **)&others = hj_libc("libshmhijack_stand_back");
	if (others)
		others();
	errno = keep;
}

/* Once: in the constructor, or sooner if another one makes a socket. */
void hj_init(void)
{
	enum { NOT_YET = 0, DONE = -1 };
	static int state;	/* or the thread that is at it */
	int was = NOT_YET, self;

	if (likely(__atomic_load_n(&state, __ATOMIC_ACQUIRE) == DONE))
		return;
	self = (int)SYS0(SYS_gettid);
	if (__atomic_compare_exchange_n(&state, &was, self, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		init();
		__atomic_store_n(&state, DONE, __ATOMIC_RELEASE);
		return;
	}
	/* A call from within init() is for the host; other threads wait. */
	for (int ms = 0; was != self && was != DONE && ms < 5000; ms++) {
		sys_poll(NULL, 0, 1);
		was = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
	}
}

static __attribute__((constructor)) void constructor(void)
{
	hj_init();
}

bool hj_wants(int domain)
{
	hj_init();
	if (hj_dormant)
		return false;
	return (domain == AF_INET && hj_set.families & HJ_INET) ||
	    (domain == AF_INET6 && hj_set.families & HJ_INET6) ||
	    (domain == AF_PACKET && hj_set.families & HJ_OTHER) ||
	    (domain == AF_NETLINK && hj_set.families & HJ_ROUTE);
}

const char *hj_why_not(int domain)
{
	if (hj_wants(domain))
		return "not made through the library";
	return domain == AF_INET6 ? "RUMPHIJACK leaves inet6 to it" :
	    "RUMPHIJACK leaves inet to it";
}
