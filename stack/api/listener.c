/*
 * listener.c: who wants news; see listener.h.
 *
 * Nothing tells that a program has closed its socket but the next message to
 * it: with no room for another one, those whose name is free are forgotten.
 */
#include "stack/api/listener.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "stack/core/counter.h"
#include "stack/core/loop.h"

#define LISTENERS	64	/* at most, of a host */
#define PENDING		65536	/* bytes of messages that wait for one */
#define DATAGRAM	4096	/* bytes at once: any reader has as much */

struct listener {
	struct pollable poll;	/* first */
	struct listener *next;
	uint64_t key;
	uint32_t groups;
	size_t used;
	char data[PENDING];
};

static struct listener *all;

uint32_t listener_groups(void)
{
	uint32_t groups = 0;

	for (struct listener *l = all; l; l = l->next)
		groups |= l->groups;
	return groups;
}

static void forget(struct listener *l)
{
	struct listener **p = &all;

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	loop_retire(&l->poll);
}

/* The whole messages that one datagram takes. */
static size_t some(const struct listener *l)
{
	size_t n = 0;

	while (n < l->used) {
		const struct nlmsghdr *h = (const void *)(l->data + n);
		size_t step = NLMSG_ALIGN(h->nlmsg_len);

		if (n && n + step > DATAGRAM)
			break;
		n += step;
	}
	return n;
}

/* Return: false if the program is gone. */
static bool flush(struct listener *l)
{
	while (l->used) {
		size_t n = some(l);

		if (send(l->poll.fd, l->data, n, MSG_DONTWAIT |
		    MSG_NOSIGNAL) < 0)
			return errno == EAGAIN || errno == ENOBUFS;
		l->used -= n;
		memmove(l->data, l->data + n, l->used);
	}
	return true;
}

static void on_room(struct pollable *p, uint32_t events)
{
	(void)events;
	if (!p->dead && !flush((struct listener *)p))
		forget((struct listener *)p);
}

static void listener_free(struct pollable *p)
{
	free(p);
}

void listener_tell(uint32_t groups, const void *msg, size_t len)
{
	struct listener *l, *next;

	for (l = all; l; l = next) {
		next = l->next;
		if (!(l->groups & groups))
			continue;
		if (len > sizeof(l->data) - l->used) {
			counter_inc("netlink.news_lost");
			continue;
		}
		memcpy(l->data + l->used, msg, len);
		l->used += len;
		if (!flush(l))
			forget(l);
	}
}

/* Its socket would have that name. */
static bool is_gone(const struct listener *l)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	bool gone = false;
	int fd;

	if (getpeername(l->poll.fd, (struct sockaddr *)&sun, &len) < 0)
		return true;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	gone = bind(fd, (struct sockaddr *)&sun, len) == 0;
	close(fd);
	return gone;
}

static bool has_room(void)
{
	struct listener *l, *next;
	unsigned n = 0;

	for (l = all; l; l = l->next)
		n++;
	if (n < LISTENERS)
		return true;
	for (l = all; l; l = next) {
		next = l->next;
		if (is_gone(l)) {
			forget(l);
			n--;
		}
	}
	return n < LISTENERS;
}

static bool is_datagram(int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    domain == AF_UNIX && type == SOCK_DGRAM;
}

static int add(uint64_t key, uint32_t groups, int fd)
{
	struct listener *l;
	int err;

	if (!is_datagram(fd))
		return -EINVAL;
	if (!has_room())
		return -ENOBUFS;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->poll = (struct pollable){ .fn = on_room, .free = listener_free,
	    .fd = fd };
	l->key = key;
	l->groups = groups;
	err = loop_add(&l->poll, EPOLLOUT | EPOLLET);
	if (err) {
		free(l);
		return err;
	}
	l->next = all;
	all = l;
	return 0;
}

int listener_join(uint64_t key, const struct wire_notify *n, int fd)
{
	struct listener *l = all;
	int err = 0;

	while (l && l->key != key)
		l = l->next;
	if (!l && fd >= 0 && n->op != WIRE_NOTIFY_LEAVE) {
		err = add(key, n->groups, fd);
		if (!err)
			return 0;
	} else if (l) {
		l->groups = n->op == WIRE_NOTIFY_SET ? n->groups :
		    n->op == WIRE_NOTIFY_JOIN ? l->groups | n->groups :
		    l->groups & ~n->groups;
		if (!l->groups)
			forget(l);
	}
	if (fd >= 0)
		close(fd);
	return err;
}
