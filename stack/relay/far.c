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

static int say_hello(struct far *far, struct trans *t)
{
	char line[RELAY_LINE];
	size_t n;

	if (getrandom(&far->number, sizeof(far->number), 0) < 0)
		return -errno;
	far->number &= 0x7fffffff;
	n = trans_hello(line, far->number);
	return trans_write(t, line, n) == (ssize_t)n ? 0 : -EPIPE;
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

static int connect_host(struct far *far, const struct sockaddr_un *sun,
    const struct tls_peer *peer)
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
	far->server_id = hello.server;
	far->ctl.fn = far_ctl_event;
	far->ctl.fd = fd;
	err = watch_add(&far->ctl, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	if (err)
		close(fd);
	return err;
}

int far_start(const struct trans *from, const struct sockaddr_un *sun,
    const struct tls_peer *peer, const void *ahead, size_t n)
{
	static const struct link_ops ops = {
		.opened = far_opened, .message = on_message, .down = on_down,
	};
	struct far *far = calloc(1, sizeof(*far));
	struct trans t = *from;
	char why[TRANS_WHY];
	int err;

	if (!far) {
		far_refuse(&t, strerror(ENOMEM));
		return -ENOMEM;
	}
	far->refs = 1;
	err = connect_host(far, sun, peer);
	if (err) {
		snprintf(why, sizeof(why), "no virtual host at %s: %s",
		    sun->sun_path, strerror(-err));
		far_refuse(&t, why);
		free(far);
		return err;
	}
	far->link.watch.free = on_free;
	far->link.next = (struct link *)all;
	all = far;
	count++;
	err = say_hello(far, &t);
	if (!err)
		err = link_start(&far->link, &t, false, &ops, ahead, n);
	if (err) {
		far->link.ops = &ops;
		far->link.trans = t;
		far->link.watch.fd = t.in;
		link_fail(&far->link, strerror(-err));
	}
	return err;
}
