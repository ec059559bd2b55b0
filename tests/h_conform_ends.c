/*
 * h_conform_ends.c: how streams end, in all ways.  What two sides did before,
 * what is unread or unsent and who asks first are the axes of a table; the
 * cases are generated so that all values of each two axes meet (of each
 * three, with ENDS=3), always the same for one seed (SEED).
 *
 * usage: h_conform_ends		both sides on one host
 *	  h_conform_ends, with PEER set	the other side is on another host:
 *	  h_conform_ends peer		that one
 *
 * Three processes have a case: "it" has the socket that is looked at, "other"
 * the other end, and the one that made "it" tells both what to do, by a socket
 * of the machine's, and outlives them.
 */
#include "h_conform.h"

#include <stddef.h>
#include <sys/un.h>

#define AT_ONCE		12	/* cases at a time */
#define AT_ONCE_MANY	6	/* of many, most of them with full windows */
#define SETTLE_MS	250	/* until what was done is seen elsewhere */
#define IT4		"10.0.0.1"
#define IT6		"fd00::1"
#define OTHER4		"10.0.0.2"
#define OTHER6		"fd00::2"

enum axis { ROLE, WROTE, READ, SHUT, OWROTE, OREAD, OEND, POLLED, FIRST, END,
	OFIRST, NUM_AXES };
enum { BLOCKING, NONBLOCKING, ACCEPTED };
enum { NONE, SMALL, FULL, BLOCKED };		/* written */
enum { SOME = 1, ALL };				/* read */
enum { SHUT_RD_ = 1, SHUT_WR_, SHUT_BOTH };
enum { CLOSE, LINGER, EXIT, KILL, STAY, HALF };	/* ends; the last two: other */
enum { BY_READ, BY_WRITE, BY_POLL, BY_ERROR, BY_CONNECT };

#define MAX_VALUES	6
static const struct {
	const char *name;
	const char *values[MAX_VALUES + 1];
} axes[NUM_AXES] = {
	[ROLE] = { "", { "blocking", "nonblocking", "accepted" } },
	[WROTE] = { "wrote=", { "none", "small", "full", "blocked" } },
	[READ] = { "read=", { "none", "some", "all" } },
	[SHUT] = { "shut=", { "no", "rd", "wr", "both" } },
	[OWROTE] = { "other-wrote=", { "none", "small", "full" } },
	[OREAD] = { "other-read=", { "no", "yes" } },
	[OEND] = { "other=", { "close", "linger0", "exit", "kill", "stay",
	    "half" } },
	[POLLED] = { "polled=", { "no", "yes" } },
	[FIRST] = { "first=", { "read", "write", "poll", "error", "connect" } },
	[END] = { "end=", { "close", "linger0", "exit", "kill" } },
	[OFIRST] = { "other-first=", { "read", "write", "poll", "error" } },
};

struct scenario {
	int family;
	uint8_t v[NUM_AXES];
};

static int values_of(int axis)
{
	int n = 0;

	while (axes[axis].values[n])
		n++;
	return n;
}

/* The cases. */

#define COMBINATIONS	(NUM_AXES * NUM_AXES * NUM_AXES * MAX_VALUES * \
	MAX_VALUES * MAX_VALUES)
static uint8_t met[COMBINATIONS];
static int strength = 2;

static unsigned dice(unsigned n)
{
	static uint64_t state;

	if (!state)
		state = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 11;
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

/*
 * Count the combinations of a case that no other has had; mark: it has them
 * now.  Of two axes only, the third is the second.
 */
static int news(const struct scenario *sc, bool mark)
{
	int n = 0;

	for (int i = 0; i < NUM_AXES; i++)
		for (int j = i + 1; j < NUM_AXES; j++)
			for (int k = strength == 3 ? j + 1 : j; k < NUM_AXES;
			    k = strength == 3 ? k + 1 : NUM_AXES) {
				int at = (i * NUM_AXES + j) * NUM_AXES + k;

				at = ((at * MAX_VALUES + sc->v[i]) *
				    MAX_VALUES + sc->v[j]) * MAX_VALUES +
				    sc->v[k];
				n += !met[at];
				met[at] |= mark;
			}
	return n;
}

/* The best of many; false: none brings anything new. */
static bool next_scenario(struct scenario *best)
{
	int most = 0;

	for (int i = 0; i < 2000 && (i < 300 || !most); i++) {
		struct scenario sc = { 0 };
		int n;

		for (int a = 0; a < NUM_AXES; a++)
			sc.v[a] = (uint8_t)dice((unsigned)values_of(a));
		/* What comes after SHUT_RD is kept on Linux, and here not. */
		if (sc.v[SHUT] & SHUT_RD_ && sc.v[OWROTE] == FULL)
			continue;
		n = news(&sc, false);
		if (n > most) {
			most = n;
			*best = sc;
		}
	}
	news(best, true);
	return most > 0;
}

static void name_case(const struct scenario *sc)
{
	case_name[0] = '\0';
	for (int a = 0; a < NUM_AXES; a++)
		snprintf(case_name + strlen(case_name), sizeof(case_name) -
		    strlen(case_name), "%s%s%s", a ? "," : "", axes[a].name,
		    axes[a].values[sc->v[a]]);
}

/* What both sides do. */

static void tell(int ctl, const void *p, size_t n)
{
	NEED(send(ctl, p, n, MSG_NOSIGNAL));
}

static void hear(int ctl, void *p, size_t n)
{
	if (recv(ctl, p, n, 0) != (ssize_t)n)
		exit(1);
}

static void hear_of(int ctl, char what)
{
	char c;

	hear(ctl, &c, 1);
	if (c != what)
		exit(1);
}

/* Until no more is taken, for long enough that windows are full. */
static void write_full(int fd)
{
	static char buf[65536];
	long idle = now_ms();

	while (now_ms() - idle < 2 * SETTLE_MS) {
		if (send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			idle = now_ms();
		else
			pause_ms(10);
	}
}

/* Until nothing comes for a while, or so much. */
static void read_lots(int fd, long limit)
{
	static char buf[65536];
	ssize_t n;

	while (limit > 0 && poll_fd(fd, POLLIN, SETTLE_MS) & POLLIN &&
	    (n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		limit -= n;
}

static void write_some(int fd, int how)
{
	if (how == SMALL)
		NEED(send(fd, "some more text", 14, MSG_NOSIGNAL));
	else if (how == FULL)
		write_full(fd);
}

static bool filled;	/* it wrote more than was read, maybe */

static void end_socket(int fd, int how)
{
	struct linger hard = { 1, 0 };

	if (how == LINGER)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	if (how == EXIT)
		_exit(0);
	if (how == KILL)
		raise(SIGKILL);
	close(fd);
}

/*
 * How full a buffer is when it is full differs: a few bytes more are taken or
 * not.
 */
static void look_by_write(const char *name, int fd, bool full)
{
	ssize_t r = send(fd, "back", 4, MSG_DONTWAIT | MSG_NOSIGNAL);

	say(name, "%s", full && (r >= 0 || errno == EAGAIN) ? "no error" :
	    result(r));
	pause_ms(SETTLE_MS);	/* for the answer */
}

/* For the same reason POLLOUT is not looked at then, while all is well. */
static void look_by_poll(const char *name, int fd, bool full)
{
	unsigned v = poll_fd(fd, POLLIN | POLLOUT | POLLRDHUP, 0);

	if (full && !(v & POLLHUP))
		v &= ~(unsigned)POLLOUT;
	say(name, "%s", bits(v, poll_names));
}

/* What a call gives now. */
static void look_by(const char *when, int fd, int how, int family, int port)
{
	static const char *const what[] = { "read", "write", "poll", "error",
	    "connect" };
	char name[64], b[16];
	union any_addr a = addr_of(family, NULL, port);

	snprintf(name, sizeof(name), "%s %s", when, what[how]);
	if (how == BY_READ)
		CALL(name, recv(fd, b, 8, MSG_DONTWAIT));
	else if (how == BY_WRITE)
		look_by_write(name, fd, filled);
	else if (how == BY_POLL)
		look_by_poll(name, fd, filled);
	else if (how == BY_ERROR)
		say(name, "%s", so_error(fd));
	else
		CALL(name, connect(fd, &a.sa, size_of(family)));
}

/* Everything, after what was to come first; then how the data end. */
static void look(const char *who, int fd, int first, int family, int port)
{
	static const int order[] = { BY_POLL, BY_ERROR, BY_READ, BY_WRITE,
	    BY_POLL, BY_READ, BY_ERROR, BY_WRITE, BY_POLL };
	char when[32], b[8];

	snprintf(when, sizeof(when), "%s first", who);
	look_by(when, fd, first, family, port);
	if (first == BY_CONNECT)
		return;		/* it may be a new socket */
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		snprintf(when, sizeof(when), "%s %u", who, i);
		look_by(when, fd, order[i], family, port);
	}
	read_lots(fd, 1 << 30);
	snprintf(when, sizeof(when), "%s end", who);
	CALL(when, recv(fd, b, sizeof(b), MSG_DONTWAIT));
	if (port)
		look_by(who, fd, BY_CONNECT, family, port);
}

/* The other side. */

/*
 * The window of who reads grows on Linux, by how fast it happened to read.  So
 * all that a blocked writer left might fit in, and its FIN would come.
 */
static bool window_stays;

static int new_socket(int family)
{
	int fd = (int)NEED(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
	int room = 1 << 16;

	if (window_stays)
		NEED(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
		    sizeof(room)));
	return fd;
}

static int listen_for(int family, int *port)
{
	int fd = new_socket(family);

	NEED(bind_to(fd, family, family == AF_INET ? "0.0.0.0" : "::", 0));
	NEED(listen(fd, 1));
	*port = port_of(fd);
	return fd;
}

/* A connection between the two, each with its end. */
static int meet(int ctl, const struct scenario *sc, bool other, int *port)
{
	bool accepts = (sc->v[ROLE] == ACCEPTED) != other;
	int l, fd;

	if (accepts) {
		l = listen_for(sc->family, port);
		tell(ctl, port, sizeof(*port));
		fd = (int)NEED(accept4(l, NULL, NULL, SOCK_CLOEXEC));
		close(l);
		tell(ctl, "a", 1);
		return fd;
	}
	hear(ctl, port, sizeof(*port));
	fd = new_socket(sc->family);
	nonblock(fd, sc->v[ROLE] == NONBLOCKING);
	if (connect_to(fd, sc->family, NULL, *port) < 0) {
		NEED(errno == EINPROGRESS ? 0 : -1);
		NEED(wait_for(fd, POLLOUT) ? 0 : -1);
	}
	nonblock(fd, false);
	hear_of(ctl, 'a');
	return fd;
}

static void other_side(int ctl)
{
	struct scenario sc;
	int fd, port, end;

	hear(ctl, &sc, sizeof(sc));
	name_case(&sc);
	filled = sc.v[OWROTE] == FULL && sc.v[READ] != ALL;
	window_stays = sc.v[WROTE] == BLOCKED;
	fd = meet(ctl, &sc, true, &port);
	hear_of(ctl, 'w');
	write_some(fd, sc.v[OWROTE]);
	if (sc.v[OREAD])
		read_lots(fd, sc.v[WROTE] == BLOCKED ? 1 << 18 : 1 << 30);
	tell(ctl, "d", 1);
	hear_of(ctl, 'e');
	end = sc.v[OEND];
	if (end == HALF)
		shutdown(fd, SHUT_WR);
	else if (end != STAY)
		end_socket(fd, end);
	tell(ctl, "d", 1);
	hear_of(ctl, 'o');
	dup2(ctl, 1);		/* what is said is printed there */
	if (end == STAY || end == HALF)
		look("other", fd, sc.v[OFIRST], sc.family, 0);
	tell(ctl, "d", 1);
	_exit(0);
}

/* A name for each network that may be tried in one folder. */
static struct sockaddr_un ctl_name(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s.ends.sock",
	    getenv("RUMP_SERVER") ? "virt" : "host");
	return sun;
}

static int ctl_listen(void)
{
	int l = (int)NEED(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	struct sockaddr_un sun = ctl_name();

	unlink(sun.sun_path);
	NEED(bind(l, (struct sockaddr *)&sun, sizeof(sun)));
	NEED(listen(l, 64));
	return l;
}

static void serve(int l)
{
	int ctl;

	signal(SIGCHLD, SIG_IGN);
	while ((ctl = accept4(l, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (!fork()) {
			alarm(CASE_LIMIT);
			close(l);
			other_side(ctl);
		}
		close(ctl);
	}
}

/* The side that is looked at. */

/* A writer that waits for room, and what it gets. */
static pid_t blocked_writer(int fd)
{
	static char buf[1 << 20];
	pid_t pid = fork();
	ssize_t n;

	if (pid)
		return pid;
	while ((n = send(fd, buf, sizeof(buf), MSG_NOSIGNAL)) > 0)
		;
	say("writer", "%s", result(n));
	_exit(0);
}

static void before(int fd, const struct scenario *sc)
{
	char b[8];

	if (sc->v[READ] == SOME && sc->v[OWROTE])
		NEED(recv(fd, b, 4, 0));
	else if (sc->v[READ] == ALL)
		read_lots(fd, 1 << 30);
	if (sc->v[SHUT]) {
		CALL("shutdown", shutdown(fd, sc->v[SHUT] - 1));
		pause_ms(SETTLE_MS);	/* for a writer to see it */
	}
	if (sc->v[POLLED])
		look_by("before", fd, BY_POLL, sc->family, 0);
}

/* up: to the one that made us. */
static void it_side(int ctl, int up, const struct scenario *sc)
{
	int port, fd = meet(ctl, sc, false, &port);
	pid_t writer = 0;
	char c;

	filled = sc->v[WROTE] == BLOCKED || (sc->v[WROTE] == FULL &&
	    !sc->v[OREAD]);
	if (sc->v[WROTE] == BLOCKED)
		writer = blocked_writer(fd);
	else
		write_some(fd, sc->v[WROTE]);
	if (writer)
		pause_ms(2 * SETTLE_MS);
	tell(ctl, "w", 1);
	hear_of(ctl, 'd');
	pause_ms(SETTLE_MS);
	before(fd, sc);
	tell(ctl, "e", 1);
	recv(ctl, &c, 1, 0);		/* or the end */
	pause_ms(SETTLE_MS);
	look("it", fd, sc->v[FIRST], sc->family, port);
	if (writer) {
		say("writer waits", "%d", waitpid(writer, NULL, WNOHANG) == 0);
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
	}
	end_socket(fd, sc->v[END]);
	tell(up, "c", 1);
	recv(up, &c, 1, 0);
	_exit(0);
}

/* The other side may be only just starting. */
static int ctl_connect(void)
{
	struct sockaddr_un sun = ctl_name();
	int fd = (int)NEED(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	long end = now_ms() + WAIT_MS;

	while (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		NEED(now_ms() < end ? 0 : -1);
		pause_ms(20);
	}
	return fd;
}

static void run(const struct scenario *sc)
{
	int up[2], ctl;
	char c, line[1024];
	ssize_t n;

	name_case(sc);
	alarm(CASE_LIMIT);
	ctl = ctl_connect();
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, up));
	tell(ctl, sc, sizeof(*sc));
	if (!fork()) {
		close(up[0]);
		it_side(ctl, up[1], sc);
	}
	close(up[1]);
	recv(up[0], &c, 1, 0);		/* or its end */
	pause_ms(SETTLE_MS);
	if (send(ctl, "o", 1, MSG_NOSIGNAL) == 1)
		while ((n = recv(ctl, line, sizeof(line), 0)) > 1)
			NEED(write(1, line, (size_t)n));
	close(up[0]);
	wait(NULL);
	exit(0);
}

static void run_all(void)
{
	struct scenario sc;
	int running = 0, limit;

	strength = getenv("ENDS") ? atoi(getenv("ENDS")) : 2;
	limit = strength == 3 ? AT_ONCE_MANY : AT_ONCE;
	for (int i = 0; next_scenario(&sc); i++) {
		sc.family = i % 2 ? AF_INET6 : AF_INET;
		if (running == limit) {
			wait(NULL);
			running--;
		}
		if (!fork())
			run(&sc);
		running++;
	}
	while (wait(NULL) > 0)
		;
}

/* In a process of its own, for wait() to count only cases. */
static void run_and_stop(pid_t server)
{
	pid_t pid = fork();

	if (!pid) {
		run_all();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	unlink(ctl_name().sun_path);
	if (server)
		kill(server, SIGTERM);
}

int main(int argc, char **argv)
{
	bool apart = getenv("PEER") && *getenv("PEER");
	pid_t pid = 0;
	int l;

	(void)argv;
	if (apart) {
		given4 = argc > 1 ? IT4 : OTHER4;
		given6 = argc > 1 ? IT6 : OTHER6;
	}
	if (argc > 1) {
		serve(ctl_listen());
		return 1;
	}
	if (!apart) {
		l = ctl_listen();
		pid = fork();
		if (!pid)
			serve(l);
		close(l);
	}
	run_and_stop(pid);
	return 0;
}
