/* dial.c: the near half's way to the far half; see dial.h. */
#include "stack/relay/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/relay/tls.h"
#include "stack/wire/clock.h"

#define DIAL_MS	10000	/* for all of it */

static int left(uint64_t end)
{
	uint64_t now = clock_ns();

	return now >= end ? 0 : (int)((end - now) / CLOCK_NS_MS) + 1;
}

static void set_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
}

/* TCP. */

/* Return: the socket, or -errno. */
static int try_address(const struct addrinfo *a, uint64_t end)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(err);

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0 &&
	    errno != EINPROGRESS) {
		err = errno;
	} else if (poll(&p, 1, left(end)) <= 0) {
		err = ETIMEDOUT;
	} else {
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	}
	if (!err)
		return fd;
	close(fd);
	return -err;
}

static int dial_tcp(const struct url *u, struct dialled *d, uint64_t end,
    char err[static DIAL_ERRLEN])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	int e, fd = -EADDRNOTAVAIL;

	e = getaddrinfo(u->host, u->port, &hints, &list);
	if (e) {
		snprintf(err, DIAL_ERRLEN, "%s: %s", u->host, gai_strerror(e));
		return -1;
	}
	for (a = list; a; a = a->ai_next) {
		fd = try_address(a, end);
		if (fd >= 0)
			break;
	}
	freeaddrinfo(list);
	if (fd < 0) {
		snprintf(err, DIAL_ERRLEN, "%s port %s: %s; start one there "
		    "with shmif_server tcp://0:%s/", u->host, u->port,
		    strerror(-fd), u->port);
		return -1;
	}
	trans_tune(fd);
	d->trans.in = d->trans.out = fd;
	return 0;
}

/* ssh. */

static _Noreturn void run_ssh(const struct url *u, int fd, int errors)
{
	char to[400], url[128];
	const char *argv[12];
	int n = 0;

	snprintf(to, sizeof(to), "%s%s%s", u->user, u->user[0] ? "@" : "",
	    u->host);
	snprintf(url, sizeof(url), "unix://%s", u->path);
	argv[n++] = "ssh";
	argv[n++] = "-T";
	if (u->port[0]) {
		argv[n++] = "-p";
		argv[n++] = u->port;
	}
	argv[n++] = to;
	argv[n++] = "shmif_relay";
	argv[n++] = "--stdio";
	argv[n++] = url;
	argv[n] = NULL;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(errors, 2);
	signal(SIGPIPE, SIG_DFL);
	execvp("ssh", (char *const *)(uintptr_t)argv);
	fprintf(stderr, "shmif_relay: ssh: %s; install openssh-client\n",
	    strerror(errno));
	_exit(127);
}

static int dial_ssh(const struct url *u, struct dialled *d,
    char err[static DIAL_ERRLEN])
{
	int sv[2] = { -1, -1 }, errors[2] = { -1, -1 };
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0 &&
	    pipe2(errors, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		run_ssh(u, sv[1], errors[1]);
	if (sv[1] >= 0)
		close(sv[1]);
	if (errors[1] >= 0)
		close(errors[1]);
	if (pid < 0) {
		snprintf(err, DIAL_ERRLEN, "ssh: %s", strerror(errno));
		return -1;
	}
	set_nonblock(sv[0]);
	set_nonblock(errors[0]);
	d->trans.in = d->trans.out = sv[0];
	d->said = errors[0];
	return 0;
}

/* What ssh has to say while we wait, the user is to see. */
static void pass_on(int *said)
{
	char buf[1024];
	ssize_t n = read(*said, buf, sizeof(buf));

	if (n > 0) {
		if (write(STDERR_FILENO, buf, (size_t)n) < 0)
			return;		/* nobody sees it */
	} else if (n == 0) {
		close(*said);
		*said = -1;
	}
}

/* TLS. */

static int shake(struct dialled *d, const char *name, uint64_t end,
    char err[static DIAL_ERRLEN])
{
	struct pollfd p = { .fd = d->trans.in, .events = POLLIN };
	enum tls_result r;

	while ((r = tls_handshake(d->trans.tls)) == TLS_AGAIN)
		if (poll(&p, 1, left(end)) <= 0)
			break;
	if (r == TLS_DONE)
		return 0;
	snprintf(err, DIAL_ERRLEN, r == TLS_WRONG_KEY ?
	    "the key \"%s\" is not accepted there" : "it does not speak "
	    "TLS with keys; was it started with -k FILE? (key \"%s\")",
	    name);
	return -1;
}

static int start_tls(const struct url *u, const char *file, struct dialled *d,
    uint64_t end, char err[static DIAL_ERRLEN])
{
	char why[KEYFILE_ERRLEN];
	struct keyfile_key k;
	int e = keyfile_find(file, u->user, &k, why);

	if (e) {
		snprintf(err, DIAL_ERRLEN, "%s", why);
		return -1;
	}
	d->trans.tls = tls_client(d->trans.in, &k);
	explicit_bzero(k.secret, sizeof(k.secret));
	if (d->trans.tls)
		return shake(d, k.name, end, err);
	snprintf(err, DIAL_ERRLEN, "%s", strerror(ENOMEM));
	return -1;
}

/* The hello lines. */

/* Return: 1: the line is whole; 0: not yet; -1: the end. */
static int read_line(struct dialled *d)
{
	ssize_t n = trans_read(&d->trans, d->ahead + d->n,
	    sizeof(d->ahead) - d->n);

	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	d->n += (size_t)n;
	if (memchr(d->ahead, '\n', d->n))
		return 1;
	return d->n == sizeof(d->ahead) ? -1 : 0;
}

static int await_line(struct dialled *d, uint64_t end)
{
	struct pollfd p[2] = {
		{ .events = POLLIN }, { .events = POLLIN },
	};
	int r;

	while (!(r = read_line(d))) {
		p[0].fd = d->trans.in;
		p[1].fd = d->said;
		if (poll(p, 2, left(end)) <= 0)
			return -1;
		if (p[1].revents)
			pass_on(&d->said);
	}
	return r;
}

static int hello(struct dialled *d, uint64_t end, char err[static DIAL_ERRLEN])
{
	char line[RELAY_LINE], why[TRANS_WHY], *nl;
	size_t n = trans_hello(line, 0);

	if (trans_write(&d->trans, line, n) != (ssize_t)n ||
	    await_line(d, end) < 0) {
		snprintf(err, DIAL_ERRLEN, "what is there does not answer as "
		    "a shmif_server");
		return -1;
	}
	nl = memchr(d->ahead, '\n', d->n);
	*nl = '\0';
	if (trans_check(d->ahead, &d->number, why)) {
		snprintf(err, DIAL_ERRLEN, "%s", why);
		return -1;
	}
	n = (size_t)(nl + 1 - d->ahead);
	d->n -= n;
	memmove(d->ahead, nl + 1, d->n);
	return 0;
}

int dial(const struct url *u, const char *key, struct dialled *d,
    char err[static DIAL_ERRLEN])
{
	uint64_t end = clock_ns() + DIAL_MS * CLOCK_NS_MS;
	int e;

	memset(d, 0, sizeof(*d));
	d->said = -1;
	e = u->kind == URL_SSH ? dial_ssh(u, d, err) :
	    dial_tcp(u, d, end, err);
	if (!e && u->kind == URL_TCP && key && *key)
		e = start_tls(u, key, d, end, err);
	else if (!e && u->user[0] && u->kind == URL_TCP) {
		snprintf(err, DIAL_ERRLEN, "set RUMP_SERVER_KEY to the file "
		    "with the key of %s", u->user);
		e = -1;
	}
	if (!e)
		e = hello(d, end, err);
	if (e && d->said >= 0)
		pass_on(&d->said);
	return e;
}
