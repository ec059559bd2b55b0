/* h_conform_turns.c: what becomes of sockets in turns that few take. */
#include "tests/h_conform.h"

#include <linux/sockios.h>
#include <netinet/udp.h>
#include <pthread.h>

/* A connection to itself: the same port at both ends. */
static void itself(void)
{
	int fd = sock(SOCK_STREAM), port;
	char b[8];

	NEED(bind_to(fd, fam, NULL, 0));
	port = port_of(fd);
	CALL("connect", connect_to(fd, fam, NULL, port));
	show_ready("connected", fd);
	CALL("write", write(fd, "self", 4));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("read", read(fd, b, 8));
	CALL("shut", shutdown(fd, SHUT_WR));
	wait_for(fd, POLLRDHUP);
	settle();
	show_ready("its end", fd);
	CALL("read end", read(fd, b, 8));
	say("so_error", "%s", so_error(fd));
	fd = sock(SOCK_DGRAM);
	NEED(bind_to(fd, fam, NULL, 0));
	CALL("dgram connect", connect_to(fd, fam, NULL, port_of(fd)));
	CALL("dgram send", send(fd, "x", 1, 0));
	say("dgram comes", "%d", wait_for(fd, POLLIN));
	CALL("dgram recv", recv(fd, b, 8, 0));
}

/* The peer is gone before accept. */
static void accept_late(void)
{
	struct linger hard = { 1, 0 };
	int port, l = tcp_listener(&port), c = sock(SOCK_STREAM), s;
	union any_addr a;
	socklen_t len = sizeof(a);
	char b[8];

	connect_to(c, fam, NULL, port);
	write(c, "last", 4);
	close(c);
	settle();
	OKAY("accept", s = accept(l, &a.sa, &len));
	say("from", "%s", addr_text(&a, len));
	show_ready("closed before", s);
	CALL("read", read(s, b, 8));
	CALL("end", read(s, b, 8));
	c = sock(SOCK_STREAM);
	connect_to(c, fam, NULL, port);
	setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(c);
	settle();
	nonblock(l, true);
	OKAY("accept a reset one", s = accept(l, &a.sa, &len));
	say("peer", "%s", peer_text(s));
	say("so_error", "%s", so_error(s));
	CALL("read then", read(s, b, 8));
}

static void *read_on(void *arg)
{
	char b[8];

	pause_ms(0);
	return (void *)recv(*(int *)arg, b, 8, 0);
}

/* What a descriptor's number comes to mean while somebody waits on it. */
static void numbers(void)
{
	int c, s, c2, s2, fd;
	pthread_t t;
	void *r;
	char b[8];

	tcp_pair(&c, &s);
	tcp_pair(&c2, &s2);
	pthread_create(&t, NULL, read_on, &s);
	pause_ms(80);
	CALL("dup2 over one that is read", dup2(s2, s) == s ? 0 : -1);
	write(c, "old", 3);
	pthread_join(t, &r);
	say("the reader has", "%ld", (long)r);
	write(c2, "new", 3);
	wait_for(s, POLLIN);
	CALL("the number is", read(s, b, 8));
	fd = dup3(c2, c, O_CLOEXEC) == c ? c : -1;
	say("dup3", "%d", fd >= 0 && fcntl(c, F_GETFD) == FD_CLOEXEC);
	CALL("dup3 on itself", dup3(c, c, 0));
	CALL("dup2 on itself", dup2(c, c) == c ? 0 : -1);
	CALL("dupfd", fcntl(c, F_DUPFD, 200) == 200 ? 0 : -1);
	CALL("write by it", write(200, "dup", 3));
	wait_for(s2, POLLIN);
	CALL("read it", read(s2, b, 8));
	CALL("close twice", close(200) ? -1 : close(200));
	fd = socket(fam, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	say("flags", "%d %d", fcntl(fd, F_GETFD),
	    fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
}

/* Two processes, one connection. */
static void both_write(void)
{
	char b[4096];
	int c, s, a = 0, z = 0;
	pid_t pid;
	size_t n;

	tcp_pair(&c, &s);
	pid = fork();
	for (int i = 0; i < 500; i++)
		write(c, pid ? "aaaa" : "zzzz", 4);
	if (!pid)
		_exit(0);
	say("child", "%s", ended(pid));
	close(c);
	while ((n = read_all(s, b, 4)) == 4) {
		a += !memcmp(b, "aaaa", 4);
		z += !memcmp(b, "zzzz", 4);
	}
	say("whole words", "%d %d", a, z);
}

/* Several on one port, over a fork. */
static void reuseport(void)
{
	int one = sock(SOCK_STREAM), two = sock(SOCK_STREAM), port, c, got;
	pid_t pid;

	NEED(set_int(one, SOL_SOCKET, SO_REUSEPORT, 1));
	NEED(bind_to(one, fam, NULL, 0));
	port = port_of(one);
	CALL("second without", bind_to(two, fam, NULL, port));
	NEED(set_int(two, SOL_SOCKET, SO_REUSEPORT, 1));
	CALL("second", bind_to(two, fam, NULL, port));
	listen(one, 16);
	listen(two, 16);
	pid = fork();
	if (!pid) {
		struct pollfd p = { .fd = two, .events = POLLIN };

		close(one);
		for (got = 0; poll(&p, 1, 1000) > 0; got++)
			close(accept(two, NULL, NULL));
		_exit(got);
	}
	close(two);
	for (int i = 0; i < 16; i++) {
		c = sock(SOCK_STREAM);
		NEED(connect_to(c, fam, NULL, port));
	}
	nonblock(one, true);
	/* The last one may still be on its way here when connect(2) is done. */
	for (got = 0; wait_for(one, POLLIN) &&
	    (c = accept(one, NULL, NULL)) >= 0; got++)
		close(c);
	say("spread", "%d", got > 0 && got < 16);
	waitpid(pid, &c, 0);
	say("all", "%d", got + WEXITSTATUS(c));
	close(one);
	c = sock(SOCK_STREAM);
	CALL("nobody then", connect_to(c, fam, NULL, port));
}

/* Half closed, with data on the way; then each kind of end. */
static void halves(void)
{
	struct linger hard = { 1, 0 };
	struct iovec v[2];
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	write(c, "request", 7);
	shutdown(c, SHUT_WR);
	wait_for(s, POLLRDHUP);
	show_ready("asked", s);
	write(s, "answer", 6);
	close(s);		/* with the request unread */
	wait_for(c, POLLIN);
	settle();
	show_ready("answered", c);
	v[0] = (struct iovec){ b, 3 };
	v[1] = (struct iovec){ b + 3, 3 };
	CALL("readv", readv(c, v, 2));
	CALL("read", read(c, b, 8));
	say("so_error", "%s", so_error(c));
	close(c);
	tcp_pair(&c, &s);
	shutdown(c, SHUT_RD);
	write(s, "into the void", 13);
	settle();
	show_ready("shut for reading", c);
	CALL("reads", read(c, b, 16));
	CALL("reads on", read(c, b, 16));
	close(c);
	wait_for(s, POLLIN | POLLHUP);
	settle();
	show_ready("its peer", s);
	CALL("peer reads", read(s, b, 16));
	close(s);
	tcp_pair(&c, &s);
	shutdown(c, SHUT_RDWR);
	show_ready("shut both", c);
	CALL("write", send(c, "x", 1, MSG_NOSIGNAL));
	CALL("read, shut both", read(c, b, 16));
	CALL("shut again", shutdown(c, SHUT_RDWR));
	wait_for(s, POLLRDHUP);
	shutdown(s, SHUT_RDWR);
	settle();
	show_ready("the other", s);
	CALL("peer name", peer_text(s)[0] == 'E' ? -1 : 0);
	close(c);
	close(s);
	tcp_pair(&c, &s);
	shutdown(s, SHUT_WR);
	setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(c);
	wait_for(s, POLLHUP | POLLERR);
	show_ready("reset after its end", s);
	CALL("read then", read(s, b, 16));
	say("so_error then", "%s", so_error(s));
}

/* A datagram socket's peer comes and goes. */
static void peers(void)
{
	union any_addr un = { .sa.sa_family = AF_UNSPEC }, a;
	int port, port2, u = udp_bound(&port), w = udp_bound(&port2);
	int o = sock(SOCK_DGRAM);
	socklen_t len = sizeof(a);
	char b[8];

	CALL("connect", connect_to(o, fam, NULL, port));
	say("peer", "%s", peer_text(o));
	a = addr_of(fam, NULL, port2);
	CALL("elsewhere", sendto(o, "e", 1, 0, &a.sa, size_of(fam)));
	say("comes", "%d", wait_for(w, POLLIN));
	CALL("answer", recvfrom(w, b, 8, 0, &a.sa, &len));
	CALL("send back", sendto(w, "b", 1, 0, &a.sa, len));
	settle();
	CALL("not from there", recv(o, b, 8, MSG_DONTWAIT));
	CALL("connect again", connect_to(o, fam, NULL, port2));
	CALL("send", send(o, "x", 1, 0));
	say("to the new", "%d", wait_for(w, POLLIN));
	CALL("dissolve", connect(o, &un.sa, sizeof(un.sa)));
	say("name", "%s", name_text(o));
	say("no peer", "%s", peer_text(o));
	CALL("send then", send(o, "x", 1, 0));
	CALL("shutdown", shutdown(o, SHUT_RD));
	a = addr_of(fam, NULL, port);
	CALL("sendto null length", sendto(o, "x", 1, 0, &a.sa, 0));
	CALL("sendto short", sendto(o, "x", 1, 0, &a.sa, 7));
	a = addr_of(fam, NULL, 0);
	CALL("sendto port 0", sendto(o, "x", 1, 0, &a.sa, size_of(fam)));
	a.sa.sa_family = AF_UNIX;
	CALL("sendto another family", sendto(o, "x", 1, 0, &a.sa,
	    size_of(fam)));
	CALL("connect another family", connect(o, &a.sa, size_of(fam)));
	CALL("bind another family", bind(o, &a.sa, size_of(fam)));
	CALL("send oob", send(u, "x", 1, MSG_OOB));
	CALL("recv oob", recv(u, b, 1, MSG_OOB | MSG_DONTWAIT));
}

/* The port that a program chose stays when an attempt fails. */
static void bound_again(void)
{
	union any_addr un = { .sa.sa_family = AF_UNSPEC };
	int nobody = free_port(SOCK_STREAM), mine = free_port(SOCK_STREAM);
	int fd = sock(SOCK_STREAM), port, l, c;

	NEED(set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	NEED(bind_to(fd, fam, NULL, mine));
	nonblock(fd, true);
	CALL("connect", connect_to(fd, fam, NULL, nobody));
	wait_for(fd, POLLOUT);
	say("failed", "%d %s", port_of(fd) == mine, name_text(fd));
	CALL("result", connect_to(fd, fam, NULL, nobody));
	say("after it", "%d %s", port_of(fd) == mine, name_text(fd));
	l = tcp_listener(&port);
	connect_to(fd, fam, NULL, port);
	say("connected", "%d", wait_for(fd, POLLOUT));
	say("name", "%d %s", port_of(fd) == mine, name_text(fd));
	NEED(c = accept(l, NULL, NULL));
	CALL("dissolve", connect(fd, &un.sa, sizeof(un.sa)));
	say("then", "%d %s", port_of(fd) == mine, name_text(fd));
	say("option", "%d", get_int(fd, SOL_SOCKET, SO_REUSEADDR));
	CALL("listen", listen(fd, 1));
	say("its port", "%d", port_of(fd) == mine);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	CALL("not bound", connect_to(fd, fam, NULL, nobody));
	wait_for(fd, POLLOUT);
	CALL("its result", connect_to(fd, fam, NULL, nobody));
	say("its name", "%s", name_text(fd));
}

/* The end of a datagram socket's reading, with some to read. */
static void shut_unread(void)
{
	int port, u = udp_bound(&port), o = sock(SOCK_DGRAM);
	char b[8];

	connect_to(o, fam, NULL, port);
	connect_to(u, fam, NULL, port_of(o));
	send(o, "one", 3, 0);
	send(o, "two", 3, 0);
	wait_for(u, POLLIN);
	settle();
	CALL("shutdown", shutdown(u, SHUT_RD));
	show_ready("shut", u);
	CALL("first", recv(u, b, 8, MSG_DONTWAIT));
	CALL("second", recv(u, b, 8, MSG_DONTWAIT));
	CALL("third", recv(u, b, 8, MSG_DONTWAIT));
	CALL("late", send(o, "late", 4, 0));
	settle();
	CALL("comes", recv(u, b, 8, MSG_DONTWAIT));
	CALL("send", send(u, "x", 1, 0));
	CALL("shut writing", shutdown(u, SHUT_WR));
	CALL("send then", send(u, "x", 1, MSG_NOSIGNAL));
	show_ready("shut both", u);
}

/* What else a failed attempt leaves, and who is told of it first. */
static void failed(void)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	int nobody = free_port(SOCK_STREAM), fd = sock(SOCK_STREAM);
	char b[8] = "";

	nonblock(fd, true);
	CALL("connect", connect_to(fd, fam, NULL, nobody));
	say("hangs up", "%d", wait_for(fd, POLLHUP));
	say("name", "%s", name_text(fd));
	CALL("sendto", sendto(fd, b, 1, MSG_NOSIGNAL, NULL, 0));
	say("so_error", "%s", so_error(fd));
	CALL("recv", recv(fd, b, 8, 0));
	CALL("connect again", connect_to(fd, fam, NULL, nobody));
	say("name then", "%s", name_text(fd));
	fd = sock(SOCK_STREAM);
	NEED(bind_to(fd, fam, fam == AF_INET ? "0.0.0.0" : "::", 0));
	CALL("blocking", connect_to(fd, fam, NULL, nobody));
	say("its name", "%s", name_text(fd));
	CALL("dissolve", connect(fd, &un, sizeof(un)));
	say("its name then", "%s", name_text(fd));
}

/* What a socket that has a port says to another bind(2). */
static void bind_twice(void)
{
	const char *foreign = fam == AF_INET ? "192.0.2.1" : "2001:db8::1";
	int port;

	for (int i = 0; i < 2; i++) {
		int fd = sock(i ? SOCK_DGRAM : SOCK_STREAM);
		const char *kind = i ? "dgram" : "stream";
		char name[32];

		NEED(bind_to(fd, fam, NULL, 0));
		port = port_of(fd);
		snprintf(name, sizeof(name), "%s same", kind);
		CALL(name, bind_to(fd, fam, NULL, port));
		snprintf(name, sizeof(name), "%s foreign", kind);
		CALL(name, bind_to(fd, fam, foreign, port));
		snprintf(name, sizeof(name), "%s short", kind);
		union any_addr a = addr_of(fam, NULL, port);
		CALL(name, bind(fd, &a.sa, 8));
	}
}

/* A datagram socket has a port as soon as it tries to send, or to connect. */
static void early_port(void)
{
	int fd = sock(SOCK_DGRAM);
	union any_addr a = addr_of(fam, NULL, 9);
	char b[8] = "";

	CALL("send", send(fd, b, 1, 0));
	say("name", "%s", name_text(fd));
	fd = sock(SOCK_DGRAM);
	a.in.sin_port = 0;	/* it is where IPv6's is */
	CALL("to port 0", sendto(fd, b, 1, 0, &a.sa, size_of(fam)));
	say("name then", "%s", name_text(fd));
	fd = sock(SOCK_DGRAM);
	CALL("to nowhere", sendto(fd, b, 1, 0, BAD, size_of(fam)));
	say("no name", "%s", name_text(fd));
	fd = sock(SOCK_DGRAM);
	CALL("connect by a short name", connect(fd, &a.sa, 8));
	say("its name", "%s", name_text(fd));
	fd = sock(SOCK_DGRAM);
	CALL("connect to port 0", connect_to(fd, fam, NULL, 0));
	say("peer", "%s", peer_text(fd));
	CALL("send there", send(fd, b, 1, 0));
	say("refused", "%d", wait_for(fd, POLLERR | POLLIN));
	CALL("send again", send(fd, b, 1, 0));
	a = addr_of(fam, NULL, port_of(fd));
	CALL("from any port", sendto(sock(SOCK_DGRAM), "any", 3, 0, &a.sa,
	    size_of(fam)));
	say("comes", "%d", wait_for(fd, POLLIN));
	so_error(fd);
	CALL("its bytes", recv(fd, b, 8, MSG_DONTWAIT));
	fd = sock(SOCK_DGRAM);
	CALL("urgent, to a peer", connect_to(fd, fam, NULL, 9));
	CALL("urgent", send(fd, b, 1, MSG_OOB));
}

/* An IPv6 datagram socket and peers of both families, one after another. */
static void families(void)
{
	static const char *const own[] = { "::", "::1", "::ffff:127.0.0.1" };
	static const char *const words[] = { "any", "IPv6", "mapped" };

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++) {
			int fd = (int)NEED(socket(AF_INET6, SOCK_DGRAM, 0));
			char name[64];

			NEED(bind_to(fd, AF_INET6, own[i], 0));
			snprintf(name, sizeof(name), "%s to %s", words[i],
			    words[k]);
			CALL(name, connect_to(fd, AF_INET6, own[k], 9));
			strcat(name, ", name");
			say(name, "%s", name_text(fd));
			if (k != 1)
				continue;
			strcat(name, ", urgent");
			CALL(name, send(fd, "x", 1, MSG_OOB));
		}
	int fd = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0));

	CALL("first peer", connect_to(fd, AF_INET, "127.0.0.1", 9));
	CALL("second peer", connect_to(fd, AF_INET, "127.0.0.2", 9));
	say("name", "%s", name_text(fd));
	fd = (int)NEED(socket(AF_INET6, SOCK_STREAM, 0));
	union any_addr a = addr_of(AF_INET, NULL, 9);

	say("only IPv6", "%d", get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	NEED(bind_to(fd, AF_INET6, "::1", 0));
	say("only IPv6 then", "%d", get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	CALL("stream to IPv4", connect(fd, &a.sa, sizeof(a.in)));
	CALL("by a longer name", connect(fd, &a.sa, sizeof(a.in6)));
}

/* recvmsg and recvmmsg of a stream: what is not there, and no bytes. */
static void odd_reads(void)
{
	char b[8], control[64];
	struct iovec iov = { b, sizeof(b) };
	struct mmsghdr mm = { { .msg_iov = &iov, .msg_iovlen = 1 }, 0 };
	struct msghdr *m = &mm.msg_hdr;
	struct timeval soon = { 0, 20000 };
	int port, l = tcp_listener(&port), c, s, u = udp_bound(&port);

	tcp_pair(&c, &s);
	NEED(send(c, "data", 4, 0));
	wait_for(s, POLLIN);
	CALL("errors, fresh", recvmsg(sock(SOCK_STREAM), m, MSG_ERRQUEUE));
	CALL("errors, listening", recvmsg(l, m, MSG_ERRQUEUE));
	CALL("errors", recvmsg(s, m, MSG_ERRQUEUE));
	CALL("errors, many", recvmmsg(s, &mm, 1, MSG_ERRQUEUE, NULL));
	CALL("urgent, fresh", recvmsg(sock(SOCK_STREAM), m, MSG_OOB));
	CALL("urgent, listening", recvmsg(l, m, MSG_OOB));
	CALL("thrown away, many", recvmmsg(s, &mm, 1, MSG_TRUNC | MSG_PEEK,
	    NULL));
	m->msg_namelen = 7;
	CALL("data", recvmsg(s, m, 0));
	say("name that nobody wants", "%u", m->msg_namelen);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	m->msg_iovlen = 0;
	m->msg_name = b;
	m->msg_control = control;
	m->msg_controllen = sizeof(control);
	CALL("nothing", recvmsg(s, m, 0));
	say("beside it", "%u %zu", m->msg_namelen, m->msg_controllen);
	CALL("nothing, at once", recvmsg(s, m, MSG_DONTWAIT));
	*m = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_namelen = 7, .msg_control = control,
	    .msg_controllen = sizeof(control) };
	CALL("shut", shutdown(u, SHUT_RD));
	CALL("end", recvmsg(u, m, 0));
	say("beside the end", "%u %zu", m->msg_namelen, m->msg_controllen);
}

/* What a stream does with addresses, one by one and many at once. */
static void named_sends(void)
{
	union any_addr a = addr_of(fam, "192.0.2.1", 9);
	struct iovec iov = { "data", 4 };
	struct mmsghdr mm[2] = { { { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_name = &a, .msg_namelen = size_of(fam) }, 0 } };
	char b[16];
	int c, s, port, l = tcp_listener(&port);

	mm[1] = mm[0];
	tcp_pair(&c, &s);
	CALL("many", sendmmsg(c, mm, 2, 0));
	say("bytes", "%zu", read_all(s, b, 8));
	mm[0].msg_hdr.msg_name = BAD;
	CALL("many, no memory", sendmmsg(c, mm, 2, 0));
	CALL("one, no memory", sendmsg(c, &mm[0].msg_hdr, 0));
	CALL("too long a name", sendto(c, "x", 1, 0, &a.sa, 200));
	CALL("listening", sendmsg(l, &mm[0].msg_hdr, MSG_NOSIGNAL));
	CALL("fresh", sendto(sock(SOCK_STREAM), "x", 1, MSG_NOSIGNAL, BAD,
	    16));
}

/* Arguments of which one is looked at before another. */
static void which_first(void)
{
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6,
	    IPPROTO_TCP, IPPROTO_UDP, 77 };
	static const int names[] = { SO_TYPE, IP_TTL, IPV6_UNICAST_HOPS,
	    TCP_NODELAY, UDP_CORK, 1 };

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
		for (int i = 0; i < 6; i++) {
			int fd = sock(type), v = 0;
			socklen_t len = (socklen_t)-1;
			char name[64];
			long r;

			snprintf(name, sizeof(name), "%d level %d length -1",
			    type, levels[i]);
			r = getsockopt(fd, levels[i], names[i], &v, &len);
			say(name, "%s %d", result(r), (int)len);
			snprintf(name, sizeof(name), "%d level %d no memory",
			    type, levels[i]);
			CALL(name, setsockopt(fd, levels[i], names[i], BAD,
			    4));
			strcat(name, ", short");
			if (levels[i] != IPPROTO_IP)
				CALL(name, setsockopt(fd, levels[i], names[i],
				    BAD, 2));
			close(fd);
		}
	CALL("accept4", accept4(sock(SOCK_DGRAM), NULL, NULL, 1));
	int n;

	CALL("not sent", ioctl(sock(SOCK_DGRAM), SIOCOUTQNSD, &n));
}

static const struct conform_case cases[] = {
	{ "itself", itself, false },
	{ "accept-late", accept_late, false },
	{ "numbers", numbers, true },
	{ "both-write", both_write, true },
	{ "reuseport", reuseport, false },
	{ "halves", halves, false },
	{ "peers", peers, false },
	{ "bound-again", bound_again, false },
	{ "shut-unread", shut_unread, false },
	{ "failed", failed, false },
	{ "bind-twice", bind_twice, false },
	{ "early-port", early_port, false },
	{ "families", families, true },
	{ "odd-reads", odd_reads, false },
	{ "named-sends", named_sends, false },
	{ "which-first", which_first, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
