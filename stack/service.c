/* service.c: sockets from and words to a service manager; see service.h. */
#include "stack/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD	3	/* of those that are passed */

static int passed;		/* sockets */
static struct sockaddr_un manager;
static socklen_t manager_len;	/* 0: there is none, or it is told nothing */

static long number(const char *name)
{
	const char *s = getenv(name);
	char *end;
	long n;

	if (!s || !*s)
		return -1;
	n = strtol(s, &end, 10);
	return *end ? -1 : n;
}

/* The address is a path, or with @ in front a name without a file. */
static void find_manager(const char *path)
{
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(manager.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	manager.sun_family = AF_UNIX;
	memcpy(manager.sun_path, path, n);
	if (path[0] == '@')
		manager.sun_path[0] = '\0';
	manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

void service_init(bool quiet)
{
	long n = number("LISTEN_FDS");

	if (n > 0 && n < 1024 && number("LISTEN_PID") == (long)getpid())
		passed = (int)n;
	if (!quiet)
		find_manager(getenv("NOTIFY_SOCKET"));
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("NOTIFY_SOCKET");
}

static int option(int fd, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) < 0 ? -1 : v;
}

int service_socket(struct sockaddr_un *sun, char err[static SERVICE_ERRLEN])
{
	socklen_t len = sizeof(*sun);
	int fd = FIRST_FD, flags;

	if (!passed)
		return -1;
	memset(sun, 0, sizeof(*sun));
	if (passed > 1) {
		snprintf(err, SERVICE_ERRLEN, "%d sockets were passed; one is "
		    "enough", passed);
		return -EINVAL;
	}
	if (option(fd, SO_DOMAIN) != AF_UNIX ||
	    option(fd, SO_TYPE) != SOCK_SEQPACKET ||
	    option(fd, SO_ACCEPTCONN) != 1 ||
	    getsockname(fd, (struct sockaddr *)sun, &len) < 0 ||
	    len >= sizeof(*sun) || sun->sun_path[0] != '/') {
		snprintf(err, SERVICE_ERRLEN, "the socket that was passed is "
		    "none of the kind that is needed; use "
		    "ListenSequentialPacket=/PATH");
		return -EINVAL;
	}
	flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

void service_tell(const char *state)
{
	int fd;

	if (!manager_len)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&manager, manager_len);
	close(fd);
}
