/*
 * f_relay.c: the far half of a relay, as strangers meet it.  The first byte says
 * how: before TLS is done; after it, with bytes of its own; or as a near half
 * that says what it likes over streams that are in order.
 */
#include "stack/relay/watch.c"
#undef BATCH
#include "stack/relay/serve.c"

#include <fcntl.h>
#include <signal.h>

#include "stack/relay/flow.h"
#include "tests/fuzz/fuzz.h"

#define STREAMS	8

static bool quiet;

static void turn(bool (*settle)(void))
{
	struct epoll_event ev[64];
	int n;

	for (int i = 0; i < 8; i++) {
		n = epoll_wait(epfd, ev, 64, 0);
		for (int k = 0; k < n; k++) {
			struct watch *w = ev[k].data.ptr;

			if (!w->dead && w->fd >= 0)
				w->fn(w, ev[k].events);
		}
		if (settle)
			settle();
		bury();
	}
}

static void pair(int type, int sv[2])
{
	must(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, sv) == 0, "no pair");
}

static void begin(void)
{
	static const char line[] = "all:000102030405060708090a0b0c0d0e0f\n";
	int fd;

	if (quiet)
		return;
	quiet = true;
	own_folder();
	fd = open("keys", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0 && write(fd, line, sizeof(line) - 1) > 0, "no file");
	close(fd);
	must(watch_init() == 0, "no epoll");
	signal(SIGPIPE, SIG_IGN);
	keys = "keys";
	host.sun_family = AF_UNIX;
	strcpy(host.sun_path, "nobody");
}

/* Before: nothing but a handshake is looked at. */
static void before(struct input *in)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };
	int sv[2];

	pair(SOCK_STREAM, sv);
	greet(sv[0], &ss, sizeof(struct sockaddr_in));
	must(write(sv[1], in->p, in->n) >= 0 || errno == EAGAIN, "write");
	turn(NULL);
	close(sv[1]);
	turn(NULL);
	while (guests)
		guest_close(guests);
	bury();
}

/* The host takes what it gets and answers with what the input has. */
static void host_answers(struct input *in, int fd)
{
	static uint8_t buf[4096];
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} c;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[4];

	for (;;) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c);
		if (recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		if (!m.msg_controllen || c.h.cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(&c.h), c.h.cmsg_len - CMSG_LEN(0));
		for (size_t i = 0; i < (c.h.cmsg_len - CMSG_LEN(0)) /
		    sizeof(int); i++) {
			size_t n = take_bytes(in, buf, 200);

			must(send(fds[i], buf, n, MSG_DONTWAIT |
			    MSG_NOSIGNAL) != -2, "send");
			close(fds[i]);
		}
	}
}

static ssize_t near_read(struct link_stream *s, uint8_t *buf, size_t n,
    bool *end)
{
	(void)s;
	(void)buf;
	(void)n;
	(void)end;
	return -EAGAIN;
}

static void near_input(struct link_stream *s, const uint8_t *p, size_t n)
{
	(void)p;
	link_consumed(s, n);
}

static void near_end(struct link_stream *s)
{
	(void)s;
}

static void near_over(struct link_stream *s, int error)
{
	(void)s;
	(void)error;
}

static void near_message(struct link *l, const struct relay_msg *m,
    const uint8_t *data)
{
	(void)l;
	(void)m;
	(void)data;
}

static void near_down(struct link *l, const char *why)
{
	(void)why;
	link_end(l);
}

static void near_free(struct watch *w)
{
	link_free((struct link *)w);
}

static struct link near_side;

static bool settle_both(void)
{
	if (!near_side.down)
		link_settle(&near_side);
	return far_settle();
}

/* In order but for what it says. */
static void speak(struct input *in, int hosts)
{
	static const struct link_stream_ops ops = {
		.read = near_read, .input = near_input, .end = near_end,
		.over = near_over,
	};
	static struct link_stream s[STREAMS];
	static uint8_t data[2048];
	unsigned opened = 0;

	memset(s, 0, sizeof(s));
	while (in->n && !near_side.down) {
		struct relay_open o = { .kind = take8(in) % 4,
		    .domain = take8(in) % 20, .type = take8(in) % 4,
		    .protocol = take8(in), .number = take8(in) % 4 };
		struct relay_msg m = { .op = take8(in) % 12,
		    .stream = take8(in) % 20, .number = take8(in) % 4,
		    .after = take8(in) };
		struct wire_req req = { .magic = WIRE_MAGIC,
		    .op = take8(in) % (WIRE_NUM_OPS + 2), .sock = take8(in),
		    .a = take8(in), .b = take8(in), .len = take8(in) };
		size_t n;

		memcpy(data, &req, WIRE_REQ_HEAD);
		n = WIRE_REQ_HEAD + take_bytes(in, data + WIRE_REQ_HEAD, 1500);
		if (opened < STREAMS && m.number & 1) {
			s[opened].ops = &ops;
			link_open(&near_side, &s[opened++], &o);
		}
		link_tell(&near_side, &m, data, n, NULL, 0);
		turn(settle_both);
		host_answers(in, hosts);
		turn(settle_both);
	}
}

/* After: a link, whose host is the other end of hosts. */
static void after(struct input *in, bool in_order)
{
	static const struct link_ops ops = {
		.message = near_message, .down = near_down,
	};
	int sv[2], hosts[2];
	struct trans t;

	pair(SOCK_STREAM, sv);
	pair(SOCK_SEQPACKET, hosts);
	t = (struct trans){ .in = sv[0], .out = sv[0] };
	must(far_begin(&t, hosts[0], NULL, 0) == 0, "no far half");
	memset(&near_side, 0, sizeof(near_side));
	near_side.watch.free = near_free;
	t = (struct trans){ .in = sv[1], .out = sv[1] };
	if (in_order) {
		must(link_start(&near_side, &t, true, &ops, NULL, 0) == 0,
		    "no near half");
		turn(settle_both);
		speak(in, hosts[1]);
		if (!near_side.down)
			link_end(&near_side);
	} else {
		near_side.down = true;
		must(write(sv[1], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24) == 24,
		    "write");
		must(write(sv[1], in->p, in->n) >= 0 || errno == EAGAIN,
		    "write");
		turn(far_settle);
		close(sv[1]);
	}
	turn(far_settle);
	close(hosts[1]);
	turn(far_settle);
	must(far_count() == 0, "a link is left");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };

	begin();
	switch (take8(&in) % 3) {
	case 0:
		before(&in);
		break;
	case 1:
		after(&in, false);
		break;
	case 2:
		after(&in, true);
		break;
	}
	return 0;
}
