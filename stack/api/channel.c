/* channel.c: the reply channels of control connections; see channel.h. */
#include "stack/api/channel.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "stack/core/loop.h"

#define CHANNELS_MAX	4096	/* of one connection, which processes share */

struct channel {
	struct pollable poll;	/* first */
	struct channel *next;
	struct channels *of;
	uint64_t id;
};

static void retire(struct channel *c)
{
	struct channel **at = &c->of->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->of->n--;
	loop_retire(&c->poll);
}

/* Nothing is to come by it but its end. */
static void on_end(struct pollable *p, uint32_t events)
{
	(void)events;
	retire((struct channel *)p);
}

static void release(struct pollable *p)
{
	free(p);
}

void channel_add(struct channels *of, uint64_t id, int fd)
{
	struct channel *c = of->n < CHANNELS_MAX && id ?
	    calloc(1, sizeof(*c)) : NULL;

	if (c)
		c->poll = (struct pollable){ .fn = on_end, .free = release,
		    .fd = fd };
	if (!c || loop_add(&c->poll, EPOLLIN | EPOLLRDHUP)) {
		free(c);
		close(fd);
		return;
	}
	c->id = id;
	c->of = of;
	c->next = of->first;
	of->first = c;
	of->n++;
}

int channel_fd(const struct channels *of, uint64_t id)
{
	for (const struct channel *c = of->first; c; c = c->next)
		if (c->id == id)
			return c->poll.fd;
	return -1;
}

void channel_drop_all(struct channels *of)
{
	while (of->first)
		retire(of->first);
}
