/* nlnetem.c: netem's options in netlink messages; see nlqdisc.h. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <string.h>

#include "hijack/nlqdisc.h"
#include "stack/wire/wire.h"

#define TICK	64	/* ns; in /proc/net/psched since 2.6.31 */
#define DIST_MAX	16384	/* numbers */

#define PRNG_SEED	16	/* TCA_NETEM_PRNG_SEED, of Linux 6.6 */

struct options {
	const char *attrs;
	size_t len;
};

/* Copy the attribute if it is there. */
static bool take(const struct options *t, int type, void *to, size_t size)
{
	const void *p = nlmsg_find_in(t->attrs, t->len, type, size, NULL);

	if (p)
		memcpy(to, p, size);
	return p != NULL;
}

static void read_loss(const struct options *t, struct wire_fault *c)
{
	struct options in = { 0 };
	struct tc_netem_gimodel gi;
	struct tc_netem_gemodel ge;

	in.attrs = nlmsg_find_in(t->attrs, t->len, TCA_NETEM_LOSS, 0,
	    &in.len);
	c->loss_model = WIRE_LOSS_RANDOM;
	if (!in.attrs)
		return;
	if (take(&in, NETEM_LOSS_GI, &gi, sizeof(gi))) {
		const uint32_t p[] = { gi.p13, gi.p31, gi.p32, gi.p23,
		    gi.p14 };

		c->loss_model = WIRE_LOSS_STATE;
		memcpy(c->markov, p, sizeof(p));
	} else if (take(&in, NETEM_LOSS_GE, &ge, sizeof(ge))) {
		const uint32_t p[] = { ge.p, ge.r, ge.h, ge.k1 };

		c->loss_model = WIRE_LOSS_GEMODEL;
		memcpy(c->markov, p, sizeof(p));
	}
}

static void read_times(const struct options *t,
    const struct tc_netem_qopt *q, struct wire_fault *c)
{
	c->delay_ns = (int64_t)q->latency * TICK;
	c->jitter_ns = (int64_t)q->jitter * TICK;
	take(t, TCA_NETEM_LATENCY64, &c->delay_ns, sizeof(c->delay_ns));
	take(t, TCA_NETEM_JITTER64, &c->jitter_ns, sizeof(c->jitter_ns));
	if (c->delay_ns < 0)
		c->delay_ns = 0;
	if (c->jitter_ns < 0)
		c->jitter_ns = -c->jitter_ns;
}

static void read_chances(const struct options *t,
    const struct tc_netem_qopt *q, struct wire_fault *c)
{
	struct tc_netem_corr corr;

	c->loss.p = q->loss;
	c->duplicate.p = q->duplicate;
	c->gap = q->gap;
	if (c->gap)
		c->reorder.p = UINT32_MAX;
	if (take(t, TCA_NETEM_CORR, &corr, sizeof(corr))) {
		c->delay_correlation = corr.delay_corr;
		c->loss.correlation = corr.loss_corr;
		c->duplicate.correlation = corr.dup_corr;
	}
	/* Both are a probability and a correlation, as ours. */
	take(t, TCA_NETEM_REORDER, &c->reorder, sizeof(c->reorder));
	take(t, TCA_NETEM_CORRUPT, &c->corrupt, sizeof(c->corrupt));
	read_loss(t, c);
}

static void read_rate(const struct options *t, struct wire_fault *c)
{
	struct tc_netem_rate r;
	uint64_t rate;

	if (take(t, TCA_NETEM_RATE, &r, sizeof(r))) {
		c->rate = r.rate;
		c->overhead = r.packet_overhead;
		c->cell_size = r.cell_size;
		c->cell_overhead = r.cell_overhead;
	}
	if (take(t, TCA_NETEM_RATE64, &rate, sizeof(rate)) && rate > c->rate)
		c->rate = rate;
}

static int read_dist(struct nlmsg_out *o, const struct options *t,
    struct wire_fault *c, const void **dist)
{
	size_t n;

	*dist = nlmsg_find_in(t->attrs, t->len, TCA_NETEM_DELAY_DIST,
	    sizeof(int16_t), &n);
	if (!*dist)
		return 0;
	c->ndist = (uint32_t)(n / sizeof(int16_t));
	if (c->ndist > DIST_MAX) {
		o->why = "the table of the distribution is too long";
		return -EINVAL;
	}
	c->keep_dist = 0;
	strcpy(c->dist, "custom");
	return 0;
}

int nlnetem_read(struct nlmsg_out *o, const void *options, size_t len,
    struct wire_fault *c, const void **dist)
{
	struct options t = { options, len };
	struct tc_netem_qopt q;
	uint32_t ecn;

	if (!options || len < sizeof(q))
		return -EINVAL;
	memcpy(&q, options, sizeof(q));
	t.attrs += NLA_ALIGN(sizeof(q));
	t.len -= NLA_ALIGN(sizeof(q));
	if (nlmsg_find_in(t.attrs, t.len, TCA_NETEM_SLOT, 0, NULL)) {
		o->why = "netem's slot is not known here";
		return -EOPNOTSUPP;
	}
	c->limit = q.limit;
	read_times(&t, &q, c);
	read_chances(&t, &q, c);
	read_rate(&t, c);
	if (take(&t, TCA_NETEM_ECN, &ecn, sizeof(ecn)))
		c->ecn = ecn != 0;
	if (take(&t, PRNG_SEED, &c->seed, sizeof(c->seed)))
		c->drawn = 0;
	return read_dist(o, &t, c, dist);
}

static uint32_t ticks(int64_t ns)
{
	return ns / TICK > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / TICK);
}

static void put_loss(struct nlmsg_out *o, const struct wire_fault *c)
{
	const uint32_t *p = c->markov;
	const struct tc_netem_gimodel gi = { .p13 = p[0], .p31 = p[1],
	    .p32 = p[2], .p23 = p[3], .p14 = p[4] };
	const struct tc_netem_gemodel ge = { .p = p[0], .r = p[1], .h = p[2],
	    .k1 = p[3] };
	struct nlmsg_nest nest;

	if (c->loss_model == WIRE_LOSS_RANDOM)
		return;
	nest = nlmsg_nest(o, TCA_NETEM_LOSS);
	if (c->loss_model == WIRE_LOSS_STATE)
		nlmsg_attr(o, NETEM_LOSS_GI, &gi, sizeof(gi));
	else
		nlmsg_attr(o, NETEM_LOSS_GE, &ge, sizeof(ge));
	nlmsg_nest_end(o, nest);
}

static void put_rate(struct nlmsg_out *o, const struct wire_fault *c)
{
	const struct tc_netem_rate r = {
		.rate = c->rate > UINT32_MAX ? UINT32_MAX : (uint32_t)c->rate,
		.packet_overhead = c->overhead, .cell_size = c->cell_size,
		.cell_overhead = c->cell_overhead,
	};

	if (c->rate > UINT32_MAX)
		nlmsg_attr(o, TCA_NETEM_RATE64, &c->rate, sizeof(c->rate));
	nlmsg_attr(o, TCA_NETEM_RATE, &r, sizeof(r));
}

void nlnetem_put(struct nlmsg_out *o, const struct wire_fault *c)
{
	const struct tc_netem_qopt q = {
		.latency = ticks(c->delay_ns), .limit = c->limit,
		.loss = c->loss.p, .gap = c->gap,
		.duplicate = c->duplicate.p, .jitter = ticks(c->jitter_ns),
	};
	const struct tc_netem_corr corr = { c->delay_correlation,
	    c->loss.correlation, c->duplicate.correlation };
	struct nlmsg_nest nest = nlmsg_nest(o, TCA_OPTIONS);

	nlmsg_raw(o, &q, sizeof(q));
	nlmsg_attr(o, TCA_NETEM_LATENCY64, &c->delay_ns, sizeof(c->delay_ns));
	nlmsg_attr(o, TCA_NETEM_JITTER64, &c->jitter_ns,
	    sizeof(c->jitter_ns));
	nlmsg_attr(o, TCA_NETEM_CORR, &corr, sizeof(corr));
	nlmsg_attr(o, TCA_NETEM_REORDER, &c->reorder, sizeof(c->reorder));
	nlmsg_attr(o, TCA_NETEM_CORRUPT, &c->corrupt, sizeof(c->corrupt));
	put_rate(o, c);
	if (c->ecn)
		nlmsg_attr_u32(o, TCA_NETEM_ECN, 1);
	put_loss(o, c);
	nlmsg_attr(o, PRNG_SEED, &c->seed, sizeof(c->seed));
	nlmsg_nest_end(o, nest);
}
