/*
 * h_conform_holds.c: what a socket holds, in each state and after its end:
 * its port, and a line in the list of sockets.
 */
#include "h_conform.h"

/* States in /proc/net/tcp of what has that local port, in order. */
static const char *listed(int port)
{
	static char text[128];
	char line[512];
	unsigned at, state, count[16] = { 0 };
	FILE *f = fopen(fam == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6",
	    "r");

	text[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x",
		    &at, &state) == 2 && at == (unsigned)port && state < 16)
			count[state]++;
	if (f)
		fclose(f);
	for (unsigned i = 0; i < 16; i++)
		while (count[i]--)
			snprintf(text + strlen(text), sizeof(text) -
			    strlen(text), "%s%u", *text ? " " : "", i);
	return *text ? text : "nothing";
}

/* May another have the port, at once? */
static const char *port_free(int type, int port)
{
	int fd = sock(type);
	const char *r = result(bind_to(fd, fam, NULL, port));

	close(fd);
	return r;
}

static void show(const char *when, int port)
{
	char name[64];

	snprintf(name, sizeof(name), "%s, port", when);
	say(name, "%s", port_free(SOCK_STREAM, port));
	snprintf(name, sizeof(name), "%s, listed", when);
	say(name, "%s", listed(port));
}

/* Closed a moment ago: the port is looked at with nothing in between. */
static void show_closed(int fd, int port)
{
	close(fd);
	say("closed, port", "%s", port_free(SOCK_STREAM, port));
	say("closed, listed", "%s", listed(port));
}

static void fresh(void)
{
	int fd = sock(SOCK_STREAM), port;

	NEED(bind_to(fd, fam, NULL, 0));
	port = port_of(fd);
	say("bound, port", "%s", port_free(SOCK_STREAM, port));
	show_closed(fd, port);
}

static void listening(void)
{
	int port, fd = tcp_listener(&port), c = sock(SOCK_STREAM);

	show("listens", port);
	show_closed(fd, port);
	fd = tcp_listener(&port);
	NEED(connect_to(c, fam, NULL, port));
	close(fd);
	say("closed with one not accepted, port", "%s",
	    port_free(SOCK_STREAM, port));
	close(c);
}

/* "Find a free port", often. */
static void again_and_again(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (int t = 0; t < 2; t++)
		for (int listens = 0; listens < 2 - t; listens++) {
			int bad = 0, port, fd;
			char name[64];

			for (int i = 0; i < 500; i++) {
				fd = sock(types[t]);
				NEED(bind_to(fd, fam, NULL, 0));
				port = port_of(fd);
				if (listens)
					NEED(listen(fd, 1));
				close(fd);
				fd = sock(types[t]);
				bad += bind_to(fd, fam, NULL, port) < 0;
				close(fd);
			}
			snprintf(name, sizeof(name), "%s%s, in use",
			    t ? "datagrams" : "streams", listens ?
			    " that listen" : "");
			say(name, "%d of 500", bad);
		}
}

static void connecting(void)
{
	int fd = sock(SOCK_STREAM), port;
	bool own = bind_to(fd, fam, fam == AF_INET ? "10.0.0.1" : "fd00::1",
	    0) == 0;

	NEED(own ? 0 : -1);
	port = port_of(fd);
	nonblock(fd, true);
	CALL("connect", connect_to(fd, fam, fam == AF_INET ? "10.0.0.77" :
	    "fd00::77", 7));
	say("port", "%s", result(bind_to(sock(SOCK_STREAM), fam,
	    fam == AF_INET ? "10.0.0.1" : "fd00::1", port)));
	say("listed", "%s", listed(port));
	close(fd);
	say("closed, port", "%s", result(bind_to(sock(SOCK_STREAM), fam,
	    fam == AF_INET ? "10.0.0.1" : "fd00::1", port)));
	say("closed, listed", "%s", listed(port));
}

/* A connection attempt that was refused: a chosen port is kept, another not. */
static void refused(void)
{
	for (int chosen = 0; chosen < 2; chosen++) {
		int fd = sock(SOCK_STREAM), port, to = free_port(SOCK_STREAM);

		if (chosen)
			NEED(bind_to(fd, fam, NULL, free_port(SOCK_STREAM)));
		nonblock(fd, true);
		connect_to(fd, fam, NULL, to);
		port = port_of(fd);
		wait_for(fd, POLLOUT);
		say("so_error", "%s", so_error(fd));
		show(chosen ? "chosen" : "given", port);
		close(fd);
		say("closed, port", "%s", port_free(SOCK_STREAM, port));
		strcat(case_name, "2");
	}
}

/* One end of a connection that the other end has reset. */
static int was_reset(bool chosen, int *port)
{
	struct linger hard = { 1, 0 };
	int to, l = tcp_listener(&to), c = sock(SOCK_STREAM), s;

	if (chosen)
		NEED(bind_to(c, fam, NULL, free_port(SOCK_STREAM)));
	NEED(connect_to(c, fam, NULL, to));
	NEED(s = accept(l, NULL, NULL));
	*port = port_of(c);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s);
	close(l);
	wait_for(c, POLLHUP);
	return c;
}

static void reset(void)
{
	for (int chosen = 0; chosen < 2; chosen++) {
		int port, fd = was_reset(chosen, &port);

		show(chosen ? "chosen" : "given", port);
		show_closed(fd, port);
		strcat(case_name, "2");
	}
}

/* Who resets has nothing left, and may have the port at once. */
static void resets(void)
{
	struct linger hard = { 1, 0 };
	int c, s, port;

	tcp_pair(&c, &s);
	port = port_of(c);
	show("connected", port);
	setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	show_closed(c, port);
	tcp_pair(&c, &s);
	port = port_of(c);
	NEED(write(s, "unread", 6));
	wait_for(c, POLLIN);
	close(c);
	say("closed with data unread, port", "%s",
	    port_free(SOCK_STREAM, port));
}

static void halves(void)
{
	int c, s, port;

	tcp_pair(&c, &s);
	port = port_of(c);
	shutdown(c, SHUT_WR);
	wait_for(s, POLLRDHUP);
	settle();
	show("shut down here", port);
	shutdown(s, SHUT_WR);
	wait_for(c, POLLHUP);
	say("over, port", "%s", port_free(SOCK_STREAM, port));
	close(s);
	close(c);
	say("closed, port", "%s", port_free(SOCK_STREAM, port));
	tcp_pair(&c, &s);
	port = port_of(c);
	shutdown(s, SHUT_WR);
	wait_for(c, POLLRDHUP);
	show("shut down there", port);
}

/* A connection to oneself is one of simultaneous open, RFC 9293. */
static void itself(void)
{
	int fd = sock(SOCK_STREAM), port = free_port(SOCK_STREAM);
	char b[8];

	NEED(bind_to(fd, fam, NULL, port));
	CALL("connect", connect_to(fd, fam, NULL, port));
	CALL("write", write(fd, "me", 2));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("read", read(fd, b, sizeof(b)));
	say("peer", "%s", peer_text(fd));
	show("connected", port);
	CALL("shutdown", shutdown(fd, SHUT_WR));
	say("end", "%d", wait_for(fd, POLLHUP));
	CALL("read the end", read(fd, b, sizeof(b)));
}

/* Windows are full, and nobody takes anything: TCP_USER_TIMEOUT. */
static void user_timeout(void)
{
	static char buf[65536];
	int c, s;
	long t;

	tcp_pair(&c, &s);
	set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500);
	nonblock(c, true);
	while (poll_fd(c, POLLOUT, 500) & POLLOUT)
		write(c, buf, sizeof(buf));
	t = now_ms();
	say("gives up", "%d", (poll_fd(c, 0, 12000) & POLLHUP) != 0);
	say("in a few seconds", "%d", now_ms() - t < 8000);
	say("so_error", "%s", so_error(c));
	CALL("write", send(c, "x", 1, MSG_NOSIGNAL));
	CALL("read", read(c, buf, 1));
}

static const struct conform_case cases[] = {
	{ "fresh", fresh, false },
	{ "listening", listening, false },
	{ "again", again_and_again, false },
	{ "connecting", connecting, false },
	{ "refused", refused, false },
	{ "reset", reset, false },
	{ "resets", resets, false },
	{ "halves", halves, false },
	{ "itself", itself, false },
	{ "user-timeout", user_timeout, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
