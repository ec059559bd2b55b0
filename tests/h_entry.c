/*
 * h_entry.c: calls of a static program, which must print the same on a virtual
 * host as on the machine: those that wait, those that signals interrupt, and
 * datagrams by read and write.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in to = { .sin_family = AF_INET };

static void say(const char *what, long r)
{
	printf("%s: %s\n", what, r < 0 ? strerrorname_np(errno) : "ok");
}

static void nothing(int sig)
{
	(void)sig;
}

/* In a tenth of a second, and whether calls go on after it. */
static void alarm_soon(int flags)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = flags };
	struct itimerval soon = { .it_value.tv_usec = 100000 };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

static int listener(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(to);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = 0;
	say("bind", bind(s, (struct sockaddr *)&to, sizeof(to)));
	say("listen", listen(s, 5));
	say("getsockname", getsockname(s, (struct sockaddr *)&to, &n));
	return s;
}

/* Somebody who connects in a moment. */
static void connect_later(void)
{
	if (fork())
		return;
	poll(NULL, 0, 300);
	{
		int s = socket(AF_INET, SOCK_STREAM, 0);
		char byte;

		if (!connect(s, (struct sockaddr *)&to, sizeof(to)) &&
		    write(s, "hello", 5) == 5)
			while (read(s, &byte, 1) > 0)
				;
	}
	_exit(0);
}

static void streams(void)
{
	struct timeval limit = { .tv_usec = 50000 };
	int s = listener(), c, e = -1;
	socklen_t n = sizeof(e);
	struct pollfd p;
	char text[8] = "";

	alarm_soon(0);
	say("accept, a signal", accept(s, NULL, NULL));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	say("accept, a time-out", accept(s, NULL, NULL));
	limit.tv_usec = 0;
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	connect_later();
	alarm_soon(SA_RESTART);
	c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	say("accept, over a signal", c);
	printf("close on exec: %d\n", fcntl(c, F_GETFD));
	printf("read: %zd %s\n", read(c, text, sizeof(text)), text);
	say("shutdown", shutdown(c, SHUT_WR));
	wait(NULL);
	printf("end: %zd\n", read(c, text, 1));
	close(c);
	close(s);
	c = socket(AF_INET, SOCK_STREAM, 0);
	say("connect, refused", connect(c, (struct sockaddr *)&to,
	    sizeof(to)));
	close(c);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	say("getpeername", getpeername(c, (struct sockaddr *)&to,
	    &(socklen_t){ sizeof(to) }));
	say("connect", connect(c, (struct sockaddr *)&to, sizeof(to)));
	p = (struct pollfd){ .fd = c, .events = POLLOUT };
	printf("poll: %d\n", poll(&p, 1, 5000));
	say("SO_ERROR", getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &n));
	printf("it is: %s\n", strerrorname_np(e));
	say("send, not connected", send(c, "x", 1, MSG_NOSIGNAL));
	close(c);
}

/* One who asks nothing but poll(2) whether it may write. */
static void by_poll(void)
{
	static char part[3000], all[20 * sizeof(part)];
	int s = listener(), a;
	int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = c, .events = POLLOUT };
	long sent = 0, come = 0, n;

	connect(c, (struct sockaddr *)&to, sizeof(to));
	while (sent < (long)sizeof(all) && poll(&p, 1, 5000) > 0 &&
	    (n = write(c, part, sizeof(part))) > 0)
		sent += n;
	a = accept(s, NULL, NULL);
	close(c);
	while ((n = read(a, all, sizeof(all))) > 0)
		come += n;
	printf("by poll: %ld, %ld, then %ld\n", sent, come, n);
	close(a);
	close(s);
}

static void datagrams(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0);
	int b = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t n = sizeof(to);
	struct sockaddr_in from;
	char text[16] = "";

	to.sin_port = 0;
	bind(a, (struct sockaddr *)&to, sizeof(to));
	getsockname(a, (struct sockaddr *)&to, &n);
	say("connect", connect(b, (struct sockaddr *)&to, sizeof(to)));
	printf("write: %zd\n", write(b, "question", 8));
	n = sizeof(from);
	printf("recvfrom: %zd ", recvfrom(a, text, sizeof(text), 0,
	    (struct sockaddr *)&from, &n));
	printf("%s, address of %u bytes\n", text, n);
	printf("sendto: %zd\n", sendto(a, "answer", 6, 0,
	    (struct sockaddr *)&from, n));
	memset(text, 0, sizeof(text));
	printf("read: %zd ", read(b, text, sizeof(text)));
	printf("%s\n", text);
	alarm_soon(0);
	say("recvfrom, a signal", recvfrom(a, text, sizeof(text), 0, NULL,
	    NULL));
	say("recv, nothing", recv(b, text, sizeof(text), MSG_DONTWAIT));
	close(a);
	close(b);
}

/* How it looks at one end that the other has reset. */
static void look(const char *what, int fd)
{
	struct pollfd p = { .fd = fd };
	socklen_t n = sizeof(int);
	char text[8];
	ssize_t r;
	int e = -1;

	printf("%s, poll: %d ", what, poll(&p, 1, 5000));
	printf("%d\n", p.revents);
	while ((r = read(fd, text, sizeof(text))) > 0)
		printf("read: %zd\n", r);
	say("read then", r);
	say("and again", read(fd, text, sizeof(text)));
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
	printf("SO_ERROR: %d\n", e);
	say("send", send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
}

/* Resets, with data before them or without, at both ends. */
static void resets(void)
{
	static const struct linger hard = { 1, 0 };
	int s = listener();

	for (int i = 0; i < 8; i++) {
		int c = socket(AF_INET, SOCK_STREAM |
		    (i & 4 ? SOCK_NONBLOCK : 0), 0), a;
		struct pollfd p = { .fd = c, .events = POLLOUT };

		connect(c, (struct sockaddr *)&to, sizeof(to));
		a = accept(s, NULL, NULL);
		printf("connected: %d\n", poll(&p, 1, 5000));
		if (i & 1) {
			/* What comes, comes before the end does. */
			write(i & 2 ? c : a, "data", 4);
			p = (struct pollfd){ i & 2 ? a : c, POLLIN, 0 };
			printf("data: %d\n", poll(&p, 1, 5000));
		}
		setsockopt(i & 2 ? c : a, SOL_SOCKET, SO_LINGER, &hard,
		    sizeof(hard));
		close(i & 2 ? c : a);
		look(i & 2 ? "accepted" : "connected", i & 2 ? a : c);
	}
	close(s);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(20);
	streams();
	resets();
	by_poll();
	datagrams();
	return 0;
}
