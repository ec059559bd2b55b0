/*
 * uring.c: io_uring, which a program is told is not there.
 *
 * Its requests come past all functions: a socket that one makes would be the
 * machine's, and a datagram that one sends would lack its header.  Programs
 * that use it do without where a kernel or a sandbox leaves it out.
 */
#include "hijack/hijack.h"

#include "hijack/calls.h"
#include "hijack/debug.h"
#include "stack/wire/sys.h"

static bool refused(void)
{
	return hj_wants(AF_INET) && hj_set.families & HJ_OTHER;
}

long uring_setup(unsigned entries, void *params)
{
	return refused() ? -ENOSYS :
	    SYS2(SYS_io_uring_setup, entries, params);
}

/* liburing's functions of that purpose; it makes its system calls itself. */
CALL(int, io_uring_setup, "k:u", (unsigned entries, void *params), entries,
    params)
{
	return (int)uring_setup(entries, params);
}

CALL(int, io_uring_queue_init, "k:u", (unsigned entries, void *ring,
    unsigned flags), entries, ring, flags)
{
	int (*next_one)(unsigned, void *, unsigned);

	*(void **)&next_one = hj_libc("io_uring_queue_init");
	return refused() || !next_one ? -ENOSYS :
	    next_one(entries, ring, flags);
}

HOOK(int, io_uring_queue_init_params, unsigned entries, void *ring,
    void *params)
{
	int (*next_one)(unsigned, void *, void *);

	*(void **)&next_one = hj_libc("io_uring_queue_init_params");
	return refused() || !next_one ? -ENOSYS :
	    next_one(entries, ring, params);
}

HOOK(int, io_uring_queue_init_mem, unsigned entries, void *ring, void *params,
    void *buf, size_t size)
{
	int (*next_one)(unsigned, void *, void *, void *, size_t);

	*(void **)&next_one = hj_libc("io_uring_queue_init_mem");
	return refused() || !next_one ? -ENOSYS :
	    next_one(entries, ring, params, buf, size);
}
