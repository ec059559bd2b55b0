/* names.c: see names.h. */
#include "stack/api/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/wire/clock.h"
#include "stack/wire/wire.h"

#define SEP	" \t\r\n"

static char files[WIRE_NAMES_NUM][PATH_MAX];	/* absolute, or "" */

int names_option(const char *text, char err[static IFACE_ERRLEN])
{
	static const char *const words[WIRE_NAMES_NUM] = {
		[WIRE_NAMES_HOSTS] = "hosts=",
		[WIRE_NAMES_RESOLV] = "resolv=",
	};

	for (int i = 0; i < WIRE_NAMES_NUM; i++) {
		size_t n = strlen(words[i]);

		if (strncmp(text, words[i], n))
			continue;
		if (realpath(text + n, files[i]) && !access(files[i], R_OK))
			return 0;
		snprintf(err, IFACE_ERRLEN, "%.100s: %s", text,
		    strerror(errno));
		return -errno;
	}
	snprintf(err, IFACE_ERRLEN, "%.60s: there are only "
	    "allow=WHO[:RIGHT,...], hosts=FILE and resolv=FILE", text);
	return -EINVAL;
}

/* What a host name may have: a bus can hold anything. */
static bool is_name(const char *s)
{
	return s[0] && s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] == '\0';
}

/* The file of hosts. */

/* A line of it, in place. Return: has it an address?  names: what follows. */
static bool take_line(char *line, struct wire_ifaddr *a, char **names)
{
	char *word;

	line[strcspn(line, "#")] = '\0';
	memset(a, 0, sizeof(*a));
	word = strtok_r(line, SEP, names);
	if (!word)
		return false;
	a->family = strchr(word, ':') ? AF_INET6 : AF_INET;
	a->plen = a->family == AF_INET ? 32 : 128;
	return inet_pton(a->family, word, a->ip) == 1;
}

/* Addresses of the name into rep. */
static void find_name(FILE *f, const char *name, struct wire_rep *rep)
{
	char *line = NULL, *rest, *word;
	struct wire_ifaddr a;
	size_t room = 0;

	while (getline(&line, &room, f) > 0) {
		if (!take_line(line, &a, &rest))
			continue;
		while ((word = strtok_r(NULL, SEP, &rest)) &&
		    strcasecmp(word, name))
			;
		if (!word || rep->len + sizeof(a) > WIRE_DATA)
			continue;
		memcpy(rep->data + rep->len, &a, sizeof(a));
		rep->len += sizeof(a);
	}
	free(line);
}

/* The first name of the address into rep. */
static void find_addr(FILE *f, const struct wire_ifaddr *want,
    struct wire_rep *rep)
{
	char *line = NULL, *rest, *word;
	struct wire_ifaddr a;
	size_t room = 0;

	while (!rep->len && getline(&line, &room, f) > 0) {
		if (!take_line(line, &a, &rest) || a.family != want->family ||
		    memcmp(a.ip, want->ip, a.family == AF_INET ? 4 : 16))
			continue;
		word = strtok_r(NULL, SEP, &rest);
		if (!word || strlen(word) >= BUS_NAMELEN)
			continue;
		rep->len = (uint32_t)strlen(word);
		memcpy(rep->data, word, rep->len);
	}
	free(line);
}

static int of_bus(const char *name, const struct wire_ifaddr *a,
    struct wire_rep *rep)
{
	int e = -ENOENT;

	for (struct iface *f = iface_next(NULL); f && e; f = iface_next(f))
		if (name && f->driver->resolve)
			e = f->driver->resolve(f, name, rep);
		else if (!name && f->driver->name_of)
			e = f->driver->name_of(f, a, rep);
	return e;
}

int names_resolve(const struct wire_req *req, struct wire_rep *rep)
{
	bool by_addr = req->a == WIRE_RESOLVE_ADDR;
	struct wire_ifaddr a = { 0 };
	char name[BUS_NAMELEN] = "";
	FILE *f;

	if (by_addr ? req->len != sizeof(a) : req->len >= sizeof(name))
		return by_addr ? -EINVAL : -ENOENT;
	memcpy(by_addr ? (void *)&a : name, req->data, req->len);
	f = files[WIRE_NAMES_HOSTS][0] ? fopen(files[WIRE_NAMES_HOSTS], "re") :
	    NULL;
	if (f) {
		if (by_addr)
			find_addr(f, &a, rep);
		else
			find_name(f, name, rep);
		fclose(f);
	}
	return rep->len ? 0 : of_bus(by_addr ? NULL : name, &a, rep);
}

/* Files for programs. */

struct list {
	FILE *f;
	unsigned n;
	uint32_t sum;		/* of all that was put */
};

static void add(struct list *l, const char *text)
{
	fputs(text, l->f);
	while (*text)
		l->sum = (l->sum ^ (unsigned char)*text++) * 0x01000193u;
}

static void put_name(void *arg, const char *name, const struct wire_ifaddr *a)
{
	struct list *l = arg;
	char ip[INET6_ADDRSTRLEN], line[160];

	/* Of no use without its scope. */
	if (!is_name(name) || (a->family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)a->ip)) ||
	    !inet_ntop(a->family, a->ip, ip, sizeof(ip)))
		return;
	snprintf(line, sizeof(line), "%s\t%s\n", ip, name);
	add(l, line);
	l->n++;
}

static void put_file(struct list *l, const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		add(l, line);
	fclose(f);
}

/* When it became what it is, in ns of CLOCK_REALTIME. */
static uint64_t changed(uint32_t sum)
{
	static uint32_t last;
	static uint64_t when;

	if (!when || sum != last)
		when = clock_real_ns();
	last = sum;
	return when;
}

/* A file without a name, open for writing as l->f. Return: its fd or -1. */
static int begin(struct list *l)
{
	int fd = memfd_create("names", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	*l = (struct list){ .sum = 0x811c9dc5u };
	l->f = copy < 0 ? NULL : fdopen(copy, "w");
	if (l->f)
		return fd;
	close(copy);
	close(fd);
	return -1;
}

static int make_resolv(int *rep_fd)
{
	const char *path = files[WIRE_NAMES_RESOLV];
	struct timespec when[2];
	struct stat st;
	struct list l;
	int fd;

	if (!path[0] || stat(path, &st) < 0)
		return -ENOENT;
	fd = begin(&l);
	if (fd < 0)
		return -ENOBUFS;
	put_file(&l, path);
	if (fclose(l.f)) {
		close(fd);
		return -ENOBUFS;
	}
	when[0] = when[1] = st.st_mtim;
	futimens(fd, when);
	lseek(fd, 0, SEEK_SET);
	*rep_fd = fd;
	return 0;
}

static int make_hosts(struct wire_rep *rep, int *rep_fd)
{
	bool whole = files[WIRE_NAMES_HOSTS][0];
	struct list l;
	int fd = begin(&l);

	if (fd < 0)
		return -ENOBUFS;
	if (whole)
		put_file(&l, files[WIRE_NAMES_HOSTS]);
	for (struct iface *i = iface_next(NULL); i; i = iface_next(i))
		if (i->driver->names)
			i->driver->names(i, put_name, &l);
	if (fclose(l.f) || (!whole && !l.n)) {
		close(fd);
		return whole ? -ENOBUFS : -ENOENT;
	}
	lseek(fd, 0, SEEK_SET);
	rep->c = whole;
	rep->value = changed(l.sum);
	*rep_fd = fd;
	return 0;
}

int names_request(const struct wire_req *req, struct wire_rep *rep,
    int *rep_fd)
{
	if (req->a == WIRE_NAMES_HOSTS)
		return make_hosts(rep, rep_fd);
	return req->a == WIRE_NAMES_RESOLV ? make_resolv(rep_fd) : -EINVAL;
}
