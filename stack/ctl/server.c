/* server.c: the control tool's conversation with a virtual host. */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/url.h"

#define CALL_TIMEOUT	20000		/* ms; a big bus takes a while */
#define DUMP_MAX	(64u << 20)	/* bytes of one table at most */
#define CTL_MIN_FD	10
#define FD_SCAN		4096	/* where the library keeps its connection */

static struct {
	int fd;
	const char *url;
	struct client_hello hello;
} server = { .fd = -1 };

const char *ctl_url(void)
{
	return server.url;
}

const char *ctl_hostname(void)
{
	return server.hello.host;
}

int ctl_fd(void)
{
	return server.fd;
}

/*
 * SHMIF_BUS instead of a URL: the host is a private one.  The preload library
 * joins or starts it for a socket of ours; where its server listens, the
 * library's own connection to it tells.  The socket stays open: it keeps the
 * host alive while we talk to it.
 */
static bool find_private(struct sockaddr_un *sun)
{
	char dir[sizeof(sun->sun_path)], err[BUS_ERRLEN];
	socklen_t len;
	size_t n;

	if (bus_user_dir(dir, sizeof(dir), false, err) ||
	    socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0)
		return false;
	n = strlen(dir);
	for (int fd = 3; fd < FD_SCAN; fd++) {
		memset(sun, 0, sizeof(*sun));
		len = sizeof(*sun) - 1;
		if (SYS3(SYS_getpeername, fd, sun, &len) == 0 &&
		    sun->sun_family == AF_UNIX &&
		    !strncmp(sun->sun_path, dir, n) && sun->sun_path[n] == '/')
			return true;
	}
	return false;
}

/* Return: 0 and where the host listens, or CTL_FAILED after an error line. */
static int find_server(struct sockaddr_un *sun)
{
	static char url[sizeof(sun->sun_path) + 8];
	const char *bus = getenv("SHMIF_BUS"), *why = NULL;
	struct url u;

	server.url = getenv("RUMP_SERVER");
	if (server.url && *server.url) {
		/* The library starts the relay, which says what is wrong. */
		if (!url_parse(server.url, &u, &why) && u.kind != URL_UNIX)
			return find_private(sun) ? 0 : CTL_FAILED;
		if (client_parse_url(server.url, sun, &why) < 0)
			return ctl_fail("%s: %s", server.url, why);
		return 0;
	}
	if (!bus || !*bus)
		return ctl_fail("no virtual host named; use shmif -s URL or "
		    "shmif -b BUS -H HOST, or set RUMP_SERVER");
	if (!find_private(sun))
		return ctl_fail("no private host on the bus %s", bus);
	snprintf(url, sizeof(url), "unix://%s", sun->sun_path);
	server.url = url;
	return 0;
}

int ctl_connect(void)
{
	struct sockaddr_un sun;
	struct stat st;
	int fd;

	if (server.fd >= 0)
		return 0;
	if (find_server(&sun))
		return CTL_FAILED;
	fd = client_connect(&sun, "shmif", CTL_MIN_FD, &server.hello);
	if (fd == -ECONNREFUSED && !stat(sun.sun_path, &st) &&
	    !S_ISSOCK(st.st_mode))
		return ctl_fail("%s: not a socket", server.url);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return ctl_fail("%s: no server there; start one with "
		    "shmif_server %s", server.url, server.url);
	if (fd == -EPROTO || fd == -EPROTOTYPE)
		return ctl_fail("%s: what answers there is no shmif_server of "
		    "this version", server.url);
	if (fd == -ETIMEDOUT)
		return ctl_fail("%s: the server does not answer", server.url);
	if (fd == -EACCES)
		return ctl_fail("%s: no permission to use the virtual host; "
		    "its owner can let you: shmif_server -o allow=%u",
		    server.url, (unsigned)geteuid());
	if (fd < 0)
		return ctl_fail("%s: %s", server.url, strerror(-fd));
	server.fd = fd;
	return 0;
}

int ctl_need_host(void)
{
	return getenv("RUMPHIJACK") ? 0 : ctl_connect();
}

/* Copy the server's line of text, with nothing in it that moves a cursor. */
static void reply_text(const struct wire_rep *rep, char *buf, size_t size)
{
	size_t n = rep->len < size - 1 ? rep->len : size - 1;

	memcpy(buf, rep->data, n);
	buf[n] = '\0';
	n = strlen(buf);
	while (n && buf[n - 1] == '\n')
		buf[--n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
}

int ctl_call(struct wire_req *req, struct wire_rep *rep, int *fd,
    const char *what)
{
	return ctl_call_with(req, -1, rep, fd, what);
}

int ctl_call_with(struct wire_req *req, int with, struct wire_rep *rep,
    int *fd, const char *what)
{
	char text[WIRE_DATA + 1];
	size_t n;
	int err;

	if (ctl_connect())
		return CTL_FAILED;
	rep->error = -1;
	err = client_call(server.fd, req, &with, with >= 0, rep, fd,
	    CALL_TIMEOUT, false);
	if (err == -ETIMEDOUT)
		return ctl_fail("%s: the server does not answer", server.url);
	if (err < 0) {
		rep->error = -1;
		return ctl_fail("%s: the virtual host is gone (%s)", server.url,
		    strerror(-err));
	}
	if (!rep->error)
		return 0;
	if (rep->error == EINPROGRESS)
		return CTL_AGAIN;
	reply_text(rep, text, sizeof(text));
	if (!text[0])
		snprintf(text, sizeof(text), "%s", strerror(rep->error));
	/* The server's line may begin with the name by itself. */
	n = what ? strlen(what) : 0;
	if (!n || (!strncmp(text, what, n) &&
	    (text[n] == ' ' || text[n] == ':')))
		return ctl_fail("%s", text);
	return ctl_fail("%s: %s", what, text);
}

/* How big the records of each table are, and where their strings end. */
static const struct {
	size_t size;
	size_t end[3];		/* offsets of last bytes; 0: none */
} dump_kind[WIRE_NUM_DUMPS] = {
#define LAST(type, field) \
	(offsetof(struct type, field) + sizeof(((struct type *)0)->field) - 1)
	[WIRE_DUMP_LINK] = { sizeof(struct wire_link),
	    { LAST(wire_link, name), LAST(wire_link, linkstr) } },
	[WIRE_DUMP_ADDR] = { sizeof(struct wire_ifaddr),
	    { LAST(wire_ifaddr, ifname) } },
	[WIRE_DUMP_ROUTE] = { sizeof(struct wire_route),
	    { LAST(wire_route, ifname) } },
	[WIRE_DUMP_NEIGH] = { sizeof(struct wire_neigh),
	    { LAST(wire_neigh, ifname) } },
	[WIRE_DUMP_SOCK] = { sizeof(struct wire_sock),
	    { LAST(wire_sock, comm), LAST(wire_sock, key) } },
	[WIRE_DUMP_SYSCTL] = { sizeof(struct wire_sysctl),
	    { LAST(wire_sysctl, name), LAST(wire_sysctl, value) } },
	[WIRE_DUMP_LOG] = { sizeof(struct wire_log),
	    { LAST(wire_log, kind), LAST(wire_log, text) } },
	[WIRE_DUMP_SOCKINFO] = { sizeof(struct wire_sockinfo),
	    { LAST(wire_sockinfo, rx), LAST(wire_sockinfo, tx),
	      LAST(wire_sockinfo, end) } },
	[WIRE_DUMP_FAULT] = { sizeof(struct wire_fault),
	    { LAST(wire_fault, ifname), LAST(wire_fault, match),
	      LAST(wire_fault, dist) } },
	[WIRE_DUMP_FAULT_ADDR] = { sizeof(struct wire_fault_addr), { 0 } },
	[WIRE_DUMP_GROUP] = { sizeof(struct wire_group),
	    { LAST(wire_group, ifname) } },
	[WIRE_DUMP_SOURCE] = { sizeof(struct wire_source),
	    { LAST(wire_source, ifname) } },
	[WIRE_DUMP_COUNTER] = { sizeof(struct wire_counter),
	    { LAST(wire_counter, name) } },
#undef LAST
};

/* Return: 0 and the file's content, or -errno. */
static int read_table(int fd, size_t recsize, size_t n, void **out)
{
	size_t want = recsize * n, got = 0;
	char *p;

	*out = NULL;
	if (n > DUMP_MAX / recsize)
		return -E2BIG;
	p = calloc(n ? n : 1, recsize);
	if (!p)
		return -ENOMEM;
	while (got < want) {
		ssize_t r = pread(fd, p + got, want - got, (off_t)got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			free(p);
			return r < 0 ? -errno : -EPROTO;
		}
		got += (size_t)r;
	}
	*out = p;
	return 0;
}

int ctl_dump(enum wire_dump kind, struct ctl_list *list)
{
	return ctl_dump_after(kind, 0, list);
}

/* Return: 0 and the records in fd, which is closed, or -errno. */
static int take_table(int fd, enum wire_dump kind, size_t n,
    struct ctl_list *list)
{
	size_t size = dump_kind[kind].size;
	int err;

	if (fd < 0)
		return -EPROTO;
	err = read_table(fd, size, n, &list->rec);
	close(fd);
	if (err < 0 || !list->rec)
		return err;
	list->n = n;
	for (size_t i = 0; i < n; i++)
		for (int j = 0; j < 3 && dump_kind[kind].end[j]; j++)
			((char *)list->rec)[i * size +
			    dump_kind[kind].end[j]] = '\0';
	return 0;
}

int ctl_ask_host(const char *path, enum wire_dump kind, int timeout,
    struct ctl_list *list)
{
	struct wire_req req = { .op = WIRE_DUMP, .a = (int)kind };
	struct client_hello hello = { .timeout = timeout };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct wire_rep rep;
	int ctl, fd = -1, err;

	*list = (struct ctl_list){ .n = 0 };
	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	ctl = client_connect(&sun, "shmif", CTL_MIN_FD, &hello);
	if (ctl < 0)
		return ctl;
	err = client_call(ctl, &req, NULL, 0, &rep, &fd, timeout, false);
	close(ctl);
	if (!err && rep.error)
		err = -rep.error;
	return err ? err : take_table(fd, kind, rep.value, list);
}

int ctl_dump_after(enum wire_dump kind, uint64_t after, struct ctl_list *list)
{
	struct wire_req req = {
		.op = WIRE_DUMP, .a = (int)kind, .len = sizeof(after),
	};
	struct wire_rep rep;
	int fd = -1, err;

	memcpy(req.data, &after, sizeof(after));
	list->rec = NULL;
	list->n = 0;
	if (ctl_call(&req, &rep, &fd, NULL))
		return CTL_FAILED;
	err = take_table(fd, kind, rep.value, list);
	if (err < 0)
		return ctl_fail("%s: cannot read a table: %s", ctl_url(),
		    strerror(-err));
	return 0;
}
