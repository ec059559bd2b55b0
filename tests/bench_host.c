/*
 * bench_host: what this machine can do at best, the yardsticks of make bench.
 *
 *	bench_host wake CPU1 CPU2	a byte to a thread that sleeps on the
 *					other CPU and back, through pipes, two
 *					wake-ups: us p50, p99, count
 *	bench_host chain CPU		64 bytes and their echo through what a
 *					bus has between two programs, with all
 *					that waits and none that works: two
 *					processes of two threads, one on epoll,
 *					one on a futex; all on one CPU: us p50,
 *					p99, count
 *	bench_host relay CPU1 CPU2 SECONDS
 *					a stream through all that a bus has
 *					between two programs but the stack: two
 *					pairs of sockets, the ring and its
 *					futexes; each program on the CPU of its
 *					host: Gbit/s, CPU s/GB
 *	bench_host pair CPU1 CPU2 SECONDS
 *					a stream through a pair of Unix sockets
 *					from process to process, 64 KiB at a
 *					time: Gbit/s, CPU seconds per GB of both
 *	bench_host copy SECONDS		memcpy() of 32 KiB blocks from 8 MiB to
 *					8 MiB: GB/s
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench.h"

#define CHUNK	(64 << 10)
#define BLOCK	(32 << 10)
#define AREA	(8 << 20)
#define RING	(4u << 20)
#define WAKES	2000
#define ECHO	64

static int there[2], back[2], far_cpu;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("sched_setaffinity");
}

static void *answer(void *arg)
{
	char c;

	(void)arg;
	pin(far_cpu);
	while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
		;
	return NULL;
}

static void wake(int near, int far)
{
	static uint32_t v[WAKES];
	pthread_t thread;
	char c = 0;

	far_cpu = far;
	pin(near);
	if (pipe(there) < 0 || pipe(back) < 0 ||
	    pthread_create(&thread, NULL, answer, NULL))
		die("pipe");
	for (size_t i = 0; i < WAKES; i++) {
		uint64_t t = now_ns();

		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			die("pipe");
		v[i] = (uint32_t)(now_ns() - t);
	}
	show(v, WAKES);
}

/* A host without a stack: what its program sends goes to the other one. */
struct idle_host {
	int fd;				/* the program's other end */
	_Atomic uint32_t *in, *out;	/* frames on the bus, by direction */
};

static void *from_bus(void *arg)
{
	const struct idle_host *h = arg;
	char buf[ECHO] = { 0 };

	for (uint32_t seen = 0; ; seen++) {
		while (atomic_load(h->in) == seen)
			syscall(SYS_futex, h->in, FUTEX_WAIT, seen, NULL, NULL,
			    0);
		if (send(h->fd, buf, ECHO, 0) != ECHO)
			_exit(0);
	}
}

static void from_program(const struct idle_host *h)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	pthread_t thread;
	char buf[ECHO];

	if (epoll_ctl(ep, EPOLL_CTL_ADD, h->fd, &ev) < 0 ||
	    pthread_create(&thread, NULL, from_bus, (void *)(uintptr_t)h))
		die("epoll");
	while (epoll_wait(ep, &ev, 1, -1) == 1 &&
	    recv(h->fd, buf, ECHO, 0) == ECHO) {
		atomic_fetch_add(h->out, 1);
		syscall(SYS_futex, h->out, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	_exit(0);
}

/* Return: in the child 0; it ends with its parent. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0 || (!pid && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0))
		die("fork");
	return pid;
}

static void chain(int cpu)
{
	static uint32_t v[WAKES];
	_Atomic uint32_t *bus = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int near[2], far[2];
	char buf[ECHO] = { 0 };

	pin(cpu);
	if (bus == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, near) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, far))
		die("socketpair");
	if (!child())
		from_program(&(struct idle_host){ near[1], bus, bus + 64 });
	if (!child())
		from_program(&(struct idle_host){ far[1], bus + 64, bus });
	if (!child()) {
		while (read(far[0], buf, ECHO) == ECHO &&
		    write(far[0], buf, ECHO) == ECHO)
			;
		_exit(0);
	}
	for (size_t i = 0; i < WAKES; i++) {
		uint64_t t = now_ns();

		if (write(near[0], buf, ECHO) != ECHO ||
		    read(near[0], buf, ECHO) != ECHO)
			die("chain");
		v[i] = (uint32_t)(now_ns() - t);
	}
	show(v, WAKES);
}

static double cpu_s(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	    (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void pair(int near, int far, double s)
{
	static char buf[CHUNK];
	uint64_t total = 0, t0, end;
	ssize_t n;
	pid_t pid;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0 || (pid = fork()) < 0)
		die("socketpair");
	pin(pid ? near : far);
	close(fd[pid != 0]);
	if (!pid) {
		while (read(fd[1], buf, CHUNK) > 0)
			;
		_exit(0);
	}
	t0 = now_ns();
	end = t0 + (uint64_t)(s * 1e9);
	while (now_ns() < end && (n = write(fd[0], buf, CHUNK)) > 0)
		total += (uint64_t)n;
	close(fd[0]);
	if (waitpid(pid, NULL, 0) != pid || !total)
		die("nothing passed");
	printf("%.2f %.4f\n", (double)total * 8 / (double)(now_ns() - t0),
	    (cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN)) * 1e9 /
	    (double)total);
}

/* A word of the ring changed: wait for that, and tell of it. */
static void await_word(_Atomic uint32_t *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void bump(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* words: [0] blocks put in, [64] taken out; the ring is behind them. */
static void relay_in(int fd, _Atomic uint32_t *words, char *area)
{
	static char buf[BLOCK];
	uint32_t out;

	for (uint32_t n = 0; recv(fd, buf, BLOCK, MSG_WAITALL) == BLOCK; n++) {
		while (n - (out = atomic_load(&words[64])) == RING / BLOCK)
			await_word(&words[64], out);
		memcpy(area + n * BLOCK % RING, buf, BLOCK);
		bump(&words[0]);
	}
	_exit(0);
}

static void relay_out(int fd, _Atomic uint32_t *words, const char *area)
{
	static char buf[BLOCK];

	for (uint32_t n = 0; ; n++) {
		while (atomic_load(&words[0]) == n)
			await_word(&words[0], n);
		memcpy(buf, area + n * BLOCK % RING, BLOCK);
		bump(&words[64]);
		if (send(fd, buf, BLOCK, 0) != BLOCK)
			_exit(0);
	}
}

static void relay(int near, int far, double s)
{
	_Atomic uint32_t *words = mmap(NULL, 4096 + RING, PROT_READ |
	    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static char buf[CHUNK];
	uint64_t total = 0, t0, end;
	int a[2], b[2];
	double cpu;
	pid_t pid[3];
	ssize_t n;

	if (words == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, a) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b))
		die("socketpair");
	for (int i = 0; i < 3; i++) {
		pid[i] = child();
		if (pid[i])
			continue;
		pin(i ? far : near);
		if (i == 0)
			relay_in(a[1], words, (char *)words + 4096);
		if (i == 1)
			relay_out(b[0], words, (char *)words + 4096);
		while (read(b[1], buf, CHUNK) > 0)
			;
		_exit(0);
	}
	pin(near);
	t0 = now_ns();
	end = t0 + (uint64_t)(s * 1e9);
	while (now_ns() < end && (n = write(a[0], buf, CHUNK)) > 0)
		total += (uint64_t)n;
	s = (double)(now_ns() - t0);
	for (int i = 0; i < 3; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	cpu = cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN);
	printf("%.2f %.4f\n", (double)total * 8 / s,
	    cpu * 1e9 / (double)total);
}

static void copy(double s)
{
	char *from = malloc(AREA), *to = malloc(AREA);
	uint64_t total = 0, t0, end;

	if (!from || !to)
		die("malloc");
	memset(from, 'x', AREA);
	memset(to, 'y', AREA);
	t0 = now_ns();
	for (end = t0 + (uint64_t)(s * 1e9); now_ns() < end; total += AREA)
		for (size_t at = 0; at < AREA; at += BLOCK) {
			memcpy(to + at, from + at, BLOCK);
			/* Somebody might look: the copy is not left out. */
			__asm__ volatile("" : : "r"(to) : "memory");
		}
	printf("%.2f\n", (double)total / (double)(now_ns() - t0));
	free(from);
	free(to);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && !strcmp(what, "wake"))
		wake(atoi(argv[2]), atoi(argv[3]));
	else if (argc == 3 && !strcmp(what, "chain"))
		chain(atoi(argv[2]));
	else if (argc == 5 && !strcmp(what, "pair"))
		pair(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else if (argc == 5 && !strcmp(what, "relay"))
		relay(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else if (argc == 3 && !strcmp(what, "copy"))
		copy(atof(argv[2]));
	else {
		fprintf(stderr, "usage: see the top of bench_host.c\n");
		return 2;
	}
	return 0;
}
