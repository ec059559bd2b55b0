/* aside.c: work in a child that has our memory and fds of its own. */
#include "hijack/aside.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "stack/wire/sys.h"

#define STACK_SIZE	65536	/* bytes, the child's */

static int start(int (*fn)(void *), void *arg, int flags)
{
	uint64_t all = ~0ull, old;
	int keep = errno, pid;
	char *stack;
	long r;

	r = SYS6(SYS_mmap, NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (r < 0 && r > -4096)
		return (int)r;
	stack = (char *)r;
	/* No handler of the program may run in the child. */
	SYS4(SYS_rt_sigprocmask, SIG_BLOCK, &all, &old, sizeof(all));
	/* cppcheck-suppress nullPointerArithmeticRedundantCheck ; not NULL */
	pid = clone(fn, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | flags,
	    arg);
	if (pid < 0)
		pid = -errno;
	SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	SYS2(SYS_munmap, stack, STACK_SIZE);
	errno = keep;
	return pid;
}

/*
 * Who traces the program and its children, as strace -f does, waits for all of
 * them: for a host that waits for the program's end, too, and so for ever.
 */
int aside_start(int (*fn)(void *), void *arg)
{
	return start(fn, arg, CLONE_UNTRACED);
}

int aside_wait(int pid, int *status)
{
	long r;

	do {
		r = SYS4(SYS_wait4, pid, status, __WALL, NULL);
	} while (r == -EINTR);
	return (int)r;
}

int aside_run(int (*fn)(void *), void *arg)
{
	int pid = start(fn, arg, 0), status = 0;

	if (pid < 0)
		return pid;
	if (aside_wait(pid, &status) < 0 || !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status);
}
