/*
 * wait.c: shmhijack -w: before the program starts, the control tool waits on
 * the very host that the program will be on.
 */
#include "hijack/launcher/launcher.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL		"shmif"

/*
 * A private host without an address belongs to who carries this mark: the tool
 * and the program must be given the same one.
 */
static void mark_tree(void)
{
	const char *bus = getenv("SHMIF_BUS"), *addr = getenv("SHMIF_ADDR");
	const char *server = getenv("RUMP_SERVER");
	uint64_t mark;
	char text[17];

	if ((server && *server) || !bus || !*bus || (addr && *addr) ||
	    getenv("SHMIF_HOST__"))
		return;
	if (getrandom(&mark, sizeof(mark), 0) != sizeof(mark))
		mark = (uint64_t)getpid();
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)mark);
	setenv("SHMIF_HOST__", text, 1);
}

static _Noreturn void run_tool(char **argv)
{
	char path[PATH_MAX];
	char *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		if (slash && (size_t)(slash + 1 - path) + sizeof(TOOL) <
		    sizeof(path)) {
			strcpy(slash + 1, TOOL);
			execv(path, argv);
		}
	}
	execvp(TOOL, argv);
	say("-w: cannot run " TOOL ": %s; install it beside this program",
	    strerror(errno));
	_exit(1);
}

int wait_for_hosts(const char *const *target, int n, const char *seconds)
{
	/* Its error line is to begin with our name. */
	char *argv[WAIT_MAX + 7] = {
		(char *)TOOL, (char *)"--as", program_invocation_short_name,
		(char *)"wait",
	};
	int argc = 4, status = -1;
	pid_t pid;

	mark_tree();
	if (seconds) {
		argv[argc++] = (char *)"-t";
		argv[argc++] = (char *)seconds;
	}
	for (int i = 0; i < n; i++)
		argv[argc++] = (char *)target[i];
	pid = fork();
	if (pid == 0)
		run_tool(argv);
	if (pid < 0) {
		say("-w: %s", strerror(errno));
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
