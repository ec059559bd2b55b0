/* netem.c: chances, states and times of a bad network; see netem.h. */
#include "stack/fault/netem.h"

#include "stack/wire/clock.h"

#define NEVER	(1ull << 62)	/* ns; times are added to it without harm */

/* splitmix64: any seed will do, also a small one. */
static uint32_t draw(struct netem *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

/* 0 to n - 1, all as likely. */
static uint32_t below(struct netem *m, uint32_t n)
{
	return (uint32_t)((uint64_t)draw(m) * n >> 32);
}

/* The kernel's mixture of this number and the last one. */
static uint32_t draw_like(struct netem *m, struct netem_chance *c)
{
	uint64_t rho = (uint64_t)c->correlation + 1;

	if (!c->correlation)
		return draw(m);
	c->last = (uint32_t)((draw(m) * ((1ull << 32) - rho) +
	    c->last * rho) >> 32);
	return c->last;
}

/* One with no chance draws nothing. */
static bool happens(struct netem *m, struct netem_chance *c)
{
	return c->p && c->p >= draw_like(m, c);
}

static struct netem_chance chance(struct netem *m, const struct wire_chance *w)
{
	return (struct netem_chance){ .p = w->p,
	    .correlation = w->correlation, .last = draw(m) };
}

void netem_init(struct netem *m, const struct wire_fault *conf,
    const int16_t *dist)
{
	const struct wire_chance delay = {
		.correlation = conf->delay_correlation,
	};

	*m = (struct netem){ .conf = conf, .dist = dist,
	    .random = conf->seed };
	m->state = conf->loss_model == WIRE_LOSS_STATE ? NETEM_GAP : NETEM_GOOD;
	m->loss = chance(m, &conf->loss);
	m->duplicate = chance(m, &conf->duplicate);
	m->reorder = chance(m, &conf->reorder);
	m->corrupt = chance(m, &conf->corrupt);
	m->delay = chance(m, &delay);
}

bool netem_duplicates(struct netem *m)
{
	return happens(m, &m->duplicate);
}

/*
 * Four states (Salsano and others): the good gap, a single loss in it, the
 * good and the lost frames of a burst.
 */
static bool loses_by_state(struct netem *m)
{
	enum { P13, P31, P32, P23, P14 };
	const uint32_t *p = m->conf->markov;
	uint64_t x = draw(m);

	switch (m->state) {
	case NETEM_GAP:
		if (x < p[P14])
			m->state = NETEM_GAP_LOST;
		else if (x < (uint64_t)p[P14] + p[P13])
			m->state = NETEM_BURST_LOST;
		return m->state != NETEM_GAP;
	case NETEM_BURST:
		if (x < p[P23])
			m->state = NETEM_BURST_LOST;
		return m->state == NETEM_BURST_LOST;
	case NETEM_BURST_LOST:
		if (x < p[P32])
			m->state = NETEM_BURST;
		else if (x < (uint64_t)p[P32] + p[P31])
			m->state = NETEM_GAP;
		return m->state == NETEM_BURST_LOST;
	default:
		m->state = NETEM_GAP;
		return false;
	}
}

/* Two states, in each of which a frame may be lost. */
static bool loses_by_gemodel(struct netem *m)
{
	enum { P, R, H, LOST_IN_GOOD };
	const uint32_t *p = m->conf->markov;

	if (m->state == NETEM_GOOD) {
		if (draw(m) < p[P])
			m->state = NETEM_BAD;
		return draw(m) < p[LOST_IN_GOOD];
	}
	if (draw(m) < p[R])
		m->state = NETEM_GOOD;
	return draw(m) > p[H];
}

bool netem_loses(struct netem *m)
{
	switch (m->conf->loss_model) {
	case WIRE_LOSS_STATE:
		return loses_by_state(m);
	case WIRE_LOSS_GEMODEL:
		return loses_by_gemodel(m);
	default:
		return happens(m, &m->loss);
	}
}

bool netem_corrupts(struct netem *m, uint32_t len, uint32_t *byte,
    uint8_t *bit)
{
	if (!happens(m, &m->corrupt))
		return false;
	*byte = below(m, len);
	*bit = (uint8_t)below(m, 8);
	return true;
}

static int64_t latency(struct netem *m)
{
	int64_t mean = m->conf->delay_ns, sigma = m->conf->jitter_ns, t, x;
	uint32_t random;

	if (!sigma)
		return mean;
	random = draw_like(m, &m->delay);
	if (!m->dist)
		return mean - sigma + (int64_t)((unsigned __int128)random *
		    (uint64_t)(2 * sigma) >> 32);
	/* In two parts, so that nothing overflows. */
	t = m->dist[random % m->conf->ndist];
	x = sigma % NETEM_DIST_SCALE * t;
	x += x >= 0 ? NETEM_DIST_SCALE / 2 : -NETEM_DIST_SCALE / 2;
	return mean + x / NETEM_DIST_SCALE + sigma / NETEM_DIST_SCALE * t;
}

/* How long the frame is on the wire. */
static int64_t duration(const struct netem *m, uint32_t frame)
{
	const struct wire_fault *c = m->conf;
	int64_t len = (int64_t)frame + c->overhead, cells;

	if (len < 0)
		len = 0;
	if (c->cell_size) {
		cells = (len + c->cell_size - 1) / c->cell_size;
		len = cells * ((int64_t)c->cell_size + c->cell_overhead);
	}
	if (len < 0)
		len = 0;
	return (int64_t)((unsigned __int128)len * CLOCK_NS_S / c->rate);
}

bool netem_delays(struct netem *m, uint32_t len, uint64_t now, uint64_t last,
    uint64_t *due)
{
	uint32_t gap = m->conf->gap;
	int64_t delay;

	if (gap && m->since >= gap - 1 && m->reorder.p >=
	    draw_like(m, &m->reorder)) {
		m->since = 0;
		return false;
	}
	delay = latency(m);
	if (m->conf->rate) {
		/* It starts when the one before it is through. */
		if (last) {
			delay -= (int64_t)(last - now);
			if (delay < 0)
				delay = 0;
			now = last;
		}
		delay += duration(m, len);
	}
	*due = delay > 0 ? now + (uint64_t)delay : now;
	if (*due > NEVER)
		*due = NEVER;
	m->since++;
	return true;
}
