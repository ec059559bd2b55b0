/* h_conform_dgram.c: UDP: messages and their errors. */
#include "tests/h_conform.h"

#include <linux/errqueue.h>
#include <linux/sockios.h>

static union any_addr to_port(int port)
{
	return addr_of(fam, NULL, port);
}

static ssize_t send_to(int fd, const void *b, size_t n, int port)
{
	union any_addr a = to_port(port);

	return sendto(fd, b, n, 0, &a.sa, size_of(fam));
}

/* A connected pair. */
static void udp_pair(int *a, int *b)
{
	int pa, pb;

	*a = udp_bound(&pa);
	*b = udp_bound(&pb);
	NEED(connect_to(*a, fam, NULL, pb));
	NEED(connect_to(*b, fam, NULL, pa));
}

static void basics(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), n;
	union any_addr a;
	socklen_t len = sizeof(a);
	char b[64];

	show_ready("fresh", w);
	show_ready("bound", r);
	CALL("empty", recv(r, b, sizeof(b), MSG_DONTWAIT));
	CALL("send", send_to(w, "hello", 5, port));
	say("comes", "%d", wait_for(r, POLLIN));
	show_ready("readable", r);
	CALL("fionread", ioctl(r, FIONREAD, &n));
	say("first", "%d", n);
	CALL("peek", recv(r, b, 2, MSG_PEEK));
	CALL("peek whole", recv(r, b, 2, MSG_PEEK | MSG_TRUNC));
	CALL("recvfrom", recvfrom(r, b, sizeof(b), 0, &a.sa, &len));
	say("from", "%s", addr_text(&a, len));
	say("data", "%.5s", b);
	say("sender's name", "%s", name_text(w));
	CALL("empty datagram", send_to(w, "", 0, port));
	say("empty comes", "%d", wait_for(r, POLLIN));
	CALL("its fionread", ioctl(r, FIONREAD, &n));
	say("it has", "%d", n);
	CALL("recv empty", recv(r, b, sizeof(b), 0));
	CALL("then none", recv(r, b, sizeof(b), MSG_DONTWAIT));
	CALL("one", send_to(w, "12345", 5, port));
	CALL("two", send_to(w, "67", 2, port));
	wait_for(r, POLLIN);
	settle();
	CALL("fionread is the first's", ioctl(r, FIONREAD, &n));
	say("not all", "%d", n);
	CALL("short", recv(r, b, 2, 0));
	CALL("the rest is lost", recv(r, b, 10, 0));
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("trunc", recv(r, b, 2, MSG_TRUNC));
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("zero room", recv(r, b, 0, 0));
	CALL("it is gone", recv(r, b, 10, MSG_DONTWAIT));
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("read", read(r, b, 3));
	len = 4;
	send_to(w, "12345", 5, port);
	wait_for(r, POLLIN);
	CALL("short name", recvfrom(r, b, 10, 0, &a.sa, &len));
	say("whole length", "%u", (unsigned)len);
	CALL("outq", ioctl(w, SIOCOUTQ, &n));
	CALL("atmark", ioctl(w, SIOCATMARK, &n));
	CALL("sendfile-like splice", splice(r, NULL, 1, NULL, 1, 0));
	CALL("waitall", recv(r, b, 10, MSG_WAITALL | MSG_DONTWAIT));
	CALL("oob", recv(r, b, 10, MSG_OOB | MSG_DONTWAIT));
	CALL("send oob", send(w, b, 1, MSG_OOB));
}

static void unconnected(void)
{
	int fd = sock(SOCK_DGRAM);
	union any_addr a = to_port(7);
	struct msghdr m = { 0 };
	struct iovec v = { "x", 1 };
	char b[4];

	CALL("send", send(fd, "x", 1, 0));
	CALL("write", write(fd, "x", 1));
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	CALL("sendmsg", sendmsg(fd, &m, 0));
	CALL("sendto null", sendto(fd, "x", 1, 0, NULL, 0));
	CALL("sendto, short", sendto(fd, "x", 1, 0, &a.sa, 4));
	CALL("sendto, 1 byte", sendto(fd, "x", 1, 0, &a.sa, 1));
	CALL("sendto, long", sendto(fd, "x", 1, 0, &a.sa, 200));
	CALL("sendto, bad", sendto(fd, "x", 1, 0, BAD, size_of(fam)));
	a.sa.sa_family = AF_UNIX;
	CALL("sendto, unix", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	a.sa.sa_family = AF_UNSPEC;
	CALL("sendto, unspec", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	a = addr_of(fam == AF_INET ? AF_INET6 : AF_INET, NULL, 7);
	CALL("sendto, other family", sendto(fd, "x", 1, 0, &a.sa,
	    sizeof(a.in6)));
	a = to_port(0);
	CALL("port 0", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	CALL("shutdown", shutdown(fd, SHUT_RD));
	CALL("recv after it", recv(fd, b, 1, MSG_DONTWAIT));
	say("so_error", "%s", so_error(fd));
	a = addr_of(fam, fam == AF_INET ? "192.0.2.1" : "2001:db8::1", 7);
	CALL("no route", sendto(fd, "x", 1, 0, &a.sa, size_of(fam)));
	say("no so_error", "%s", so_error(fd));
}

static void sizes(void)
{
	static const int v[] = { 1, 1472, 1473, 9000, 65487, 65507, 65508,
	    65527, 65528, 65535, 65536, 100000 };
	static char big[100001], got[100001];
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM);
	char name[32];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		ssize_t n = send_to(w, big, (size_t)v[i], port);

		snprintf(name, sizeof(name), "%d", v[i]);
		if (n < 0) {
			say(name, "%s", result(-1));
			continue;
		}
		wait_for(r, POLLIN);
		n = recv(r, got, sizeof(got), MSG_DONTWAIT);
		say(name, "comes %s %s", result(n), n > 0 && !memcmp(got, big,
		    (size_t)n) ? "same" : "other");
	}
}

/* Nobody is at the port. */
static void refused(void)
{
	int port = free_port(SOCK_DGRAM), fd = sock(SOCK_DGRAM), u;
	char b[8];

	NEED(connect_to(fd, fam, NULL, port));
	CALL("send", send(fd, "x", 1, 0));
	say("comes", "%d", wait_for(fd, POLLERR | POLLIN));
	show_ready("refused", fd);
	say("so_error", "%s", so_error(fd));
	say("so_error 2", "%s", so_error(fd));
	show_ready("after it", fd);
	CALL("send again", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("recv", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("recv 2", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("send 3", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("send 4", send(fd, "x", 1, 0));
	CALL("send 5", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("write", write(fd, "x", 1));
	CALL("peek", recv(fd, b, 8, MSG_PEEK | MSG_DONTWAIT));
	u = sock(SOCK_DGRAM);
	CALL("unconnected send", send_to(u, "x", 1, port));
	settle();
	show_ready("unconnected", u);
	CALL("unconnected recv", recv(u, b, 8, MSG_DONTWAIT));
	CALL("unconnected again", send_to(u, "x", 1, port));
	/* A blocked reader gets it. */
	u = sock(SOCK_DGRAM);
	NEED(connect_to(u, fam, NULL, port));
	send(u, "x", 1, 0);
	CALL("blocking recv", recv(u, b, 8, 0));
}

static void errqueue(void)
{
	int port = free_port(SOCK_DGRAM), fd = sock(SOCK_DGRAM);
	char b[64], c[512];
	struct iovec v = { b, sizeof(b) };
	union any_addr a;
	struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a),
	    .msg_iov = &v, .msg_iovlen = 1, .msg_control = c,
	    .msg_controllen = sizeof(c) };
	struct cmsghdr *h;
	ssize_t n;

	set_int(fd, fam == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    fam == AF_INET ? IP_RECVERR : IPV6_RECVERR, 1);
	CALL("none", recvmsg(fd, &m, MSG_ERRQUEUE));
	CALL("unconnected send", send_to(fd, "hello", 5, port));
	say("comes", "%d", wait_for(fd, POLLERR | POLLIN));
	show_ready("waits", fd);
	m.msg_controllen = sizeof(c);
	m.msg_namelen = sizeof(a);
	memset(&a, 0, sizeof(a));
	n = recvmsg(fd, &m, MSG_ERRQUEUE);
	say("errqueue", "%s flags %s", result(n), bits((unsigned)m.msg_flags,
	    msg_names));
	say("payload", "%.*s", n > 0 ? (int)n : 0, b);
	say("name", "%s", addr_text(&a, m.msg_namelen));
	say("name's port is it", "%d", n >= 0 && ntohs(fam == AF_INET ?
	    a.in.sin_port : a.in6.sin6_port) == port);
	for (h = n < 0 ? NULL : CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		struct {
			struct sock_extended_err ee;
			union any_addr from;
		} e;

		memset(&e, 0, sizeof(e));
		memcpy(&e, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0) < sizeof(e)
		    ? h->cmsg_len - CMSG_LEN(0) : sizeof(e));
		say("cmsg", "level %d type %d length %zu", h->cmsg_level,
		    h->cmsg_type, (size_t)h->cmsg_len);
		say("error", "%s origin %d type %d code %d info %u",
		    strerrorname_np((int)e.ee.ee_errno), e.ee.ee_origin,
		    e.ee.ee_type, e.ee.ee_code, e.ee.ee_info);
		say("offender", "%s", addr_text(&e.from, size_of(fam)));
	}
	CALL("empty again", recvmsg(fd, &m, MSG_ERRQUEUE));
	say("so_error", "%s", so_error(fd));
	show_ready("after", fd);
	CALL("send again", send_to(fd, "x", 1, port));
	wait_for(fd, POLLERR | POLLIN);
	CALL("recv has it too", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("once", recv(fd, b, 8, MSG_DONTWAIT));
	m.msg_controllen = sizeof(c);
	CALL("still in the queue", recvmsg(fd, &m, MSG_ERRQUEUE));
}

/* Without IP_RECVERR the one error there is stays where it is. */
static void no_errqueue(void)
{
	union any_addr to = to_port(free_port(SOCK_DGRAM));
	int fd = sock(SOCK_DGRAM);
	char b[8];

	CALL("connect", connect(fd, &to.sa, size_of(fam)));
	CALL("send", send(fd, "x", 1, 0));
	wait_for(fd, POLLERR | POLLIN);
	CALL("errqueue", recv(fd, b, 8, MSG_ERRQUEUE));
	CALL("recv", recv(fd, b, 8, MSG_DONTWAIT));
	CALL("once", recv(fd, b, 8, MSG_DONTWAIT));
}

static void shut(void)
{
	int a, b;
	char x[8];

	udp_pair(&a, &b);
	CALL("write", shutdown(a, SHUT_WR));
	CALL("send", send(a, "x", 1, MSG_NOSIGNAL));
	show_ready("shut for writing", a);
	CALL("other sends", send(b, "y", 1, 0));
	wait_for(a, POLLIN);
	CALL("recv", recv(a, x, 8, 0));
	CALL("read", shutdown(a, SHUT_RD));
	show_ready("shut for both", a);
	CALL("recv then", recv(a, x, 8, 0));
	CALL("other sends on", send(b, "y", 1, 0));
	settle();
	CALL("other's so_error", send(b, "y", 1, 0));
}

static void many(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM);
	struct timespec ts = { 0, 100000000 };
	struct mmsghdr v[4];
	struct iovec iov[4];
	char b[4][8];
	union any_addr a = to_port(port);

	memset(v, 0, sizeof(v));
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ b[i], (size_t)i + 1 };
		v[i].msg_hdr.msg_iov = &iov[i];
		v[i].msg_hdr.msg_iovlen = 1;
		v[i].msg_hdr.msg_name = &a;
		v[i].msg_hdr.msg_namelen = size_of(fam);
	}
	CALL("sendmmsg", sendmmsg(w, v, 4, 0));
	say("lengths", "%u %u %u %u", v[0].msg_len, v[1].msg_len,
	    v[2].msg_len, v[3].msg_len);
	settle();
	for (int i = 0; i < 4; i++) {
		iov[i].iov_len = 8;
		v[i].msg_hdr.msg_name = NULL;
		v[i].msg_hdr.msg_namelen = 0;
	}
	CALL("recvmmsg 2", recvmmsg(r, v, 2, 0, NULL));
	say("first lengths", "%u %u", v[0].msg_len, v[1].msg_len);
	CALL("wait for one", recvmmsg(r, v, 4, MSG_WAITFORONE, NULL));
	CALL("none", recvmmsg(r, v, 4, MSG_DONTWAIT, NULL));
	ts.tv_nsec = -1;
	CALL("bad time", recvmmsg(r, v, 4, 0, &ts));
	CALL("sendmmsg, no address", sendmmsg(w, v, 4, 0));
	CALL("sendmmsg 0", sendmmsg(w, v, 0, 0));
	CALL("sendmmsg bad", sendmmsg(w, BAD, 1, 0));
}

static void vectors(void)
{
	int a, b;
	struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	char x[4], y[8];
	struct iovec r[2] = { { x, 3 }, { y, 8 } };
	struct msghdr m = { .msg_iov = r, .msg_iovlen = 2 };

	udp_pair(&a, &b);
	CALL("writev", writev(a, v, 3));
	wait_for(b, POLLIN);
	CALL("readv", readv(b, r, 2));
	say("data", "%.3s %.2s", x, y);
	CALL("writev 0", writev(a, v, 0));
	settle();
	CALL("comes", recv(b, x, 1, MSG_DONTWAIT));
	CALL("write 0", write(a, "", 0));
	settle();
	CALL("write 0 comes", recv(b, x, 1, MSG_DONTWAIT));
	CALL("write", write(a, "0123456789abcdef", 16));
	wait_for(b, POLLIN);
	CALL("recvmsg", recvmsg(b, &m, 0));
	say("flags", "%s", bits((unsigned)m.msg_flags, msg_names));
	write(a, "0123456789abcdef", 16);
	wait_for(b, POLLIN);
	m.msg_flags = 0;
	CALL("recvmsg trunc", recvmsg(b, &m, MSG_TRUNC));
	CALL("msg_more", send(a, "ab", 2, MSG_MORE));
	CALL("rest", send(a, "cd", 2, 0));
	wait_for(b, POLLIN);
	CALL("as one", recv(b, y, 8, 0));
	CALL("bad", write(a, BAD, 3));
	CALL("bad readv", recv(b, BAD, 3, MSG_DONTWAIT));
}

/* Only the peer's datagrams come to a connected socket. */
static void filter(void)
{
	int port, r = udp_bound(&port), peer, other;
	int pp;
	char b[8];

	peer = udp_bound(&pp);
	other = sock(SOCK_DGRAM);
	NEED(connect_to(r, fam, NULL, pp));
	CALL("other sends", send_to(other, "no", 2, port));
	settle();
	CALL("not here", recv(r, b, 8, MSG_DONTWAIT));
	CALL("peer sends", send_to(peer, "yes", 3, port));
	wait_for(r, POLLIN);
	CALL("comes", recv(r, b, 8, MSG_DONTWAIT));
	CALL("sendto another", send_to(r, "x", 1, port));
}

static void newest(void)
{
	int one = sock(SOCK_DGRAM), two = sock(SOCK_DGRAM), port;
	char b[8];

	set_int(one, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(two, SOL_SOCKET, SO_REUSEADDR, 1);
	NEED(bind_to(one, fam, NULL, 0));
	port = port_of(one);
	NEED(bind_to(two, fam, NULL, port));
	send_to(sock(SOCK_DGRAM), "x", 1, port);
	settle();
	CALL("first", recv(one, b, 8, MSG_DONTWAIT));
	CALL("second", recv(two, b, 8, MSG_DONTWAIT));
	NEED(connect_to(one, fam, NULL, port_of(two)));
}

static void blocked(void)
{
	struct timeval tv = { 0, 150000 };
	struct itimerval it = { .it_value.tv_usec = 100000 };
	int port, fd = udp_bound(&port);
	char b[4];
	long t;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	t = now_ms();
	CALL("time-out", recv(fd, b, 4, 0));
	say("it lasts", "%d", now_ms() - t >= 140);
	memset(&tv, 0, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	handle(SIGALRM, 0);
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal", recv(fd, b, 4, 0));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal, recvfrom", recvfrom(fd, b, 4, 0, NULL, NULL));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal, recvmmsg", recvmmsg(fd, &(struct mmsghdr){
	    .msg_hdr.msg_iov = &(struct iovec){ b, 4 },
	    .msg_hdr.msg_iovlen = 1 }, 1, 0, NULL));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("signal, read", read(fd, b, 4));
}

/* A receiver that does not read: what does not fit is lost, senders go on. */
static void overflow(void)
{
	int port, r = udp_bound(&port), w = sock(SOCK_DGRAM), n = 0, got = 0;
	char b[1000] = "";

	set_int(r, SOL_SOCKET, SO_RCVBUF, 20000);
	for (int i = 0; i < 2000; i++)
		n += send_to(w, b, sizeof(b), port) == sizeof(b);
	say("sent", "%d", n);
	settle();
	while (recv(r, b, sizeof(b), MSG_DONTWAIT) > 0)
		got++;
	say("some are lost", "%d", got > 0 && got < 2000);
	CALL("goes on", send_to(w, b, 10, port));
	say("comes", "%d", wait_for(r, POLLIN));
}

static const struct conform_case cases[] = {
	{ "basics", basics, false },
	{ "unconnected", unconnected, false },
	{ "sizes", sizes, false },
	{ "refused", refused, false },
	{ "errqueue", errqueue, false },
	{ "no errqueue", no_errqueue, false },
	{ "shut", shut, false },
	{ "many", many, false },
	{ "vectors", vectors, false },
	{ "filter", filter, false },
	{ "newest", newest, false },
	{ "blocked", blocked, true },
	{ "overflow", overflow, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
