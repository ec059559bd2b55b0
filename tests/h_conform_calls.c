/* h_conform_calls.c: calls and arguments that few programs use. */
#include "tests/h_conform.h"

#include <linux/sockios.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

/* bind, listen, connect where they do not belong. */
static void order(void)
{
	int c, s, port, l = tcp_listener(&port), fd;
	union any_addr a = addr_of(fam, NULL, port);

	tcp_pair(&c, &s);
	CALL("listen on a connected one", listen(c, 1));
	CALL("listen on an accepted one", listen(s, 1));
	CALL("bind a connected one", bind_to(c, fam, NULL, 0));
	CALL("connect a connected one", connect_to(c, fam, NULL, port));
	CALL("connect an accepted one", connect_to(s, fam, NULL, port));
	CALL("connect a listener", connect_to(l, fam, NULL, port));
	CALL("accept on a connected one", accept(c, NULL, NULL));
	CALL("listen twice", listen(l, 3));
	CALL("bind twice", bind_to(l, fam, NULL, 0));
	fd = sock(SOCK_STREAM);
	CALL("accept on a fresh one", accept(fd, NULL, NULL));
	CALL("listen, not bound", listen(fd, 1));
	say("has a port", "%d", port_of(fd) > 0);
	fd = sock(SOCK_DGRAM);
	CALL("dgram listen", listen(fd, 1));
	CALL("dgram accept", accept(fd, NULL, NULL));
	fd = sock(SOCK_STREAM);
	CALL("connect port 0", connect_to(fd, fam, NULL, 0));
	CALL("connect short", connect(fd, &a.sa, 4));
	CALL("accept bad flags", accept4(l, NULL, NULL, 0x40));
	CALL("connect then", connect_to(fd, fam, NULL, port));
	CALL("accept bad length", accept(l, &a.sa,
	    (socklen_t *)BAD));
	tcp_pair(&c, &s);
	shutdown(c, SHUT_RDWR);
	shutdown(s, SHUT_RDWR);
	settle();
	CALL("connect after the end", connect_to(c, fam, NULL, port));
	CALL("listen after the end", listen(s, 1));
	CALL("shutdown after the end", shutdown(s, SHUT_RDWR));
}

/* Empty messages. */
static void empty(void)
{
	struct iovec v[2] = { { NULL, 0 }, { NULL, 0 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	int c, s, port, u = udp_bound(&port), o = sock(SOCK_DGRAM), n;
	char b[8];

	tcp_pair(&c, &s);
	CALL("write", write(c, b, 0));
	CALL("writev", writev(c, v, 2));
	CALL("sendmsg", sendmsg(c, &m, 0));
	CALL("read", read(s, b, 0));
	CALL("readv", readv(s, v, 2));
	CALL("recvmsg", recvmsg(s, &m, MSG_DONTWAIT));
	CALL("recv peek", recv(s, b, 0, MSG_PEEK | MSG_DONTWAIT));
	connect_to(o, fam, NULL, port);
	CALL("dgram write", write(o, b, 0));
	settle();
	show_ready("dgram", u);
	CALL("fionread", ioctl(u, FIONREAD, &n));
	CALL("dgram read", read(u, b, 8));
	CALL("dgram send", send(o, b, 0, 0));
	wait_for(u, POLLIN);
	CALL("dgram recv 0", recv(u, b, 0, 0));
	CALL("dgram send x", send(o, "xyz", 3, 0));
	wait_for(u, POLLIN);
	CALL("dgram recv 0 of 3", recv(u, b, 0, 0));
	CALL("dgram none", recv(u, b, 8, MSG_DONTWAIT));
	send(o, "read me", 7, 0);
	wait_for(u, POLLIN);
	CALL("dgram read 0 of 7", read(u, b, 0));
	CALL("dgram readv 0 of 7", readv(u, v, 2));
	CALL("dgram readv none of 7", readv(u, v, 0));
	CALL("dgram read 7", read(u, b, 8));
	CALL("dgram writev", writev(o, v, 0));
	CALL("dgram none then", recv(u, b, 8, MSG_DONTWAIT));
	CALL("dgram writev 2", writev(o, v, 2));
	wait_for(u, POLLIN);
	CALL("dgram then", recv(u, b, 8, MSG_DONTWAIT));
	CALL("dgram send 5", send(o, "12345", 5, 0));
	wait_for(u, POLLIN);
	CALL("dgram peek trunc", recv(u, b, 2, MSG_PEEK | MSG_TRUNC));
	CALL("dgram trunc null", recv(u, NULL, 0, MSG_TRUNC));
	CALL("dgram send 5 more", send(o, "12345", 5, 0));
	wait_for(u, POLLIN);
	CALL("dgram waitall", recv(u, b, 8, MSG_WAITALL));
}

static void *write_later(void *arg)
{
	pause_ms(150);
	write(*(int *)arg, "later", 5);
	return NULL;
}

/* Signals and MSG_WAITALL. */
static void waitall(void)
{
	struct itimerval it = { .it_value.tv_usec = 80000 };
	pthread_t t;
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	handle(SIGALRM, 0);
	write(c, "abc", 3);
	wait_for(s, POLLIN);
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("a signal after some", recv(s, b, 8, MSG_WAITALL));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("a signal after none", recv(s, b, 8, MSG_WAITALL));
	write(c, "abc", 3);
	pthread_create(&t, NULL, write_later, &c);
	CALL("all at last", recv(s, b, 8, MSG_WAITALL));
	pthread_join(t, NULL);
	write(c, "abc", 3);
	shutdown(c, SHUT_WR);
	CALL("an end after some", recv(s, b, 8, MSG_WAITALL));
	CALL("peek at the end", recv(s, b, 8, MSG_WAITALL | MSG_PEEK));
	tcp_pair(&c, &s);
	write(c, "abc", 3);
	wait_for(s, POLLIN);
	CALL("dontwait", recv(s, b, 8, MSG_WAITALL | MSG_DONTWAIT));
	CALL("dontwait then", recv(s, b, 8, MSG_WAITALL | MSG_DONTWAIT));
	write(c, "abc", 3);
	wait_for(s, POLLIN);
	CALL("trunc", recv(s, b, 3, MSG_WAITALL | MSG_TRUNC));
}

/* How little makes a stream readable. */
static void lowat(void)
{
	struct timeval tv = { 0, 150000 };
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	CALL("set", set_int(s, SOL_SOCKET, SO_RCVLOWAT, 4));
	say("is", "%d", get_int(s, SOL_SOCKET, SO_RCVLOWAT));
	write(c, "ab", 2);
	settle();
	show_ready("too little", s);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	CALL("recv, too little", recv(s, b, 8, 0));
	write(c, "abcd", 4);
	say("comes", "%d", wait_for(s, POLLIN));
	show_ready("enough", s);
	CALL("recv 2", recv(s, b, 2, 0));
	write(c, "x", 1);
	shutdown(c, SHUT_WR);
	wait_for(s, POLLRDHUP);
	show_ready("too little, and the end", s);
	CALL("recv", recv(s, b, 8, 0));
	CALL("set 0", set_int(s, SOL_SOCKET, SO_RCVLOWAT, 0));
	say("0 is", "%d", get_int(s, SOL_SOCKET, SO_RCVLOWAT));
	CALL("set -1", set_int(s, SOL_SOCKET, SO_RCVLOWAT, -1));
	CALL("sndlowat", set_int(s, SOL_SOCKET, SO_SNDLOWAT, 4));
	say("sndlowat is", "%d", get_int(s, SOL_SOCKET, SO_SNDLOWAT));
}

/* Was that about the time-out? */
static int lasts(long since)
{
	long t = now_ms() - since;

	return t > 90 && t < 1000;
}

/* Time-outs of calls that wait. */
static void timeouts(void)
{
	struct timeval tv = { 0, 150000 }, got;
	socklen_t len = sizeof(got);
	int port, l = tcp_listener(&port), c, s, u = udp_bound(&port);
	long t = now_ms();
	char b[8];

	CALL("set", setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CALL("accept", accept(l, NULL, NULL));
	say("accept lasts", "%d", lasts(t));
	CALL("get", getsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &got, &len));
	say("got", "%ld.%06ld %u", (long)got.tv_sec, (long)got.tv_usec, len);
	setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	t = now_ms();
	CALL("dgram", recv(u, b, 8, 0));
	say("dgram lasts", "%d", lasts(t));
	CALL("dgram read", read(u, b, 8));
	tcp_pair(&c, &s);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	CALL("readv", readv(s, &(struct iovec){ b, 8 }, 1));
	tv.tv_usec = 1000000;
	CALL("set too much", setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv,
	    sizeof(tv)));
	tv.tv_usec = -1;
	CALL("set negative us", setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv,
	    sizeof(tv)));
	tv = (struct timeval){ -1, 0 };
	CALL("set negative", setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv,
	    sizeof(tv)));
	getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &got, &len);
	say("is then", "%ld.%06ld", (long)got.tv_sec, (long)got.tv_usec);
	CALL("set short", setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, 8));
	len = 8;
	CALL("get short", getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &got, &len));
	say("short length", "%u", len);
}

/* What getsockopt gives where there is too little room. */
static void short_values(void)
{
	static const struct { const char *name; int level, opt; } o[] = {
		{ "type", SOL_SOCKET, SO_TYPE },
		{ "error", SOL_SOCKET, SO_ERROR },
		{ "sndbuf", SOL_SOCKET, SO_SNDBUF },
		{ "linger", SOL_SOCKET, SO_LINGER },
		{ "domain", SOL_SOCKET, SO_DOMAIN },
		{ "nodelay", IPPROTO_TCP, TCP_NODELAY },
		{ "maxseg", IPPROTO_TCP, TCP_MAXSEG },
		{ "info", IPPROTO_TCP, TCP_INFO },
		{ "congestion", IPPROTO_TCP, TCP_CONGESTION },
		{ "tos", IPPROTO_IP, IP_TOS },
		{ "ttl", IPPROTO_IP, IP_TTL },
		{ "v6only", IPPROTO_IPV6, IPV6_V6ONLY },
	};
	int fd = sock(SOCK_STREAM);
	char name[64];

	for (size_t i = 0; i < sizeof(o) / sizeof(o[0]); i++)
		for (int n = 0; n < 4; n++) {
			unsigned char b[8];
			socklen_t len = (socklen_t)n;
			int r;

			memset(b, 0xaa, sizeof(b));
			r = getsockopt(fd, o[i].level, o[i].opt, b, &len);
			snprintf(name, sizeof(name), "%s, %d", o[i].name, n);
			say(name, "%s length %u beyond %02x", result(r), len,
			    b[n]);
			errno = 0;
			r = setsockopt(fd, o[i].level, o[i].opt, b,
			    (socklen_t)n);
			snprintf(name, sizeof(name), "set %s, %d", o[i].name,
			    n);
			say(name, "%s", result(r));
		}
	CALL("length -1", getsockopt(fd, SOL_SOCKET, SO_TYPE, name,
	    &(socklen_t){ (socklen_t)-1 }));
	CALL("null length", getsockopt(fd, SOL_SOCKET, SO_TYPE, name, NULL));
	CALL("bad value", getsockopt(fd, SOL_SOCKET, SO_TYPE, BAD,
	    &(socklen_t){ 4 }));
	CALL("set bad value", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, BAD,
	    4));
	CALL("set null value", setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, NULL,
	    4));
}

/* Between files, pipes and sockets. */
static void splices(void)
{
	char path[] = "/tmp/conformXXXXXX", b[64];
	int f = mkstemp(path), c, s, p[2], q[2], port, u = udp_bound(&port);
	int o = sock(SOCK_DGRAM);
	struct iovec v = { "vmspliced", 9 };
	loff_t off = 0;

	unlink(path);
	NEED(pipe(p));
	NEED(pipe(q));
	tcp_pair(&c, &s);
	CALL("vmsplice", vmsplice(p[1], &v, 1, 0));
	CALL("tee", tee(p[0], q[1], 100, 0));
	CALL("to a socket", splice(p[0], NULL, c, NULL, 100, SPLICE_F_MORE));
	wait_for(s, POLLIN);
	CALL("from a socket", splice(s, NULL, p[1], NULL, 4, 0));
	CALL("to a file", splice(p[0], NULL, f, &off, 100, 0));
	CALL("the rest", read(s, b, sizeof(b)));
	CALL("socket to socket", splice(s, NULL, c, NULL, 4, 0));
	CALL("tee of a socket", tee(s, p[1], 4, 0));
	CALL("vmsplice to a socket", vmsplice(c, &v, 1, 0));
	CALL("sendfile to a pipe", sendfile(p[1], f, &(off_t){ 0 }, 4));
	read(p[0], b, 4);
	CALL("sendfile from the end", sendfile(c, f, &(off_t){ 100 }, 4));
	CALL("sendfile 0", sendfile(c, f, &(off_t){ 0 }, 0));
	CALL("sendfile -1", sendfile(c, f, &(off_t){ -1 }, 4));
	CALL("copy_file_range", copy_file_range(f, &(loff_t){ 0 }, c, NULL,
	    4, 0));
	connect_to(o, fam, NULL, port);
	CALL("dgram splice", splice(q[0], NULL, o, NULL, 100, 0));
	say("dgram comes", "%d", wait_for(u, POLLIN));
	CALL("dgram recv", recv(u, b, sizeof(b), MSG_DONTWAIT));
	CALL("dgram sendfile", sendfile(o, f, &(off_t){ 0 }, 4));
	say("comes too", "%d", wait_for(u, POLLIN));
	CALL("dgram recv too", recv(u, b, sizeof(b), MSG_DONTWAIT));
	CALL("position", lseek(f, 1, SEEK_SET));
	CALL("dgram sendfile, no offset", sendfile(o, f, NULL, 100));
	CALL("position then", lseek(f, 0, SEEK_CUR));
	wait_for(u, POLLIN);
	CALL("dgram recv that", recv(u, b, sizeof(b), MSG_DONTWAIT));
	CALL("dgram sendfile, the end", sendfile(o, f, &(off_t){ 50 }, 4));
	CALL("dgram sendfile, -1", sendfile(o, f, &(off_t){ -1 }, 4));
	send(o, "hello", 5, 0);
	wait_for(u, POLLIN);
	CALL("dgram splice in", splice(u, NULL, p[1], NULL, 100,
	    SPLICE_F_NONBLOCK));
	shutdown(s, SHUT_RD);
	CALL("after shut", splice(s, NULL, p[1], NULL, 4, 0));
}

/* Positions, which sockets have not. */
static void positions(void)
{
	int c, s, port, u = udp_bound(&port);
	struct iovec v;
	char b[8];

	v = (struct iovec){ b, 4 };
	tcp_pair(&c, &s);
	write(s, "data", 4);
	wait_for(c, POLLIN);
	CALL("lseek", lseek(c, 0, SEEK_SET));
	CALL("pread", pread(c, b, 4, 0));
	CALL("pwrite", pwrite(c, b, 4, 0));
	CALL("preadv", preadv(c, &v, 1, 0));
	CALL("pwritev", pwritev(c, &v, 1, 0));
	CALL("preadv2, -1", preadv2(c, &v, 1, -1, 0));
	CALL("pwritev2, -1", pwritev2(c, &v, 1, -1, 0));
	CALL("preadv2, nowait", preadv2(c, &v, 1, -1, RWF_NOWAIT));
	CALL("dgram lseek", lseek(u, 0, SEEK_SET));
	CALL("dgram pread", pread(u, b, 4, 0));
	CALL("ftruncate", ftruncate(c, 0));
	CALL("fsync", fsync(c));
	CALL("fallocate", posix_fallocate(c, 0, 1));
	CALL("readahead", readahead(c, 0, 1));
	CALL("fchmod", fchmod(c, 0600));
}

static volatile sig_atomic_t signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

/* One that must come; another of the same event may follow. */
static bool signalled(void)
{
	long end = now_ms() + WAIT_MS;

	while (!signals && now_ms() < end)
		poll(NULL, 0, 10);
	settle();
	return signals > 0;
}

/* SIGIO. */
static void sigio(void)
{
	int c, s, port, u = udp_bound(&port), o = sock(SOCK_DGRAM), l;

	signal(SIGIO, count);
	tcp_pair(&c, &s);
	CALL("owner", fcntl(s, F_SETOWN, getpid()));
	CALL("async", fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_ASYNC));
	signals = 0;
	write(c, "x", 1);
	wait_for(s, POLLIN);
	say("data", "%d", signalled());
	signals = 0;
	shutdown(c, SHUT_WR);
	say("end", "%d", signalled());
	fcntl(u, F_SETOWN, getpid());
	fcntl(u, F_SETFL, fcntl(u, F_GETFL) | O_ASYNC);
	connect_to(o, fam, NULL, port);
	signals = 0;
	send(o, "x", 1, 0);
	wait_for(u, POLLIN);
	say("datagram", "%d", signalled());
	l = tcp_listener(&port);
	ioctl(l, FIOASYNC, &(int){ 1 });
	ioctl(l, FIOSETOWN, &(int){ getpid() });
	signals = 0;
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(l, POLLIN);
	say("connection", "%d", signalled());
	say("owner is", "%d", fcntl(l, F_GETOWN) == getpid());
}

/* recvmmsg and its time-out, which is looked at after a message. */
static void many(void)
{
	int port, u = udp_bound(&port), o = sock(SOCK_DGRAM);
	struct timespec ts = { 0, 100000000 };
	struct mmsghdr h[4];
	struct iovec v[4];
	char b[4][8];
	long t;

	memset(h, 0, sizeof(h));
	for (int i = 0; i < 4; i++) {
		v[i] = (struct iovec){ b[i], 8 };
		h[i].msg_hdr.msg_iov = &v[i];
		h[i].msg_hdr.msg_iovlen = 1;
	}
	connect_to(o, fam, NULL, port);
	CALL("none", recvmmsg(u, h, 4, MSG_DONTWAIT, NULL));
	CALL("none, 0", recvmmsg(u, h, 0, 0, NULL));
	for (int i = 0; i < 3; i++)
		send(o, "abc", (size_t)i + 1, 0);
	settle();
	CALL("three", recvmmsg(u, h, 4, MSG_DONTWAIT, NULL));
	say("lengths", "%u %u %u", h[0].msg_len, h[1].msg_len, h[2].msg_len);
	for (int i = 0; i < 3; i++)
		send(o, "abc", 3, 0);
	settle();
	CALL("waitforone", recvmmsg(u, h, 4, MSG_WAITFORONE, NULL));
	send(o, "abc", 3, 0);
	if (!fork()) {
		pause_ms(200);
		send(o, "abc", 3, 0);
		_exit(0);
	}
	t = now_ms();
	CALL("with a time-out", recvmmsg(u, h, 4, 0, &ts));
	say("lasts", "%d", lasts(t));
	say("time left", "%d", ts.tv_sec == 0 && ts.tv_nsec == 0);
	ts.tv_nsec = 1000000000;
	CALL("a bad time-out", recvmmsg(u, h, 4, 0, &ts));
	h[0].msg_hdr.msg_iov = BAD;
	CALL("bad vector", recvmmsg(u, h, 4, MSG_DONTWAIT, NULL));
	CALL("sendmmsg, bad first", sendmmsg(o, h, 2, 0));
	h[0].msg_hdr.msg_iov = v;
	h[1].msg_hdr.msg_iov = BAD;
	CALL("sendmmsg, bad second", sendmmsg(o, h, 2, 0));
}

static const char *stamped(int fd)
{
	static char text[128];
	union { struct cmsghdr h; char room[512]; } u;
	char b[64];
	struct iovec v = { b, sizeof(b) };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	size_t at = 0;

	if (!wait_for(fd, POLLIN))
		return "nothing";
	if (recvmsg(fd, &m, 0) < 0)
		return result(-1);
	text[0] = '\0';
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "%d.%d %zu;", c->cmsg_level, c->cmsg_type,
		    (size_t)c->cmsg_len);
	return text;
}

/* Time stamps. */
static void stamps(void)
{
	int port, u = udp_bound(&port), o = sock(SOCK_DGRAM), c, s;
	struct timeval tv;
	struct timespec ts;

	connect_to(o, fam, NULL, port);
	CALL("SIOCGSTAMP, none", ioctl(u, SIOCGSTAMP, &tv));
	CALL("timestamp", set_int(u, SOL_SOCKET, SO_TIMESTAMP, 1));
	send(o, "x", 1, 0);
	say("with", "%s", stamped(u));
	CALL("ns", set_int(u, SOL_SOCKET, SO_TIMESTAMPNS, 1));
	send(o, "x", 1, 0);
	say("with ns", "%s", stamped(u));
	say("both are", "%d %d", get_int(u, SOL_SOCKET, SO_TIMESTAMP),
	    get_int(u, SOL_SOCKET, SO_TIMESTAMPNS));
	CALL("off", set_int(u, SOL_SOCKET, SO_TIMESTAMPNS, 0));
	send(o, "x", 1, 0);
	say("without", "%s", stamped(u));
	CALL("SIOCGSTAMP", ioctl(u, SIOCGSTAMP, &tv));
	CALL("SIOCGSTAMPNS", ioctl(u, SIOCGSTAMPNS, &ts));
	tcp_pair(&c, &s);
	CALL("stream", set_int(s, SOL_SOCKET, SO_TIMESTAMP, 1));
	CALL("stream SIOCGSTAMP", ioctl(s, SIOCGSTAMP, &tv));
}

/* What poll wants to hear, and what it says. */
static void polls(void)
{
	struct pollfd p[3];
	int c, s, port, l = tcp_listener(&port);

	tcp_pair(&c, &s);
	write(c, "x", 1);
	wait_for(s, POLLIN);
	say("nothing wanted", "%s", bits(poll_fd(s, 0, 0), poll_names));
	say("all wanted", "%x", poll_fd(s, POLLIN | POLLRDNORM | POLLRDBAND |
	    POLLWRNORM | POLLWRBAND | POLLOUT | POLLPRI, 0));
	say("normal", "%x", poll_fd(s, POLLRDNORM | POLLWRNORM, 0));
	say("band", "%x", poll_fd(s, POLLRDBAND | POLLWRBAND, 0));
	p[0] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 77 };
	p[1] = (struct pollfd){ .fd = s, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = 999, .events = POLLIN };
	CALL("poll", poll(p, 3, 0));
	say("each", "%x %x %x", (unsigned)p[0].revents,
	    (unsigned)p[1].revents, (unsigned)p[2].revents);
	say("listener, out", "%s", bits(poll_fd(l, POLLOUT, 0), poll_names));
	shutdown(c, SHUT_WR);
	wait_for(s, POLLRDHUP);
	say("end, nothing wanted", "%s", bits(poll_fd(s, 0, 0), poll_names));
	shutdown(s, SHUT_WR);
	settle();
	say("both, nothing wanted", "%s", bits(poll_fd(s, 0, 0), poll_names));
	say("both, all", "%x", poll_fd(s, POLLIN | POLLRDNORM | POLLOUT |
	    POLLWRNORM | POLLWRBAND | POLLRDHUP, 0));
}

static const struct conform_case cases[] = {
	{ "order", order, false },
	{ "empty", empty, false },
	{ "waitall", waitall, true },
	{ "lowat", lowat, true },
	{ "timeouts", timeouts, true },
	{ "short-values", short_values, false },
	{ "splices", splices, true },
	{ "positions", positions, true },
	{ "sigio", sigio, true },
	{ "many", many, true },
	{ "stamps", stamps, true },
	{ "polls", polls, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
