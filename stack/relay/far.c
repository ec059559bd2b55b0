/* far.c: the far half's life; see far.h. */
#include "stack/relay/far.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "stack/relay/tls.h"
#include "stack/wire/client.h"
#include "stack/wire/clock.h"

#define HELLO_MS	5000	/* for the host to answer */

static struct far *all;
static unsigned count;

unsigned far_count(void)
{
	return count;
}

void far_put(struct far *far)
{
	if (--far->refs)
		return;
	free(far->by_stream.bucket);
	free(far->accepted.bucket);
	link_free(&far->link);
	free(far);
}

static void on_free(struct watch *w)
{
	far_put((struct far *)w);
}

static void on_message(struct link *l, const struct relay_msg *m,
    const uint8_t *data)
{
	struct far *far = (struct far *)l;
	struct far_sock *s = m->stream ? far_by_stream(far, m->stream) : NULL;

	if (s && flow_hold(&s->flow, m, data))
		return;
	if (m->op == RELAY_REQUEST)
		far_request(far, s, m, data);
	else
		far_told(far, s, m, data);
}

/* To the host it is as if the programs had ended. */
static void on_down(struct link *l, const char *why)
{
	struct far *far = (struct far *)l, **at = &all;

	(void)why;
	while (*at != far)
		at = (struct far **)(void *)&(*at)->link.next;
	*at = (struct far *)(void *)l->next;
	count--;
	far_socks_end(far);
	far_calls_end(far);
	link_end(l);
}

bool far_settle(void)
{
	struct link *l, *next;
	bool more = false;

	for (l = (struct link *)all; l; l = next) {
		next = l->next;
		more |= link_settle(l);
	}
	return more;
}

void far_tick(void)
{
	struct link *l, *next;

	for (l = (struct link *)all; l; l = next) {
		next = l->next;
		link_tick(l);
	}
}

void far_refuse(struct trans *t, const char *why)
{
	char line[RELAY_LINE];
	int n = snprintf(line, sizeof(line), "error %.200s\n", why);

	trans_write(t, line, (size_t)n);
	trans_close(t);
}

/* Before anything is asked for it. */
static int limit(int fd, const struct tls_peer *peer)
{
	struct wire_req req = { .op = WIRE_LIMIT };
	struct wire_rep rep;
	int err;

	req.len = (uint16_t)snprintf((char *)req.data, sizeof(req.data),
	    "%s%s%s", peer->name, peer->rights[0] ? ":" : "", peer->rights);
	err = client_call(fd, &req, NULL, 0, &rep, NULL, HELLO_MS, false);
	return err ? err : -rep.error;
}

/* Return: the control connection, or -errno. */
static int connect_host(const struct sockaddr_un *sun,
    const struct tls_peer *peer, uint64_t *server_id)
{
	struct client_hello hello = { .timeout = HELLO_MS };
	int fd = client_connect(sun, "shmif_relay", 3, &hello), err;

	if (fd < 0)
		return fd;
	err = peer ? limit(fd, peer) : 0;
	if (err) {
		close(fd);
		return err;
	}
	*server_id = hello.server;
	return fd;
}

static struct far *far_new(int fd)
{
	struct far *far = calloc(1, sizeof(*far));

	if (far && getrandom(&far->number, sizeof(far->number), 0) < 0)
		far->number = (uint32_t)clock_ns();
	if (!far)
		return NULL;
	far->refs = 1;
	far->number &= 0x7fffffff;
	far->ctl.fn = far_ctl_event;
	far->ctl.fd = fd;
	if (watch_add(&far->ctl, EPOLLIN | EPOLLOUT | EPOLLRDHUP)) {
		free(far);
		return NULL;
	}
	return far;
}

static int begin(struct far *far, const struct trans *t, const void *ahead,
    size_t n)
{
	static const struct link_ops ops = {
		.opened = far_opened, .message = on_message, .down = on_down,
	};
	int err;

	far->link.watch.free = on_free;
	far->link.next = (struct link *)all;
	all = far;
	count++;
	err = link_start(&far->link, t, false, &ops, ahead, n);
	if (err) {
		far->link.ops = &ops;
		far->link.trans = *t;
		far->link.watch.fd = t->in;
		link_fail(&far->link, strerror(-err));
	}
	return err;
}

int far_begin(const struct trans *t, int fd, const void *ahead, size_t n)
{
	struct far *far = far_new(fd);

	return far ? begin(far, t, ahead, n) : -ENOMEM;
}

int far_start(const struct trans *from, const struct sockaddr_un *sun,
    const struct tls_peer *peer, const void *ahead, size_t n)
{
	struct trans t = *from;
	char line[RELAY_LINE];
	uint64_t server_id = 0;
	struct far *far;
	int fd = connect_host(sun, peer, &server_id);

	if (fd < 0) {
		snprintf(line, sizeof(line), "no virtual host at %s: %s",
		    sun->sun_path, strerror(-fd));
		far_refuse(&t, line);
		return fd;
	}
	far = far_new(fd);
	if (!far) {
		close(fd);
		far_refuse(&t, strerror(ENOMEM));
		return -ENOMEM;
	}
	far->server_id = server_id;
	/* Should it not fit, the other side will not wait for long. */
	trans_write(&t, line, trans_hello(line, far->number));
	return begin(far, &t, ahead, n);
}
