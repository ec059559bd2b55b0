/*
 * h_follow.c: run a program and trace it and all that it starts, to the last
 * of them, as strace -f does.
 *
 * usage: h_follow PROGRAM [ARGUMENT]...
 *
 * Prints how many processes and threads there were.  Exit status: PROGRAM's;
 * 126 if it cannot be traced.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLLOW	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

/* The signal that a stop is about, 0 if it is the tracer's own affair. */
static long signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 || sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
}

int main(int argc, char **argv)
{
	int status, result = 126, n = 1;
	pid_t first = argc > 1 ? fork() : -1, pid;

	if (first < 0)
		return 126;
	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, first, 0, FOLLOW) ||
	    ptrace(PTRACE_CONT, first, 0, 0))
		return 126;
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			n += status >> 16 != 0;
			ptrace(PTRACE_CONT, pid, 0, signal_of(status));
		} else if (pid == first) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 126;
		}
	}
	printf("%d\n", n);
	return result;
}
