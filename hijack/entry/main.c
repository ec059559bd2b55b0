/*
 * main.c: shmif_entry: runs a program and makes its network calls; see
 * entry.h.  shmhijack and the library start it where no library can be
 * preloaded: shmif_entry FILE ARGV0 [ARGUMENT]...
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hijack/entry/entry.h"
#include "stack/wire/client.h"
#include "stack/wire/clock.h"
#include "stack/wire/sys.h"

enum { CANNOT = 126, NOT_FOUND = 127 };

#define LOOK_MS		50	/* between looks for the task's signals */
#define WAITERS		4096	/* calls that wait at once */
#define NOTIF_ROOM	512	/* bytes of a kernel's larger structure */

static void say(const char *what, int e)
{
	fprintf(stderr, "shmhijack: %s: %s\n", what, strerror(e));
}

/* Answering. */

static void answer(const struct call *c, long r)
{
	struct seccomp_notif_resp resp = { .id = c->id };

	if (r == CALL_CONTINUE)
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (r < 0)
		resp.error = (int)r;
	else
		resp.val = r;
	/* ENOENT: the task has died. */
	if (r != CALL_GAVE_FD)
		ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static uint64_t now_ms(void)
{
	return clock_ns() / CLOCK_NS_MS;
}

/* When the socket's time-out ends; 0: it has none. */
static uint64_t deadline(const struct call *c)
{
	int name = c->events == POLLOUT ? SO_SNDTIMEO : SO_RCVTIMEO;
	struct timeval limit = { 0, 0 };
	socklen_t len = sizeof(limit);

	sys_getsockopt(c->fd, SOL_SOCKET, name, &limit, &len);
	if (!limit.tv_sec && !limit.tv_usec)
		return 0;
	return now_ms() + (uint64_t)limit.tv_sec * 1000 +
	    (uint64_t)limit.tv_usec / 1000;
}

/*
 * ERESTARTSYS, which has no name here: again, or EINTR, as handlers have it.
 * With a time-out it is EINTR always.
 */
#define RESTART	512

/* recv(2) of nothing, of which TCP has nothing to say in the end. */
static bool is_nothing(const struct call *c)
{
	return c->nr == SYS_recvfrom && c->type == SOCK_STREAM && !c->arg[2];
}

/* What a call comes to that does not go on. */
static long cut_short(const struct call *c, long r)
{
	return c->done ? (long)c->done : r;
}

static long wait_for(struct call *c)
{
	uint64_t end = deadline(c);
	long r;

	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = c->events };
		bool ready = sys_poll(&p, 1, LOOK_MS) > 0;

		if (!task_waits(c))
			return -ESRCH;
		/* A datagram socket's errors wake nobody up. */
		if (ready || c->type == SOCK_DGRAM) {
			r = call_make(c);
			if (r != CALL_WAIT)
				return r;
		}
		if (task_has_signal(c))
			return cut_short(c, end ? -EINTR : -RESTART);
		if (end && now_ms() >= end)
			return cut_short(c, c->late ? c->late :
			    is_nothing(c) ? 0 : -EAGAIN);
		if (ready)
			sys_poll(NULL, 0, 1);	/* somebody else had it */
	}
}

static unsigned waiters;

static void *wait_thread(void *arg)
{
	struct call *c = arg;

	answer(c, wait_for(c));
	close(c->fd);
	free(c);
	__atomic_sub_fetch(&waiters, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Return: false: no thread for it. */
static bool wait_aside(const struct call *c)
{
	struct call *copy = malloc(sizeof(*copy));
	pthread_attr_t attr;
	pthread_t thread;
	int e = EAGAIN;

	if (!copy)
		return false;
	*copy = *c;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 262144);
	if (__atomic_add_fetch(&waiters, 1, __ATOMIC_RELAXED) <= WAITERS)
		e = pthread_create(&thread, &attr, wait_thread, copy);
	pthread_attr_destroy(&attr);
	if (e) {
		__atomic_sub_fetch(&waiters, 1, __ATOMIC_RELAXED);
		free(copy);
	}
	return !e;
}

static void serve(struct call *c)
{
	long r = call_make(c);

	if (r == CALL_WAIT) {
		if (wait_aside(c))
			return;
		r = -ENOBUFS;
	}
	answer(c, r);
	if (c->fd >= 0)
		close(c->fd);
}

static void serve_one(int listener)
{
	union {
		struct seccomp_notif n;
		char room[NOTIF_ROOM];
	} u;
	struct call c = { .listener = listener, .fd = -1 };

	memset(&u, 0, sizeof(u));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &u.n))
		return;		/* the task has died meanwhile */
	c.id = u.n.id;
	c.task = (pid_t)u.n.pid;
	c.nr = u.n.data.nr;
	for (int i = 0; i < 6; i++)
		c.arg[i] = u.n.data.args[i];
	serve(&c);
}

/* The processes. */

/* In the program: from here on the kernel tells of its calls. */
static _Noreturn void become(char **argv, int to, const sigset_t *mask)
{
	int listener = filter_install();
	ssize_t n;
	char go;

	if (listener < 0) {
		say("the kernel does not tell of a program's calls (seccomp "
		    "user notification; it takes Linux 5.19, and no other "
		    "listener above): no way to the host for this program",
		    -listener);
		_exit(CANNOT);
	}
	n = sys_send_fds(to, "", 1, &listener, 1, 0);
	sys_close(listener);
	/* The entry looks whether it may look. */
	if (n == 1)
		n = sys_recv(to, &go, 1, 0);
	sys_close(to);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (n == 1) {
		SYS3(SYS_execve, argv[1], argv + 2, environ);
		say(argv[1], errno);
	}
	_exit(n == 1 && errno == ENOENT ? NOT_FOUND : CANNOT);
}

/* Yama and others forbid to look into a process.  Number 2 may be closed. */
static bool may_look(pid_t program, int listener)
{
	struct call c = { .task = program, .listener = listener };
	int fd = task_fd(&c, 2);

	if (fd >= 0)
		sys_close(fd);
	if (fd >= 0 || fd == -EBADF)
		return true;
	say("a program may not be looked into here, which its network calls "
	    "take (kernel.yama.ptrace_scope is above 1?)", -fd);
	return false;
}

static int take_listener(int from)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} u;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &u, .msg_controllen = sizeof(u),
	};
	int fd = -1;

	if (sys_recvmsg(from, &m, MSG_CMSG_CLOEXEC) == 1 &&
	    m.msg_controllen >= CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(&u.h), sizeof(int));
	return fd;
}

static void report(pid_t program, int waiter, int options)
{
	int status;

	if (waitpid(program, &status, options) == program)
		sys_send(waiter, &status, sizeof(status), MSG_NOSIGNAL);
}

/*
 * Until the last task has ended.  The waiter hears of the program's end, and
 * when the waiter is gone, killed perhaps, so is the program.
 */
static void supervise(int listener, pid_t program, int waiter)
{
	struct pollfd p[3] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = (int)SYS2(SYS_pidfd_open, program, 0),
		    .events = POLLIN },
		{ .fd = waiter, .events = 0 },
	};

	do {
		sys_poll(p, 3, -1);
		if (p[2].revents) {
			kill(program, SIGKILL);
			p[2].fd = -1;
		}
		if (p[1].revents) {
			report(program, waiter, WNOHANG);
			sys_close(waiter);
			p[1].fd = p[2].fd = -1;
		}
		if (p[0].revents & POLLIN)
			serve_one(listener);
	} while (p[0].revents == 0 || p[0].revents & POLLIN);
	if (p[1].fd >= 0)
		report(program, waiter, 0);
}

static _Noreturn void entry(char **argv, int waiter, const sigset_t *mask)
{
	int sv[2], listener, status = CANNOT << 8;
	struct rlimit files;
	pid_t program;

	if (sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv) < 0)
		_exit(CANNOT);
	program = fork();
	if (program == 0) {
		sys_close(sv[0]);
		sys_close(waiter);
		become(argv, sv[1], mask);
	}
	sys_close(sv[1]);
	sys_send(waiter, &program, sizeof(program), MSG_NOSIGNAL);
	/* Files of the tasks come and go here. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	listener = program < 0 ? -1 : take_listener(sv[0]);
	if (listener >= 0 && may_look(program, listener) &&
	    sys_send(sv[0], "", 1, MSG_NOSIGNAL) == 1) {
		sys_close(sv[0]);
		close(0);
		close(1);
		sys_fill_stdio();
		supervise(listener, program, waiter);
	} else {
		sys_close(sv[0]);
		if (program > 0)
			waitpid(program, &status, 0);
		sys_send(waiter, &status, sizeof(status), MSG_NOSIGNAL);
	}
	_exit(0);
}

/* Signals that mean the program. */
static const int passed[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT,
	SIGWINCH, SIGPWR, SIGIO, SIGTSTP, SIGTTIN, SIGTTOU,
};
static pid_t volatile target;

/* One from a terminal has reached the program as well. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (target > 0 && info->si_code <= 0)
		kill(target, sig);
	if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
		raise(SIGSTOP);
}

static void catch(void)
{
	struct sigaction sa = {
		.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaction(passed[i], &sa, NULL);
}

/* End as it did. */
static int follow(int status)
{
	struct rlimit none = { 0, 0 };

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &none);	/* the core is the program's */
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

/* The entry died: once that is over the program is our child. */
static int wait_orphan(pid_t of)
{
	int status = CANNOT << 8;

	fprintf(stderr, "shmhijack: the entry to the virtual host is gone; new "
	    "network calls fail, and files cannot be opened\n");
	while (waitpid(of, NULL, 0) < 0 && errno == EINTR)
		;
	while (waitpid(target, &status, 0) < 0 && errno == EINTR)
		;
	return follow(status);
}

int main(int argc, char **argv)
{
	sigset_t all, old;
	int sv[2], status;
	pid_t of, pid;
	ssize_t n;

	if (argc < 3) {
		fprintf(stderr, "shmif_entry: shmhijack starts this\n");
		return 2;
	}
	sys_fill_stdio();
	if (sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv) < 0) {
		say("socketpair", errno);
		return CANNOT;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	of = pid = fork();
	if (pid == 0) {
		sys_close(sv[0]);
		entry(argv, sv[1], &old);
	}
	sys_close(sv[1]);
	if (pid < 0 || sys_recv(sv[0], &pid, sizeof(pid), 0) != sizeof(pid) ||
	    pid < 0) {
		say("fork", errno);
		return CANNOT;
	}
	target = pid;
	catch();
	sigprocmask(SIG_SETMASK, &old, NULL);
	do {
		n = sys_recv(sv[0], &status, sizeof(status), 0);
	} while (n == -EINTR);
	return n == sizeof(status) ? follow(status) : wait_orphan(of);
}
