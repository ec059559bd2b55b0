/*
 * channel.c: the channels of a process; see channel.h.
 *
 * A slot belongs to who has set its busy word.  The slots lie in memory that
 * a forked child finds empty: the channels of its parent are not for it.  In a
 * child that shares our memory (vfork) the owner is another process, and
 * it does without.
 */
#include "hijack/channel.h"

#include <string.h>

#include "hijack/fd.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/wiped.h"

#define SLOTS		8	/* calls at a time; one with few numbers */
#define FEW_NUMBERS	256

struct slot {
	int busy;
	int fd;
	uint64_t id;		/* SO_COOKIE of fd; 0: not made */
	uint64_t ctl;		/* of the connection it is registered over */
};

struct pool {
	int owner;		/* process; 0: nobody yet */
	struct slot slot[SLOTS];
};

static void *pool;	/* struct pool, empty after fork */
/* A copy that is not: what a child has to close. */
static struct slot made[SLOTS];

static bool valid(const struct slot *s)
{
	return s->id && fd_cookie(s->fd) == s->id;
}

static void shut(struct slot *s)
{
	if (valid(s))
		sys_close(s->fd);
	s->id = 0;
}

/* Is the pool this process's?  A child closes what it has inherited. */
static bool is_mine(struct pool *p)
{
	int self = (int)SYS0(SYS_getpid), owner = 0;

	if (likely(__atomic_load_n(&p->owner, __ATOMIC_ACQUIRE) == self))
		return true;
	if (!__atomic_compare_exchange_n(&p->owner, &owner, self, false,
	    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return owner == self;
	for (int i = 0; i < SLOTS; i++)
		shut(&made[i]);
	return true;
}

/* On a number where programs do not look. */
static int pair_up(int sv[2], int floor)
{
	int err = sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv), high;

	if (err < 0)
		return err;
	high = sys_fcntl(sv[0], F_DUPFD_CLOEXEC, floor);
	sys_close(sv[0]);
	sv[0] = high;
	if (high < 0)
		sys_close(sv[1]);
	return high < 0 ? high : 0;
}

static bool open_slot(struct slot *s, int i, int ctl, uint64_t cookie)
{
	struct wire_req req = { .op = WIRE_CHANNEL, .len = sizeof(s->id) };
	int sv[2], floor = fd_floor(), err;

	shut(s);
	if ((i && floor < FEW_NUMBERS) || pair_up(sv, floor))
		return false;
	s->fd = sv[0];
	s->id = fd_cookie(sv[0]);
	s->ctl = cookie;
	made[i] = *s;
	memcpy(req.data, &s->id, sizeof(s->id));
	err = client_post(ctl, &req, &sv[1], 1);
	sys_close(sv[1]);
	if (err)
		shut(s);
	return !err;
}

bool channel_take(struct channel *c, int ctl, uint64_t cookie)
{
	struct pool *p = wiped_get(&pool, sizeof(*p));
	struct slot *s;

	if (!p || !is_mine(p))
		return false;
	for (int i = 0; i < SLOTS; i++) {
		s = &p->slot[i];
		if (__atomic_exchange_n(&s->busy, 1, __ATOMIC_ACQUIRE))
			continue;
		*c = (struct channel){ .slot = i };
		if ((s->ctl == cookie && valid(s)) ||
		    open_slot(s, i, ctl, cookie)) {
			c->fd = s->fd;
			c->id = s->id;
			return true;
		}
		channel_give(c);
		return false;
	}
	return false;
}

/* The one that was taken: the pool is there. */
static struct slot *slot_of(const struct channel *c)
{
	struct pool *p = pool;

	return &p->slot[c->slot];
}

void channel_give(struct channel *c)
{
	__atomic_store_n(&slot_of(c)->busy, 0, __ATOMIC_RELEASE);
}

void channel_drop(struct channel *c)
{
	shut(slot_of(c));
	channel_give(c);
}
