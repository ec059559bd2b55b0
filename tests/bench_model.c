/*
 * bench_model: a bus without a stack, for make bench: what it shows cannot be
 * exceeded by virtual hosts, however good these are.
 *
 *	bench_model chain CPU1 CPU2	64 bytes and their echo through what a
 *					bus has between two programs, with all
 *					that waits and none that works: two
 *					processes of two threads, one on epoll,
 *					one on a futex; each program on the CPU
 *					of its host: us p50, p99, count
 *	bench_model relay CPU1 CPU2 SECONDS STREAMS
 *					streams through pairs of sockets, the
 *					ring and its futexes, with the copies of
 *					hosts, the CPUs likewise: Gbit/s, CPU
 *					s/GB
 *	bench_model dial SECONDS	connections, one after the other, with
 *					the system calls and waits that none can
 *					do without (dial() below): per second,
 *					CPU s per 1,000
 */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench.h"

#define CHUNK	(64 << 10)	/* a program's writes and reads */
#define BLOCK	(32 << 10)	/* a frame's payload */
#define SLOTS	128u		/* frames in the ring */
#define STREAMS	64
#define ECHOES	2000
#define ECHO	64

/* Both ways of the bus: what was put in, what was taken out. */
static struct bus {
	_Alignas(64) _Atomic uint32_t in[2];
	_Alignas(64) _Atomic uint32_t out[2];
	struct {
		uint32_t stream, len;
	} head[SLOTS];
	char kind[2][SLOTS];
	char data[SLOTS][BLOCK];
} *bus;

/* Return: in the child 0; it ends with its parent. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0 || (!pid && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0))
		die("fork");
	return pid;
}

/* Children that are done with; then the CPU seconds of all. */
static double end(const pid_t *pid, int n)
{
	const int who[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	struct rusage r;
	double s = 0;

	for (int i = 0; i < n; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	for (int i = 0; i < 2; i++) {
		getrusage(who[i], &r);
		s += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		    (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
	}
	return s;
}

static void start(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, arg) || pthread_detach(thread))
		die("pthread_create");
}

static void pair(int type, int fd[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fd) < 0)
		die("socketpair");
}

static int watch(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

/* A word changed: wait for that, and tell of it. */
static void await_word(_Atomic uint32_t *word, uint32_t seen)
{
	while (atomic_load(word) == seen)
		syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void bump(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* chain: what a program sends goes to the other one. */

struct idle_host {
	int fd;		/* the program's other end */
	int way;	/* of the bus, to the other host */
};

static void *chain_in(void *arg)
{
	const struct idle_host *h = arg;
	char buf[ECHO] = { 0 };

	for (uint32_t seen = 0; ; seen++) {
		await_word(&bus->in[!h->way], seen);
		if (send(h->fd, buf, ECHO, 0) != ECHO)
			_exit(0);
	}
}

static void chain_host(struct idle_host *h)
{
	int ep = epoll_create1(0);
	struct epoll_event ev;
	char buf[ECHO];

	if (watch(ep, h->fd, EPOLLIN) < 0)
		die("epoll");
	start(chain_in, h);
	while (epoll_wait(ep, &ev, 1, -1) == 1 &&
	    recv(h->fd, buf, ECHO, 0) == ECHO)
		bump(&bus->in[h->way]);
	_exit(0);
}

static void chain(int near_cpu, int far_cpu)
{
	static uint32_t v[ECHOES];
	int near[2], far[2];
	char buf[ECHO] = { 0 };

	pair(SOCK_STREAM, near);
	pair(SOCK_STREAM, far);
	pin(far_cpu);
	if (!child())
		chain_host(&(struct idle_host){ far[1], 1 });
	if (!child()) {
		while (read(far[0], buf, ECHO) == ECHO &&
		    write(far[0], buf, ECHO) == ECHO)
			;
		_exit(0);
	}
	pin(near_cpu);
	if (!child())
		chain_host(&(struct idle_host){ near[1], 0 });
	for (size_t i = 0; i < ECHOES; i++) {
		uint64_t t = now_ns();

		if (write(near[0], buf, ECHO) != ECHO ||
		    read(near[0], buf, ECHO) != ECHO)
			die("chain");
		v[i] = (uint32_t)(now_ns() - t);
	}
	show(v, ECHOES);
}

/* relay: a[] the near programs' pairs, b[] the far ones'. */

static int a[STREAMS][2], b[STREAMS][2], streams;
static _Atomic uint64_t total;

static void relay_near(void)
{
	static char buf[BLOCK];
	int ep = epoll_create1(0), n;
	struct epoll_event ev[STREAMS];
	uint32_t at = 0, out;
	ssize_t len;

	for (int i = 0; i < streams; i++) {
		ev[0] = (struct epoll_event){ .events = EPOLLIN, .data.fd = i };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, a[i][1], ev) < 0)
			die("epoll");
	}
	while ((n = epoll_wait(ep, ev, STREAMS, -1)) > 0)
		for (int i = 0; i < n; i++, at++) {
			len = recv(a[ev[i].data.fd][1], buf, BLOCK, 0);
			if (len <= 0)
				_exit(0);
			while (at - (out = atomic_load(&bus->out[0])) == SLOTS)
				await_word(&bus->out[0], out);
			bus->head[at % SLOTS].stream = (uint32_t)ev[i].data.fd;
			bus->head[at % SLOTS].len = (uint32_t)len;
			memcpy(bus->data[at % SLOTS], buf, (size_t)len);
			bump(&bus->in[0]);
		}
	_exit(0);
}

static void relay_far(void)
{
	static char buf[BLOCK];
	uint32_t len;
	int fd;

	for (uint32_t at = 0; ; at++) {
		await_word(&bus->in[0], at);
		len = bus->head[at % SLOTS].len;
		fd = b[bus->head[at % SLOTS].stream][0];
		memcpy(buf, bus->data[at % SLOTS], len);
		bump(&bus->out[0]);
		if (send(fd, buf, len, 0) != (ssize_t)len)
			_exit(0);
	}
}

static void *relay_read(void *arg)
{
	char *buf = malloc(CHUNK);

	while (buf && read(b[(intptr_t)arg][1], buf, CHUNK) > 0)
		;
	return NULL;
}

static void *relay_write(void *arg)
{
	char *buf = calloc(1, CHUNK);
	ssize_t n;

	while (buf && (n = write(a[(intptr_t)arg][0], buf, CHUNK)) > 0)
		total += (uint64_t)n;
	return NULL;
}

static void relay_readers(void)
{
	for (intptr_t i = 0; i < streams; i++)
		start(relay_read, (void *)i);
	pause();
}

static void relay(int near, int far, double s)
{
	void (*const run[])(void) = { relay_near, relay_far, relay_readers };
	uint64_t t0, bytes;
	pid_t pid[3];

	for (int i = 0; i < streams; i++) {
		pair(SOCK_STREAM, a[i]);
		pair(SOCK_STREAM, b[i]);
	}
	for (int i = 0; i < 3; i++) {
		pid[i] = child();
		if (pid[i])
			continue;
		pin(i ? far : near);
		run[i]();
	}
	pin(near);
	t0 = now_ns();
	for (intptr_t i = 0; i < streams; i++)
		start(relay_write, (void *)i);
	usleep((useconds_t)(s * 1e6));
	bytes = total;
	if (!bytes)
		die("nothing passed");
	s = (double)(now_ns() - t0);
	printf("%.2f %.4f\n", (double)bytes * 8 / s,
	    end(pid, 3) * 1e9 / (double)bytes);
}

/*
 * dial: the client makes a pair, names it and shows it to its host, which asks
 * the other one.  This makes a pair for the server and hands it over.  A byte
 * goes there, the server closes, then the client.  What is on the bus:
 */
enum { ASK, ANSWER, BYTE, END };

static int control[2], reply[2], backlog[2];	/* program's end, host's */
static _Atomic int conn_fd;			/* this host's pair */
static int ep;					/* this host's */

static void put(int way, char kind)
{
	bus->kind[way][atomic_load(&bus->in[way]) % SLOTS] = kind;
	bump(&bus->in[way]);
}

static char get(int way, uint32_t seen)
{
	await_word(&bus->in[way], seen);
	return bus->kind[way][seen % SLOTS];
}

/* One byte, and a descriptor with it unless fd < 0. */
static void give(int to, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
	    .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { "", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c);
		memcpy(CMSG_DATA(&c.align), &fd, sizeof(fd));
	}
	if (sendmsg(to, &m, MSG_NOSIGNAL) != 1)
		die("sendmsg");
}

/* Return: the descriptor; -1: there was none. */
static int take(int from)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { { 0 } };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &c, .msg_controllen = sizeof(c) };
	int fd = -1;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) != 1)
		_exit(0);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(&c.align), sizeof(fd));
	return fd;
}

/* An abstract name, as each virtual socket has one. */
static void name(int fd)
{
	static unsigned n;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int len = snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1,
	    "bench/%d.%u", (int)getpid(), n++);

	if (bind(fd, (struct sockaddr *)&sun, (socklen_t)(sizeof(sa_family_t) +
	    1 + (size_t)len)) < 0)
		die("bind");
}

/* What the program wrote, or that it closed; then so does the host. */
static void dial_data(int way, int fd)
{
	char byte;

	if (recv(fd, &byte, 1, MSG_DONTWAIT) == 1) {
		put(way, BYTE);
		return;
	}
	put(way, END);
	epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

static void *near_bus(void *arg)
{
	(void)arg;
	for (uint32_t seen = 0; ; seen++)
		if (get(1, seen) == ANSWER)
			give(reply[1], -1);
		else
			shutdown(conn_fd, SHUT_WR);
	return NULL;
}

static void near_loop(void)
{
	struct epoll_event ev;
	int fd;

	if (watch(ep, control[1], EPOLLIN) < 0)
		die("epoll");
	start(near_bus, NULL);
	while (epoll_wait(ep, &ev, 1, -1) == 1) {
		if (ev.data.fd != control[1]) {
			dial_data(0, ev.data.fd);
			continue;
		}
		fd = take(control[1]);
		if (fd < 0) {
			put(0, ASK);
			continue;
		}
		conn_fd = fd;
		watch(ep, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
	}
	_exit(0);
}

static void *far_bus(void *arg)
{
	int fd[2];
	char kind;

	(void)arg;
	for (uint32_t seen = 0; ; seen++) {
		kind = get(0, seen);
		if (kind == ASK)
			put(1, ANSWER);
		if (kind != BYTE)
			continue;
		pair(SOCK_STREAM, fd);
		name(fd[0]);
		watch(ep, fd[1], EPOLLIN | EPOLLRDHUP | EPOLLET);
		give(backlog[1], fd[0]);
		close(fd[0]);
		give(fd[1], -1);
	}
	return NULL;
}

static void far_loop(void)
{
	struct epoll_event ev;

	start(far_bus, NULL);
	while (epoll_wait(ep, &ev, 1, -1) == 1)
		dial_data(1, ev.data.fd);
	_exit(0);
}

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char byte;

	if (read(fd, &byte, 1) != 1)
		die("read");
	close(fd);
	return NULL;
}

static void server(void)
{
	for (;;)
		start(serve_one, (void *)(intptr_t)take(backlog[0]));
}

static void dial_once(void)
{
	int fd[2];
	char byte;

	pair(SOCK_STREAM, fd);
	give(control[0], fd[1]);
	close(fd[1]);
	name(fd[0]);
	give(control[0], -1);
	take(reply[0]);
	if (write(fd[0], "c", 1) != 1 || read(fd[0], &byte, 1) != 0)
		die("dial");
	close(fd[0]);
}

static void dial(double s)
{
	void (*const run[])(void) = { near_loop, far_loop, server };
	uint64_t t0, n = 0;
	pid_t pid[3];

	pair(SOCK_SEQPACKET, control);
	pair(SOCK_SEQPACKET, reply);
	pair(SOCK_STREAM, backlog);
	for (int i = 0; i < 3; i++) {
		pid[i] = child();
		if (pid[i])
			continue;
		ep = epoll_create1(0);
		run[i]();
	}
	t0 = now_ns();
	for (; now_ns() - t0 < (uint64_t)(s * 1e9); n++)
		dial_once();
	s = (double)(now_ns() - t0) / 1e9;
	printf("%.0f %.4f\n", (double)n / s, end(pid, 3) * 1e3 / (double)n);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	bus = mmap(NULL, sizeof(*bus), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bus == MAP_FAILED)
		die("mmap");
	streams = argc == 6 ? atoi(argv[5]) : 1;
	if (argc == 4 && !strcmp(what, "chain"))
		chain(atoi(argv[2]), atoi(argv[3]));
	else if (argc == 6 && !strcmp(what, "relay") && streams > 0 &&
	    streams <= STREAMS)
		relay(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
	else if (argc == 3 && !strcmp(what, "dial"))
		dial(atof(argv[2]));
	else {
		fprintf(stderr, "usage: see the top of bench_model.c\n");
		return 2;
	}
	return 0;
}
