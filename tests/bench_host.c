/*
 * bench_host: what this machine can do at best, the yardsticks of make bench.
 *
 *	bench_host wake CPU1 CPU2	a byte to a thread that sleeps on the
 *					other CPU and back, through pipes, two
 *					wake-ups: us p50, p99, count
 *	bench_host pair CPU1 CPU2 SECONDS
 *					a stream through a pair of Unix sockets
 *					from process to process, 64 KiB at a
 *					time: Gbit/s, CPU seconds per GB of both
 *	bench_host copy SECONDS		memcpy() of 32 KiB blocks from 8 MiB to
 *					8 MiB: GB/s
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench.h"

#define CHUNK	(64 << 10)
#define BLOCK	(32 << 10)
#define AREA	(8 << 20)
#define WAKES	2000

static int there[2], back[2], far_cpu;

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
	else if (argc == 5 && !strcmp(what, "pair"))
		pair(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else if (argc == 3 && !strcmp(what, "copy"))
		copy(atof(argv[2]));
	else {
		fprintf(stderr, "usage: see the top of bench_host.c\n");
		return 2;
	}
	return 0;
}
