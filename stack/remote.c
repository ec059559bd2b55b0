/* remote.c: clients on other machines; see remote.h. */
#include "stack/remote.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/core/log.h"
#include "stack/wire/sys.h"

#define RELAY	"shmif_relay"

/* If there is one in the folder of that file, or in bin beside it, be it. */
static void try_beside(const char *file, const char *const *argv)
{
	char path[PATH_MAX];
	const char *slash = strrchr(file, '/');
	int n = slash ? (int)(slash - file) : -1;

	if (n < 0)
		return;
	snprintf(path, sizeof(path), "%.*s/" RELAY, n, file);
	execv(path, (char *const *)(uintptr_t)argv);
	snprintf(path, sizeof(path), "%.*s/../bin/" RELAY, n, file);
	execv(path, (char *const *)(uintptr_t)argv);
}

/* In the child: what belongs to our program or library, or is installed. */
static _Noreturn void run(const char *const *argv, int out, bool quiet)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int null = sys_null(O_CLOEXEC);
	sigset_t none;
	Dl_info us;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(out, 1);
	if (quiet)
		dup2(null, 2);
	path[n > 0 ? n : 0] = '\0';
	try_beside(path, argv);
	if (dladdr(RELAY, &us) && us.dli_fname)
		try_beside(us.dli_fname, argv);
	execv(SHMIF_BINDIR "/" RELAY, (char *const *)(uintptr_t)argv);
	execvp(RELAY, (char *const *)(uintptr_t)argv);
	log_err("cannot run " RELAY ", by which clients come over tcp://; it "
	    "belongs beside this program, in " SHMIF_BINDIR " or in PATH");
	_exit(127);
}

/* It is nobody's child: the program may wait for its own. */
static bool start(const char *const *argv, int out, bool quiet)
{
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			run(argv, out, quiet);
		_exit(pid < 0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return true;
}

int remote_start(const char *const *urls, int n, const char *key,
    bool insecure, const struct sockaddr_un *sun, bool quiet)
{
	const char *argv[REMOTE_MAX + 8];
	char url[sizeof(sun->sun_path) + 8], byte;
	int p[2], i = 0;

	argv[i++] = RELAY;
	argv[i++] = "--listen";
	if (insecure)
		argv[i++] = "--insecure";
	if (key) {
		argv[i++] = "-k";
		argv[i++] = key;
	}
	snprintf(url, sizeof(url), "unix://%s", sun->sun_path);
	argv[i++] = url;
	for (int k = 0; k < n && k < REMOTE_MAX; k++)
		argv[i++] = urls[k];
	argv[i] = NULL;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	if (!start(argv, p[1], quiet))
		log_err("fork: %s", strerror(errno));
	close(p[1]);
	do {
		n = (int)read(p[0], &byte, 1);
	} while (n < 0 && errno == EINTR);
	close(p[0]);
	return n == 1 ? 0 : -1;
}

int remote_socket(struct sockaddr_un *sun, char *err)
{
	char dir[PATH_MAX];
	int e = bus_user_dir(dir, sizeof(dir), true, err);

	if (e)
		return e;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/host-%d.sock",
	    dir, getpid()) < (int)sizeof(sun->sun_path))
		return 0;
	strcpy(err, "the per-user directory's path is too long for a socket; "
	    "unset XDG_RUNTIME_DIR");
	return -ENAMETOOLONG;
}
