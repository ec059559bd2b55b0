/*
 * bench_net: the program that make bench runs on both ends, over a bus and
 * over the kernel alike.
 *
 *	bench_net serve PORT
 *	bench_net bulk|rbulk HOST PORT SECONDS [STREAMS]	Gbit/s
 *	bench_net tcprr|udprr HOST PORT SECONDS [BYTES]		us p50 p99
 *	bench_net conn HOST PORT SECONDS			per second
 *	bench_net connmany HOST PORT COUNT	seconds, per second, longest ms
 *	bench_net udp HOST PORT SECONDS BYTES			packets/s
 *	bench_net bcast HOST PORT SECONDS RATE (0: all it can)	packets sent
 *	bench_net hold HOST PORT COUNT SECONDS			us p50 p99
 *	bench_net idle HOST PORT COUNT		waits for a line after the
 *						first connection and the last
 *	bench_net switches HOST PORT		context switches of the server
 *
 * Prints numbers on one line; the server's process times are the caller's to
 * read.  A connection's first byte tells the server what it is for.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench.h"

#define CHUNK	(64 << 10)
#define SAMPLES	(1 << 20)

static char buf[CHUNK];

static void raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static struct sockaddr_in addr_of(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	a.sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	return a;
}

static int dial(const struct sockaddr_in *a, char mode)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (mode && write(fd, &mode, 1) != 1)
		die("write");
	return fd;
}

/* The server: one thread a connection; requests of any size are echoed. */

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg, one = 1;
	char *b = malloc(CHUNK), mode;
	ssize_t n;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (read(fd, &mode, 1) == 1) {
		if (mode == 'b')
			while (read(fd, b, CHUNK) > 0)
				;
		else if (mode == 'r')
			while (write(fd, b, CHUNK) > 0)
				;
		else
			while ((n = read(fd, b, CHUNK)) > 0 &&
			    write(fd, b, (size_t)n) == n)
				;
	}
	free(b);
	close(fd);
	return NULL;
}

/* Many connections that mostly idle: one epoll loop for mode 'h'. */
static int hold_ep = -1;

static void *hold_loop(void *arg)
{
	struct epoll_event ev[64];
	char b[512];

	(void)arg;
	for (;;) {
		int n = epoll_wait(hold_ep, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			ssize_t r = read(ev[i].data.fd, b, sizeof(b));

			if (r <= 0)
				close(ev[i].data.fd);
			else if (write(ev[i].data.fd, b, (size_t)r) != r)
				close(ev[i].data.fd);
		}
	}
	return NULL;
}

static uint64_t switches(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)r.ru_nvcsw + (uint64_t)r.ru_nivcsw;
}

static void *udp_echo(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct sockaddr_in from;
	static char b[65536];
	uint64_t count = 0;

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, b, sizeof(b), 0,
		    (struct sockaddr *)&from, &len);

		if (n < 0)
			die("recvfrom");
		/* 's' is only counted; '?' asks for the count, 'w' for the
		 * context switches of all threads, also of those that ended */
		if (n && b[0] == 's') {
			count++;
			continue;
		}
		if (n && (b[0] == '?' || b[0] == 'w')) {
			uint64_t v = b[0] == 'w' ? switches() : count;

			if (b[0] == '?')
				count = 0;
			memcpy(b, &v, sizeof(v));
			n = sizeof(v);
		}
		sendto(fd, b, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
	return NULL;
}

static void spawn(void *(*fn)(void *), int fd)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 128 << 10);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &a, fn, (void *)(intptr_t)fd))
		die("pthread_create");
	pthread_attr_destroy(&a);
}

static void dispatch(int fd)
{
	char mode;

	if (recv(fd, &mode, 1, MSG_PEEK) != 1 || mode == 'c') {
		/* An orderly end: nothing is left unread. */
		if (recv(fd, &mode, 1, 0) < 0)
			fprintf(stderr, "recv: %s\n", strerror(errno));
		close(fd);
		return;
	}
	if (mode == 'h') {
		struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

		if (read(fd, &mode, 1) != 1 ||
		    epoll_ctl(hold_ep, EPOLL_CTL_ADD, fd, &ev) < 0)
			close(fd);
		return;
	}
	spawn(serve_one, fd);
}

static void serve(const char *port)
{
	struct sockaddr_in a = addr_of("0.0.0.0", port);
	int l = socket(AF_INET, SOCK_STREAM, 0), one = 1, fd;
	int u = socket(AF_INET, SOCK_DGRAM, 0);

	raise_limit();
	hold_ep = epoll_create1(0);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    bind(u, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(l, 1024) < 0)
		die("listen");
	spawn(udp_echo, u);
	spawn(hold_loop, -1);
	printf("ready\n");
	fflush(stdout);
	while ((fd = accept(l, NULL, NULL)) >= 0)
		dispatch(fd);
	die("accept");
}

/* The measurements. */

static volatile bool over;
static uint64_t total;

static void *pump(void *arg)
{
	int fd = (int)(intptr_t)arg;
	uint64_t n = 0;
	char *b = malloc(CHUNK);
	ssize_t r;

	while (!over && (r = write(fd, b, CHUNK)) > 0)
		n += (uint64_t)r;
	__atomic_add_fetch(&total, n, __ATOMIC_RELAXED);
	free(b);
	return NULL;
}

static void *drain(void *arg)
{
	int fd = (int)(intptr_t)arg;
	uint64_t n = 0;
	char *b = malloc(CHUNK);
	ssize_t r;

	while (!over && (r = read(fd, b, CHUNK)) > 0)
		n += (uint64_t)r;
	__atomic_add_fetch(&total, n, __ATOMIC_RELAXED);
	free(b);
	return NULL;
}

static void bulk(const struct sockaddr_in *a, bool back, double s, int streams)
{
	pthread_t t[64];
	int fd[64];
	uint64_t t0;

	if (streams > 64)
		streams = 64;
	for (int i = 0; i < streams; i++)
		fd[i] = dial(a, back ? 'r' : 'b');
	t0 = now_ns();
	for (int i = 0; i < streams; i++)
		pthread_create(&t[i], NULL, back ? drain : pump,
		    (void *)(intptr_t)fd[i]);
	usleep((useconds_t)(s * 1e6));
	over = true;
	for (int i = 0; i < streams; i++) {
		shutdown(fd[i], SHUT_RDWR);
		pthread_join(t[i], NULL);
	}
	printf("%.3f\n", (double)total * 8 / (double)(now_ns() - t0));
}

static void round_trips(int fd, double s, size_t len)
{
	uint32_t *v = malloc(SAMPLES * sizeof(*v));
	uint64_t end = now_ns() + (uint64_t)(s * 1e9), t0, t1;
	size_t n = 0;
	struct pollfd p = { fd, POLLIN, 0 };

	memset(buf, 'x', sizeof(buf));
	for (t1 = now_ns(); !n || (t1 < end && n < SAMPLES); n++) {
		size_t got = 0;

		t0 = t1;
		if (write(fd, buf, len) != (ssize_t)len)
			die("write");
		while (got < len) {
			ssize_t r = recv(fd, buf, sizeof(buf), 0);

			if (r < 0 && errno == EAGAIN && poll(&p, 1, 2000) > 0)
				continue;
			if (r <= 0)
				die("read");
			got += (size_t)r;
		}
		t1 = now_ns();
		v[n] = (uint32_t)(t1 - t0);
	}
	show(v, n);
	free(v);
}

/* Connect, ask the server to close, see it close, close.  Return: its time. */
static uint64_t conn_once(const struct sockaddr_in *a)
{
	uint64_t t0 = now_ns();
	int fd = dial(a, 'c');
	char c;

	if (read(fd, &c, 1) < 0 && errno != ECONNRESET)
		die("read");
	close(fd);
	return now_ns() - t0;
}

static void conn(const struct sockaddr_in *a, double s)
{
	uint64_t t0 = now_ns(), end = t0 + (uint64_t)(s * 1e9), n = 0;

	for (; now_ns() < end; n++)
		conn_once(a);
	printf("%.0f\n", (double)n * 1e9 / (double)(now_ns() - t0));
}

/* More connections than there are ports. */
static void conn_many(const struct sockaddr_in *a, int count)
{
	uint64_t t0 = now_ns(), longest = 0, took;
	double s;

	for (int i = 0; i < count; i++) {
		took = conn_once(a);
		if (took > longest)
			longest = took;
	}
	s = (double)(now_ns() - t0) / 1e9;
	printf("%.3f %.0f %.3f\n", s, count / s, (double)longest / 1e6);
}

static int udp_socket(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
	struct timeval tv = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0)
		die("connect");
	return fd;
}

/* Ask the server for a number, again if that or the answer is lost. */
static uint64_t ask(int fd, char what)
{
	uint64_t v;

	for (int i = 0; i < 5; i++) {
		if (send(fd, &what, 1, 0) == 1 &&
		    recv(fd, &v, sizeof(v), 0) == sizeof(v))
			return v;
	}
	die("no answer");
	return 0;
}

static void udp_rate(const struct sockaddr_in *a, double s, size_t len)
{
	uint64_t t0, end, sent = 0, got;
	int fd = udp_socket(a);

	ask(fd, '?');
	buf[0] = 's';
	t0 = now_ns();
	end = t0 + (uint64_t)(s * 1e9);
	while (now_ns() < end)
		for (int i = 0; i < 32; i++)
			sent += send(fd, buf, len, 0) == (ssize_t)len;
	end = now_ns();
	got = ask(fd, '?');
	printf("%.0f %.0f\n", (double)got * 1e9 / (double)(end - t0),
	    (double)sent * 1e9 / (double)(end - t0));
}

/* Nobody answers; a rate is kept by sending each millisecond what is due. */
static void broadcast(const struct sockaddr_in *a, double s, double rate)
{
	uint64_t t0 = now_ns(), end = t0 + (uint64_t)(s * 1e9), t;
	uint64_t tried = 0, sent = 0;
	int fd = udp_socket(a);

	while ((t = now_ns()) < end) {
		if (rate > 0 && (double)tried > (double)(t - t0) * rate / 1e9) {
			usleep(1000);
			continue;
		}
		tried++;
		sent += send(fd, buf, 64, 0) == 64;
	}
	if (!sent)
		die("send");
	printf("%.0f\n", (double)sent);
}

/* Round trips over one of `count` open connections. */
static void hold(const struct sockaddr_in *a, int count, double s)
{
	int fd = -1;

	raise_limit();
	for (int i = 0; i < count; i++)
		fd = dial(a, 'h');
	round_trips(fd, s, 64);
}

static void wait_line(int open)
{
	char line[8];

	printf("%d\n", open);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

/* What grows between the two stops is the memory of count connections. */
static void idle(const struct sockaddr_in *a, int count)
{
	raise_limit();
	dial(a, 'h');
	wait_line(1);
	for (int i = 0; i < count; i++)
		dial(a, 'h');
	wait_line(1 + count);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a;
	const char *what = argc > 1 ? argv[1] : "";
	double s;
	int opt;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(what, "serve"))
		serve(argv[2]);
	if (argc < 4 || (argc < 5 && strcmp(what, "switches") != 0)) {
		fprintf(stderr, "usage: see the top of bench_net.c\n");
		return 2;
	}
	a = addr_of(argv[2], argv[3]);
	s = argc > 4 ? atof(argv[4]) : 0;
	opt = argc > 5 ? atoi(argv[5]) : 0;
	if (!strcmp(what, "bulk") || !strcmp(what, "rbulk"))
		bulk(&a, what[0] == 'r', s, opt ? opt : 1);
	else if (!strcmp(what, "tcprr"))
		round_trips(dial(&a, 'e'), s, opt ? (size_t)opt : 64);
	else if (!strcmp(what, "udprr"))
		round_trips(udp_socket(&a), s, opt ? (size_t)opt : 64);
	else if (!strcmp(what, "conn"))
		conn(&a, s);
	else if (!strcmp(what, "connmany"))
		conn_many(&a, (int)s);
	else if (!strcmp(what, "udp"))
		udp_rate(&a, s, opt ? (size_t)opt : 64);
	else if (!strcmp(what, "bcast"))
		broadcast(&a, s, opt);
	else if (!strcmp(what, "hold"))
		hold(&a, (int)s, argc > 5 ? atof(argv[5]) : 2);
	else if (!strcmp(what, "idle"))
		idle(&a, (int)s);
	else if (!strcmp(what, "switches"))
		printf("%llu\n",
		    (unsigned long long)ask(udp_socket(&a), 'w'));
	else
		return 2;
	return 0;
}
