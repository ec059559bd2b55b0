/* background.c: into the background; see background.h. */
#include "stack/wire/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stack/wire/sys.h"

/* The child has said why it ends. */
static _Noreturn void wait_ready(int fd, pid_t child)
{
	int status;
	char byte;

	if (read(fd, &byte, 1) == 1)
		_exit(0);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	    WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	_exit(1);
}

int background_begin(void)
{
	int p[2], e;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	e = errno;
	if (pid > 0) {
		close(p[1]);
		wait_ready(p[0], pid);
	}
	close(p[0]);
	if (pid == 0) {
		setsid();
		return p[1];
	}
	close(p[1]);
	return -e;
}

void background_ready(int fd, bool keep_stderr)
{
	int null = sys_null(O_CLOEXEC);

	for (int to = 0; null >= 0 && to < (keep_stderr ? 2 : 3); to++)
		dup2(null, to);
	if (null > 2)
		close(null);
	/* Should it fail, a folder stays in use: no reason not to serve. */
	if (chdir("/") < 0)
		errno = 0;
	if (write(fd, "", 1) != 1)
		errno = 0;	/* who started us is gone */
	close(fd);
}
