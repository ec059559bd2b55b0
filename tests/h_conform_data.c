/* h_conform_data.c: what goes over streams, and how calls treat it. */
#include "tests/h_conform.h"

#include <linux/sockios.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

static void flags(void)
{
	int c, s;
	char b[32] = "";
	struct timeval tv = { 0, 100000 };
	struct iovec v[2] = { { b, 2 }, { b + 2, 2 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	union any_addr a;
	socklen_t len = sizeof(a);
	long t;

	tcp_pair(&c, &s);
	CALL("dontwait", recv(s, b, 1, MSG_DONTWAIT));
	write(c, "abcdef", 6);
	wait_for(s, POLLIN);
	CALL("peek", recv(s, b, 3, MSG_PEEK));
	CALL("peek all", recv(s, b, sizeof(b), MSG_PEEK));
	CALL("trunc discards", recv(s, b, 2, MSG_TRUNC));
	CALL("then", recv(s, b, 2, 0));
	say("is", "%.2s", b);
	CALL("peek and trunc", recv(s, b, 1, MSG_PEEK | MSG_TRUNC));
	CALL("trunc, null", recv(s, NULL, 1, MSG_TRUNC));
	CALL("recvfrom", recvfrom(s, b, 1, 0, &a.sa, &len));
	say("its address length", "%u", (unsigned)len);
	CALL("dontwait, empty", recv(s, b, 1, MSG_DONTWAIT));
	CALL("errqueue", recv(s, b, 1, MSG_ERRQUEUE));
	CALL("errqueue, dontwait", recv(s, b, 1, MSG_ERRQUEUE |
	    MSG_DONTWAIT));
	CALL("oob, none", recv(s, b, 1, MSG_OOB));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	t = now_ms();
	CALL("time-out", recv(s, b, 1, 0));
	say("it lasts", "%d", now_ms() - t >= 90);
	write(c, "12", 2);
	wait_for(s, POLLIN);
	CALL("waitall, time-out", recv(s, b, 8, MSG_WAITALL));
	CALL("zero bytes", recv(s, b, 0, 0));
	CALL("send zero bytes", send(c, b, 0, 0));
	CALL("send more", send(c, "ab", 2, MSG_MORE));
	CALL("send rest", send(c, "cd", 2, 0));
	settle();
	CALL("recvmsg", recvmsg(s, &m, MSG_WAITALL));
	say("recvmsg got", "%.4s flags %s", b, bits((unsigned)m.msg_flags,
	    msg_names));
	CALL("confirm flags", send(c, "x", 1, MSG_CONFIRM | MSG_DONTROUTE |
	    MSG_EOR));
	CALL("sendto an address", sendto(c, "y", 1, 0, &a.sa, size_of(fam)));
	settle();
	CALL("both come", recv(s, b, 8, 0));
	CALL("fastopen", sendto(c, "z", 1, MSG_FASTOPEN, &a.sa,
	    size_of(fam)));
}

static void memory(void)
{
	int c, s;
	void *bad = BAD;
	struct iovec v = { bad, 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct iovec many[1025];
	volatile int minus = -1;
	char b[8];

	tcp_pair(&c, &s);
	CALL("write bad", write(c, bad, 4));
	CALL("send bad", send(c, bad, 4, 0));
	CALL("send null", send(c, NULL, 4, 0));
	CALL("writev bad", writev(c, &v, 1));
	CALL("sendmsg bad", sendmsg(c, &m, 0));
	CALL("sendmsg null", sendmsg(c, NULL, 0));
	CALL("recvmsg null", recvmsg(s, NULL, 0));
	CALL("recvmsg bad", recvmsg(s, bad, 0));
	write(c, "data", 4);
	wait_for(s, POLLIN);
	CALL("read bad", read(s, bad, 4));
	CALL("recv bad", recv(s, bad, 4, 0));
	CALL("readv bad", readv(s, &v, 1));
	CALL("read after", read(s, b, 8));
	CALL("writev 0", writev(c, &v, 0));
	CALL("writev -1", writev(c, &v, minus));
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){ b, 0 };
	CALL("writev 1025", writev(c, many, 1025));
	m.msg_iov = many;
	m.msg_iovlen = 1025;
	CALL("sendmsg 1025", sendmsg(c, &m, 0));
}

static int inq(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) < 0 ? -1 : n;
}

static void queues(void)
{
	int c, s, port, l = tcp_listener(&port), n, f = sock(SOCK_STREAM);
	long end;

	CALL("fionread, listening", ioctl(l, FIONREAD, &n));
	CALL("outq, listening", ioctl(l, SIOCOUTQ, &n));
	CALL("fionread, fresh", ioctl(f, FIONREAD, &n));
	say("fresh has", "%d", n);
	CALL("outq, fresh", ioctl(f, SIOCOUTQ, &n));
	tcp_pair(&c, &s);
	write(c, "12345", 5);
	wait_for(s, POLLIN);
	CALL("fionread", ioctl(s, FIONREAD, &n));
	say("there are", "%d", n);
	recv(s, &n, 2, 0);
	say("then", "%d", inq(s));
	for (end = now_ms() + 1000; now_ms() < end; pause_ms(5)) {
		ioctl(c, SIOCOUTQ, &n);
		if (!n)
			break;
	}
	say("outq goes to", "%d", n);
	CALL("outqnsd", ioctl(c, SIOCOUTQNSD, &n));
	CALL("atmark", ioctl(s, SIOCATMARK, &n));
	say("at mark", "%d", n);
	CALL("sockatmark", sockatmark(s));
	CALL("fionread null", ioctl(s, FIONREAD, NULL));
	CALL("fionbio", ioctl(s, FIONBIO, &(int){ 1 }));
	say("nonblocking", "%d", !!(fcntl(s, F_GETFL) & O_NONBLOCK));
	CALL("unknown ioctl", ioctl(s, 0x1234, &n));
	CALL("tcgets", ioctl(s, 0x5401, &n));
	CALL("setown", fcntl(s, F_SETOWN, getpid()));
	say("getown", "%d", fcntl(s, F_GETOWN) == getpid());
}

static void urgent(void)
{
	struct msghdr h = { .msg_iovlen = 1 };
	int c, s, n = 0;
	char b[8];

	tcp_pair(&c, &s);
	set_int(s, SOL_SOCKET, SO_OOBINLINE, 1);
	CALL("in line", send(c, "!", 1, MSG_OOB));
	say("comes", "%d", wait_for(s, POLLIN));
	CALL("read in line", read(s, b, 8));
	tcp_pair(&c, &s);
	CALL("none", recv(s, b, 1, MSG_OOB | MSG_DONTWAIT));
	CALL("send", send(c, "!", 1, MSG_OOB));
	settle();
	show_ready("alone", s);
	say("at it", "%d", sockatmark(s));
	CALL("oob", recv(s, b, 1, MSG_OOB | MSG_DONTWAIT));
	show_ready("alone, taken", s);
	CALL("again", recv(s, b, 1, MSG_OOB | MSG_DONTWAIT));
	CALL("data", recv(s, b, 1, MSG_DONTWAIT));
	CALL("nothing", send(c, "", 0, MSG_OOB));
	CALL("before", send(c, "ab", 2, 0));
	CALL("three bytes", send(c, "cd!", 3, MSG_OOB));
	CALL("behind", send(c, "ef", 2, 0));
	settle();
	show_ready("between", s);
	ioctl(s, FIONREAD, &n);
	say("bytes to read", "%d", n);
	CALL("to the mark", read(s, b, 8));
	say("at the mark", "%d", sockatmark(s));
	CALL("peek", recv(s, b, 1, MSG_OOB | MSG_PEEK));
	h.msg_iov = &(struct iovec){ b, 8 };
	CALL("message", recvmsg(s, &h, MSG_OOB));
	say("flags", "%d", h.msg_flags == MSG_OOB);
	CALL("from the mark", read(s, b, 8));
	say("past the mark", "%d", sockatmark(s));
}

/* How far a writer gets that nobody reads, and that it goes on then. */
static void full(void)
{
	static char big[1 << 16];
	int c, s;
	long n = 0, got = 0;
	ssize_t r;

	tcp_pair(&c, &s);
	nonblock(c, true);
	for (int quiet = 0; quiet < 5; quiet++) {
		while ((r = write(c, big, sizeof(big))) > 0) {
			n += r;
			quiet = 0;
		}
		pause_ms(20);
	}
	say("stops with", "%s", result(-1));
	say("some megabytes at most", "%d", n > 65536 && n < 64l << 20);
	say("not writable", "%s", bits(poll_fd(c, POLLOUT, QUIET_MS),
	    poll_names));
	while (got < n && wait_for(s, POLLIN) &&
	    (r = read(s, big, sizeof(big))) > 0)
		got += r;
	say("all comes", "%d", got == n);
	say("writable again", "%d", wait_for(c, POLLOUT));
	nonblock(c, false);
	setsockopt(c, SOL_SOCKET, SO_SNDTIMEO,
	    &(struct timeval){ 0, 200000 }, sizeof(struct timeval));
	for (int i = 0; i < 5000 && (r = write(c, big, sizeof(big))) > 0; i++)
		;
	say("send time-out", "%s", result(r));
}

enum { SMALL = 4096, LITTLE = 128 << 10 };

static void make_small(int fd)
{
	NEED(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SMALL },
	    sizeof(int)));
}

/* What one call takes of more than a small buffer holds, and that it comes. */
static void one_call(const char *when, int from, int to, int file)
{
	static char big[1 << 20];
	char name[64];
	struct stat st;
	long r;

	nonblock(from, true);
	wait_for(from, POLLOUT);
	NEED(fstat(file, &st));
	r = send(from, big, sizeof(big), 0);
	snprintf(name, sizeof(name), "%s, send", when);
	say(name, "takes some %d, little %d, it comes %d", r > 0,
	    r < LITTLE, (long)read_all(to, big, (size_t)r) == r);
	wait_for(from, POLLOUT);
	r = sendfile(from, file, &(off_t){ 0 }, (size_t)st.st_size);
	snprintf(name, sizeof(name), "%s, sendfile", when);
	say(name, "takes some %d, little %d, it comes %d", r > 0,
	    r < LITTLE, (long)read_all(to, big, (size_t)r) == r);
}

/* SO_SNDBUF set before a connection is there, while it is made, and after. */
static void send_buffer(void)
{
	char path[] = "/tmp/conformXXXXXX";
	int f = mkstemp(path), c, s, port, l = tcp_listener(&port);

	unlink(path);
	NEED(ftruncate(f, 1 << 20));
	c = sock(SOCK_STREAM);
	make_small(c);
	NEED(connect_to(c, fam, NULL, port));
	NEED(s = accept4(l, NULL, NULL, SOCK_CLOEXEC));
	one_call("before", c, s, f);
	for (int late = 0; late < 2; late++) {
		c = sock(SOCK_STREAM);
		if (!late)
			make_small(c);
		nonblock(c, true);
		connect_to(c, fam, NULL, port);
		if (late)
			make_small(c);
		NEED(s = accept4(l, NULL, NULL, SOCK_CLOEXEC));
		one_call(late ? "while" : "before it begins", c, s, f);
	}
	tcp_pair(&c, &s);
	make_small(c);
	one_call("after", c, s, f);
	make_small(l);
	c = sock(SOCK_STREAM);
	NEED(connect_to(c, fam, NULL, port));
	NEED(s = accept4(l, NULL, NULL, SOCK_CLOEXEC));
	one_call("by the listener", s, c, f);
}

static void move_files(void)
{
	char path[] = "/tmp/conformXXXXXX", b[4096];
	int f = mkstemp(path), c, s, p[2];
	off_t off = 1;

	unlink(path);
	memset(b, 'x', sizeof(b));
	write(f, b, sizeof(b));
	tcp_pair(&c, &s);
	CALL("sendfile", sendfile(c, f, &off, 3000));
	say("offset", "%ld", (long)off);
	say("comes", "%zu", read_all(s, b, 3000));
	lseek(f, 0, SEEK_SET);
	CALL("sendfile, no offset", sendfile(c, f, NULL, 10));
	say("position", "%ld", (long)lseek(f, 0, SEEK_CUR));
	read_all(s, b, 10);
	NEED(pipe(p));
	write(c, "spliced", 7);
	wait_for(s, POLLIN);
	CALL("splice in", splice(s, NULL, p[1], NULL, 100, 0));
	CALL("splice out", splice(p[0], NULL, c, NULL, 100, 0));
	say("comes around", "%zu", read_all(s, b, 7));
	CALL("splice, offset", splice(s, &off, p[1], NULL, 1, 0));
	shutdown(c, SHUT_WR);
	wait_for(s, POLLIN);
	CALL("splice, end", splice(s, NULL, p[1], NULL, 1, 0));
	CALL("sendfile, shut down", sendfile(c, f, NULL, 10));
	CALL("sendfile, fresh", sendfile(sock(SOCK_STREAM), f, NULL, 10));
	CALL("sendfile from a socket", sendfile(p[1], s, NULL, 10));
}

static void backlog(void)
{
	int l = sock(SOCK_STREAM), fd[8], made = 0, got = 0;
	struct pollfd p;

	NEED(bind_to(l, fam, NULL, 0));
	NEED(listen(l, 8));
	for (int i = 0; i < 8; i++) {
		fd[i] = sock(SOCK_STREAM);
		made += connect_to(fd[i], fam, NULL, port_of(l)) == 0;
	}
	say("made", "%d", made);
	nonblock(l, true);
	p = (struct pollfd){ .fd = l, .events = POLLIN };
	while (got < 8 && poll(&p, 1, WAIT_MS) > 0)
		while (accept(l, NULL, NULL) >= 0)
			got++;
	say("accepted", "%d", got);
	CALL("no more", accept(l, NULL, NULL));
}

/* One more than the backlog gets in; the next when there is room for it. */
static void backlog_full(void)
{
	int l = sock(SOCK_STREAM), fd[3], s;

	NEED(bind_to(l, fam, NULL, 0));
	NEED(listen(l, 1));
	for (int i = 0; i < 3; i++) {
		fd[i] = sock(SOCK_STREAM);
		nonblock(fd[i], true);
		connect_to(fd[i], fam, NULL, port_of(l));
		if (i < 2)
			wait_for(fd[i], POLLOUT);
	}
	say("third", "%s", bits((unsigned)poll_fd(fd[2], POLLOUT, QUIET_MS),
	    poll_names));
	s = accept(l, NULL, NULL);
	say("first", "%d", s >= 0);
	say("third later", "%s", bits((unsigned)poll_fd(fd[2], POLLOUT,
	    WAIT_MS), poll_names));
	CALL("more", listen(l, 100));
	fd[0] = sock(SOCK_STREAM);
	CALL("fourth", connect_to(fd[0], fam, NULL, port_of(l)));
}

/* One edge each time something comes. */
static void edges(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET |
	    EPOLLRDHUP };
	int c, s, ep = epoll_create1(0);
	char b[8];

	tcp_pair(&c, &s);
	epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev);
	CALL("first", epoll_wait(ep, &ev, 1, WAIT_MS));
	say("is", "%s", bits(ev.events, poll_names));
	CALL("no second", epoll_wait(ep, &ev, 1, QUIET_MS));
	write(c, "a", 1);
	CALL("data", epoll_wait(ep, &ev, 1, WAIT_MS));
	say("data is", "%s", bits(ev.events, poll_names));
	CALL("not again", epoll_wait(ep, &ev, 1, QUIET_MS));
	write(c, "b", 1);
	CALL("more data", epoll_wait(ep, &ev, 1, WAIT_MS));
	CALL("read", read(s, b, 8));
	shutdown(c, SHUT_WR);
	CALL("end", epoll_wait(ep, &ev, 1, WAIT_MS));
	say("end is", "%s", bits(ev.events, poll_names));
	ev.events = EPOLLIN | EPOLLONESHOT;
	CALL("modify", epoll_ctl(ep, EPOLL_CTL_MOD, s, &ev));
	CALL("oneshot", epoll_wait(ep, &ev, 1, WAIT_MS));
	CALL("oneshot once", epoll_wait(ep, &ev, 1, QUIET_MS));
	CALL("delete", epoll_ctl(ep, EPOLL_CTL_DEL, s, NULL));
}

static void *wait_read(void *arg)
{
	char b[4];

	return (void *)(read(*(int *)arg, b, 1) == -1 ? (long)-errno : 0l);
}

static void *wait_accept(void *arg)
{
	return (void *)(accept(*(int *)arg, NULL, NULL) == -1 ?
	    (long)-errno : 0l);
}

static void join(const char *name, pthread_t t)
{
	struct timespec ts;
	void *r;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 2;
	if (pthread_timedjoin_np(t, &r, &ts)) {
		say(name, "still waits");
		return;
	}
	errno = (int)-(long)r;
	say(name, "%s", r ? result(-1) : "0");
}

static void threads(void)
{
	int c, s, port, l = tcp_listener(&port);
	pthread_t t;

	tcp_pair(&c, &s);
	pthread_create(&t, NULL, wait_read, &s);
	pause_ms(100);
	shutdown(s, SHUT_RDWR);
	join("shutdown wakes a reader", t);
	pthread_create(&t, NULL, wait_accept, &l);
	pause_ms(100);
	shutdown(l, SHUT_RD);
	join("shutdown wakes accept", t);
	tcp_pair(&c, &s);
	pthread_create(&t, NULL, wait_read, &s);
	pause_ms(100);
	close(c);
	join("the peer's close wakes a reader", t);
	tcp_pair(&c, &s);
	pthread_create(&t, NULL, wait_read, &s);
	pause_ms(100);
	close(s);
	settle();
	write(c, "x", 1);
	join("its own close, then data", t);
}

static void dup_over(void)
{
	int c, s, c2, s2;
	char b[8];

	tcp_pair(&c, &s);
	tcp_pair(&c2, &s2);
	CALL("dup2 over a connection", dup2(c2, c) == c ? 0 : -1);
	say("its peer sees the end", "%d", wait_for(s, POLLIN));
	CALL("reads it", read(s, b, 8));
	CALL("write by the new number", write(c, "new", 3));
	say("comes", "%d", wait_for(s2, POLLIN));
	CALL("read it", read(s2, b, 8));
	close(c2);
	CALL("the copy stays", write(c, "new", 3));
	close(c);
	say("no end before the last", "%d", wait_for(s2, POLLRDHUP));
}

static const struct conform_case cases[] = {
	{ "flags", flags, false },
	{ "memory", memory, true },
	{ "queues", queues, false },
	{ "urgent", urgent, true },
	{ "full", full, false },
	{ "send-buffer", send_buffer, false },
	{ "files", move_files, false },
	{ "backlog", backlog, false },
	{ "backlog-full", backlog_full, false },
	{ "edges", edges, false },
	{ "threads", threads, true },
	{ "dup", dup_over, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
