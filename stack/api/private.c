/* private.c: who keeps a private host, and how it ends; see private.h. */
#include "stack/api/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "stack/core/core.h"
#include "stack/core/loop.h"
#include "stack/ip/iface.h"
#include "stack/sock/sock.h"
#include "stack/wire/clock.h"
#include "stack/wire/process.h"
#include "stack/wire/sys.h"

#define HOLDERS_MAX	256
#define UNUSED_MS	10000	/* until the first client comes */
#define LOOK_MS		500

struct holder {
	struct pollable poll;	/* a pidfd; first */
	struct holder *next;
	int pid;
	unsigned long long start;
};

static struct holder *holders;
static unsigned nholders, nclients;
static unsigned grace;		/* ms, 0: not a private host */
static bool was_used;

static void on_end(struct pollable *p, uint32_t events)
{
	struct holder *h = (struct holder *)p, **at = &holders;

	(void)events;
	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	nholders--;
	loop_retire(p);
}

static void release(struct pollable *p)
{
	free(p);
}

static int watch(struct holder *h)
{
	int e;

	h->poll = (struct pollable){ .fn = on_end, .free = release };
	h->poll.fd = (int)SYS2(SYS_pidfd_open, h->pid, 0);
	if (h->poll.fd < 0)
		return h->poll.fd;
	/* Now that it cannot change: is it still the one that was meant? */
	e = process_start(h->pid) == h->start ? loop_add(&h->poll, EPOLLIN) :
	    -ESRCH;
	if (e)
		sys_close(h->poll.fd);
	return e;
}

static void add_holder(const char *who, size_t n)
{
	unsigned long long start;
	char text[64];
	struct holder *h;
	int pid;

	if (nholders == HOLDERS_MAX || n >= sizeof(text))
		return;
	memcpy(text, who, n);
	text[n] = '\0';
	if (sscanf(text, "%d %llu", &pid, &start) != 2 || pid <= 0 || !start)
		return;
	for (h = holders; h; h = h->next)
		if (h->pid == pid && h->start == start)
			return;
	h = calloc(1, sizeof(*h));
	if (!h)
		return;
	h->pid = pid;
	h->start = start;
	if (watch(h)) {
		free(h);
		return;
	}
	h->next = holders;
	holders = h;
	nholders++;
}

void private_client(int change)
{
	nclients += (unsigned)change;
}

void private_hello(const char *who, size_t n)
{
	was_used = true;
	if (grace && n > 1)
		add_holder(who + 1, n - 1);
}

/* Does anybody keep it, of more than `spare` clients? */
static bool is_kept(unsigned spare)
{
	return nclients > spare || sock_count_open() || nholders;
}

static void look_idle(void)
{
	static uint64_t since;	/* ns, 0: in use */
	uint64_t now = clock_ns();

	if (is_kept(0)) {
		since = 0;
		return;
	}
	if (!since)
		since = now;
	if (now - since >= (was_used ? grace : UNUSED_MS) * CLOCK_NS_MS)
		loop_stop();
}

void private_start(unsigned grace_ms)
{
	static struct core_timer timer = { .fn = look_idle };

	core_lock();
	grace = grace_ms;
	timer.period = LOOK_MS < grace ? LOOK_MS : grace;
	core_timer_add(&timer);
	core_unlock();
}

static struct iface *on_bus(const struct wire_yield *y)
{
	struct iface *f = NULL;
	struct stat st;

	while ((f = iface_next(f)))
		if (f->driver->link && !f->driver->vnl && f->linkstr[0] &&
		    stat(f->linkstr, &st) == 0 && st.st_dev == y->dev &&
		    st.st_ino == y->ino)
			return f;
	return NULL;
}

static bool has_address(struct iface *f, const struct wire_yield *y)
{
	size_t n = y->family == AF_INET ? 4 : 16;
	struct wire_ifaddr a;

	for (unsigned i = 0; y->family && iface_addr_at(f, i, &a); i++)
		if (a.family == y->family && !memcmp(a.ip, y->ip, n))
			return true;
	return false;
}

/* What the user gave it, or the slot; the rest comes by itself. */
static void leave_addresses(struct iface *f, struct wire_rep *rep)
{
	struct wire_ifaddr a;

	for (unsigned i = 0; iface_addr_at(f, i, &a); i++) {
		if (a.scope == 253 || a.flags & WIRE_ADDR_AUTO ||
		    rep->len + sizeof(a) > WIRE_DATA)
			continue;
		memcpy(rep->data + rep->len, &a, sizeof(a));
		rep->len += (uint32_t)sizeof(a);
	}
}

int private_yield(const struct wire_req *req, struct wire_rep *rep)
{
	struct wire_yield y;
	struct iface *f;
	bool named;

	if (req->len != sizeof(y))
		return -EINVAL;
	memcpy(&y, req->data, sizeof(y));
	f = on_bus(&y);
	named = !strncmp(y.name, iface_hostname, sizeof(y.name));
	if (!f || (!named && !has_address(f, &y)))
		return -ENOENT;
	/* Who asks is a client; who had it started may be still to come. */
	if (!grace || !was_used || is_kept(1))
		return -EBUSY;
	if (named)
		leave_addresses(f, rep);
	loop_stop();
	return 0;
}
