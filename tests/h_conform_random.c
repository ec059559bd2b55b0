/*
 * h_conform_random.c: calls that a seed chooses, on a handful of sockets, and
 * what each of them gives.
 *
 * usage: h_conform_random [-p PORT] [-s STEP,...] SEED...
 *
 * -p	ports from this one on are free, 8 for each seed (20000)
 * -s	only these steps of the sequence; a step is the same without the others
 *
 * A step draws from a generator of its own, so that leaving out others does
 * not change it, but for which socket it meets.  After each step the sockets
 * come to rest.  What differs by design is left out: see differ.h.
 */
#include "tests/random/ends.h"
#include "tests/random/opts.h"
#include "tests/random/setup.h"

static unsigned long seed;

/* How it is now. */

static void do_look(struct slot *s)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLPRI |
	    EPOLLRDHUP };
	int ep = epoll_create1(EPOLL_CLOEXEC), state = state_of(s), n = 0;
	unsigned polled, seen = 0;
	union any_addr own, peer;
	socklen_t len = sizeof(own), plen = sizeof(peer);

	memset(&own, 0, sizeof(own));
	memset(&peer, 0, sizeof(peer));
	if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev) == 0 &&
	    epoll_wait(ep, &ev, 1, 0) == 1)
		seen = same_events(s, state, ev.events);
	close(ep);
	polled = same_events(s, state, poll_fd(s->fd, POLLIN | POLLOUT |
	    POLLPRI | POLLRDHUP, 0));
	if (getsockname(s->fd, &own.sa, &len) < 0)
		len = 0;
	if (getpeername(s->fd, &peer.sa, &plen) < 0)
		plen = 0;
	if (ioctl(s->fd, FIONREAD, &n) < 0)
		n = -errno;
	gives("state %d, poll %s, epoll %s, own %s, peer %s, %d to read", state,
	    bits(polled, poll_names), seen == polled ? "=" :
	    bits(seen, poll_names), address(&own, len), address(&peer, plen),
	    with.urgent ? 0 : n);
}

/* The sequence. */

static const struct op {
	const char *name;
	void (*fn)(struct slot *);
	int type;	/* that it is best for */
	unsigned weight;
} ops[] = {
	{ "socket", make_socket, 0, 5 },
	{ "listener", make_listener, 0, 3 },
	{ "pair", make_pair, 0, 4 },
#define FIRST_USE 3
	{ "bind", do_bind, 0, 5 },
	{ "connect", do_connect, 0, 12 },
	{ "listen", do_listen, SOCK_STREAM, 3 },
	{ "accept", do_accept, SOCK_STREAM, 8 },
	{ "names", do_names, 0, 4 },
	{ "send", do_send, 0, 20 },
	{ "recv", do_recv, 0, 22 },
	{ "shutdown", do_shutdown, 0, 4 },
	{ "close", do_close, 0, 3 },
	{ "dup", do_dup, 0, 2 },
	{ "child", do_child, 0, 2 },
	{ "get", do_get, 0, 10 },
	{ "set", do_set, 0, 10 },
	{ "ioctl", do_ioctl, 0, 4 },
	{ "fcntl", do_fcntl, 0, 2 },
	{ "none", do_none, 0, 1 },
	{ "look", do_look, 0, 12 },
};

static const struct op *random_op(size_t n)
{
	const struct op *op;
	unsigned all = 0;

	for (op = ops; op < ops + n; op++)
		all += op->weight;
	all = pick(all);
	for (op = ops; all >= op->weight; op++)
		all -= op->weight;
	return op;
}

static void one_step(void)
{
	const struct op *op;
	struct slot *s = NULL;

	dice = mix(seed * 1000 + (unsigned)step);
	op = random_op(step < 4 ? FIRST_USE : COUNT(ops));
	if (op >= ops + FIRST_USE && !(s = some_slot(op->type)))
		return;
	snprintf(what, sizeof(what), "%02d %s", step, op->name);
	if (s)
		tell(" s%d", number(s));
	op->fn(s);
	come_to_rest();
}

static void look_at_all(void)
{
	for (struct slot *s = slots; s < slots + SLOTS; s++) {
		if (s->fd < 0)
			continue;
		snprintf(what, sizeof(what), "end look s%d", number(s));
		do_look(s);
	}
}

/* What is left in them, but where an urgent byte may be. */
static void read_all_once(void)
{
	for (struct slot *s = slots; s < slots + SLOTS; s++) {
		long r;

		if (s->fd < 0 || (with.urgent && s->type == SOCK_STREAM))
			continue;
		snprintf(what, sizeof(what), "end read s%d", number(s));
		r = recv(s->fd, memory, sizeof(memory), MSG_DONTWAIT);
		if (differs_error(s, r))
			gives("%s", result(r));
		else
			gives("%s, %s", result(r), so_error(s->fd));
	}
}

static const char *chosen;	/* -s: ",1,2," */

static bool is_chosen(void)
{
	char text[16];

	snprintf(text, sizeof(text), ",%d,", step);
	return !chosen || strstr(chosen, text);
}

static void on_pipe(int sig)
{
	(void)sig;
	pipes = 1;
}

static void sequence(void)
{
	int steps;

	signal(SIGPIPE, on_pipe);
	for (int i = 0; i < SLOTS; i++)
		slots[i].fd = -1;
	dice = mix(seed);
	steps = 20 + (int)pick(41);
	with.urgent = one_in(8);
	with.ends = one_in(4);
	with.corks = one_in(8);
	with.empty = one_in(8);
	aux_sockets();
	for (step = 0; step < steps; step++)
		if (is_chosen())
			one_step();
	look_at_all();
	read_all_once();
}

int main(int argc, char **argv)
{
	struct conform_case c = { "", sequence, true };
	char name[32], list[512];
	int opt;

	while ((opt = getopt(argc, argv, "p:s:")) != -1)
		if (opt == 'p') {
			base_port = atoi(optarg);
		} else if (opt == 's') {
			snprintf(list, sizeof(list), ",%s,", optarg);
			chosen = list;
		} else {
			return 2;
		}
	for (; optind < argc; optind++, base_port += 8) {
		seed = strtoul(argv[optind], NULL, 10);
		snprintf(name, sizeof(name), "seed-%lu", seed);
		c.name = name;
		run_case(&c, 0);
	}
	return 0;
}
