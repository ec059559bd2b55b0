/* filter.c: which system calls the kernel tells of; see entry.h. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "hijack/entry/entry.h"
#include "stack/wire/sys.h"

#if defined(__x86_64__)
#define ARCH	AUDIT_ARCH_X86_64
#define X32	0x40000000u	/* set in the numbers of x32's calls */
#else
#define ARCH	AUDIT_ARCH_AARCH64
#define X32	0xffffffffu
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV	(1UL << 5)
#endif

#define FIELD(name)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,	\
	    offsetof(struct seccomp_data, name))
#define RETURN(what)	BPF_STMT(BPF_RET | BPF_K, what)
/* If the value is x the next one is obeyed, else skipped. */
#define IF(x)		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, x, 0, 1)
#define UNLESS_GE(x)	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x, 0, 1)

/* These are told of whatever their arguments are. */
static const int calls[] = {
	SYS_bind, SYS_connect, SYS_listen, SYS_accept, SYS_accept4,
	SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt,
	SYS_shutdown, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg,
	SYS_sendmmsg, SYS_recvmmsg, SYS_openat,
#ifdef SYS_openat2
	SYS_openat2,
#endif
#ifdef SYS_open
	SYS_open,
#endif
};

#define NUM_CALLS	(sizeof(calls) / sizeof(calls[0]))
#define SOCKIOS		0x89	/* second byte of sockets' ioctl requests */

static void add(struct sock_fprog *p, struct sock_filter one)
{
	p->filter[p->len++] = one;
}

#define ADD(p, ...)	do {						\
	const struct sock_filter all_[] = { __VA_ARGS__ };		\
									\
	for (size_t i_ = 0; i_ < sizeof(all_) / sizeof(all_[0]); i_++)	\
		add(p, all_[i_]);					\
} while (0)

/*
 * Calls of the library carry SYS_MARK: they are what it means them to be.  It
 * asks whether there is a filter with SYS_PROBE.
 */
static void make(struct sock_fprog *p)
{
	ADD(p, FIELD(arch), IF(ARCH), BPF_STMT(BPF_JMP | BPF_JA, 1),
	    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
	    FIELD(nr), UNLESS_GE(X32), RETURN(SECCOMP_RET_ERRNO | ENOSYS),
	    IF(SYS_io_uring_setup), RETURN(SECCOMP_RET_ERRNO | ENOSYS),
	    FIELD(args[5]), IF(SYS_MARK), RETURN(SECCOMP_RET_ALLOW),
	    IF(SYS_PROBE), RETURN(SECCOMP_RET_ERRNO | SYS_PROBED),
	    FIELD(nr));
	for (size_t i = 0; i < NUM_CALLS; i++)
		ADD(p, IF((uint32_t)calls[i]), RETURN(SECCOMP_RET_USER_NOTIF));
	/* Other families are the machine's. */
	ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 10),
	    FIELD(args[0]),
	    IF(AF_INET), RETURN(SECCOMP_RET_USER_NOTIF),
	    IF(AF_INET6), RETURN(SECCOMP_RET_USER_NOTIF),
	    IF(AF_NETLINK), RETURN(SECCOMP_RET_USER_NOTIF),
	    IF(AF_PACKET), RETURN(SECCOMP_RET_USER_NOTIF),
	    RETURN(SECCOMP_RET_ALLOW),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 8),
	    FIELD(args[1]),
	    IF(FIONREAD), RETURN(SECCOMP_RET_USER_NOTIF),
	    IF(TIOCOUTQ), RETURN(SECCOMP_RET_USER_NOTIF),
	    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8),
	    IF(SOCKIOS), RETURN(SECCOMP_RET_USER_NOTIF),
	    RETURN(SECCOMP_RET_ALLOW));
}

int filter_install(void)
{
	struct sock_filter room[NUM_CALLS * 2 + 48];
	struct sock_fprog p = { .filter = room };
	int r;

	make(&p);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	r = (int)SYS3(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER |
	    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &p);
	return r;
}
