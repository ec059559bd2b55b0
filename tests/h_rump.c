/*
 * h_rump.c: librumpshm at work, for rump.bats: a program that is a virtual
 * host itself.
 *
 * usage: h_rump self BUS			every call, in one host
 *        h_rump get BUS ADDR PEER PORT	an HTTP client
 *        h_rump serve BUS ADDR URL	an echo server, port 7, and a host
 *        h_rump fork BUS ADDR URL	the same, and a child that only waits
 *        h_rump virt ADDR URL		the same on virt0
 *        h_rump errors BUS		what is refused, and how
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stack/rump/rump.h"

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s (errno %s)\n",	\
			    __FILE__, __LINE__, #x, strerror(errno));	\
			exit(1);					\
		}							\
	} while (0)
#define ERR(x, e)	CHECK((x) == -1 && errno == (e))

static struct sockaddr_in in4(const char *ip, int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	};

	CHECK(inet_pton(AF_INET, ip, &sin.sin_addr) == 1);
	return sin;
}

#define SA(s)	(struct sockaddr *)&(s), sizeof(s)

static void join_bus(const char *bus, const char *addr)
{
	char name[16];
	int n = -1;

	CHECK(rump_init() == 0);
	CHECK(rump_pub_shmif_create(bus, &n) == 0 && n == 0);
	snprintf(name, sizeof(name), "shmif%d", n);
	CHECK(rump_pub_netconfig_ipv4_ifaddr_cidr(name, addr, 24) == 0);
}

static int listening(const char *ip, int port)
{
	struct sockaddr_in sin = in4(ip, port);
	int one = 1, s = rump_sys_socket(AF_INET, SOCK_STREAM, 0);

	CHECK(s >= 0);
	CHECK(rump_sys_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == 0);
	CHECK(rump_sys_bind(s, SA(sin)) == 0);
	CHECK(rump_sys_listen(s, 8) == 0);
	return s;
}

static int connected(const char *ip, int port)
{
	struct sockaddr_in sin = in4(ip, port);
	int s = rump_sys_socket(AF_INET, SOCK_STREAM, 0);

	CHECK(s >= 0);
	CHECK(rump_sys_connect(s, SA(sin)) == 0);
	return s;
}

static void *echo_one(void *arg)
{
	int s = (int)(intptr_t)arg;
	char buf[65536];
	ssize_t n;

	while ((n = rump_sys_read(s, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, m; done < n; done += m) {
			m = rump_sys_write(s, buf + done, (size_t)(n - done));
			if (m <= 0)
				goto out;
		}
out:
	rump_sys_close(s);
	return NULL;
}

static void *echo_server(void *arg)
{
	int s = (int)(intptr_t)arg, c;
	pthread_t t;

	while ((c = rump_sys_accept(s, NULL, NULL)) >= 0)
		if (pthread_create(&t, NULL, echo_one,
		    (void *)(intptr_t)c) == 0)
			pthread_detach(t);
	return NULL;
}

static void read_all(int s, char *buf, size_t n)
{
	for (size_t got = 0; got < n; ) {
		ssize_t r = rump_sys_recv(s, buf + got, n - got, 0);

		CHECK(r > 0);
		got += (size_t)r;
	}
}

static void try_stream(const char *ip)
{
	static char out[100000], in[sizeof(out)];
	struct iovec iov[2] = { { out, 10 }, { out + 10, 90 } };
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int s = connected(ip, 7), n = 0, val = 1;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 >> 3);
	CHECK(rump_sys_getpeername(s, (struct sockaddr *)&sin, &len) == 0 &&
	    sin.sin_port == htons(7));
	CHECK(rump_sys_getsockname(s, (struct sockaddr *)&sin, &len) == 0 &&
	    sin.sin_family == AF_INET);
	CHECK(rump_sys_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &val,
	    sizeof(val)) == 0);
	val = 0;
	len = sizeof(val);
	CHECK(rump_sys_getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &val,
	    &len) == 0 && val);
	CHECK(rump_sys_writev(s, iov, 2) == 100);
	CHECK(rump_sys_send(s, out + 100, sizeof(out) - 100, 0) > 0);
	CHECK(rump_sys_shutdown(s, SHUT_WR) == 0);
	read_all(s, in, 100);
	while (rump_sys_ioctl(s, FIONREAD, &n) == 0 && n == 0)
		CHECK(poll(&(struct pollfd){ s, POLLIN, 0 }, 1, 5000) == 1);
	iov[0].iov_base = in + 100;
	iov[0].iov_len = 50;
	iov[1].iov_base = in + 150;
	iov[1].iov_len = 50;
	CHECK((n = (int)rump_sys_readv(s, iov, 2)) > 0);
	read_all(s, in + 100 + n, sizeof(in) - 100 - (size_t)n);
	CHECK(!memcmp(in, out, sizeof(in)));
	CHECK(rump_sys_read(s, in, 1) == 0);
	CHECK(rump_sys_close(s) == 0);
}

/* Non-blocking: connect, poll, select, epoll, and one that is refused. */
static void try_waiting(const char *ip)
{
	struct sockaddr_in sin = in4(ip, 7), none = in4(ip, 9);
	int s = rump_sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { s, POLLOUT, 0 };
	struct timeval tv = { 5, 0 };
	struct epoll_event ev = { .events = EPOLLIN };
	socklen_t len = sizeof(int);
	int ep, err = -1;
	char byte;
	fd_set set;

	if (rump_sys_connect(s, SA(sin)) < 0) {
		CHECK(errno == EINPROGRESS);
		CHECK(rump_sys_poll(&p, 1, 5000) == 1 && p.revents == POLLOUT);
	}
	CHECK(rump_sys_getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len) == 0 &&
	    !err);
	ERR(rump_sys_read(s, &byte, 1), EAGAIN);
	CHECK(rump_sys_write(s, "x", 1) == 1);
	FD_ZERO(&set);
	FD_SET(s, &set);
	CHECK(rump_sys_select(s + 1, &set, NULL, NULL, &tv) == 1);
	CHECK(rump_sys_read(s, &byte, 1) == 1 && byte == 'x');
	ep = epoll_create1(EPOLL_CLOEXEC);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev) == 0);
	CHECK(epoll_wait(ep, &ev, 1, 0) == 0);
	CHECK(rump_sys_write(s, "y", 1) == 1);
	CHECK(epoll_wait(ep, &ev, 1, 5000) == 1);
	close(ep);
	rump_sys_close(s);

	s = rump_sys_socket(AF_INET, SOCK_STREAM, 0);
	ERR(rump_sys_connect(s, SA(none)), ECONNREFUSED);
	rump_sys_close(s);
}

static void try_datagram(const char *ip)
{
	struct sockaddr_in sin = in4(ip, 53), from;
	socklen_t len = sizeof(from);
	char buf[2000] = "datagram";
	int s = rump_sys_socket(AF_INET, SOCK_DGRAM, 0), n = 0;
	int c = rump_sys_socket(AF_INET, SOCK_DGRAM, 0);
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
	};

	CHECK(rump_sys_bind(s, SA(sin)) == 0);
	CHECK(rump_sys_sendto(c, buf, 8, 0, SA(sin)) == 8);
	CHECK(rump_sys_poll(&(struct pollfd){ s, POLLIN, 0 }, 1, 5000) == 1);
	CHECK(rump_sys_ioctl(s, FIONREAD, &n) == 0 && n == 8);
	memset(buf, 0, sizeof(buf));
	CHECK(rump_sys_recvfrom(s, buf, sizeof(buf), 0,
	    (struct sockaddr *)&from, &len) == 8 && !strcmp(buf, "datagram"));
	CHECK(rump_sys_sendto(s, "back", 4, 0, SA(from)) == 4);
	CHECK(rump_sys_recvmsg(c, &m, 0) == 4 && !memcmp(buf, "back", 4) &&
	    from.sin_port == htons(53));
	rump_sys_close(s);
	rump_sys_close(c);
}

/* A child is a client of its parent's host. */
static void try_fork(const char *ip)
{
	int s = connected(ip, 7), status;
	pid_t child = fork();
	char byte = 0;

	CHECK(child >= 0);
	if (child == 0) {
		try_stream(ip);
		CHECK(rump_pub_netconfig_ifup("shmif0") == ENXIO);
		CHECK(rump_sys_write(s, "c", 1) == 1);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(rump_sys_read(s, &byte, 1) == 1 && byte == 'c');
	rump_sys_close(s);
}

/* The end of a connection is seen although a child has copies of all fds. */
static void try_reset(const char *ip)
{
	struct linger now = { 1, 0 };
	int l = listening(ip, 8), c = connected(ip, 8), s, status, p[2];
	char byte = 0;
	pid_t child;

	s = rump_sys_accept(l, NULL, NULL);
	CHECK(s >= 0 && pipe(p) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		close(p[1]);
		close(s);
		_exit(read(p[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(p[0]);
	CHECK(rump_sys_setsockopt(s, SOL_SOCKET, SO_LINGER, &now,
	    sizeof(now)) == 0);
	rump_sys_close(s);
	CHECK(rump_sys_poll(&(struct pollfd){ c, POLLIN, 0 }, 1, 5000) == 1);
	ERR(rump_sys_read(c, &byte, 1), ECONNRESET);
	rump_sys_close(c);
	rump_sys_close(l);
	close(p[1]);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void try_rest(const char *ip)
{
	struct sockaddr_in sin = in4(ip, 7);
	int s = rump_sys_socket(AF_INET, SOCK_STREAM, 0), t;

	CHECK(rump_sys_fcntl(s, F_SETFL, O_NONBLOCK) == 0);
	CHECK(rump_sys_fcntl(s, F_GETFL) & O_NONBLOCK);
	CHECK(rump_sys_ioctl(s, FIONBIO, &(int){ 0 }) == 0);
	CHECK(!(rump_sys_fcntl(s, F_GETFL) & O_NONBLOCK));
	CHECK((t = rump_sys_dup(s)) >= 0);
	CHECK(rump_sys_connect(t, SA(sin)) == 0);
	CHECK(rump_sys_write(s, "d", 1) == 1);
	rump_sys_close(s);
	rump_sys_close(t);
	ERR(rump_sys_close(99999), EBADF);
	ERR(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT);
	ERR(rump_sys_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP),
	    EPROTONOSUPPORT);
	s = rump_sys_socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK(s >= 0);
	rump_sys_close(s);
}

static void self(const char *bus)
{
	static const char *const ip[] = { "10.0.0.1", "127.0.0.1" };
	pthread_t t;
	int s;

	join_bus(bus, ip[0]);
	s = listening("0.0.0.0", 7);
	CHECK(pthread_create(&t, NULL, echo_server, (void *)(intptr_t)s) == 0);
	for (int i = 0; i < 2; i++) {
		try_stream(ip[i]);
		try_waiting(ip[i]);
		try_datagram(ip[i]);
		try_fork(ip[i]);
		try_reset(ip[i]);
	}
	try_rest(ip[0]);
	/* Wakes the thread in accept. */
	CHECK(rump_sys_shutdown(s, SHUT_RDWR) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	rump_sys_close(s);
	CHECK(rump_pub_netconfig_ifdown("shmif0") == 0);
	CHECK(rump_pub_netconfig_ifdestroy("shmif0") == 0);
}

static void get(char **arg)
{
	static const char ask[] = "GET / HTTP/1.0\r\n\r\n";
	char buf[4096];
	ssize_t n;
	int s;

	join_bus(arg[0], arg[1]);
	s = connected(arg[2], atoi(arg[3]));
	CHECK(rump_sys_write(s, ask, sizeof(ask) - 1) == sizeof(ask) - 1);
	while ((n = rump_sys_read(s, buf, sizeof(buf))) > 0)
		CHECK(write(1, buf, (size_t)n) == n);
	CHECK(n == 0);
}

static void serve(char **arg)
{
	join_bus(arg[0], arg[1]);
	CHECK(rump_init_server(arg[2]) == 0);
	CHECK(write(1, "ready\n", 6) == 6);
	echo_server((void *)(intptr_t)listening("0.0.0.0", 7));
}

static void fork_and_serve(char **arg)
{
	pid_t child;

	join_bus(arg[0], arg[1]);
	CHECK(rump_init_server(arg[2]) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		for (;;)
			pause();
	printf("child %d\nready\n", (int)child);
	fflush(stdout);
	echo_server((void *)(intptr_t)listening("0.0.0.0", 7));
}

static void on_tap(char **arg)
{
	CHECK(rump_init() == 0);
	CHECK(rump_pub_virtif_create(0) == 0);
	CHECK(rump_pub_netconfig_ipv4_ifaddr("virt0", arg[0],
	    "255.255.255.0") == 0);
	CHECK(rump_init_server(arg[1]) == 0);
	CHECK(write(1, "ready\n", 6) == 6);
	echo_server((void *)(intptr_t)listening(arg[0], 7));
}

static void errors(const char *bus)
{
	struct sockaddr_in sin = in4("10.9.9.9", 1);
	int n = -1, s;

	/* Before there is a host. */
	ERR(rump_sys_socket(AF_INET, SOCK_STREAM, 0), ENETDOWN);
	CHECK(rump_pub_shmif_create(bus, NULL) == ENXIO);
	CHECK(rump_pub_netconfig_ifcreate("shmif0") == ENXIO);
	CHECK(rump_init_server("unix://x.sock") == ENXIO);

	CHECK(rump_init() == 0);
	CHECK(rump_init() == 0);
	CHECK(rump_pub_shmif_create(NULL, &n) == EINVAL && n == -1);
	CHECK(rump_pub_shmif_create("/nonexistent/dir/bus", &n) == ENOENT);
	CHECK(rump_pub_shmif_create(bus, NULL) == 0);
	CHECK(rump_pub_netconfig_ifcreate("shmif0") == EEXIST);
	CHECK(rump_pub_netconfig_ifcreate("wm0") == EINVAL);
	CHECK(rump_pub_netconfig_ifup("shmif7") == ENXIO);
	CHECK(rump_pub_netconfig_ifcreate("shmif1") == 0);
	CHECK(rump_pub_netconfig_ipv4_ifaddr_cidr("shmif1", "10.1.0.1",
	    24) == ENXIO);
	CHECK(rump_pub_netconfig_ifsetlinkstr("shmif1", bus) == 0);
	CHECK(rump_pub_netconfig_ifsetlinkstr("shmif1", bus) == EBUSY);
	CHECK(rump_pub_netconfig_ipv4_ifaddr("shmif0", "10.0.0.1",
	    "255.0.255.0") == EINVAL);
	CHECK(rump_pub_netconfig_ipv4_ifaddr("shmif0", "10.0.0.300",
	    "255.255.255.0") == EINVAL);
	CHECK(rump_pub_netconfig_ipv4_ifaddr("shmif0", "10.0.0.1",
	    "255.255.255.0") == 0);
	CHECK(rump_pub_netconfig_ipv4_ifaddr_cidr("shmif0", "10.0.0.2",
	    33) == EINVAL);
	CHECK(rump_pub_netconfig_ipv6_ifaddr("shmif0", "fd00::1", 64) == 0);
	CHECK(rump_pub_netconfig_ipv4_gw("10.7.0.1") == ENETUNREACH);
	s = rump_sys_socket(AF_INET, SOCK_STREAM, 0);
	ERR(rump_sys_connect(s, SA(sin)), ENETUNREACH);
	rump_sys_close(s);
	CHECK(rump_pub_netconfig_ipv4_gw("10.0.0.77") == 0);
	CHECK(rump_pub_netconfig_ipv4_gw("10.0.0.78") == EEXIST);
	CHECK(rump_pub_netconfig_ipv6_gw("fd00::99") == 0);
	CHECK(rump_pub_netconfig_ipv6_gw("10.0.0.1") == EINVAL);
	CHECK(rump_pub_virtif_create(-1) == EINVAL);
	CHECK(rump_init_server("http://x") == EINVAL);
	CHECK(rump_init_server("ssh://127.0.0.1/x") == EPROTONOSUPPORT);
	CHECK(rump_init_server("unix:///nonexistent/dir/x") == ENOENT);
}

int main(int argc, char **argv)
{
	alarm(60);
	if (argc == 3 && !strcmp(argv[1], "self"))
		self(argv[2]);
	else if (argc == 6 && !strcmp(argv[1], "get"))
		get(argv + 2);
	else if (argc == 5 && !strcmp(argv[1], "serve"))
		serve(argv + 2);
	else if (argc == 5 && !strcmp(argv[1], "fork"))
		fork_and_serve(argv + 2);
	else if (argc == 4 && !strcmp(argv[1], "virt"))
		on_tap(argv + 2);
	else if (argc == 3 && !strcmp(argv[1], "errors"))
		errors(argv[2]);
	else
		return 2;
	return 0;
}
