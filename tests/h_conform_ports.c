/* h_conform_ports.c: who may share a port, and one socket for both families. */
#include "tests/h_conform.h"

/*
 * Who may share a port: for each combination of what the first and the
 * second socket set, the second's result.
 */
static void share(int type, bool listening)
{
	static const struct { const char *name; int opt; } set[] = {
		{ "none", 0 }, { "addr", SO_REUSEADDR },
		{ "port", SO_REUSEPORT },
	};
	static const char *const where[2][2] = {
		{ "0.0.0.0", "127.0.0.1" }, { "::", "::1" },
	};
	char name[96];

	for (int n = 0; n < 36; n++) {
		int i = n % 3, j = n / 3 % 3, a = n / 9 % 2, b = n / 18;
		int one = sock(type), two = sock(type), port;
		int v = fam == AF_INET6;

		if (set[i].opt)
			set_int(one, SOL_SOCKET, set[i].opt, 1);
		if (set[j].opt)
			set_int(two, SOL_SOCKET, set[j].opt, 1);
		NEED(bind_to(one, fam, where[v][a], 0));
		port = port_of(one);
		if (listening)
			NEED(listen(one, 1));
		snprintf(name, sizeof(name), "%s %s, %s %s", set[i].name,
		    a ? "one" : "any", set[j].name, b ? "one" : "any");
		if (bind_to(two, fam, where[v][b], port) < 0)
			say(name, "%s", result(-1));
		else if (type == SOCK_STREAM)
			say(name, "ok, listen %s", result(listen(two, 1)));
		else
			say(name, "ok");
		close(one);
		close(two);
	}
}

static void share_stream(void) { share(SOCK_STREAM, false); }
static void share_listen(void) { share(SOCK_STREAM, true); }
static void share_dgram(void) { share(SOCK_DGRAM, false); }

/* Ports that connections keep. */
static void reuse(void)
{
	int port, l = tcp_listener(&port), c = sock(SOCK_STREAM), s, n;

	NEED(connect_to(c, fam, NULL, port));
	NEED(s = accept(l, NULL, NULL));
	close(l);
	n = sock(SOCK_STREAM);
	CALL("an accepted connection's port", bind_to(n, fam, NULL, port));
	set_int(n, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL("reuseaddr on one side", bind_to(n, fam, NULL, port));
	close(s);		/* closes first: TIME_WAIT stays here */
	read(c, &port, 1);
	close(c);
	settle();
	close(n);
	l = sock(SOCK_STREAM);
	set_int(l, SOL_SOCKET, SO_REUSEADDR, 1);
	NEED(bind_to(l, fam, NULL, 0));
	NEED(listen(l, 4));
	port = port_of(l);
	c = sock(SOCK_STREAM);
	NEED(connect_to(c, fam, NULL, port));
	NEED(s = accept(l, NULL, NULL));
	close(s);
	close(l);
	n = 0;
	read(c, &n, 1);
	close(c);
	settle();
	n = sock(SOCK_STREAM);
	CALL("time-wait, none", bind_to(n, fam, NULL, port));
	set_int(n, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL("time-wait, reuseaddr", bind_to(n, fam, NULL, port));
	CALL("time-wait, listen", listen(n, 1));
}

/* One socket for both families. */
static void dual(void)
{
	int fd = (int)NEED(socket(AF_INET6, SOCK_STREAM, 0)), port, c, s, o;
	union any_addr a;
	socklen_t len = sizeof(a);

	NEED(bind_to(fd, AF_INET6, "::", 0));
	NEED(listen(fd, 8));
	port = port_of(fd);
	c = (int)NEED(socket(AF_INET, SOCK_STREAM, 0));
	CALL("ipv4 client", connect_to(c, AF_INET, NULL, port));
	wait_for(fd, POLLIN);
	s = accept(fd, &a.sa, &len);
	say("accepted from", "%s", addr_text(&a, len));
	say("name", "%s", name_text(s));
	say("peer", "%s", peer_text(s));
	say("client's peer", "%s", peer_text(c));
	say("domain", "%d", get_int(s, SOL_SOCKET, SO_DOMAIN) == AF_INET6);
	o = socket(AF_INET, SOCK_STREAM, 0);
	CALL("same port, ipv4", bind_to(o, AF_INET, "0.0.0.0", port));
	CALL("same port, ipv4 loopback", bind_to(o, AF_INET, NULL, port));
	CALL("v6only when bound", set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	close(fd);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	CALL("v6only", set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	NEED(bind_to(fd, AF_INET6, "::", 0));
	NEED(listen(fd, 8));
	port = port_of(fd);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CALL("v6only, ipv4 client", connect_to(c, AF_INET, NULL, port));
	o = socket(AF_INET, SOCK_STREAM, 0);
	CALL("v6only, same port", bind_to(o, AF_INET, "0.0.0.0", port));
	CALL("v6only, listen", listen(o, 1));
	c = socket(AF_INET6, SOCK_STREAM, 0);
	set_int(c, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	CALL("v6only, connect mapped", connect_to(c, AF_INET6,
	    "::ffff:127.0.0.1", port));
	CALL("v6only, bind mapped", bind_to(c, AF_INET6, "::ffff:127.0.0.1",
	    0));
	c = socket(AF_INET6, SOCK_STREAM, 0);
	CALL("connect mapped", connect_to(c, AF_INET6, "::ffff:127.0.0.1",
	    port));
	say("mapped name", "%s", name_text(c));
	say("mapped peer", "%s", peer_text(c));
	c = socket(AF_INET6, SOCK_STREAM, 0);
	NEED(bind_to(c, AF_INET6, "::1", 0));
	CALL("bound to ::1, connect mapped", connect_to(c, AF_INET6,
	    "::ffff:127.0.0.1", port));
}

static void dual_udp(void)
{
	int fd = (int)NEED(socket(AF_INET6, SOCK_DGRAM, 0)), c, port;
	union any_addr a, to;
	socklen_t len = sizeof(a);
	char buf[16];

	NEED(bind_to(fd, AF_INET6, "::", 0));
	port = port_of(fd);
	c = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0));
	to = addr_of(AF_INET, NULL, port);
	CALL("to it", sendto(c, "one", 3, 0, &to.sa, sizeof(to.in)));
	wait_for(fd, POLLIN);
	CALL("arrives", recvfrom(fd, buf, sizeof(buf), 0, &a.sa, &len));
	say("from", "%s", addr_text(&a, len));
	CALL("back", sendto(fd, "two", 3, 0, &a.sa, len));
	wait_for(c, POLLIN);
	len = sizeof(a);
	CALL("arrives back", recvfrom(c, buf, sizeof(buf), 0, &a.sa, &len));
	say("back from", "%s", addr_text(&a, len));
	to = addr_of(AF_INET, NULL, port_of(c));
	CALL("an ipv4 address, ipv6 socket", sendto(fd, "x", 1, 0, &to.sa,
	    sizeof(to.in)));
	CALL("v6only", set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
}

/* Which of a group of sockets on one port gets a connection. */
static void group(void)
{
	int fd[4], got[4] = { 0 }, port = 0, all = 0, hit = 0;
	struct pollfd p[4];

	for (int i = 0; i < 4; i++) {
		fd[i] = sock(SOCK_STREAM);
		NEED(set_int(fd[i], SOL_SOCKET, SO_REUSEPORT, 1));
		NEED(bind_to(fd[i], fam, NULL, port));
		NEED(listen(fd[i], 64));
		port = port_of(fd[i]);
		p[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
		nonblock(fd[i], true);
	}
	for (int i = 0; i < 64; i++)
		NEED(connect_to(sock(SOCK_STREAM), fam, NULL, port));
	while (all < 64 && poll(p, 4, WAIT_MS) > 0)
		for (int i = 0; i < 4; i++)
			while (accept(fd[i], NULL, NULL) >= 0) {
				all++;
				got[i]++;
			}
	for (int i = 0; i < 4; i++)
		hit += got[i] > 0;
	say("all arrive", "%d", all);
	say("every one has some", "%d", hit);
	close(fd[0]);
	all = 0;
	for (int i = 0; i < 16; i++)
		all += connect_to(sock(SOCK_STREAM), fam, NULL, port) == 0;
	say("one is closed, connected", "%d", all);
}

static void group_udp(void)
{
	int fd[4], port = 0, hit = 0, all = 0, got[4] = { 0 };
	struct pollfd p[4];
	union any_addr a;
	char buf[8];

	for (int i = 0; i < 4; i++) {
		fd[i] = sock(SOCK_DGRAM);
		NEED(set_int(fd[i], SOL_SOCKET, SO_REUSEPORT, 1));
		NEED(bind_to(fd[i], fam, NULL, port));
		port = port_of(fd[i]);
		p[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
		nonblock(fd[i], true);
	}
	a = addr_of(fam, NULL, port);
	for (int i = 0; i < 64; i++)
		sendto(sock(SOCK_DGRAM), "x", 1, 0, &a.sa, size_of(fam));
	while (all < 64 && poll(p, 4, 1000) > 0)
		for (int i = 0; i < 4; i++)
			while (recv(fd[i], buf, 8, 0) == 1) {
				all++;
				got[i]++;
			}
	for (int i = 0; i < 4; i++)
		hit += got[i] > 0;
	say("each arrives once", "%d", all);
	say("every one has some", "%d", hit);
}

static const struct conform_case cases[] = {
	{ "share-stream", share_stream, false },
	{ "share-listen", share_listen, false },
	{ "share-dgram", share_dgram, false },
	{ "reuse", reuse, false },
	{ "dual", dual, true },
	{ "dual-udp", dual_udp, true },
	{ "group", group, false },
	{ "group-udp", group_udp, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
