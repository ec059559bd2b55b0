/*
 * setup.h: steps that make sockets and give them names.
 */
#ifndef TESTS_RANDOM_SETUP_H
#define TESTS_RANDOM_SETUP_H

#include "tests/random/addr.h"
#include "tests/random/differ.h"

static void make_socket(struct slot *unused)
{
	int domain = one_in(2) ? AF_INET : AF_INET6;
	int type = one_in(2) ? SOCK_STREAM : SOCK_DGRAM;
	bool blocking = one_in(3);
	int fd = socket(domain, type | (blocking ? 0 : SOCK_NONBLOCK), 0);
	struct slot *s = put(fd, domain, type, false);

	(void)unused;
	if (!s)
		return;
	if (domain == AF_INET6 && one_in(4))
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (one_in(3))
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	tell(" s%d: %s%d%s", number(s), type == SOCK_STREAM ? "TCP" : "UDP",
	    domain == AF_INET ? 4 : 6, blocking ? " blocking" : "");
}

static void make_listener(struct slot *unused)
{
	int domain = one_in(2) ? AF_INET : AF_INET6;
	int fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct slot *s = put(fd, domain, SOCK_STREAM, false);

	(void)unused;
	if (!s)
		return;
	bind_to(fd, domain, one_in(2) ? NULL : domain == AF_INET ? "0.0.0.0" :
	    "::", base_port + (int)pick(GIVEN));
	tell(" s%d", number(s));
	gives("%s", result(listen(fd, ONE_OF(0, 1, 8))));
}

static void make_pair(struct slot *unused)
{
	bool blocking = one_in(3);
	int fd[2];

	(void)unused;
	fam = one_in(2) ? AF_INET : AF_INET6;
	given6 = fam == AF_INET6 && one_in(4) ? "::ffff:127.0.0.1" : "::1";
	if (one_in(3)) {
		int port;

		fd[0] = udp_bound(&port);
		fd[1] = sock(SOCK_DGRAM);
		NEED(connect_to(fd[1], fam, NULL, port));
		if (one_in(2))
			NEED(connect_to(fd[0], fam, NULL, port_of(fd[1])));
	} else {
		tcp_pair(&fd[0], &fd[1]);
	}
	given6 = "::1";
	for (int i = 0; i < 2; i++) {
		int type = 0;
		socklen_t len = sizeof(type);
		struct slot *s;

		getsockopt(fd[i], SOL_SOCKET, SO_TYPE, &type, &len);
		nonblock(fd[i], !blocking);
		s = put(fd[i], fam, type, true);
		if (s)
			tell(" s%d: %s%d%s", number(s), type == SOCK_STREAM ?
			    "TCP" : "UDP", fam == AF_INET ? 4 : 6,
			    blocking ? " blocking" : "");
	}
}

static void do_bind(struct slot *s)
{
	socklen_t len;
	union any_addr a = random_addr(s, &len);

	if (differs_bind(s))
		return;
	gives("%s", result(bind(s->fd, maybe_bad(&a, 40), len)));
}

static void do_connect(struct slot *s)
{
	socklen_t len;
	union any_addr a = random_addr(s, &len);
	const void *p = maybe_bad(&a, 40);
	long r;

	if (differs_connect(s, &a))
		return;
	r = connect(s->fd, p, len);
	gives("%s", result(r));
	if (!r && differs_after(s, &a))
		drop(s);
	s->used = true;
}

static void do_listen(struct slot *s)
{
	int backlog = ONE_OF(0, 1, 8, -1);

	tell(" %d", backlog);
	gives("%s", result(listen(s->fd, backlog)));
}

static void do_accept(struct slot *s)
{
	socklen_t size = name_sizes[pick(COUNT(name_sizes))], len = size;
	int flags = ONE_OF(0, SOCK_NONBLOCK, SOCK_NONBLOCK, SOCK_CLOEXEC, 1);
	union any_addr a;
	void *p = (void *)(uintptr_t)maybe_bad(&a, 20);
	bool old = one_in(3);
	struct slot *made;
	int fd;

	memset(&a, 0, sizeof(a));
	tell(" %d bytes, flags %#x", (int)size, old ? 0 : (unsigned)flags);
	fd = old ? accept(s->fd, p, &len) : accept4(s->fd, p, &len, flags);
	made = put(fd, s->domain, SOCK_STREAM, true);
	if (!made)
		gives("%s, %d bytes", okay(fd), (int)len);
	else
		gives("s%d, %d bytes, %s", number(made), (int)len,
		    address(&a, len < size ? len : size));
}

static void do_names(struct slot *s)
{
	socklen_t size = name_sizes[pick(COUNT(name_sizes))], len = size;
	bool peer = one_in(2);
	union any_addr a;
	void *p = (void *)(uintptr_t)maybe_bad(&a, 20);
	long r;

	memset(&a, 0, sizeof(a));
	tell(" %s %d bytes", peer ? "peer" : "own", (int)size);
	r = peer ? getpeername(s->fd, p, &len) : getsockname(s->fd, p, &len);
	gives("%s, %d bytes, %s", result(r), p == BAD ? 0 : (int)len,
	    r < 0 ? "-" : address(&a, len < size ? len : size));
}

#endif
