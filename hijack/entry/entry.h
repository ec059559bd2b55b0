/*
 * entry.h: the second entry to a host's sockets, for programs into which no
 * library can be preloaded: the kernel tells of their network calls (seccomp
 * user notification), and the entry, a program with the library, makes them
 * in their place, on the very sockets, which it takes from the task with
 * pidfd_getfd(2) or puts there with SECCOMP_IOCTL_NOTIF_ADDFD.  Reads and
 * writes are nobody's business but the kernel's.
 *
 * The processes:	waiter -- entry -- program -- its children
 * The waiter has the pid that the caller knows; it has nothing to do but to
 * pass signals on and to end as the program does.  The entry is an ancestor of
 * all tasks, so that Yama allows it to look into them, and stays until the
 * last of them has ended.
 *
 * A notification that was received is answered before any signal that is not
 * fatal reaches the task (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), so that no
 * call is made twice, or half.  Calls that wait have a thread each, which
 * looks for signals of the task, and then answers as the kernel would have:
 * with ERESTARTSYS.
 */
#ifndef HIJACK_ENTRY_H
#define HIJACK_ENTRY_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a call comes to, beside 0.., -errno: */
enum {
	CALL_CONTINUE = -5000,	/* it is the kernel's: not a socket of ours */
	CALL_WAIT,		/* not now: wait, and try again */
	CALL_GAVE_FD,		/* it was answered, with a descriptor */
};

struct call {
	int listener;
	uint64_t id;		/* of the notification */
	pid_t task;		/* the thread that calls, as we see it */
	int nr;
	uint64_t arg[6];
	int fd;			/* the socket, ours to close; -1: none */
	int type;		/* SOCK_STREAM...; of a virtual one */
	bool nonblock;
	short events;		/* with CALL_WAIT: for these, on fd */
	/* What tries before this one have come to, with CALL_WAIT: */
	int late;		/* what it is if the time runs out, or 0 */
	unsigned done;		/* messages of many */
	uint64_t until;		/* ns: recvmmsg's own time-out; 0: none */
};

/* filter.c: in the program, before it is executed.  Return: listener, -errno */
int filter_install(void);

/* task.c: the caller's memory.  Return: 0 or -EFAULT. */
int task_get(const struct call *c, void *to, uint64_t from, size_t n);
int task_put(const struct call *c, uint64_t to, const void *from, size_t n);
/* A string with its NUL.  Return: 0, -EFAULT, -ENAMETOOLONG. */
int task_string(const struct call *c, char *to, size_t size, uint64_t from);
/* Take the descriptor of that number.  Return: it, or -errno. */
int task_fd(const struct call *c, int number);
/* Put fd where the task has that number.  Return: 0 or -errno. */
int task_replace(const struct call *c, int number, int fd);
/* Is a signal waiting that the task does not block? */
bool task_has_signal(const struct call *c);
/* A signal for the thread, as the kernel would send it with the answer. */
void task_signal(const struct call *c, int sig);
/* Does the task still wait for an answer? */
bool task_waits(const struct call *c);

/* Is that a socket of the host?  Sets type and nonblock. */
bool call_is_ours(struct call *c);
/* Answer with a copy of fd.  Return: CALL_GAVE_FD or -errno. */
long call_give(struct call *c, int fd, bool cloexec);

/* calls.c, data.c: make the call.  Return: its result, or one of the above. */
long call_make(struct call *c);
long data_send(struct call *c);
long data_recv(struct call *c);

#endif
