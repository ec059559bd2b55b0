/*
 * mem.c: memory whose address the program gave: a wrong one is EFAULT, as the
 * kernel says it, and no crash inside the library.
 */
#include "hijack/hijack.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>

#include "stack/wire/sys.h"

/* The kernel copies within the process; it knows what is mapped. */
static long peek(long nr, void *ours, void *user, size_t n)
{
	struct iovec local = { ours, n }, remote = { user, n };

	return SYS6(nr, SYS0(SYS_getpid), &local, 1, &remote, 1, 0);
}

int hj_copy_in(void *dst, const void *user, size_t n)
{
	long r;

	if (!n)
		return 0;
	if (hj_no_memory(user))
		return -EFAULT;
	r = peek(SYS_process_vm_readv, dst, (void *)user, n);
	if (r == (long)n)
		return 0;
	if (r >= 0 || r == -EFAULT)
		return -EFAULT;
	memcpy(dst, user, n);	/* the call is forbidden here: trust it */
	return 0;
}

int hj_copy_out(void *user, const void *src, size_t n)
{
	long r;

	if (!n)
		return 0;
	if (hj_no_memory(user))
		return -EFAULT;
	r = peek(SYS_process_vm_writev, (void *)src, user, n);
	if (r == (long)n)
		return 0;
	if (r >= 0 || r == -EFAULT)
		return -EFAULT;
	memcpy(user, src, n);
	return 0;
}

#define PAGE		4096u
#define NO_OPTION	0x7fffffff
/* Of the first thread's stack the kernel maps twice as much at exec(2). */
#define STACK_TOP	65536u

/* The kernel's random bytes lie at its end, behind the environment. */
static bool is_stack_top(uintptr_t first, uintptr_t last)
{
	static uintptr_t top;	/* any thread finds the same */
	uintptr_t end = __atomic_load_n(&top, __ATOMIC_RELAXED);

	if (unlikely(!end)) {
		end = getauxval(AT_RANDOM);
		if (end < STACK_TOP)
			return false;
		__atomic_store_n(&top, end, __ATOMIC_RELAXED);
	}
	return first >= end - STACK_TOP && first <= last && last < end;
}

/* On the stack of this very call, as most such variables are. */
static bool is_near(const void *user, size_t n)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t first = (uintptr_t)user, last = first + n - 1;

	return ((first ^ here) | (last ^ here)) < PAGE ||
	    is_stack_top(first, last);
}

/* The kernel reads the length before it knows that there is no such option. */
static bool can_read(int fd, uintptr_t at)
{
	return sys_getsockopt(fd, SOL_SOCKET, NO_OPTION, NULL,
	    (socklen_t *)(at & ~(uintptr_t)3)) != -EFAULT;
}

/* Changes the byte. */
static bool can_write(int fd, uintptr_t at)
{
	socklen_t len = 1;

	return sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, (void *)at, &len) !=
	    -EFAULT;
}

/* Memory comes in pages: one byte of each is enough. */
static bool is_there(int fd, const void *user, size_t n,
    bool (*can)(int fd, uintptr_t at))
{
	uintptr_t at = (uintptr_t)user, end = at + n;

	if (!n || fd == HJ_KNOWN || is_near(user, n))
		return true;
	if (hj_no_memory(user) || end < at)
		return false;
	for (; at < end; at = (at | (PAGE - 1)) + 1)
		if (!can(fd, at))
			return false;
	return true;
}

bool hj_readable(int fd, const void *user, size_t n)
{
	return is_there(fd, user, n, can_read);
}

int hj_get(int fd, void *dst, const void *user, size_t n)
{
	if (!is_there(fd, user, n, can_read))
		return -EFAULT;
	memcpy(dst, user, n);
	return 0;
}

int hj_put(int fd, void *user, const void *src, size_t n)
{
	if (!is_there(fd, user, n, can_write))
		return -EFAULT;
	memcpy(user, src, n);
	return 0;
}
