/* h_conform_stream.c: streams: how they begin and end. */
#include "tests/h_conform.h"

static void fresh(void)
{
	int fd = sock(SOCK_STREAM), port;
	char b[4];

	show_ready("fresh", fd);
	CALL("send", send(fd, "x", 1, MSG_NOSIGNAL));
	CALL("recv", recv(fd, b, 1, 0));
	CALL("recv, dontwait", recv(fd, b, 1, MSG_DONTWAIT));
	CALL("read", read(fd, b, 1));
	CALL("write", write(fd, "x", 1));
	CALL("shutdown", shutdown(fd, SHUT_WR));
	CALL("shutdown 3", shutdown(fd, 3));
	CALL("shutdown -1", shutdown(fd, -1));
	say("so_error", "%s", so_error(fd));
	NEED(bind_to(fd, fam, NULL, 0));
	show_ready("bound", fd);
	fd = tcp_listener(&port);
	show_ready("listening", fd);
	connect_to(sock(SOCK_STREAM), fam, NULL, port);
	wait_for(fd, POLLIN);
	show_ready("with a connection", fd);
	CALL("shut down the listener", shutdown(fd, SHUT_RDWR));
	show_ready("shut down", fd);
	CALL("accept then", accept(fd, NULL, NULL));
	CALL("listen again", listen(fd, 5));
	show_ready("listening again", fd);
}

static void connecting(void)
{
	int port, l = tcp_listener(&port), fd = sock(SOCK_STREAM), err;
	socklen_t len = sizeof(err);

	nonblock(fd, true);
	CALL("connect", connect_to(fd, fam, NULL, port));
	say("comes", "%d", wait_for(fd, POLLOUT));
	show_ready("connected", fd);
	say("so_error", "%s", so_error(fd));
	CALL("connect again", connect_to(fd, fam, NULL, port));
	CALL("and again", connect_to(fd, fam, NULL, port));
	CALL("write", write(fd, "x", 1));
	close(fd);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	connect_to(fd, fam, NULL, port);
	wait_for(fd, POLLOUT);
	CALL("first getsockopt", getsockopt(fd, SOL_SOCKET, SO_ERROR, &err,
	    &len));
	CALL("then connect", connect_to(fd, fam, NULL, port));
	CALL("then again", connect_to(fd, fam, NULL, port));
	close(l);
	wait_for(fd, POLLIN);
	show_ready("the listener is closed", fd);
}

static void refused(void)
{
	int port = free_port(SOCK_STREAM), fd = sock(SOCK_STREAM), l;
	char b[4];

	CALL("blocking", connect_to(fd, fam, NULL, port));
	say("so_error", "%s", so_error(fd));
	show_ready("after it", fd);
	CALL("again", connect_to(fd, fam, NULL, port));
	l = sock(SOCK_STREAM);
	NEED(bind_to(l, fam, NULL, port));
	NEED(listen(l, 1));
	CALL("and then with success", connect_to(fd, fam, NULL, port));
	close(fd);
	close(l);
	port = free_port(SOCK_STREAM);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	CALL("nonblocking", connect_to(fd, fam, NULL, port));
	say("comes", "%d", wait_for(fd, POLLOUT));
	settle();
	show_ready("refused", fd);
	say("peer", "%s", peer_text(fd));
	say("pending so_error", "%s", so_error(fd));
	say("second so_error", "%s", so_error(fd));
	show_ready("after so_error", fd);
	CALL("read", read(fd, b, 1));
	CALL("write", write(fd, b, 1));
	close(fd);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	connect_to(fd, fam, NULL, port);
	wait_for(fd, POLLOUT);
	settle();
	CALL("read first", read(fd, b, 1));
	say("so_error then", "%s", so_error(fd));
	close(fd);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	connect_to(fd, fam, NULL, port);
	wait_for(fd, POLLOUT);
	settle();
	CALL("write first", write(fd, b, 1));
	say("so_error after that", "%s", so_error(fd));
	close(fd);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	connect_to(fd, fam, NULL, port);
	wait_for(fd, POLLOUT);
	settle();
	CALL("connect first", connect_to(fd, fam, NULL, port));
	CALL("connect once more", connect_to(fd, fam, NULL, port));
	settle();
	CALL("shutdown", shutdown(fd, SHUT_RDWR));
}

/* Nobody answers there, so that a connect takes long. */
static const char *nowhere(void)
{
	return fam == AF_INET ? "10.0.0.77" : "fd00::77";
}

static void pending(void)
{
	int fd = sock(SOCK_STREAM), epfd;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct timeval tv = { 0, 200000 };
	long t;
	char b[4];

	nonblock(fd, true);
	CALL("connect", connect_to(fd, fam, nowhere(), 7));
	show_ready("pending", fd);
	CALL("connect again", connect_to(fd, fam, nowhere(), 7));
	CALL("send", send(fd, "x", 1, MSG_NOSIGNAL));
	CALL("recv", recv(fd, b, 1, 0));
	say("so_error", "%s", so_error(fd));
	say("peer", "%s", peer_text(fd));
	CALL("listen", listen(fd, 1));
	CALL("bind", bind_to(fd, fam, NULL, 0));
	epfd = epoll_create1(0);
	epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
	CALL("epoll", epoll_wait(epfd, &ev, 1, QUIET_MS));
	CALL("shutdown", shutdown(fd, SHUT_RDWR));
	settle();
	show_ready("shut down", fd);
	say("so_error then", "%s", so_error(fd));
	close(fd);
	fd = sock(SOCK_STREAM);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	t = now_ms();
	CALL("with a time-out", connect_to(fd, fam, nowhere(), 7));
	say("it lasts", "%d", now_ms() - t >= 190 && now_ms() - t < 2000);
	CALL("blocking, again", connect_to(fd, fam, nowhere(), 7));
	show_ready("goes on", fd);
	close(fd);
	fd = sock(SOCK_STREAM);
	t = now_ms();
	CALL("blocking", connect_to(fd, fam, nowhere(), 7));
	t = now_ms() - t;
	say("in about three seconds", "%d", t > 1500 && t < 4500);
	CALL("no route", connect_to(fd, fam, fam == AF_INET ? "192.0.2.1" :
	    "2001:db8::1", 7));
	close(fd);
	fd = sock(SOCK_STREAM);
	nonblock(fd, true);
	connect_to(fd, fam, nowhere(), 7);
	say("nonblocking comes", "%d", poll_fd(fd, POLLOUT, 6000) != 0);
	show_ready("unreachable", fd);
	say("its so_error", "%s", so_error(fd));
}

static void interrupted(int flags, const char *what)
{
	struct itimerval it = { .it_value.tv_usec = 150000 };
	int fd = sock(SOCK_STREAM), l, port, c, s;
	struct timeval tv = { 0, 500000 };
	char name[64], b[4];

	handle(SIGALRM, flags);
	setitimer(ITIMER_REAL, &it, NULL);
	snprintf(name, sizeof(name), "%s connect", what);
	CALL(name, connect_to(fd, fam, nowhere(), 7));
	if (!flags) {
		snprintf(name, sizeof(name), "%s connect again", what);
		setitimer(ITIMER_REAL, &it, NULL);
		CALL(name, connect_to(fd, fam, nowhere(), 7));
		snprintf(name, sizeof(name), "%s then", what);
		show_ready(name, fd);
	}
	close(fd);
	l = tcp_listener(&port);
	/* With a time-out a call is never restarted. */
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setitimer(ITIMER_REAL, &it, NULL);
	snprintf(name, sizeof(name), "%s accept with a time-out", what);
	CALL(name, accept(l, NULL, NULL));
	snprintf(name, sizeof(name), "%s accept, time over", what);
	CALL(name, accept(l, NULL, NULL));
	tcp_pair(&c, &s);
	if (flags) {
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
		setitimer(ITIMER_REAL, &it, NULL);
		snprintf(name, sizeof(name), "%s recv with a time-out", what);
		CALL(name, recv(s, b, 1, 0));
		snprintf(name, sizeof(name), "%s recv, time over", what);
		CALL(name, recv(s, b, 1, 0));
		return;
	}
	setitimer(ITIMER_REAL, &it, NULL);
	snprintf(name, sizeof(name), "%s recv", what);
	CALL(name, recv(s, b, 1, 0));
	setitimer(ITIMER_REAL, &it, NULL);
	snprintf(name, sizeof(name), "%s read", what);
	CALL(name, read(s, b, 1));
	memset(&tv, 0, sizeof(tv));
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setitimer(ITIMER_REAL, &it, NULL);
	snprintf(name, sizeof(name), "%s accept", what);
	CALL(name, accept(l, NULL, NULL));
}

static void eintr(void) { interrupted(0, "plain"); }
static void restart(void) { interrupted(SA_RESTART, "restart"); }

/* A signal, then what was waited for: SA_RESTART goes on waiting. */
static void restarted(void)
{
	struct itimerval it = { .it_value.tv_usec = 100000 };
	int port, l = tcp_listener(&port), c, s;
	pid_t pid;
	char b[4];

	handle(SIGALRM, SA_RESTART);
	pid = fork();
	if (!pid) {
		pause_ms(300);
		c = sock(SOCK_STREAM);
		connect_to(c, fam, NULL, port);
		pause_ms(300);
		write(c, "x", 1);
		_exit(0);
	}
	setitimer(ITIMER_REAL, &it, NULL);
	OKAY("accept", s = accept(l, NULL, NULL));
	setitimer(ITIMER_REAL, &it, NULL);
	CALL("recv", recv(s, b, 1, 0));
	ended(pid);
}

static void shut_halves(void)
{
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	show_ready("connected", c);
	CALL("write", write(c, "hello", 5));
	CALL("shutdown write", shutdown(c, SHUT_WR));
	CALL("write after", send(c, "x", 1, MSG_NOSIGNAL));
	say("data comes", "%d", wait_for(s, POLLRDHUP));
	show_ready("peer has shut down", s);
	CALL("read", read(s, b, sizeof(b)));
	CALL("end", read(s, b, sizeof(b)));
	CALL("end again", read(s, b, sizeof(b)));
	show_ready("at the end", s);
	show_ready("half closed here", c);
	CALL("back", write(s, "back", 4));
	say("it comes", "%d", wait_for(c, POLLIN));
	CALL("read back", read(c, b, sizeof(b)));
	CALL("shutdown again", shutdown(c, SHUT_WR));
	CALL("shutdown other", shutdown(s, SHUT_WR));
	wait_for(c, POLLHUP);
	settle();
	show_ready("both", c);
	show_ready("both, other", s);
	CALL("read at both", read(c, b, sizeof(b)));
	say("so_error", "%s", so_error(c));
	CALL("shutdown after both", shutdown(c, SHUT_RDWR));
}

static void shut_read(void)
{
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	write(s, "early", 5);
	wait_for(c, POLLIN);
	CALL("shutdown read", shutdown(c, SHUT_RD));
	settle();
	show_ready("shut", c);
	CALL("what was there", read(c, b, sizeof(b)));
	CALL("then the end", read(c, b, sizeof(b)));
	CALL("peer writes", write(s, "late", 4));
	settle();
	show_ready("the writer", s);
	CALL("peer writes on", write(s, "late", 4));
	CALL("own write", write(c, "mine", 4));
	say("it comes", "%d", wait_for(s, POLLIN));
	CALL("read", read(s, b, sizeof(b)));
	CALL("all", shutdown(s, SHUT_RDWR));
}

static void rdwr(void)
{
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	CALL("shutdown", shutdown(c, SHUT_RDWR));
	settle();
	show_ready("here", c);
	CALL("read", read(c, b, 1));
	CALL("send", send(c, b, 1, MSG_NOSIGNAL));
	say("comes there", "%d", wait_for(s, POLLIN));
	show_ready("there", s);
	CALL("write there", write(s, "x", 1));
	settle();
	CALL("then here", read(c, b, 1));
	say("so_error there", "%s", so_error(s));
}

/* The other end is closed in different ways. */
static void closed(void)
{
	struct linger hard = { 1, 0 };
	int c, s;
	char b[16];

	tcp_pair(&c, &s);
	write(s, "bye", 3);
	close(s);
	wait_for(c, POLLRDHUP);
	show_ready("close with data sent", c);
	CALL("read", read(c, b, sizeof(b)));
	CALL("end", read(c, b, sizeof(b)));
	CALL("write 1", send(c, "x", 1, MSG_NOSIGNAL));
	wait_for(c, POLLERR | POLLHUP);
	settle();
	show_ready("after the reset", c);
	say("so_error", "%s", so_error(c));
	CALL("write 2", send(c, "x", 1, MSG_NOSIGNAL));
	CALL("read then", read(c, b, sizeof(b)));
	close(c);

	tcp_pair(&c, &s);
	write(c, "unread", 6);
	wait_for(s, POLLIN);
	close(s);
	wait_for(c, POLLERR | POLLHUP);
	show_ready("close with data unread", c);
	CALL("reset read", read(c, b, sizeof(b)));
	CALL("reset read 2", read(c, b, sizeof(b)));
	say("reset so_error", "%s", so_error(c));
	CALL("reset write", send(c, "x", 1, MSG_NOSIGNAL));
	close(c);

	tcp_pair(&c, &s);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s);
	wait_for(c, POLLERR | POLLHUP);
	show_ready("linger 0", c);
	say("linger 0 so_error", "%s", so_error(c));
	say("linger 0 so_error 2", "%s", so_error(c));
	CALL("linger 0 read", read(c, b, sizeof(b)));
	close(c);

	tcp_pair(&c, &s);
	write(s, "lost?", 5);
	wait_for(c, POLLIN);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s);
	wait_for(c, POLLERR | POLLHUP);
	CALL("linger 0 with data, write", send(c, "x", 1, MSG_NOSIGNAL));
	CALL("linger 0 with data, write 2", send(c, "x", 1, MSG_NOSIGNAL));
	say("peer after a reset", "%s", peer_text(c));
	say("name after a reset", "%s", name_text(c));
	CALL("shutdown after a reset", shutdown(c, SHUT_WR));
}

static void never_accepted(void)
{
	int port, l = tcp_listener(&port), c = sock(SOCK_STREAM);
	char b[4];

	NEED(connect_to(c, fam, NULL, port));
	CALL("write", write(c, "x", 1));
	close(l);
	say("ends", "%d", wait_for(c, POLLERR | POLLHUP));
	show_ready("reset", c);
	CALL("read", read(c, b, 1));
	l = tcp_listener(&port);
	c = sock(SOCK_STREAM);
	NEED(connect_to(c, fam, NULL, port));
	close(l);
	say("without data", "%d", wait_for(c, POLLERR | POLLHUP));
	CALL("read, without data", read(c, b, 1));
}

/* What was accepted ends as others do, even with its listener. */
static void with_listener(void)
{
	static const char *const order[] = { "listener first", "listener last",
	    "both at an exit" };
	char b[4];

	for (int i = 0; i < 3; i++) {
		int port, l = tcp_listener(&port), c = sock(SOCK_STREAM), s;
		pid_t pid = 0;

		NEED(connect_to(c, fam, NULL, port));
		if (i < 2 || !(pid = fork())) {
			s = accept(l, NULL, NULL);
			if (i == 2)
				_exit(s < 0);
			close(i ? s : l);
			close(i ? l : s);
		} else {
			close(l);
			say("exits", "%s", ended(pid));
		}
		CALL(order[i], read(c, b, 1));
	}
}

static void sigpipe(void)
{
	static const char *const how[] = { "write", "send", "nosignal",
	    "writev", "sendmsg", "fresh" };

	for (int i = 0; i < 6; i++) {
		pid_t pid = fork();
		struct iovec iov = { "x", 1 };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
		int c, s;

		if (pid) {
			say(how[i], "%s", ended(pid));
			continue;
		}
		signal(SIGPIPE, SIG_DFL);
		tcp_pair(&c, &s);
		shutdown(c, SHUT_WR);
		switch (i) {
		case 0: write(c, "x", 1); break;
		case 1: send(c, "x", 1, 0); break;
		case 2: send(c, "x", 1, MSG_NOSIGNAL); break;
		case 3: writev(c, &iov, 1); break;
		case 4: sendmsg(c, &m, 0); break;
		case 5: write(sock(SOCK_STREAM), "x", 1); break;
		}
		_exit(errno == EPIPE ? 0 : 1);
	}
}

static void dissolve(void)
{
	int port, l = tcp_listener(&port), c = sock(SOCK_STREAM), s;
	union any_addr un = { .sa.sa_family = AF_UNSPEC };
	char b[4];

	NEED(connect_to(c, fam, NULL, port));
	s = accept(l, NULL, NULL);
	CALL("unspec", connect(c, &un.sa, sizeof(un.sa)));
	say("peer sees it", "%d", wait_for(s, POLLERR | POLLHUP));
	CALL("peer reads", read(s, b, 1));
	say("name", "%s", peer_text(c));
	CALL("connect again", connect_to(c, fam, NULL, port));
	s = accept(l, NULL, NULL);
	CALL("write", write(c, "x", 1));
	say("comes", "%d", wait_for(s, POLLIN));
	CALL("unspec, fresh", connect(sock(SOCK_STREAM), &un.sa,
	    sizeof(un.sa)));
	CALL("unspec, listening", connect(l, &un.sa, sizeof(un.sa)));
}

static const struct conform_case cases[] = {
	{ "fresh", fresh, false },
	{ "connecting", connecting, false },
	{ "refused", refused, false },
	{ "pending", pending, false },
	{ "eintr", eintr, false },
	{ "restart", restart, true },
	{ "restarted", restarted, false },
	{ "shut-halves", shut_halves, false },
	{ "shut-read", shut_read, false },
	{ "rdwr", rdwr, false },
	{ "closed", closed, false },
	{ "never-accepted", never_accepted, false },
	{ "with-listener", with_listener, false },
	{ "sigpipe", sigpipe, false },
	{ "dissolve", dissolve, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
