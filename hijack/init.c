/* init.c: the constructor, and what it finds out once. */
#include "hijack/hijack.h"

#include <dlfcn.h>

#include "hijack/next.h"

struct hj_settings hj_set;
bool hj_sandboxed;
static bool dormant;	/* another copy of the library does the work */

/*
 * If the library is there twice (two builds of it), the first in line works
 * and tells the next one to stand back.
 */
HJ_EXPORT void libshmhijack_stand_back(void);
HJ_EXPORT void libshmhijack_stand_back(void)
{
	void (*further)(void);

	hj_sandboxed = dormant = true;
	*(void **)&further = dlsym(RTLD_NEXT, "libshmhijack_stand_back");
	if (further)
		further();
}

void *hj_libc(const char *name)
{
	int keep = errno;
	void *sym = dlsym(RTLD_NEXT, name);

	errno = keep;
	return sym;
}

static void init(void)
{
	void (*others)(void);
	int keep = errno;

	next_find();
	hj_env_read(&hj_set);
	*(void **)&others = hj_libc("libshmhijack_stand_back");
	if (others)
		others();
	errno = keep;
}

/* Once: in the constructor, or sooner if another one makes a socket. */
void hj_init(void)
{
	static enum { NO, BUSY, DONE } state;
	int no = NO;

	if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == DONE)
		return;
	/* A call that comes while init() itself runs finds no families. */
	if (!__atomic_compare_exchange_n((int *)&state, &no, BUSY, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		return;
	init();
	__atomic_store_n((int *)&state, DONE, __ATOMIC_RELEASE);
}

static __attribute__((constructor)) void constructor(void)
{
	hj_init();
}

bool hj_wants(int domain)
{
	hj_init();
	if (dormant)
		return false;
	return (domain == AF_INET && hj_set.families & HJ_INET) ||
	    (domain == AF_INET6 && hj_set.families & HJ_INET6) ||
	    (domain == AF_NETLINK && hj_set.families & HJ_ROUTE);
}
