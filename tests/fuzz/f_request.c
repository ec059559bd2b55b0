/*
 * f_request.c: requests to a host, with descriptors, as a client that knows no
 * manners may send them.  The input is a list of requests.
 */
#define dispatch loop_dispatch
#include "stack/core/loop.c"
#undef dispatch
#undef BATCH
#include "stack/api/control.c"

#include <netinet/in.h>

#include "stack/host.h"
#include "tests/fuzz/fuzz.h"

static struct client *adopt(int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	must(c != NULL, "no memory");
	c->poll = (struct pollable){ .fn = on_request, .free = client_free,
	    .fd = fd };
	c->owner.affinity = -1;
	rights_of_peer(&c->rights, fd);
	must(loop_add(&c->poll, EPOLLIN) == 0, "no epoll");
	return c;
}

/* Such that no fuzzer should do to the machine it runs on. */
static bool harmful(const struct wire_req *r)
{
	return r->op == WIRE_IF || r->op == WIRE_HALT;
}

static int some_fd(int kind)
{
	int sv[2];

	switch (kind) {
	case 0:
	case 1:
		must(socketpair(AF_UNIX, (kind ? SOCK_STREAM :
		    SOCK_SEQPACKET) | SOCK_NONBLOCK, 0, sv) == 0, "no pair");
		close(sv[1]);
		return sv[0];
	case 2:
		return open("/dev/null", O_RDWR);
	default:
		return -1;
	}
}

/* One that is made, most of the time. */
static void good_socket(struct input *in, struct wire_req *r)
{
	static const int kind[][2] = {
		{ SOCK_STREAM, 0 }, { SOCK_DGRAM, 0 },
		{ SOCK_DGRAM, IPPROTO_ICMP }, { SOCK_RAW, IPPROTO_ICMP },
		{ SOCK_RAW, IPPROTO_RAW }, { SOCK_DGRAM, IPPROTO_ICMPV6 },
	};
	unsigned which = take8(in);
	struct wire_made made = { take8(in) % 8, 0 };

	r->a = which & 1 ? AF_INET6 : AF_INET;
	r->b = kind[which / 2 % 6][0];
	r->c = kind[which / 2 % 6][1];
	made.cookie = made.id;
	r->len = sizeof(made);
	memcpy(r->data, &made, sizeof(made));
}

static void send_one(struct input *in, int to)
{
	struct wire_req req = { .magic = WIRE_MAGIC };
	int fds[MAX_FDS], n = 0, kinds = take8(in);

	req.op = take8(in) % (WIRE_NUM_OPS + 2);
	req.sock = take8(in) % 8;	/* ids are small here: see WIRE_SOCKET */
	req.a = (int16_t)take16(in);
	req.b = (int16_t)take16(in);
	req.c = (int16_t)take16(in);
	req.flags = (uint32_t)req.c >> 14 & 3;
	req.len = (uint32_t)take_bytes(in, req.data, WIRE_DATA);
	if (harmful(&req))
		return;
	if (req.op == WIRE_SOCKET)
		good_socket(in, &req);
	for (int i = 0; i < MAX_FDS; i++) {
		int fd = some_fd(kinds >> 2 * i & 3);

		if (fd >= 0)
			fds[n++] = fd;
	}
	sys_send_fds(to, &req, WIRE_REQ_HEAD + req.len -
	    (take8(in) == 7), fds, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n > 0)
		close(fds[--n]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool up;
	struct input in = { p, n };
	struct sock *s, *next;
	struct client *c;
	int sv[2];

	if (!up)
		must(host_init() == 0, "no host");
	up = true;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0, "no pair");
	core_lock();
	c = adopt(sv[1]);
	while (in.n) {
		send_one(&in, sv[0]);
		if (receive(c) < 0)
			break;
	}
	for (s = sock_next(NULL); s; s = next) {
		next = sock_next(s);
		sock_free(s);
	}
	loop_retire(&c->poll);
	core_settle();
	bury();
	core_unlock();
	close(sv[0]);
	return 0;
}
