/* remote.c: clients on other machines; see remote.h. */
#include "stack/remote.h"

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

#define RELAY	"shmif_relay"

/* In the child: beside our own program, or where it was installed. */
static _Noreturn void run(const char *const *argv, int out)
{
	char path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(out, 1);
	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && (size_t)(slash - path) + sizeof(RELAY) < sizeof(path) - 1) {
		strcpy(slash + 1, RELAY);
		execv(path, (char *const *)(uintptr_t)argv);
	}
	execv(SHMIF_BINDIR "/" RELAY, (char *const *)(uintptr_t)argv);
	log_err("cannot run " RELAY ", by which clients come over tcp://; it "
	    "belongs beside this program or in " SHMIF_BINDIR);
	_exit(127);
}

int remote_start(const char *const *urls, int n, const char *key,
    bool insecure, const struct sockaddr_un *sun)
{
	const char *argv[REMOTE_MAX + 8];
	char url[sizeof(sun->sun_path) + 8], byte;
	int p[2], i = 0, status;
	pid_t pid;

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
	if (pipe2(p, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		log_err("fork: %s", strerror(errno));
		return -1;
	}
	if (pid == 0)
		run(argv, p[1]);
	close(p[1]);
	n = (int)read(p[0], &byte, 1);
	close(p[0]);
	if (n == 1)
		return 0;
	waitpid(pid, &status, 0);
	return -1;
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
