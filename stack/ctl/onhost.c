/* onhost.c: which virtual host the control tool speaks to: -s, -b and -H. */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/wire/client.h"
#include "stack/wire/url.h"

/* Return: only what failed, told; all but what uses sockets would work. */
static int start_over(char **argv, int skip)
{
	argv[skip - 1] = argv[0];
	execv("/proc/self/exe", argv + skip - 1);
	if (errno == ENOEXEC)
		return 0;	/* an emulator runs us, not the kernel */
	/* Without /proc by the name that it was started by. */
	execv((const char *)getauxval(AT_EXECFN), argv + skip - 1);
	return ctl_fail("/proc/self/exe: %s", strerror(errno));
}

int ctl_use_url(const char *url, char **argv, int skip)
{
	const char *old = getenv("RUMP_SERVER"), *why;
	struct sockaddr_un sun;
	struct url u;

	if (url_parse(url, &u, &why) < 0 ||
	    (u.kind == URL_UNIX && client_parse_url(url, &sun, &why) < 0)) {
		ctl_fail("%s: %s", url, why);
		return CTL_USAGE;
	}
	if (old && !strcmp(old, url))
		return 0;
	if (setenv("RUMP_SERVER", url, 1))
		return ctl_fail("%s", strerror(errno));
	return start_over(argv, skip);
}

int ctl_use_bus(const char *bus, const char *host, char **argv, int skip)
{
	char path[PATH_MAX], server[BUS_SERVERLEN], err[BUS_ERRLEN];
	char url[BUS_SERVERLEN + 8];
	struct bus *b;
	bool vnl = strstr(bus, "://");
	int e;

	if (vnl && host)
		return ctl_malformed("-H %s: a host has a name on a bus, and %s "
		    "is a VNL", host, bus);
	if (!vnl && ctl_bus_path(bus, !host, path, sizeof(path)))
		return CTL_FAILED;
	if (!host) {
		setenv("SHMIF_BUS", !vnl && strchr(bus, '/') ? path : bus, 1);
		unsetenv("RUMP_SERVER");
		unsetenv("SHMIF_ADDR");
		unsetenv("SHMIF_GATEWAY");
		unsetenv("SHMIF_NAME");
		unsetenv("SHMIF_HOSTS");
		unsetenv("SHMIF_RESOLV");
		unsetenv("SHMIF_HOST__");
		return start_over(argv, skip);
	}
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	e = bus_find_server(b, host, server, err);
	bus_close(b);
	if (e)
		return ctl_fail("%s", err);
	snprintf(url, sizeof(url), "unix://%s", server);
	return ctl_use_url(url, argv, skip);
}
