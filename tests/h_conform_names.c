/* h_conform_names.c: kinds of sockets, and their names. */
#include "tests/h_conform.h"

#include <linux/netlink.h>
#include <sys/stat.h>

static const char *kind(int domain, int type, int protocol)
{
	int fd = socket(domain, type, protocol);
	const char *r = okay(fd);

	if (fd >= 0)
		close(fd);
	return r;
}

static void kinds(void)
{
	static const struct { const char *name; int v; } types[] = {
		{ "0", 0 }, { "STREAM", SOCK_STREAM }, { "DGRAM", SOCK_DGRAM },
		{ "RAW", SOCK_RAW }, { "RDM", SOCK_RDM },
		{ "SEQPACKET", SOCK_SEQPACKET }, { "DCCP", SOCK_DCCP },
		{ "7", 7 }, { "PACKET", SOCK_PACKET }, { "11", 11 },
		{ "15", 15 }, { "16", 16 }, { "-1", -1 },
	}, protocols[] = {
		{ "0", 0 }, { "ICMP", IPPROTO_ICMP }, { "IGMP", IPPROTO_IGMP },
		{ "TCP", IPPROTO_TCP }, { "UDP", IPPROTO_UDP },
		{ "DCCP", 33 }, { "IPV6", IPPROTO_IPV6 },
		{ "ICMPV6", IPPROTO_ICMPV6 }, { "SCTP", IPPROTO_SCTP },
		{ "UDPLITE", IPPROTO_UDPLITE }, { "RAW", IPPROTO_RAW },
		{ "MPTCP", 262 }, { "256", 256 }, { "263", 263 },
		{ "-1", -1 }, { "100000", 100000 },
	};
	char name[64];

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		for (size_t j = 0; j < sizeof(protocols) /
		    sizeof(*protocols); j++) {
			snprintf(name, sizeof(name), "%s %s", types[i].name,
			    protocols[j].name);
			say(name, "%s", kind(fam, types[i].v,
			    protocols[j].v));
		}
	say("flags", "%s", kind(fam, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0));
	say("flag 0x100", "%s", kind(fam, SOCK_STREAM | 0x100, 0));
	say("flag 0x10000", "%s", kind(fam, SOCK_STREAM | 0x10000, 0));
}

static void domains(void)
{
	say("unspec", "%s", kind(AF_UNSPEC, SOCK_STREAM, 0));
	say("-1", "%s", kind(-1, SOCK_STREAM, 0));
	say("99", "%s", kind(99, SOCK_STREAM, 0));
	say("unix stream", "%s", kind(AF_UNIX, SOCK_STREAM, 0));
	say("unix dgram", "%s", kind(AF_UNIX, SOCK_DGRAM, 0));
	say("route", "%s", kind(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	say("route dgram", "%s", kind(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
	say("route stream", "%s", kind(AF_NETLINK, SOCK_STREAM,
	    NETLINK_ROUTE));
	say("uevent", "%s", kind(AF_NETLINK, SOCK_RAW,
	    NETLINK_KOBJECT_UEVENT));
	say("ax25", "%s", kind(AF_AX25, SOCK_DGRAM, 0));
}

static void show_flags(const char *name, int type)
{
	int fd = socket(fam, type, 0);

	say(name, "cloexec %d nonblock %d access %d",
	    !!(fcntl(fd, F_GETFD) & FD_CLOEXEC),
	    !!(fcntl(fd, F_GETFL) & O_NONBLOCK),
	    fcntl(fd, F_GETFL) & O_ACCMODE);
	close(fd);
}

/* What the fd itself looks like. */
static void files(void)
{
	int fd = sock(SOCK_STREAM), low;
	struct stat st;
	char buf[8];

	show_flags("plain", SOCK_STREAM);
	show_flags("cloexec", SOCK_STREAM | SOCK_CLOEXEC);
	show_flags("nonblock", SOCK_DGRAM | SOCK_NONBLOCK);
	fstat(fd, &st);
	say("fstat", "%s size %ld", S_ISSOCK(st.st_mode) ? "socket" : "?",
	    (long)st.st_size);
	OKAY("lseek", lseek(fd, 0, SEEK_CUR));
	CALL("pread", pread(fd, buf, 1, 0));
	CALL("pwrite", pwrite(fd, buf, 1, 0));
	OKAY("ftruncate", ftruncate(fd, 0));
	OKAY("fsync", fsync(fd));
	say("tty", "%d", isatty(fd));
	low = dup(fd);
	close(fd);
	say("lowest number is free", "%d", socket(fam, SOCK_DGRAM, 0) == fd);
	close(low);
}

static void bind_lengths(void)
{
	static const int lens[] = { -1, 0, 1, 2, 8, 15, 16, 23, 24, 27, 28,
	    29, 64, 128, 129, 4096 };
	union { union any_addr a; char room[8192]; } u;
	char name[32];

	memset(&u, 0, sizeof(u));
	u.a = addr_of(fam, NULL, 0);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		int fd = sock(SOCK_STREAM), d = sock(SOCK_DGRAM);

		snprintf(name, sizeof(name), "stream %d", lens[i]);
		CALL(name, bind(fd, &u.a.sa, (socklen_t)lens[i]));
		snprintf(name, sizeof(name), "dgram %d", lens[i]);
		CALL(name, bind(d, &u.a.sa, (socklen_t)lens[i]));
		close(fd);
		close(d);
	}
}

static void bind_bad(void)
{
	union any_addr a = addr_of(fam, NULL, 0);
	int fd = sock(SOCK_STREAM), d = sock(SOCK_DGRAM), file;

	CALL("null", bind(fd, NULL, size_of(fam)));
	CALL("bad pointer", bind(fd, BAD, size_of(fam)));
	a.sa.sa_family = AF_UNIX;
	CALL("family unix", bind(fd, &a.sa, sizeof(a)));
	CALL("family unix, dgram", bind(d, &a.sa, sizeof(a)));
	a.sa.sa_family = AF_UNSPEC;
	CALL("family unspec, an address", bind(fd, &a.sa, sizeof(a)));
	a = addr_of(fam == AF_INET ? AF_INET6 : AF_INET, NULL, 0);
	CALL("other family", bind(fd, &a.sa, sizeof(a)));
	memset(&a, 0, sizeof(a));
	CALL("family unspec, any", bind(fd, &a.sa, sizeof(a)));
	CALL("closed fd", bind(999, &a.sa, sizeof(a)));
	file = open("/dev/null", O_RDWR);
	CALL("not a socket", bind(file, &a.sa, sizeof(a)));
	CALL("listen, not a socket", listen(file, 1));
	CALL("listen, closed fd", listen(999, 1));
	CALL("accept, not a socket", accept(file, NULL, NULL));
	CALL("accept, closed fd", accept(999, NULL, NULL));
	CALL("shutdown, not a socket", shutdown(file, SHUT_WR));
	CALL("shutdown, closed fd", shutdown(999, SHUT_WR));
	CALL("connect, not a socket", connect(file, &a.sa, sizeof(a)));
	CALL("connect, closed fd", connect(999, &a.sa, sizeof(a)));
	CALL("send, not a socket", send(file, "x", 1, 0));
	CALL("recv, not a socket", recv(file, &a, 1, 0));
	CALL("send, closed fd", send(999, "x", 1, 0));
	say("getsockname, not a socket", "%s", name_text(file));
	say("getpeername, closed fd", "%s", peer_text(999));
	say("so_error, not a socket", "%s", so_error(file));
	CALL("setsockopt, closed fd", set_int(999, SOL_SOCKET,
	    SO_REUSEADDR, 1));
}

static void try_bind(const char *what, int type, const char *addr)
{
	char name[80];
	int fd = sock(type);

	snprintf(name, sizeof(name), "%s %s",
	    type == SOCK_STREAM ? "stream" : "dgram", what);
	CALL(name, bind_to(fd, fam, addr, 0));
	snprintf(name, sizeof(name), "%s %s, name",
	    type == SOCK_STREAM ? "stream" : "dgram", what);
	say(name, "%s", name_text(fd));
	close(fd);
}

static void bind_addresses(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (int i = 0; i < 2; i++) {
		int t = types[i];

		try_bind("given", t, NULL);
		if (fam == AF_INET) {
			try_bind("any", t, "0.0.0.0");
			try_bind("loopback", t, "127.0.0.1");
			try_bind("other loopback", t, "127.1.2.3");
			try_bind("foreign", t, "192.0.2.1");
			try_bind("multicast", t, "224.0.0.251");
			try_bind("broadcast", t, "255.255.255.255");
			try_bind("class e", t, "240.0.0.1");
		} else {
			try_bind("any", t, "::");
			try_bind("loopback", t, "::1");
			try_bind("foreign", t, "2001:db8::1");
			try_bind("multicast", t, "ff02::fb");
			try_bind("mapped", t, "::ffff:127.0.0.1");
			try_bind("mapped any", t, "::ffff:0.0.0.0");
			try_bind("mapped foreign", t, "::ffff:192.0.2.1");
			try_bind("link-local, no scope", t, "fe80::1");
		}
	}
}

static void bind_twice(void)
{
	int fd = sock(SOCK_STREAM), d = sock(SOCK_DGRAM), c, s;

	say("fresh", "%s", name_text(fd));
	say("fresh peer", "%s", peer_text(fd));
	CALL("first", bind_to(fd, fam, NULL, 0));
	CALL("second", bind_to(fd, fam, NULL, 0));
	say("name", "%s", name_text(fd));
	CALL("dgram first", bind_to(d, fam, NULL, 0));
	CALL("dgram second", bind_to(d, fam, NULL, 0));
	CALL("listen", listen(fd, 1));
	CALL("listening", bind_to(fd, fam, NULL, 0));
	tcp_pair(&c, &s);
	CALL("connected", bind_to(c, fam, NULL, 0));
	CALL("accepted", bind_to(s, fam, NULL, 0));
}

static void bind_listen(const char *name, bool explicit_bind)
{
	int fd = sock(SOCK_STREAM);

	if (explicit_bind)
		bind_to(fd, fam, NULL, 0);
	CALL(name, listen(fd, 0));
	say(explicit_bind ? "bound, name" : "unbound, name", "%s",
	    name_text(fd));
	close(fd);
}

static void sockname(void)
{
	int c, s, l, port, fd = sock(SOCK_STREAM);
	union any_addr a;
	socklen_t len;

	bind_to(fd, fam, NULL, 0);
	for (int n = 0; n < 32; n += 6) {
		char name[32];

		len = (socklen_t)n;
		memset(&a, 0x55, sizeof(a));
		snprintf(name, sizeof(name), "room %d", n);
		errno = 0;
		say(name, "%s len %u family %d beyond %d",
		    result(getsockname(fd, &a.sa, &len)), (unsigned)len,
		    n >= 2 ? a.sa.sa_family : 0,
		    ((char *)&a)[n] == 0x55);
	}
	len = (socklen_t)-1;
	CALL("negative", getsockname(fd, &a.sa, &len));
	len = sizeof(a);
	CALL("bad address", getsockname(fd, BAD, &len));
	CALL("null address", getsockname(fd, NULL, &len));
	CALL("null length", getsockname(fd, &a.sa, NULL));
	len = 0;
	CALL("null address, no room", getsockname(fd, NULL, &len));
	say("unconnected peer", "%s", peer_text(fd));
	l = tcp_listener(&port);
	say("listening peer", "%s", peer_text(l));
	tcp_pair(&c, &s);
	say("client", "%s", name_text(c));
	say("client's peer", "%s", peer_text(c));
	say("server", "%s", name_text(s));
	say("server's peer", "%s", peer_text(s));
	say("peers agree", "%d", port_of(c) > 0);
	len = 4;
	errno = 0;
	say("peer, room 4", "%s len %u", result(getpeername(c, &a.sa, &len)),
	    (unsigned)len);
	len = (socklen_t)-1;
	CALL("peer, negative", getpeername(c, &a.sa, &len));
	close(s);
	wait_for(c, POLLIN);
	say("peer after its close", "%s", peer_text(c));
	shutdown(c, SHUT_RDWR);
	settle();
	say("peer after both closed", "%s", peer_text(c));
	say("name after both closed", "%s", name_text(c));
}

static void connect_bad(void)
{
	static const int lens[] = { -1, 0, 1, 2, 8, 15, 16, 23, 24, 28, 128,
	    129 };
	int port = free_port(SOCK_STREAM), fd;
	union { union any_addr a; char room[256]; } u;
	char name[48];

	memset(&u, 0, sizeof(u));
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		u.a = addr_of(fam, NULL, port);
		fd = sock(SOCK_STREAM);
		snprintf(name, sizeof(name), "stream, length %d", lens[i]);
		CALL(name, connect(fd, &u.a.sa, (socklen_t)lens[i]));
		close(fd);
		fd = sock(SOCK_DGRAM);
		snprintf(name, sizeof(name), "dgram, length %d", lens[i]);
		CALL(name, connect(fd, &u.a.sa, (socklen_t)lens[i]));
		close(fd);
	}
	fd = sock(SOCK_STREAM);
	CALL("null", connect(fd, NULL, size_of(fam)));
	CALL("bad pointer", connect(fd, BAD, size_of(fam)));
	u.a.sa.sa_family = AF_UNIX;
	CALL("family unix", connect(fd, &u.a.sa, sizeof(u.a)));
	u.a.sa.sa_family = AF_UNSPEC;
	CALL("family unspec", connect(fd, &u.a.sa, sizeof(u.a)));
	u.a = addr_of(fam == AF_INET ? AF_INET6 : AF_INET, NULL, port);
	CALL("other family", connect(fd, &u.a.sa, sizeof(u.a)));
	close(fd);
	fd = sock(SOCK_DGRAM);
	u.a.sa.sa_family = AF_UNIX;
	CALL("dgram, family unix", connect(fd, &u.a.sa, sizeof(u.a)));
	u.a = addr_of(fam == AF_INET ? AF_INET6 : AF_INET, NULL, port);
	CALL("dgram, other family", connect(fd, &u.a.sa, sizeof(u.a)));
}

static void try_connect(const char *what, int type, const char *addr,
    int port)
{
	int fd = sock(type);
	char name[80];

	snprintf(name, sizeof(name), "%s %s",
	    type == SOCK_STREAM ? "stream" : "dgram", what);
	CALL(name, connect_to(fd, fam, addr, port));
	snprintf(name, sizeof(name), "%s %s, name",
	    type == SOCK_STREAM ? "stream" : "dgram", what);
	say(name, "%s", name_text(fd));
	snprintf(name, sizeof(name), "%s %s, peer",
	    type == SOCK_STREAM ? "stream" : "dgram", what);
	say(name, "%s", peer_text(fd));
	close(fd);
}

static void connect_addresses(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (int i = 0; i < 2; i++) {
		int t = types[i], port = free_port(t);

		try_connect("given", t, NULL, port);
		try_connect("port 0", t, NULL, 0);
		if (fam == AF_INET) {
			try_connect("any", t, "0.0.0.0", port);
			try_connect("other loopback", t, "127.1.2.3", port);
			try_connect("no route", t, "192.0.2.1", port);
			try_connect("broadcast", t, "255.255.255.255", port);
		} else {
			try_connect("any", t, "::", port);
			try_connect("no route", t, "2001:db8::1", port);
			try_connect("mapped", t, "::ffff:127.0.0.1", port);
			try_connect("mapped any", t, "::ffff:0.0.0.0", port);
			try_connect("mapped, no route", t,
			    "::ffff:192.0.2.1", port);
			try_connect("link-local, no scope", t, "fe80::1",
			    port);
		}
	}
	if (fam == AF_INET)
		try_connect("multicast", SOCK_STREAM, "224.0.0.251", 7);
	else
		try_connect("multicast", SOCK_STREAM, "ff02::fb", 7);
}

static void listening(void)
{
	int fd = sock(SOCK_STREAM), d = sock(SOCK_DGRAM), c, s, port;
	socklen_t len;
	union any_addr a;

	bind_listen("unbound", false);
	bind_listen("bound", true);
	CALL("dgram", listen(d, 1));
	CALL("accept, dgram", accept(d, NULL, NULL));
	CALL("accept, fresh", accept(fd, NULL, NULL));
	CALL("negative backlog", listen(fd, -1));
	CALL("again", listen(fd, 5));
	CALL("connect, listening", connect_to(fd, fam, NULL, 1));
	CALL("send, listening", send(fd, "x", 1, MSG_NOSIGNAL));
	CALL("recv, listening", recv(fd, &a, 1, 0));
	CALL("read, listening", read(fd, &a, 1));
	CALL("write, listening", write(fd, "x", 1));
	nonblock(fd, true);
	CALL("accept, none", accept(fd, NULL, NULL));
	CALL("accept4, bad flags", accept4(fd, NULL, NULL, 1));
	close(fd);
	tcp_pair(&c, &s);
	CALL("listen, connected", listen(c, 1));
	CALL("accept, connected", accept(c, NULL, NULL));
	fd = tcp_listener(&port);
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(fd, POLLIN);
	len = 8;
	OKAY("accept, room 8", accept(fd, &a.sa, &len));
	say("accept, length", "%u", (unsigned)len);
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(fd, POLLIN);
	CALL("accept, null length", accept(fd, &a.sa, NULL));
	nonblock(fd, true);
	OKAY("accept, after it", accept(fd, NULL, NULL));
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(fd, POLLIN);
	len = (socklen_t)-1;
	CALL("accept, negative length", accept(fd, &a.sa, &len));
	OKAY("accept, after that", accept(fd, NULL, NULL));
	len = sizeof(a);
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(fd, POLLIN);
	OKAY("accept", accept(fd, &a.sa, &len));
	say("accept, address", "%s", addr_text(&a, len));
}

static void inherit(const char *name, int flags, bool nb)
{
	int port, l = tcp_listener(&port), fd;

	if (nb)
		nonblock(l, true);
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(l, POLLIN);
	fd = accept4(l, NULL, NULL, flags);
	say(name, "cloexec %d nonblock %d",
	    !!(fcntl(fd, F_GETFD) & FD_CLOEXEC),
	    !!(fcntl(fd, F_GETFL) & O_NONBLOCK));
}

static void accept_flags(void)
{
	inherit("none", 0, false);
	inherit("none, nonblocking listener", 0, true);
	inherit("cloexec", SOCK_CLOEXEC, false);
	inherit("nonblock", SOCK_NONBLOCK, false);
	inherit("both", SOCK_NONBLOCK | SOCK_CLOEXEC, true);
}

/* How datagram sockets are connected, again and no more. */
static void udp_connect(void)
{
	int one, two, fd = sock(SOCK_DGRAM);
	union any_addr un = { .sa.sa_family = AF_UNSPEC };

	udp_bound(&one);
	udp_bound(&two);
	say("fresh", "%s", name_text(fd));
	CALL("connect", connect_to(fd, fam, NULL, one));
	say("name", "%s", name_text(fd));
	say("peer", "%s", peer_text(fd));
	CALL("again", connect_to(fd, fam, NULL, two));
	say("peer is the second", "%s", peer_text(fd));
	CALL("dissolve", connect(fd, &un.sa, sizeof(un.sa)));
	say("name after it", "%s", name_text(fd));
	say("peer after it", "%s", peer_text(fd));
	CALL("dissolve again", connect(fd, &un.sa, sizeof(un.sa)));
	CALL("unspec, two bytes", connect(fd, &un.sa, 2));
	CALL("connect once more", connect_to(fd, fam, NULL, one));
	close(fd);
	fd = sock(SOCK_DGRAM);
	NEED(bind_to(fd, fam, NULL, 0));
	CALL("bound, connect", connect_to(fd, fam, NULL, one));
	CALL("bound, dissolve", connect(fd, &un.sa, sizeof(un.sa)));
	say("bound, name stays", "%s", name_text(fd));
	close(fd);
	fd = sock(SOCK_DGRAM);
	NEED(bind_to(fd, fam, fam == AF_INET ? "0.0.0.0" : "::", 0));
	CALL("bound to any, connect", connect_to(fd, fam, NULL, one));
	say("bound to any, name", "%s", name_text(fd));
	CALL("bound to any, dissolve", connect(fd, &un.sa, sizeof(un.sa)));
	say("bound to any, name after", "%s", name_text(fd));
	CALL("bind after it", bind_to(fd, fam, NULL, 0));
}

static const struct conform_case cases[] = {
	{ "kinds", kinds, false },
	{ "domains", domains, true },
	{ "files", files, false },
	{ "bind-lengths", bind_lengths, false },
	{ "bind-bad", bind_bad, false },
	{ "bind-addresses", bind_addresses, false },
	{ "bind-twice", bind_twice, false },
	{ "sockname", sockname, false },
	{ "connect-bad", connect_bad, false },
	{ "connect-addresses", connect_addresses, false },
	{ "listening", listening, false },
	{ "accept-flags", accept_flags, false },
	{ "udp-connect", udp_connect, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
