/*
 * h_step.c: stops at each system call of a program or of a host, before it
 * and after it, and kills there: all that others can notice of a process,
 * but for its writes to shared memory, happens at one of these places.
 *
 * usage: h_step program FIRST EVERY COMMAND...
 *	   runs COMMAND again and again, and kills it at its place FIRST,
 *	   FIRST + EVERY, ... until it ends before
 *        h_step with PID N COMMAND...
 *	   kills process PID when COMMAND is at its place N, and lets COMMAND
 *	   go on
 *        h_step host PID N COMMAND...
 *	   kills PID at its own place N since COMMAND has begun
 *
 * COMMAND raises SIGSTOP where the places begin to count (STEP is set in its
 * environment).  Prints the places, or how COMMAND ended; exit status 3 if
 * there is no place N.
 */
#include <errno.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT 60		/* seconds that COMMAND may take at most */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "h_step: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Return: the command's pid, stopped where it begins to count. */
static pid_t begin(char **argv, bool trace)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setenv("STEP", "1", 1);
		alarm(LIMIT);
		if (trace && ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			die("ptrace");
		execvp(argv[0], argv);
		die(argv[0]);
	}
	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) != pid)
			die("waitpid");
		if (!WIFSTOPPED(status)) {
			fprintf(stderr, "%s ended too early\n", argv[0]);
			exit(1);
		}
		if (WSTOPSIG(status) == SIGSTOP)
			return pid;
		/* The stop of exec. */
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 :
		    WSTOPSIG(status));
	}
}

/* To the next place.  Return: false if it has ended. */
static bool step(pid_t pid)
{
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, sig) < 0 ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80))
			return true;
	}
}

static bool steps(pid_t pid, int n)
{
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	    PTRACE_O_EXITKILL);
	for (int i = 0; i < n; i++)
		if (!step(pid))
			return false;
	return true;
}

static void each_of_program(int first, int every, char **argv)
{
	int n, cases = 0;
	pid_t pid;

	for (n = first; ; n += every, cases++) {
		pid = begin(argv, true);
		if (!steps(pid, n))
			break;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	printf("%d places, killed at %d\n", n, cases);
	exit(cases ? 0 : 3);
}

static int report(int status)
{
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else
		printf("exit status %d\n", WEXITSTATUS(status));
	return 0;
}

static int kill_with(pid_t host, int n, char **argv)
{
	pid_t pid = begin(argv, true);
	int status;

	if (!steps(pid, n))
		return 3;
	kill(host, SIGKILL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	waitpid(pid, &status, 0);
	return report(status);
}

/* All threads of the host. */
static void seize(pid_t host)
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)host);
	dir = opendir(path);
	if (!dir)
		die(path);
	while ((e = readdir(dir))) {
		pid_t tid = atoi(e->d_name);

		if (!tid)
			continue;
		if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD |
		    PTRACE_O_TRACECLONE) < 0 ||
		    ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
			die("ptrace");
	}
	closedir(dir);
}

static int kill_host(pid_t host, int n, char **argv)
{
	int status, sig;
	pid_t pid, tid;

	pid = begin(argv, false);
	seize(host);
	kill(pid, SIGCONT);
	while (n) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0)
			die("waitpid");
		if (tid == pid && !WIFSTOPPED(status))
			return 3;
		if (tid == pid || !WIFSTOPPED(status))
			continue;
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80) && --n == 0)
			break;
		ptrace(PTRACE_SYSCALL, tid, 0, sig == SIGTRAP || status >> 16 ||
		    sig == (SIGTRAP | 0x80) ? 0 : sig);
	}
	kill(host, SIGKILL);
	while ((tid = waitpid(-1, &status, __WALL)) > 0 && tid != pid)
		;
	return report(status);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		goto usage;
	if (!strcmp(argv[1], "program"))
		each_of_program(atoi(argv[2]), atoi(argv[3]), argv + 4);
	if (!strcmp(argv[1], "with"))
		return kill_with(atoi(argv[2]), atoi(argv[3]), argv + 4);
	if (!strcmp(argv[1], "host"))
		return kill_host(atoi(argv[2]), atoi(argv[3]), argv + 4);
usage:
	fputs("usage: h_step program FIRST EVERY COMMAND...\n"
	    "       h_step with|host PID N COMMAND...\n", stderr);
	return 64;
}
