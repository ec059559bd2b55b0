/*
 * hints.c: a private host that may not be what the user meant: a line each,
 * and the program starts all the same.
 */
#include "hijack/launcher/launcher.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"

/* The user's other named buses, as " a b", in names. */
static void list_others(const char *dir, char *names, size_t size)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct dirent *e;
	struct stat st;
	struct bus *b;
	size_t n = 0;
	DIR *d = opendir(dir);

	names[0] = '\0';
	while (d && (e = readdir(d)) && n + 2 < size) {
		if (e->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s",
		    dir, e->d_name) >= (int)sizeof(path) || lstat(path, &st) ||
		    !S_ISREG(st.st_mode) ||
		    bus_open(&b, path, BUS_OPEN_RDONLY, err))
			continue;
		bus_close(b);
		n += (size_t)snprintf(names + n, size - n, " %s", e->d_name);
	}
	if (d)
		closedir(d);
}

/* A slip of the hand makes a bus that nobody else is on. */
static void hint_new(const char *bus, char *path)
{
	char names[200], *slash = strrchr(path, '/');

	if (strchr(bus, '/') || !slash)
		return;
	*slash = '\0';
	list_others(path, names, sizeof(names));
	if (names[0])
		say("new bus %s; there is%s", bus, names);
}

/* A name is that of a bus of the user's own, not a file in this directory. */
static void hint_file(const char *bus, const char *path)
{
	char file[PATH_MAX], err[BUS_ERRLEN];
	struct bus *b;

	if (strchr(bus, '/') || snprintf(file, sizeof(file), "./%s", bus) >=
	    (int)sizeof(file) || access(file, F_OK) ||
	    bus_open(&b, file, BUS_OPEN_RDONLY, err))
		return;
	bus_close(b);
	say("%s is the bus %s; for the file in this directory write ./%s",
	    bus, path, bus);
}

static uint32_t network(const uint8_t *addr, unsigned plen)
{
	uint32_t ip;

	memcpy(&ip, addr, sizeof(ip));
	return plen ? ntohl(ip) >> (32 - plen) : 0;
}

/* The host is there already, or has no neighbour with its address. */
static void hint_address(const char *bus, const char *text, const char *name,
    struct bus *b)
{
	char addr[INET_ADDRSTRLEN];
	struct bus_member m;
	unsigned others = 0, plen = 24;
	size_t n = strcspn(text, "/ ");
	uint8_t ip[4];

	if (n >= sizeof(addr))
		return;
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (inet_pton(AF_INET, addr, ip) != 1)
		return;
	if (text[n] == '/')
		plen = (unsigned)atoi(text + n + 1);
	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		if (bus_member(b, i, &m) != 1)
			continue;
		for (int k = 0; k < BUS_ADDRS; k++) {
			if (m.addr[k].family != AF_INET)
				continue;
			others++;
			if (!memcmp(m.addr[k].addr, ip, 4) && name &&
			    strcmp(name, m.name))
				say("-n %s has no effect: the host at %s runs "
				    "already, as %s", name, addr, m.name);
			if (network(m.addr[k].addr, plen) ==
			    network(ip, plen))
				return;
		}
	}
	if (others)
		say("-a %.*s: nobody on the bus %s is in that network; its "
		    "hosts are in %u.%u.%u.%u/%u", (int)strcspn(text, " "),
		    text, bus, bus_geometry(b)->subnet[0],
		    bus_geometry(b)->subnet[1], bus_geometry(b)->subnet[2],
		    bus_geometry(b)->subnet[3], bus_geometry(b)->plen);
}

void hint_bus(const char *bus, const char *addrs, const char *name)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct bus *b;
	int e;

	if (bus_path(path, sizeof(path), bus, false, err))
		return;
	hint_file(bus, path);
	e = bus_open(&b, path, BUS_OPEN_RDONLY, err);
	if (e == -ENOENT)
		hint_new(bus, path);
	if (e)
		return;
	if (addrs[0])
		hint_address(bus, addrs, name, b);
	bus_close(b);
}
