/* client.c: how a program asks its virtual host; see client.h. */
#include "stack/wire/client.h"

#include <endian.h>
#include <string.h>

#include "stack/wire/draw.h"
#include "stack/wire/right.h"
#include "stack/wire/sys.h"

int client_parse_url(const char *url, struct sockaddr_un *sun,
    const char **why)
{
	static const char scheme[] = "unix://";
	const char *path;
	size_t cwd = 0;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (!strncmp(url, "tcp://", 6) || !strncmp(url, "ssh://", 6)) {
		*why = "only unix:// URLs are served here, since descriptors "
		    "are passed; use unix://path";
		return -EPROTONOSUPPORT;
	}
	if (strncmp(url, scheme, sizeof(scheme) - 1) ||
	    !url[sizeof(scheme) - 1]) {
		*why = "not a URL of the form unix://path";
		return -EINVAL;
	}
	path = url + sizeof(scheme) - 1;
	if (path[0] != '/') {
		long n = SYS2(SYS_getcwd, sun->sun_path, sizeof(sun->sun_path));

		if (n < 0 || sun->sun_path[0] != '/') {
			*why = n == -ERANGE ? "the path is too long for a "
			    "socket; use a shorter directory" :
			    "the current directory has no path";
			return n == -ERANGE ? -ENAMETOOLONG : -ENOENT;
		}
		cwd = strlen(sun->sun_path);
		if (cwd > 1 && cwd + 1 < sizeof(sun->sun_path))
			sun->sun_path[cwd++] = '/';
	}
	if (cwd + strlen(path) >= sizeof(sun->sun_path)) {
		*why = "the path is too long for a socket (107 bytes); use a "
		    "shorter directory";
		return -ENAMETOOLONG;
	}
	memcpy(sun->sun_path + cwd, path, strlen(path) + 1);
	return 0;
}

/*
 * A host that hangs up at the hello, and serves all the same, has no
 * descriptor or no memory left for one more client.  One that dies may not
 * have closed all it has yet: it hangs up on the first, and there is no second.
 */
static bool serves(const struct sockaddr_un *sun, socklen_t len)
{
	struct pollfd p = { .events = 0 };	/* POLLHUP */
	bool yes = true;

	for (int i = 0; i < 2 && yes; i++) {
		p.fd = (int)SYS3(SYS_socket, AF_UNIX, SOCK_SEQPACKET |
		    SOCK_CLOEXEC, 0);
		yes = p.fd >= 0 && SYS3(SYS_connect, p.fd, sun, len) == 0;
		if (yes && !i)
			sys_poll(&p, 1, 1000);
		sys_close(p.fd);
	}
	return yes;
}

/* At least min_fd, if there is such a number; never 0 to 2. */
static int make_socket(int min_fd)
{
	int fd, high;

	fd = (int)SYS3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || fd >= min_fd)
		return fd;
	high = sys_fcntl(fd, F_DUPFD_CLOEXEC, min_fd);
	if (high < 0 && fd < 3)
		high = sys_fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (high >= 0 || fd < 3) {
		sys_close(fd);
		fd = high;
	}
	return fd < 0 ? -EMFILE : fd;
}

static void take_hello(struct client_hello *hello, struct wire_rep *rep)
{
	hello->server = rep->value;
	hello->affinity = rep->c;
	hello->named = rep->len > WIRE_HELLO_NAMED &&
	    rep->data[WIRE_HELLO_NAMED];
	hello->rights = RIGHT_ALL;
	if (rep->len >= WIRE_HELLO_LEN)
		memcpy(&hello->rights, rep->data + WIRE_HELLO_RIGHTS,
		    sizeof(hello->rights));
	if (rep->len > 63)
		rep->len = 63;
	memcpy(hello->host, rep->data, rep->len);
	hello->host[rep->len] = '\0';
}

static int say_hello(int fd, const char *name, struct client_hello *hello)
{
	const struct client_held *held = hello->held;
	struct wire_req req = {
		.op = WIRE_HELLO,
		.a = hello->want_affinity ? WIRE_HELLO_AFFINITY : 0,
	};
	struct wire_rep rep;
	int err;

	req.len = (uint16_t)strnlen(name, 64);
	memcpy(req.data, name, req.len);
	if (hello->holder && hello->holder[0]) {
		size_t n = strnlen(hello->holder, 64);

		req.data[req.len++] = '\0';
		memcpy(req.data + req.len, hello->holder, n);
		req.len += (uint16_t)n;
	}
	if (held) {
		req.sock = held->id.sock;
		req.flags = WIRE_SHOWS;
		req.b = held->dev;
		req.c = held->ino;
	}
	err = client_call(fd, &req, held ? &held->id.fd : NULL, held != NULL,
	    &rep, hello->want_affinity ? &hello->affinity_fd : NULL,
	    hello->timeout ? hello->timeout : 10000, false);
	if (!err && rep.error)
		err = -rep.error;
	if (!err)
		take_hello(hello, &rep);
	return err;
}

static uint32_t peer_uid(int fd)
{
	struct ucred cred = { 0, (uid_t)-1, 0 };
	socklen_t len = sizeof(cred);

	sys_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	return cred.uid;
}

static bool may_serve(int fd, const struct client_held *held)
{
	uint32_t uid = peer_uid(fd);

	return uid != (uint32_t)-1 && (uid == 0 || uid == held->owner ||
	    uid == (uint32_t)SYS0(SYS_geteuid) ||
	    uid == peer_uid(held->id.fd));
}

static int connect_to(const struct sockaddr_un *sun, socklen_t len,
    const char *name, int min_fd, struct client_hello *hello)
{
	int fd = make_socket(min_fd), err;

	hello->affinity_fd = -1;
	if (fd < 0)
		return fd;
	do {
		err = (int)SYS3(SYS_connect, fd, sun, len);
	} while (err == -EINTR);
	if (!err && hello->held && !may_serve(fd, hello->held))
		err = -EACCES;
	if (!err)
		err = say_hello(fd, name, hello);
	if (err == -EPIPE && serves(sun, len))
		err = -ENFILE;
	if (!err)
		return fd;
	if (hello->affinity_fd >= 0)
		sys_close(hello->affinity_fd);
	sys_close(fd);
	return err;
}

int client_connect(const struct sockaddr_un *sun, const char *name,
    int min_fd, struct client_hello *hello)
{
	hello->held = NULL;
	return connect_to(sun, sizeof(*sun), name, min_fd, hello);
}

int client_connect_held(const struct client_held *held, const char *name,
    int min_fd, struct client_hello *hello)
{
	struct sockaddr_un sun;
	socklen_t len = client_hatch(held->id.server, &sun);

	hello->held = held;
	return connect_to(&sun, len, name, min_fd, hello);
}

int client_post(int ctl, struct wire_req *req, const int *fds, int nfds)
{
	ssize_t n;

	req->magic = WIRE_MAGIC;
	do {
		n = sys_send_fds(ctl, req, WIRE_REQ_HEAD + req->len, fds, nfds,
		    MSG_NOSIGNAL);
	} while (n == -EINTR);
	return n < 0 ? (int)n : 0;
}

int client_send(int ctl, struct wire_req *req, const int *fds, int nfds)
{
	int all[SYS_FDS], sv[2], err;

	if (nfds > SYS_FDS - 1)
		return -EINVAL;
	err = sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv);
	if (err < 0)
		return err;
	all[0] = sv[1];
	for (int i = 0; i < nfds; i++)
		all[i + 1] = fds[i];
	err = client_post(ctl, req, all, nfds + 1);
	sys_close(sv[1]);
	if (err < 0) {
		sys_close(sv[0]);
		return err;
	}
	return sv[0];
}

int client_recv(int reply, struct wire_rep *rep, int *rep_fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c;
	struct iovec iov = { rep, sizeof(*rep) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int fd = -1;

	memset(&c, 0, sizeof(c));
	if (rep_fd) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c);
	}
	n = sys_recvmsg(reply, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return (int)n;
	if (m.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    c.h.cmsg_level == SOL_SOCKET && c.h.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	if (n == 0 || n < (ssize_t)WIRE_REP_HEAD || rep->magic != WIRE_MAGIC ||
	    rep->len > WIRE_DATA || n != (ssize_t)(WIRE_REP_HEAD + rep->len)) {
		if (fd >= 0)
			sys_close(fd);
		return n == 0 ? -EPIPE : -EPROTO;
	}
	if (rep_fd)
		*rep_fd = fd;
	return 0;
}

int client_wait(int reply, struct wire_rep *rep, int *rep_fd, int timeout,
    bool intr)
{
	struct pollfd p = { .fd = reply, .events = POLLIN };
	int err;

	for (;;) {
		err = sys_poll(&p, 1, timeout);
		if (err == -EINTR && !intr)
			continue;
		if (err == 0)
			err = -ETIMEDOUT;
		if (err > 0)
			err = client_recv(reply, rep, rep_fd);
		if (err != -EAGAIN)
			return err;
	}
}

int client_call(int ctl, struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int *rep_fd, int timeout, bool intr)
{
	int reply = client_send(ctl, req, fds, nfds), err;

	if (reply < 0)
		return reply;
	err = client_wait(reply, rep, rep_fd, timeout, intr);
	sys_close(reply);
	return err;
}

static char *put_hex(char *p, uint64_t v, int digits)
{
	while (digits--)
		*p++ = "0123456789abcdef"[v >> digits * 4 & 15];
	return p;
}

static char *put_dec(char *p, unsigned v)
{
	if (v >= 10)
		p = put_dec(p, v / 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

socklen_t client_hatch(uint64_t server, struct sockaddr_un *sun)
{
	char *p = sun->sun_path + 1;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(p, WIRE_ID_PREFIX, sizeof(WIRE_ID_PREFIX) - 1);
	p = put_hex(p + sizeof(WIRE_ID_PREFIX) - 1, server, 16);
	return (socklen_t)(p - (char *)sun);
}

void client_id_new(struct wire_id *id)
{
	id->sock = (draw_number() >> 16) | 1u << 31;
	id->salt = draw_number();
}

static void compose(const struct wire_id *id, uint64_t salt,
    struct sockaddr_un *sun, socklen_t *len)
{
	char *p = sun->sun_path + 1;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(p, WIRE_ID_PREFIX, sizeof(WIRE_ID_PREFIX) - 1);
	p = put_hex(p + sizeof(WIRE_ID_PREFIX) - 1, id->server, 16);
	*p++ = '/';
	p = put_hex(p, id->sock, 16);
	*p++ = '/';
	p = put_hex(p, salt, 16);
	*p++ = '/';
	p = put_dec(p, (unsigned)id->domain & 0xff);
	*p++ = '.';
	p = put_dec(p, (unsigned)id->type & 0xf);
	*p++ = '.';
	p = put_dec(p, (unsigned)id->protocol & 0xffff);
	*len = (socklen_t)(p - (char *)sun);
}

int client_id_bind(int fd, const struct wire_id *id)
{
	struct sockaddr_un sun;
	socklen_t len;
	int err = -EADDRINUSE;
	uint64_t salt = id->salt;

	for (int i = 0; i < 3 && err == -EADDRINUSE; i++) {
		if (i || !salt)
			salt = draw_number();
		compose(id, salt, &sun, &len);
		err = (int)SYS3(SYS_bind, fd, &sun, len);
	}
	return err;
}

#define BYTES(b)	((uint64_t)(b) * 0x0101010101010101u)

/*
 * Eight digits at once, since a branch on each would be guessed wrong half the
 * time.  They are right if they are what the number is written as.
 */
static bool get_hex8(const char *p, uint32_t *v)
{
	uint64_t x, d;

	memcpy(&x, p, sizeof(x));
	x = be64toh(x);
	d = ((x & BYTES(15)) + (x >> 6 & BYTES(1)) * 9) & BYTES(15);
	if (d + BYTES('0') + ((d + BYTES(6)) >> 4 & BYTES(1)) *
	    ('a' - '0' - 10) != x)
		return false;
	d = (d | d >> 4) & 0x00ff00ff00ff00ffu;
	d = (d | d >> 8) & 0x0000ffff0000ffffu;
	*v = (uint32_t)(d | d >> 16);
	return true;
}

static const char *get_hex(const char *p, const char *end, uint64_t *v)
{
	uint32_t high, low;

	if (end - p < 16 || !get_hex8(p, &high) || !get_hex8(p + 8, &low))
		return NULL;
	*v = (uint64_t)high << 32 | low;
	return p + 16;
}

static const char *get_dec(const char *p, const char *end, int *v)
{
	const char *start = p;

	*v = 0;
	while (p < end && *p >= '0' && *p <= '9' && *v < 100000)
		*v = *v * 10 + (*p++ - '0');
	return p == start ? NULL : p;
}

bool client_id_of(int fd, struct wire_id *id)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	const char *p = sun.sun_path, *end;

	if (SYS3(SYS_getsockname, fd, &sun, &len) < 0)
		return false;
	id->fd = fd;
	if (sun.sun_family != AF_UNIX || len > sizeof(sun) ||
	    len < offsetof(struct sockaddr_un, sun_path) + 1 +
	    sizeof(WIRE_ID_PREFIX) - 1)
		return false;
	end = (const char *)&sun + len;
	if (*p++ != '\0' ||
	    memcmp(p, WIRE_ID_PREFIX, sizeof(WIRE_ID_PREFIX) - 1))
		return false;
	p = get_hex(p + sizeof(WIRE_ID_PREFIX) - 1, end, &id->server);
	if (!p || p >= end || *p++ != '/')
		return false;
	p = get_hex(p, end, &id->sock);
	if (!p || p >= end || *p++ != '/')
		return false;
	p = get_hex(p, end, &id->salt);
	if (!p || p >= end || *p++ != '/')
		return false;
	p = get_dec(p, end, &id->domain);
	if (!p || p >= end || *p++ != '.')
		return false;
	p = get_dec(p, end, &id->type);
	if (!p || p >= end || *p++ != '.')
		return false;
	return get_dec(p, end, &id->protocol) == end;
}

/*
 * The kernel keeps the name of the other end as long as that lives, and ours,
 * made with it, is in the same name space wherever the program runs: it gets
 * that name when it is free.
 */
bool client_end_closed(int fd)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	long r;

	if (SYS3(SYS_getpeername, fd, &sun, &len) < 0)
		return false;		/* not to be known */
	/* Without a name its maker died early; a path is a stranger's. */
	if (len <= offsetof(struct sockaddr_un, sun_path) || sun.sun_path[0])
		return true;
	r = SYS3(SYS_bind, fd, &sun, len);
	return r == 0 || r == -EINVAL;	/* EINVAL: we got it before */
}
