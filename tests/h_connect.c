/*
 * h_connect.c: a non-blocking connect, and what poll, select or epoll show of
 * it; the same program tells the same on the host kernel.
 *
 * usage: h_connect poll|select|epoll ADDR PORT [GIVE_UP_MS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE	10000	/* ms, for the outcome */

static int epfd = -1;

static const char *name(int err)
{
	return err ? strerrorname_np(err) : "0";
}

static _Noreturn void die(const char *what)
{
	printf("%s: %s\n", what, name(errno));
	exit(1);
}

static void print_events(unsigned ev)
{
	/* EPOLLIN is POLLIN, and so on. */
	printf("events:%s%s%s%s\n", ev & POLLIN ? " IN" : "",
	    ev & POLLOUT ? " OUT" : "", ev & POLLERR ? " ERR" : "",
	    ev & POLLHUP ? " HUP" : "");
}

/*
 * A pair of AF_UNIX ends in two steps: it hangs up, then what lies unread in it
 * is dropped and there is room to write.  A program may wake between the two,
 * rarely; what stays is asked here.
 */
static bool half_way(unsigned ev)
{
	static int left = PATIENCE;

	return (ev & (POLLHUP | POLLOUT)) == POLLHUP && left-- > 0 &&
	    poll(NULL, 0, 1) == 0;
}

static bool wait_poll(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	int n;

	do {
		n = poll(&p, 1, ms);
		if (n < 0)
			die("poll");
	} while (n && half_way((unsigned short)p.revents));
	if (n)
		print_events((unsigned short)p.revents);
	return n;
}

static bool wait_select(int fd, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	fd_set r, w, x;
	int n;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&x);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	FD_SET(fd, &x);
	n = select(fd + 1, &r, &w, &x, &tv);
	if (n < 0)
		die("select");
	if (n)
		printf("sets:%s%s%s\n", FD_ISSET(fd, &r) ? " read" : "",
		    FD_ISSET(fd, &w) ? " write" : "",
		    FD_ISSET(fd, &x) ? " except" : "");
	return n;
}

static bool wait_epoll_quiet(int ms)
{
	struct epoll_event ev;

	return epoll_wait(epfd, &ev, 1, ms) == 1;
}

static bool wait_epoll(int fd, int ms)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int n;

	if (epfd < 0) {
		epfd = epoll_create1(EPOLL_CLOEXEC);
		if (epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
			die("epoll");
	}
	do {
		n = epoll_wait(epfd, &ev, 1, ms);
		if (n < 0)
			die("epoll_wait");
	} while (n && half_way(ev.events));
	if (n)
		print_events(ev.events);
	return n;
}

static int so_error(int fd)
{
	int err = -1;
	socklen_t len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		die("SO_ERROR");
	return err;
}

/* It is a true connection: one line to an echo server and back. */
static void use(int fd)
{
	char buf[16] = "";
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (getpeername(fd, (struct sockaddr *)&sin, &len) < 0)
		die("getpeername");
	if (write(fd, "line\n", 5) != 5)
		die("write");
	if (poll(&p, 1, PATIENCE) != 1 || read(fd, buf, sizeof(buf) - 1) < 0)
		die("read");
	printf("echo: %s", buf);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*wait)(int fd, int ms);
	} modes[] = {
		{ "poll", wait_poll }, { "select", wait_select },
		{ "epoll", wait_epoll },
	};
	struct sockaddr_in sin = { .sin_family = AF_INET };
	bool (*wait)(int fd, int ms) = NULL;
	int fd, err;

	for (int i = 0; argc > 3 && i < 3; i++)
		if (!strcmp(modes[i].name, argv[1]))
			wait = modes[i].wait;
	if (!wait || inet_pton(AF_INET, argv[2], &sin.sin_addr) != 1)
		return 2;
	sin.sin_port = htons((uint16_t)atoi(argv[3]));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("socket");
	if (argc > 4) {
		unsigned ms = (unsigned)atoi(argv[4]);

		if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms,
		    sizeof(ms)) < 0)
			die("TCP_USER_TIMEOUT");
	}
	err = connect(fd, (struct sockaddr *)&sin, sizeof(sin)) ? errno : 0;
	printf("connect: %s\n", name(err));
	if (argc > 4 && !wait(fd, 300)) {
		printf("nothing yet\n");
		if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
			printf("again: %s\n", name(errno));
	}
	if (!wait(fd, PATIENCE)) {
		printf("nothing at all\n");
		return 1;
	}
	err = so_error(fd);
	printf("error: %s\n", name(err));
	printf("error then: %s\n", name(so_error(fd)));
	/* An edge or two for the same news is allowed, a stream of them not. */
	for (int n = 0; epfd >= 0 && n < 4 && wait_epoll_quiet(50); n++)
		if (n == 3)
			printf("edges without end\n");
	if (!err)
		use(fd);
	return 0;
}
