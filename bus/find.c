/*
 * find.c: where the host of a name serves, by what members announce, and
 * whether that may be believed.
 */
#include "bus/handle.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Could somebody else put another file in its place? */
static bool safe_place(const char *path)
{
	char dir[PATH_MAX];
	struct stat st;
	char *slash;

	if (!realpath(path, dir) || strcmp(dir, path))
		return false;	/* by way of a link, which may change */
	do {
		slash = strrchr(dir, '/');
		slash[slash == dir] = '\0';
		if (stat(dir, &st) || (st.st_uid && st.st_uid != geteuid()))
			return false;
		if (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
			return false;
	} while (dir[1]);
	return true;
}

bool bus_server_ours(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t len = sizeof(peer);
	bool ours;
	int fd;

	if (!*path || strlen(path) >= sizeof(sun.sun_path) ||
	    !safe_place(path))
		return false;
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	ours = !connect(fd, (struct sockaddr *)&sun, sizeof(sun)) &&
	    !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	    peer.uid == geteuid();
	close(fd);
	return ours;
}

int bus_find_server(struct bus *b, const char *name,
    char path[static BUS_SERVERLEN], char err[static BUS_ERRLEN])
{
	unsigned named = 0, found = 0;
	struct bus_member m;

	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		if (bus_member(b, i, &m) != 1 || strcmp(m.name, name))
			continue;
		named++;
		/* A host may be on a bus more than once. */
		if (!bus_server_ours(m.server) ||
		    (found && !strcmp(path, m.server)))
			continue;
		if (found++)
			return bus_fail(err, -ENOTUNIQ, "%s: several hosts are "
			    "named %s; use the URL of one, see shmif hosts",
			    b->path, name);
		strcpy(path, m.server);
	}
	for (unsigned i = BUS_SLOTS; !named && i < BUS_HOSTS; i++)
		if (bus_host(b, i, &m) == 1 && !strcmp(m.name, name))
			return bus_fail(err, -EACCES, "%s: %s is beyond a "
			    "bridge; use its URL there, tcp:// or ssh://",
			    b->path, name);
	if (!named)
		return bus_fail(err, -ENOENT, "%s: no host %s; shmif hosts "
		    "shows who is there", b->path, name);
	if (!found)
		return bus_fail(err, -EACCES, "%s: %s has no server of yours "
		    "that it tells of; use its URL", b->path, name);
	return 0;
}
