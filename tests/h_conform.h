/*
 * h_conform.h: what the conformance programs share.
 *
 * Each prints one line "CASE NAME: VALUE" for each thing it tries.  A case
 * is a process of its own with a time limit, so that nothing can hang and
 * none disturbs the next.  What is printed must not depend on the run: no
 * port numbers, fd numbers or addresses but those given.
 */
#ifndef TESTS_H_CONFORM_H
#define TESTS_H_CONFORM_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CASE_LIMIT	30	/* s */
#define WAIT_MS		3000	/* for what must come */
#define QUIET_MS	60	/* for what must not come */
#define MAYBE		__attribute__((unused))
static void *volatile nothing = (void *)8;
#define BAD		((void *)nothing)	/* no memory is there */

struct conform_case {
	const char *name;
	void (*fn)(void);
	bool once;	/* not for each address family */
};

static int fam MAYBE;		/* of this case: AF_INET or AF_INET6 */
static const char *given4 MAYBE = "127.0.0.1";
static const char *given6 MAYBE = "::1";
static char case_name[256];

/* One line. */
static void MAYBE __attribute__((format(printf, 2, 3)))
say(const char *name, const char *fmt, ...)
{
	char value[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	dprintf(1, "%s %s: %s\n", case_name, name, value);
}

/* What a call returned: its number, or the name of errno. */
static MAYBE const char *result(long r)
{
	static char buf[8][32];
	static int i;

	if (r == -1)
		return strerrorname_np(errno) ? strerrorname_np(errno) : "?";
	i = (i + 1) % 8;
	snprintf(buf[i], sizeof(buf[i]), "%ld", r);
	return buf[i];
}

/* The same where the number is not to be seen, as that of an fd. */
static MAYBE const char *okay(long r)
{
	return r == -1 ? result(r) : "ok";
}

#define CALL(name, call) do {						\
	long call_r;							\
									\
	errno = 0;							\
	call_r = (call);						\
	say(name, "%s", result(call_r));				\
} while (0)
#define OKAY(name, call) do {						\
	long call_r;							\
									\
	errno = 0;							\
	call_r = (call);						\
	say(name, "%s", okay(call_r));					\
} while (0)

/* Preparations that must not fail; they are tested elsewhere. */
static long MAYBE need_at(long r, const char *what, int line)
{
	if (r == -1) {
		say("preparation", "line %d, %s: %s", line, what, result(r));
		exit(1);
	}
	return r;
}
#define NEED(call)	need_at((call), #call, __LINE__)

static long MAYBE now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* All of it, whatever signals come. */
static void MAYBE pause_ms(int ms)
{
	long end = now_ms() + ms;

	while ((ms = (int)(end - now_ms())) > 0)
		poll(NULL, 0, ms);
}

/* Some bits by their names. */
struct bit_name { unsigned bit; const char *name; };
static MAYBE const char *bits(unsigned v, const struct bit_name *names)
{
	static char buf[4][128];
	static int i;
	char *p;

	i = (i + 1) % 4;
	p = buf[i];
	*p = '\0';
	for (; names->name; names++)
		if (v & names->bit) {
			snprintf(p + strlen(p), sizeof(buf[i]) - strlen(p),
			    "%s%s", *p ? "|" : "", names->name);
			v &= ~names->bit;
		}
	if (v)
		snprintf(p + strlen(p), sizeof(buf[i]) - strlen(p),
		    "%s%#x", *p ? "|" : "", v);
	return *p ? p : "0";
}

static const struct bit_name poll_names[] MAYBE = {
	{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" },
	{ POLLERR, "ERR" }, { POLLHUP, "HUP" }, { POLLNVAL, "NVAL" },
	{ POLLRDHUP, "RDHUP" }, { 0, NULL },
};

static const struct bit_name msg_names[] MAYBE = {
	{ MSG_TRUNC, "TRUNC" }, { MSG_CTRUNC, "CTRUNC" }, { MSG_OOB, "OOB" },
	{ MSG_ERRQUEUE, "ERRQUEUE" }, { MSG_EOR, "EOR" }, { 0, NULL },
};

static unsigned MAYBE poll_fd(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) < 0 ? POLLNVAL : (unsigned short)p.revents;
}

/* Does it show one of these events in time? */
static bool MAYBE wait_for(int fd, short events)
{
	return poll_fd(fd, events, WAIT_MS) & (unsigned)events;
}

static void MAYBE select_text(int fd, char text[static 4])
{
	struct timeval none = { 0, 0 };
	fd_set set[3];

	for (int i = 0; i < 3; i++) {
		FD_ZERO(&set[i]);
		FD_SET(fd, &set[i]);
	}
	select(fd + 1, &set[0], &set[1], &set[2], &none);
	for (int i = 0; i < 3; i++)
		text[i] = FD_ISSET(fd, &set[i]) ? "rwx"[i] : '-';
	text[3] = '\0';
}

/* How poll, select and epoll see a socket now. */
static void MAYBE show_ready(const char *name, int fd)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP,
	};
	int ep = epoll_create1(EPOLL_CLOEXEC);
	unsigned seen = 0;
	char sel[4];

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0 &&
	    epoll_wait(ep, &ev, 1, 0) == 1)
		seen = ev.events;
	close(ep);
	select_text(fd, sel);
	say(name, "poll %s select %s epoll %s",
	    bits(poll_fd(fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0),
	    poll_names), sel, bits(seen, poll_names));
}

/* The errno that waits in a socket. */
static MAYBE const char *so_error(int fd)
{
	int err = -1;
	socklen_t len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return result(-1);
	return err ? strerrorname_np(err) : "0";
}

/* An address of the case's family; text NULL: the one given. */
union any_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage ss;
};

static union any_addr MAYBE addr_of(int family, const char *text, int port)
{
	union any_addr a;

	memset(&a, 0, sizeof(a));
	a.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		a.in.sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, text ? text : given4, &a.in.sin_addr);
	} else {
		a.in6.sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, text ? text : given6, &a.in6.sin6_addr);
	}
	return a;
}

static socklen_t MAYBE size_of(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) :
	    sizeof(struct sockaddr_in6);
}

static int MAYBE bind_to(int fd, int family, const char *text, int port)
{
	union any_addr a = addr_of(family, text, port);

	return bind(fd, &a.sa, size_of(family));
}

static int MAYBE connect_to(int fd, int family, const char *text, int port)
{
	union any_addr a = addr_of(family, text, port);

	return connect(fd, &a.sa, size_of(family));
}

static int MAYBE port_of(int fd)
{
	union any_addr a;
	socklen_t len = sizeof(a);

	NEED(getsockname(fd, &a.sa, &len));
	return ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port :
	    a.in6.sin6_port);
}

/* An address as text, its port only as "none" or "some". */
static MAYBE const char *addr_text(const void *p, socklen_t len)
{
	static char buf[4][96];
	static int i;
	const union any_addr *a = p;
	char ip[64] = "?";
	int port;

	i = (i + 1) % 4;
	if (len < sizeof(sa_family_t)) {
		snprintf(buf[i], sizeof(buf[i]), "no address");
		return buf[i];
	}
	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, ip, sizeof(ip));
		port = a->in.sin_port;
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, ip, sizeof(ip));
		port = a->in6.sin6_port;
	} else {
		snprintf(buf[i], sizeof(buf[i]), "family %d",
		    a->sa.sa_family);
		return buf[i];
	}
	snprintf(buf[i], sizeof(buf[i]), "%s %s port, %u bytes", ip,
	    port ? "some" : "no", (unsigned)len);
	return buf[i];
}

static MAYBE const char *name_text(int fd)
{
	union any_addr a;
	socklen_t len = sizeof(a);

	return getsockname(fd, &a.sa, &len) < 0 ? result(-1) :
	    addr_text(&a, len);
}

static MAYBE const char *peer_text(int fd)
{
	union any_addr a;
	socklen_t len = sizeof(a);

	return getpeername(fd, &a.sa, &len) < 0 ? result(-1) :
	    addr_text(&a, len);
}

static int MAYBE sock(int type)
{
	return (int)NEED(socket(fam, type | SOCK_CLOEXEC, 0));
}

static int MAYBE set_int(int fd, int level, int name, int v)
{
	return setsockopt(fd, level, name, &v, sizeof(v));
}

/* An option's value, or INT_MIN. */
static int MAYBE get_int(int fd, int level, int name)
{
	int v = 0;
	socklen_t len = sizeof(v);

	return getsockopt(fd, level, name, &v, &len) < 0 ? -2147483647 - 1 : v;
}

static void MAYBE nonblock(int fd, bool on)
{
	int fl = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK);
}

/* A listening socket on the address given. */
static int MAYBE tcp_listener(int *port)
{
	int fd = sock(SOCK_STREAM);

	NEED(bind_to(fd, fam, NULL, 0));
	NEED(listen(fd, 16));
	*port = port_of(fd);
	return fd;
}

/* Two ends of one connection; who listens stays open. */
static void MAYBE tcp_pair(int *client, int *server)
{
	int port, l = tcp_listener(&port);

	*client = sock(SOCK_STREAM);
	NEED(connect_to(*client, fam, NULL, port));
	NEED(*server = accept4(l, NULL, NULL, SOCK_CLOEXEC));
}

static int MAYBE udp_bound(int *port)
{
	int fd = sock(SOCK_DGRAM);

	NEED(bind_to(fd, fam, NULL, 0));
	*port = port_of(fd);
	return fd;
}

/* A port of that type where nobody is. */
static int MAYBE free_port(int type)
{
	int fd = sock(type), port;

	NEED(bind_to(fd, fam, NULL, 0));
	port = port_of(fd);
	close(fd);
	return port;
}

/* Read exactly n bytes, or less at the end or after a time. */
static size_t MAYBE read_all(int fd, void *buf, size_t n)
{
	size_t got = 0;

	while (got < n && wait_for(fd, POLLIN)) {
		ssize_t r = read(fd, (char *)buf + got, n - got);

		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

/*
 * What was sent so far has come, and what follows from it: on a busy machine
 * the host may take its time, so datagrams go the same way behind it first.
 */
static void MAYBE settle(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char b;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		for (int i = 0; i < 3; i++) {
			sendto(fd, "", 1, 0, (struct sockaddr *)&a, len);
			wait_for(fd, POLLIN);
			recv(fd, &b, 1, MSG_DONTWAIT);
		}
	close(fd);
	pause_ms(QUIET_MS);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A handler that does nothing; flags SA_RESTART or 0. */
static void MAYBE handle(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

/* How a child ended. */
static MAYBE const char *ended(pid_t pid)
{
	static char buf[64];
	int st = -1;

	waitpid(pid, &st, 0);
	if (WIFSIGNALED(st))
		snprintf(buf, sizeof(buf), "SIG%s",
		    sigabbrev_np(WTERMSIG(st)));
	else
		snprintf(buf, sizeof(buf), "exit %d", WEXITSTATUS(st));
	return buf;
}

static void run_case(const struct conform_case *c, int family)
{
	const char *how;
	pid_t pid;

	fam = family ? family : AF_INET;
	snprintf(case_name, sizeof(case_name), "%s%s", c->name,
	    !family ? "" : family == AF_INET ? ".4" : ".6");
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm(CASE_LIMIT);
		c->fn();
		_exit(0);
	}
	how = ended(pid);
	kill(-pid, SIGKILL);	/* what it left behind */
	if (strcmp(how, "exit 0"))
		say("end", "%s", how);
}

/* usage: PROGRAM [-4 ADDR] [-6 ADDR] [CASE]... */
static int MAYBE conform_main(int argc, char **argv,
    const struct conform_case *c)
{
	int opt;

	while ((opt = getopt(argc, argv, "4:6:")) != -1)
		if (opt == '4')
			given4 = optarg;
		else if (opt == '6')
			given6 = optarg;
		else
			return 2;
	signal(SIGPIPE, SIG_IGN);
	for (; c->name; c++) {
		bool chosen = optind == argc;

		for (int i = optind; i < argc; i++)
			chosen |= !strcmp(argv[i], c->name);
		if (!chosen)
			continue;
		run_case(c, c->once ? 0 : AF_INET);
		if (!c->once)
			run_case(c, AF_INET6);
	}
	return 0;
}

#endif
