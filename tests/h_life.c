/*
 * h_life.c: all that a program does with sockets, once: listen and accept,
 * connect with and without waiting, bytes both ways, datagrams, and the ends.
 *
 * usage: h_life PEER	one life, against `h_life peer` on another host; it
 *			raises SIGSTOP first if it is traced
 *        h_life peer	serves such lives: port 7; connects back, and answers
 *			datagrams
 *        h_life loop PEER   lives until it is ended; prints on SIGTERM how
 *			many and the longest, in ms
 *
 * Exit status 0: all went well.  1: a call failed, and the line on stdout has
 * its name and its errno.  2: a byte was wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 10000		/* ms that poll waits for the peer */
#define LEN 3000

static struct in_addr peer_ip;
static uint8_t data[LEN], got[LEN];
static volatile sig_atomic_t ended;

static _Noreturn void failed(const char *call)
{
	printf("%s: %s\n", call, errno ? strerrorname_np(errno) : "EOF");
	exit(1);
}

static int check(int ret, const char *call)
{
	if (ret < 0)
		failed(call);
	return ret;
}

static struct sockaddr_in address(struct in_addr ip, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = ip,
	    .sin_port = htons(port) };

	return sin;
}

static void wait_until(int fd, short events, const char *what)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	while ((n = poll(&p, 1, PATIENCE)) < 0 && errno == EINTR)
		;
	if (check(n, "poll") == 0) {
		printf("%s: the peer does not answer\n", what);
		exit(3);
	}
}

static void put(int fd)
{
	for (int n = 0; n < LEN; )
		n += check((int)send(fd, data + n, LEN - n, MSG_NOSIGNAL),
		    "send");
}

static void get(int fd)
{
	for (int n = 0, r; n < LEN; n += r) {
		wait_until(fd, POLLIN, "recv");
		errno = 0;
		r = (int)read(fd, got + n, LEN - n);
		if (r <= 0)
			failed("read");
	}
	if (memcmp(got, data, LEN)) {
		puts("wrong bytes");
		exit(2);
	}
}

static int new_socket(int type)
{
	return check(socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
}

static int listener(uint16_t *port)
{
	struct sockaddr_in sin = address((struct in_addr){ 0 }, *port);
	socklen_t len = sizeof(sin);
	int fd = new_socket(SOCK_STREAM), one = 1;

	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)),
	    "setsockopt");
	check(bind(fd, (void *)&sin, sizeof(sin)), "bind");
	check(listen(fd, 64), "listen");
	check(getsockname(fd, (void *)&sin, &len), "getsockname");
	*port = ntohs(sin.sin_port);
	return fd;
}

/* Return: as connect(2) says, by waiting for a non-blocking one. */
static int connect_later(int fd, const struct sockaddr_in *to)
{
	socklen_t len = sizeof(int);
	int e = 0;

	check(fcntl(fd, F_SETFL, O_NONBLOCK), "fcntl");
	if (connect(fd, (const void *)to, sizeof(*to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		failed("connect");
	wait_until(fd, POLLOUT, "connect");
	check(getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len), "getsockopt");
	check(fcntl(fd, F_SETFL, 0), "fcntl");
	errno = e;
	return e ? -1 : 0;
}

static void datagrams(void)
{
	struct sockaddr_in to = address(peer_ip, 7);
	int fd = new_socket(SOCK_DGRAM);

	check((int)sendto(fd, data, 100, 0, (void *)&to, sizeof(to)),
	    "sendto");
	wait_until(fd, POLLIN, "recv");
	check((int)recv(fd, got, sizeof(got), 0), "recv");
	close(fd);
}

/* The peer is asked to connect to us, and both connections carry bytes. */
static void life(bool later)
{
	struct sockaddr_in to = address(peer_ip, 7);
	uint16_t port = 0;
	int l = listener(&port), c = new_socket(SOCK_STREAM), a;

	if (later)
		check(connect_later(c, &to), "connect");
	else
		check(connect(c, (void *)&to, sizeof(to)), "connect");
	check((int)send(c, &port, sizeof(port), MSG_NOSIGNAL), "send");
	wait_until(l, POLLIN, "accept");
	a = check(accept(l, NULL, NULL), "accept");
	put(c);
	get(c);
	put(a);
	get(a);
	check(shutdown(a, SHUT_WR), "shutdown");
	close(a);
	close(c);
	close(l);
	datagrams();
}

/* One life's other side; the process is its own. */
static void serve(int c)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	uint16_t port;
	int back = new_socket(SOCK_STREAM);

	check(getpeername(c, (void *)&to, &len), "getpeername");
	wait_until(c, POLLIN, "port");
	if (read(c, &port, sizeof(port)) != sizeof(port))
		failed("read");
	to.sin_port = htons(port);
	check(connect(back, (void *)&to, sizeof(to)), "connect");
	get(c);
	put(c);
	get(back);
	put(back);
	exit(0);
}

static _Noreturn void peer(void)
{
	uint16_t port = 7;
	struct sockaddr_in sin = address((struct in_addr){ 0 }, port);
	int l = listener(&port), u = new_socket(SOCK_DGRAM), c;
	struct pollfd p[2] = { { l, POLLIN, 0 }, { u, POLLIN, 0 } };
	socklen_t len;
	ssize_t n;

	signal(SIGCHLD, SIG_IGN);
	check(bind(u, (void *)&sin, sizeof(sin)), "bind");
	for (;;) {
		check(poll(p, 2, -1), "poll");
		len = sizeof(sin);
		if (p[1].revents) {
			n = recvfrom(u, got, LEN, MSG_DONTWAIT, (void *)&sin,
			    &len);
			if (n >= 0)
				sendto(u, got, (size_t)n, 0, (void *)&sin, len);
		}
		if (!p[0].revents)
			continue;
		c = accept(l, NULL, NULL);
		if (c >= 0 && fork() == 0)
			serve(c);
		close(c);
	}
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void on_term(int sig)
{
	ended = sig;
}

static void loop(void)
{
	struct sigaction sa = { .sa_handler = on_term,
	    .sa_flags = SA_RESTART };
	uint64_t start, worst = 0;
	unsigned n;

	sigaction(SIGTERM, &sa, NULL);
	for (n = 0; !ended; n++) {
		start = now_ms();
		life(n & 1);
		start = now_ms() - start;
		worst = start > worst ? start : worst;
		if (n == 0)
			puts("lives");
	}
	printf("%u lives, %llu ms at most\n", n, (unsigned long long)worst);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < LEN; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	if (argc == 2 && !strcmp(argv[1], "peer"))
		peer();
	if (argc < 2 || inet_pton(AF_INET, argv[argc - 1], &peer_ip) != 1) {
		fputs("usage: h_life PEER | peer | loop PEER\n", stderr);
		return 64;
	}
	if (argc == 3) {
		loop();
		return 0;
	}
	if (getenv("STEP"))
		raise(SIGSTOP);
	life(false);
	life(true);
	return 0;
}
