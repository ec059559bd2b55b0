/* succeed.c: taking the place of a private host; see succeed.h. */
#include "stack/succeed.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bus/bus.h"
#include "stack/ip/iface.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define ASK_MS		500	/* a stopped host is let be */
#define LEAVE_MS	3000	/* for it to be off the bus */

static bool in_the_way(const struct bus_member *m, const struct wire_yield *y)
{
	size_t n = y->family == AF_INET ? 4 : 16;

	if (!strcmp(m->name, y->name))
		return true;
	for (int i = 0; y->family && i < BUS_ADDRS; i++)
		if (m->addr[i].family == y->family &&
		    !memcmp(m->addr[i].addr, y->ip, n))
			return true;
	return false;
}

static unsigned count_in_the_way(struct bus *b, const struct wire_yield *y)
{
	struct bus_member m;
	unsigned n = 0;

	for (unsigned i = 0; i < BUS_SLOTS; i++)
		n += bus_member(b, i, &m) == 1 && in_the_way(&m, y);
	return n;
}

static int ask(const char *path, const struct wire_yield *y,
    struct wire_rep *rep)
{
	struct wire_req req = { .op = WIRE_YIELD, .len = sizeof(*y) };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, e;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	/* A queue of connections that is full is not waited for, either. */
	fd = (int)SYS3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	e = (int)SYS3(SYS_connect, fd, &sun, sizeof(sun));
	memcpy(req.data, y, sizeof(*y));
	if (!e)
		e = client_call(fd, &req, NULL, 0, rep, NULL, ASK_MS, false);
	sys_close(fd);
	return e ? e : -rep->error;
}

static void take_addresses(struct spec *s, const struct wire_rep *rep)
{
	struct wire_ifaddr *a;

	for (uint32_t at = 0; at + sizeof(*a) <= rep->len &&
	    s->naddr < SPEC_ADDRS; at += (uint32_t)sizeof(*a)) {
		a = &s->addr[s->naddr];
		memcpy(a, rep->data + at, sizeof(*a));
		a->flags = s->naddr++ ? WIRE_ADDR_ALIAS : 0;
		a->ifname[0] = '\0';
	}
}

/* Return: how many make way. */
static unsigned ask_all(struct spec *s, const char *own,
    const struct wire_yield *y)
{
	bool wants = !s->naddr;
	char path[PATH_MAX];
	struct wire_rep rep;
	struct dirent *e;
	unsigned n = 0;
	size_t len;
	DIR *d;

	snprintf(path, sizeof(path), "%s", own);
	len = (size_t)(strrchr(path, '/') - path) + 1;
	path[len] = '\0';
	d = opendir(path);
	while (d && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".sock") ||
		    len + strlen(e->d_name) >= sizeof(path))
			continue;
		strcpy(path + len, e->d_name);
		if (!strcmp(path, own) || ask(path, y, &rep))
			continue;
		n++;
		if (wants && !s->naddr)
			take_addresses(s, &rep);
		s->inherited = wants && s->naddr;
	}
	if (d)
		closedir(d);
	return n;
}

static void wait_gone(struct bus *b, const struct wire_yield *y, unsigned left)
{
	for (int ms = 0; ms < LEAVE_MS && count_in_the_way(b, y) > left; ms++)
		sys_poll(NULL, 0, 1);
}

void succeed(struct spec *s, const char *own)
{
	char err[BUS_ERRLEN], path[PATH_MAX];
	struct wire_yield y = { 0 };
	struct stat st;
	struct bus *b;
	unsigned n;

	snprintf(y.name, sizeof(y.name), "%s", s->name[0] ? s->name :
	    iface_hostname);
	if (s->naddr) {
		y.family = s->addr[0].family;
		memcpy(y.ip, s->addr[0].ip, sizeof(y.ip));
	}
	if (!strchr(own, '/') || bus_path(path, sizeof(path), s->link, false,
	    err) || stat(path, &st) || bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return;
	y.dev = st.st_dev;
	y.ino = st.st_ino;
	n = count_in_the_way(b, &y);
	if (n)
		wait_gone(b, &y, n - ask_all(s, own, &y));
	bus_close(b);
}
