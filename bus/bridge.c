/*
 * bridge.c: a bridge; see bridge.h.
 *
 * The main thread reads the first side, a bus, and once a second looks who is
 * there and tells it; a second thread reads the other side.
 *
 * Two bridges between the same Ethernets, or a circle of many, would make frames
 * go round for ever.  So bridges pass on what others tell, with a count of hops,
 * and a new one listens first: if its own word comes back to it, it ends.  If
 * the circle was closed by other means, the youngest bridge in it ends.
 */
#include "bus/bridge.h"
#include "bus/bridgehosts.h"
#include "bus/bridgemsg.h"
#include "bus/bridgeway.h"
#include "stack/wire/clock.h"
#include "stack/wire/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define TELL_NS		CLOCK_NS_S
#define LISTEN_NS	(600 * CLOCK_NS_MS)
#define LISTEN_TELL_NS	(150 * CLOCK_NS_MS)
#define CHANGE_NS	(20 * CLOCK_NS_MS)	/* between two looks */
#define ECHO_NS		(5 * CLOCK_NS_S)
#define ECHOES		6	/* rounds that came back, and who should have
				   ended has not */

struct bus_bridge {
	const struct bus_ends *ends;
	struct bridge_side side[2];
	struct bridge_way way[2];
	struct bridgemacs macs;
	pthread_t thread;
	bool started;
	int stop_fd;
	_Atomic bool stop, listening, dirty;
	_Atomic int error;		/* of either thread, the first */

	pthread_mutex_t lock;		/* of what follows */
	struct bridge_age age;
	uint32_t round;
	unsigned echoes;		/* rounds in a row that came back */
	uint32_t echo_round;
	uint64_t echo_ns;		/* the last one; 0: none ever */
	struct bridgehosts hosts;
	bool said_many[2];
};

static int fail(char *err, int code, const char *fmt, const char *a,
    const char *b)
{
	snprintf(err, BUS_ERRLEN, fmt, a, b);
	return code;
}

void bus_bridge_stop(struct bus_bridge *br)
{
	uint64_t one = 1;
	int saved = errno;

	atomic_store(&br->stop, true);
	for (int i = 0; i < 2; i++)
		if (br->side[i].bus)
			bus_kick(br->side[i].bus);
	if (write(br->stop_fd, &one, sizeof(one)) < 0)
		errno = saved;
	errno = saved;
}

static void stop_for(struct bus_bridge *br, int error)
{
	int none = 0;

	atomic_compare_exchange_strong(&br->error, &none, error);
	bus_bridge_stop(br);
}

/* Is there one between these two? */
static bool is_second(const struct bus_ends *e)
{
	struct bus_member m, other;

	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		if (bus_member(e->bus[0], i, &m) != 1 || !m.bridge)
			continue;
		if (!e->bus[1] && !strncmp(m.far, e->name[1],
		    sizeof(m.far) - 1 - 18))
			return true;
		for (unsigned k = 0; e->bus[1] && k < BUS_SLOTS; k++)
			if (bus_member(e->bus[1], k, &other) == 1 &&
			    other.bridge && other.bridge_id == m.bridge_id)
				return true;
	}
	return false;
}

static int join(struct bus_bridge *br, const struct bus_ends *e, char *err)
{
	const struct bus_want want = { .no_addr = true };
	int r;

	for (int i = 0; i < 2 && e->bus[i]; i++) {
		r = bus_join(e->bus[i], &want, err);
		if (r < 0)
			return r;
		bus_defer_wake(e->bus[i]);
		bus_announce_bridge(e->bus[i], br->age.id, e->name[!i]);
		bus_set_promisc(e->bus[i], true);
	}
	return 0;
}

/* Only one at a time looks whether it is the second, and becomes the first. */
static int join_alone(struct bus_bridge *br, const struct bus_ends *e,
    char *err)
{
	bool turned = e->bus[1] && strcmp(e->name[0], e->name[1]) > 0;
	struct bus *first = e->bus[turned], *second = e->bus[!turned];
	int r;

	bus_bridge_lock(first, true);
	if (second)
		bus_bridge_lock(second, true);
	if (is_second(e))
		r = fail(err, -EEXIST, "%s and %s are joined already; shmif "
		    "bus show names the process", e->name[0], e->name[1]);
	else
		r = join(br, e, err);
	if (second)
		bus_bridge_lock(second, false);
	bus_bridge_lock(first, false);
	return r;
}

static void set_side(struct bus_bridge *br, unsigned i)
{
	struct bridge_side *s = &br->side[i];
	const struct bus_ends *e = br->ends;

	s->bus = e->bus[i];
	s->plug = s->bus ? NULL : e->plug;
	s->name = e->name[i];
	s->frame_max = s->bus ? bus_geometry(s->bus)->mtu + BUS_ETH_HDR :
	    e->plug->frame_max;
	s->cut_max = s->bus ? s->frame_max : e->plug->mtu + BUS_ETH_HDR;
	pthread_mutex_init(&s->send, NULL);
}

/* Put up who is on the other side of a bus. */
static void put_guests(struct bus_bridge *br, unsigned i)
{
	struct bus_guest_info all[BUS_SLOTS + BRIDGEHOSTS_HEARD];
	char line[BUS_ERRLEN];
	size_t lost;

	if (!br->side[i].bus)
		return;
	lost = bus_put_guests(br->side[i].bus, all,
	    bridgehosts_all(&br->hosts, !i, all));
	if ((!lost && !br->hosts.crowded[!i]) || br->said_many[i])
		return;
	br->said_many[i] = true;
	snprintf(line, sizeof(line), "%s: more than %d hosts beyond bridges; "
	    "the others are reached by address only", br->side[i].name,
	    BUS_GUESTS);
	br->ends->say(line);
}

/* Our own word came back.  Return: 0, or -ELOOP if we are to end. */
static int hear_echo(struct bus_bridge *br, const struct bridgemsg *m)
{
	uint32_t since = m->round - br->echo_round;

	if (m->youngest.id == br->age.id)
		return -ELOOP;
	if (since)
		br->echoes = since > 2 ? 1 : br->echoes + 1;
	br->echo_round = m->round;
	br->echo_ns = clock_ns();
	return br->echoes >= ECHOES ? -ELOOP : 0;
}

/*
 * Another bridge's word: kept, and passed on.  Our own: a loop, which the
 * youngest bridge on it ends.
 */
static int hear(struct bus_bridge *br, unsigned side, uint8_t *frame,
    size_t len)
{
	struct bridge_side *other = &br->side[!side];
	static _Thread_local struct bridgemsg m;

	if (!bridgemsg_parse(&m, frame, len)) {
		bus_count_malformed(br->side[br->side[side].bus ? side :
		    !side].bus);
		return 0;
	}
	if (m.id == br->age.id)
		return hear_echo(br, &m);
	/* By way of who listens it may have gone round: not believed. */
	if (!m.youngest.listening && !br->age.listening && bridgehosts_hear(
	    &br->hosts, side, &m, clock_ns()))
		put_guests(br, !side);
	if (m.hops >= BRIDGEMSG_HOPS)
		return 0;
	bridgemsg_pass(frame, &br->age);
	bridgeside_send(other, frame, len);
	return 0;
}

static int told(void *arg, unsigned side, uint8_t *frame, size_t len)
{
	struct bus_bridge *br = arg;
	int r;

	pthread_mutex_lock(&br->lock);
	r = hear(br, side, frame, len);
	pthread_mutex_unlock(&br->lock);
	return r;
}

static int set_ways(struct bus_bridge *br)
{
	int r = 0;

	for (unsigned i = 0; i < 2; i++) {
		br->way[i] = (struct bridge_way){
			.from = &br->side[i],
			.to = &br->side[!i],
			.side = i,
			.macs = &br->macs,
			.say = br->ends->say,
			.told = told,
			.arg = br,
			.listening = &br->listening,
		};
		if (bridgeway_init(&br->way[i]))
			r = -ENOMEM;
	}
	return r;
}

int bus_bridge_open(struct bus_bridge **out, const struct bus_ends *ends,
    char err[static BUS_ERRLEN])
{
	struct bus_bridge *br;
	int r;

	if (ends->bus[1] && bus_same(ends->bus[0], ends->bus[1]))
		return fail(err, -EINVAL, "%s and %s are the same bus; name "
		    "two", ends->name[0], ends->name[1]);
	br = calloc(1, sizeof(*br));
	if (!br)
		return fail(err, -ENOMEM, "%s: no memory%s", ends->name[0],
		    "");
	br->ends = ends;
	br->age = (struct bridge_age){ 1, clock_real_ns(), 0 };
	br->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&br->lock, NULL);
	atomic_store(&br->listening, true);
	for (unsigned i = 0; i < 2; i++)
		set_side(br, i);
	r = br->stop_fd < 0 || getentropy(&br->age.id, 8) < 0 ||
	    set_ways(br) ? fail(err, -ENOMEM, "%s: no memory%s",
	    ends->name[0], "") : join_alone(br, ends, err);
	if (r < 0) {
		bus_bridge_close(br);
		return r;
	}
	*out = br;
	return 0;
}

/* On one side, who is on the other; frames of one round. */
static int tell(struct bus_bridge *br, unsigned side)
{
	static const uint8_t plug_mac[6] = { 0xb2, 0xa1, 0x88, 0xb5, 0, 1 };
	struct bridge_side *s = &br->side[side];
	struct bridgemsg m = {
		.id = br->age.id, .round = br->round, .youngest = br->age,
	};
	size_t n = br->age.listening ? 0 : br->hosts.num_own[!side], from = 0;
	uint8_t frame[BRIDGEMSG_MAX];
	int r;

	do {
		r = bridgeside_send(s, frame, bridgemsg_make(frame, &m,
		    s->bus ? bus_mac(s->bus) : plug_mac,
		    br->hosts.own[!side], n, &from));
	} while (from < n && r == 0);
	return r;
}

/* Look who is there, and tell it: to the buses, and to other bridges. */
static void look(struct bus_bridge *br)
{
	bridgeway_count(&br->way[0]);
	bridgehosts_expire(&br->hosts, clock_ns());
	for (unsigned i = 0; i < 2; i++) {
		if (!br->side[i].bus)
			continue;
		bus_reap(br->side[i].bus);
		bridgehosts_look(&br->hosts, i, br->side[i].bus);
	}
	br->round++;
	for (unsigned i = 0; i < 2; i++) {
		if (!br->age.listening)
			put_guests(br, i);
		tell(br, i);
	}
	/* After a loop all are on both sides, until they are forgotten. */
	if (!br->age.listening && (!br->echo_ns ||
	    clock_ns() - br->echo_ns > ECHO_NS))
		bridgehosts_clashes(&br->hosts, br->ends->name, clock_ns(),
		    br->ends->say);
}

/* A slot was overwritten.  Return: 0, -EIO. */
static int rejoin(struct bus_bridge *br, struct bridge_side *s)
{
	int r;

	pthread_mutex_lock(&br->lock);
	pthread_mutex_lock(&s->send);
	r = bus_rejoin(s->bus);
	pthread_mutex_unlock(&s->send);
	pthread_mutex_unlock(&br->lock);
	return r < 0 ? r : 0;
}

/* Wait for frames on a bus, and pass them.  Return: 0, -errno. */
static int turn_bus(struct bus_bridge *br, unsigned i, int timeout_ms)
{
	struct bridge_side *s = &br->side[i];
	int r = bus_wait(s->bus, timeout_ms);

	if (r == -ESTALE)
		r = rejoin(br, s);
	else if (r == 0)
		r = bridgeway_turn(&br->way[i]);
	return r > 0 || r == -ETIMEDOUT ? 0 : r;
}

/* Sleep until there is a frame, or it is to end.  Return: 0, -errno. */
static int wait_plug(struct bus_bridge *br)
{
	const struct bus_plug *plug = br->side[1].plug;
	struct pollfd p[3] = {
		{ .fd = plug->fd, .events = POLLIN },
		{ .fd = br->stop_fd, .events = POLLIN },
		{ .fd = plug->end_fd, .events = POLLIN },
	};

	if (poll(p, 3, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	return p[2].revents ? -EPIPE : 0;
}

/* It is asked once more before the sleep than there are frames. */
static int turn_plug(struct bus_bridge *br)
{
	int r = bridgeway_turn(&br->way[1]);

	return r ? r < 0 ? r : 0 : wait_plug(br);
}

/* The second side's thread. */
static void *run_second(void *arg)
{
	struct bus_bridge *br = arg;
	uint64_t stamp = 0, now;
	int r = 0;

	while (!r && !atomic_load(&br->stop)) {
		if (!br->side[1].bus) {
			r = turn_plug(br);
			continue;
		}
		r = turn_bus(br, 1, -1);
		now = bus_stamp(br->side[1].bus);
		if (now == stamp)
			continue;
		stamp = now;
		atomic_store(&br->dirty, true);
		bus_kick(br->side[0].bus);
	}
	if (r)
		stop_for(br, r);
	return NULL;
}

static int start(struct bus_bridge *br)
{
	int e = thread_start(&br->thread, run_second, br);

	br->started = e == 0;
	return e;
}

/* Has anything changed on the first bus or, it was said, on the second? */
static bool is_news(struct bus_bridge *br, uint64_t *stamp)
{
	uint64_t now = bus_stamp(br->side[0].bus);
	bool news = atomic_exchange(&br->dirty, false) || now != *stamp;

	*stamp = now;
	return news;
}

static void queue_ended(void *arg, int error)
{
	stop_for(arg, error);
}

static void run_first(struct bus_bridge *br, void (*ready)(void *arg),
    void *arg)
{
	uint64_t start_ns = clock_ns(), next = start_ns, now, stamp = 0;
	bool news = false;
	int r;

	while (!atomic_load(&br->stop)) {
		now = clock_ns();
		if (now >= next) {
			pthread_mutex_lock(&br->lock);
			br->age.listening = now - start_ns < LISTEN_NS;
			atomic_store(&br->listening, br->age.listening);
			look(br);
			pthread_mutex_unlock(&br->lock);
			news = false;
			now = clock_ns();
			next = now + (br->age.listening ? LISTEN_TELL_NS :
			    TELL_NS);
			if (!br->age.listening && ready) {
				ready(arg);
				ready = NULL;
			}
		}
		r = turn_bus(br, 0, (int)((next - now) / CLOCK_NS_MS) + 1);
		if (r)
			stop_for(br, r);
		news |= is_news(br, &stamp);
		if (news && !br->age.listening && next - now > CHANGE_NS)
			next = now + CHANGE_NS;
	}
}

static int outcome(struct bus_bridge *br, char *err)
{
	const char *const *name = br->ends->name;
	int r = atomic_load(&br->error);

	switch (r) {
	case 0:
		return 0;
	case -ELOOP:
		return fail(err, r, "%s and %s are joined in another way "
		    "already: what this bridge sends comes back to it; end one "
		    "of the bridges in the loop", name[0], name[1]);
	case -EPIPE:
		return fail(err, r, "%s: its other end is gone; join it "
		    "again%s", name[1], "");
	case -EIO:
		return fail(err, r, "%s or %s: the bus is broken (truncated or "
		    "overwritten); remove it and make it anew", name[0],
		    name[1]);
	default:
		return fail(err, r, "%s: %s", name[1], strerror(-r));
	}
}

int bus_bridge_run(struct bus_bridge *br, void (*ready)(void *arg), void *arg,
    char err[static BUS_ERRLEN])
{
	const struct bus_plug *plug = br->side[1].plug;
	int r = 0;

	if (plug && plug->blocks)
		r = bridgequeue_open(&br->side[1].queue, plug, queue_ended,
		    br);
	if (!r)
		r = start(br);
	if (r < 0)
		return fail(err, r, "%s: no thread: %s", br->ends->name[0],
		    strerror(-r));
	run_first(br, ready, arg);
	return outcome(br, err);
}

bool bus_bridge_close(struct bus_bridge *br)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	if (br->started && pthread_timedjoin_np(br->thread, NULL, &until))
		return false;
	if (br->side[1].queue && !bridgequeue_close(br->side[1].queue))
		return false;
	for (int i = 0; i < 2; i++) {
		if (br->side[i].bus)
			bus_leave(br->side[i].bus);
		bridgeway_end(&br->way[i]);
	}
	if (br->stop_fd >= 0)
		close(br->stop_fd);
	free(br);
	return true;
}
