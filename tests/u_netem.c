/*
 * u_netem.c: the model of a bad network by itself: every rate against what
 * probability says of it, five standard deviations around; times exactly.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/fault/netem.h"
#include "stack/fault/queue.h"

#include "lwip/pbuf.h"

#define N	200000
#define MS	1000000ll

static struct wire_fault conf;
static struct netem m;
static int16_t table[4096];

static void check(int ok, const char *what, double got, double want)
{
	if (ok)
		return;
	fprintf(stderr, "u_netem: %s: %g, not %g\n", what, got, want);
	exit(1);
}

/* k of n where each has probability p. */
static void check_rate(const char *what, double k, double n, double p)
{
	double off = k - n * p;

	check(off * off <= 25 * (n * p * (1 - p) + 1), what, k / n, p);
}

static void check_equal(const char *what, double got, double want)
{
	check(got == want, what, got, want);
}

static uint32_t share(double p)
{
	return (uint32_t)(p * UINT32_MAX + 0.5);
}

static void begin(uint64_t seed)
{
	conf.seed = seed;
	netem_init(&m, &conf, conf.ndist ? table : NULL);
}

static void loss_random(void)
{
	static const double p[] = { 0.001, 0.02, 0.3, 0.95, 1 };

	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		unsigned k = 0;

		conf = (struct wire_fault){ .loss.p = share(p[i]) };
		begin(i + 1);
		for (int j = 0; j < N; j++)
			k += netem_loses(&m);
		check_rate("loss", k, N, p[i]);
	}
	conf = (struct wire_fault){ .limit = 1 };
	begin(1);
	for (int j = 0; j < N; j++)
		check_equal("no loss", netem_loses(&m), 0);
}

/* Losses, and how many of them follow another one. */
static void runs(unsigned *lost, unsigned *followed)
{
	bool last = false, now;

	*lost = *followed = 0;
	for (int j = 0; j < N; j++) {
		now = netem_loses(&m);
		*lost += now;
		*followed += now && last;
		last = now;
	}
}

/* Chains: the share of losses is what is stationary, with room for bursts. */
static void loss_chains(void)
{
	enum { P13, P31, P32, P23, P14 };
	unsigned lost, followed;
	double off;

	/* Simple Gilbert: bad for 1/r frames, good for 1/p. */
	conf = (struct wire_fault){ .loss_model = WIRE_LOSS_GEMODEL,
	    .markov = { share(0.02), share(0.25), 0, 0 } };
	begin(3);
	runs(&lost, &followed);
	off = lost - N * 0.02 / 0.27;
	check(off * off < 25 * 8 * N * 0.074, "gemodel", lost, N * 0.02 / 0.27);
	check_rate("gemodel bursts", followed, lost, 0.75);
	/* Gilbert and Elliot: 70 % of the bad state, 1 % of the good one. */
	conf.markov[2] = share(0.3);
	conf.markov[3] = share(0.01);
	begin(4);
	runs(&lost, &followed);
	off = lost - N * (0.02 * 0.7 + 0.25 * 0.01) / 0.27;
	check(off * off < 25 * 8 * N * 0.061, "gemodel 1-h 1-k", lost, 0);
	/* Four states: of two only, as Gilbert's. */
	conf = (struct wire_fault){ .loss_model = WIRE_LOSS_STATE,
	    .markov = { [P13] = share(0.02), [P31] = share(0.25),
	    [P23] = UINT32_MAX } };
	begin(5);
	runs(&lost, &followed);
	off = lost - N * 0.02 / 0.27;
	check(off * off < 25 * 8 * N * 0.074, "state", lost, N * 0.02 / 0.27);
	check_rate("state bursts", followed, lost, 0.75);
	/* A single loss is followed by a good frame. */
	conf.markov[P13] = 0;
	conf.markov[P14] = share(0.1);
	begin(6);
	runs(&lost, &followed);
	check_equal("state: isolated", followed, 0);
	off = lost - N * 0.1 / 1.1;
	check(off * off < 25 * N * 0.09, "state p14", lost, N * 0.1 / 1.1);
}

static void others(void)
{
	unsigned dup = 0, bad = 0, bits[8] = { 0 }, high = 0;
	uint32_t byte;
	uint8_t bit;

	conf = (struct wire_fault){ .duplicate.p = share(0.05),
	    .corrupt.p = share(0.1) };
	begin(7);
	for (int j = 0; j < N; j++) {
		dup += netem_duplicates(&m);
		if (!netem_corrupts(&m, 1000, &byte, &bit))
			continue;
		check(byte < 1000 && bit < 8, "where", byte, bit);
		bits[bit]++;
		high += byte >= 500;
		bad++;
	}
	check_rate("duplicate", dup, N, 0.05);
	check_rate("corrupt", bad, N, 0.1);
	check_rate("which half", high, bad, 0.5);
	for (int i = 0; i < 8; i++)
		check_rate("which bit", bits[i], bad, 0.125);
}

/* The kernel's mixture: successive numbers differ by at most 1 - rho. */
static void correlation(void)
{
	unsigned lost, followed;

	conf = (struct wire_fault){
	    .loss = { share(0.5), share(0.9) } };
	begin(8);
	runs(&lost, &followed);
	check(followed > 0.7 * lost, "correlated", followed, lost);
	begin(8);
	conf.loss.correlation = 0;
}

static uint64_t due_of(uint32_t len, uint64_t now, uint64_t last)
{
	uint64_t due = 0;

	return netem_delays(&m, len, now, last, &due) ? due : 0;
}

static void delays(void)
{
	int64_t low = INT64_MAX, high = 0, d;
	double sum = 0, squares = 0;

	conf = (struct wire_fault){ .delay_ns = 100 * MS };
	begin(9);
	check_equal("delay", due_of(1, 1000, 0), 1000 + 100 * MS);
	conf.jitter_ns = 10 * MS;
	begin(9);
	for (int j = 0; j < N; j++) {
		d = (int64_t)due_of(1, 1000 * MS, 0) - 1000 * MS;
		low = d < low ? d : low;
		high = d > high ? d : high;
		sum += d;
	}
	check(low >= 90 * MS && low < 90.1 * MS, "uniform: least", low, 0);
	check(high < 110 * MS && high > 109.9 * MS, "uniform: most", high, 0);
	/* sigma / sqrt(N) is 13 us */
	check(sum / N > 99.93 * MS && sum / N < 100.07 * MS, "uniform: mean",
	    sum / N, 100 * MS);
	/* By a table: of its mean and deviation. */
	for (int i = 0; i < 4096; i++)
		table[i] = i % 2 ? 8192 : -8192;
	conf.ndist = 4096;
	begin(9);
	sum = 0;
	for (int j = 0; j < N; j++) {
		d = (int64_t)due_of(1, 1000 * MS, 0) - 1100 * MS;
		check(d == 10 * MS || d == -10 * MS, "table", d, 10 * MS);
		sum += d / MS;
		squares += 100;
	}
	check(sum * sum < 25 * squares, "table: mean", sum / N, 0);
	/* Earlier than now is now. */
	conf.delay_ns = 1 * MS;
	begin(9);
	for (int j = 0; j < 1000; j++)
		check(due_of(1, 50 * MS, 0) >= 50 * MS, "not before", 0, 0);
}

static void rates(void)
{
	conf = (struct wire_fault){ .rate = 125000 };	/* 1 mbit */
	begin(10);
	check_equal("rate", due_of(1250, 5, 0), 5 + 10 * MS);
	check_equal("rate, one behind another", due_of(1250, 5, 5 + 10 * MS),
	    5 + 20 * MS);
	conf.delay_ns = 3 * MS;
	begin(10);
	check_equal("rate and delay", due_of(1250, 5, 0), 5 + 13 * MS);
	/* The delay runs while the one before is on its way. */
	check_equal("the same, behind", due_of(1250, 5, 5 + 13 * MS),
	    5 + 23 * MS);
	/* tc-netem(8): 50 bytes in cells of 48 and 5: 106 bytes */
	conf = (struct wire_fault){ .rate = 1000, .cell_size = 48,
	    .cell_overhead = 5 };
	begin(10);
	check_equal("cells", due_of(50, 1, 0), 1 + 106 * MS);
	conf.overhead = -14;
	begin(10);
	check_equal("overhead", due_of(62, 1, 0), 1 + 53 * MS);
	check_equal("less than nothing", due_of(10, 1, 0), 1);
}

static void reorder(void)
{
	unsigned k = 0;

	conf = (struct wire_fault){ .delay_ns = 10 * MS, .gap = 5,
	    .reorder.p = UINT32_MAX };
	begin(11);
	for (int j = 1; j <= 100; j++)
		check_equal("every fifth", !due_of(1, 1, 0), j % 5 == 0);
	conf.gap = 1;
	conf.reorder.p = share(0.25);
	begin(11);
	for (int j = 0; j < N; j++)
		k += !due_of(1, 1, 0);
	check_rate("reorder", k, N, 0.25);
}

static void again(void)
{
	static bool first[1000];
	unsigned differ = 0;

	conf = (struct wire_fault){ .loss = { share(0.1), share(0.2) },
	    .duplicate.p = share(0.1) };
	for (int round = 0; round < 3; round++) {
		begin(round < 2 ? 77 : 78);
		for (int j = 0; j < 1000; j++) {
			bool lost = (netem_duplicates(&m), netem_loses(&m));

			if (!round)
				first[j] = lost;
			else if (round == 1)
				check_equal("seed", lost, first[j]);
			differ += lost != first[j];
		}
	}
	check(differ > 20, "another seed", differ, 0);
}

/* Frames leave in the order of their times, then of their coming. */
static void order(void)
{
	struct queue q = { .n = 0 };
	struct queue_frame w = { .due = 0 }, last = { .due = 0 };
	unsigned random = 1;

	for (int j = 0; j < 5000; j++) {
		random = random * 1103515245 + 12345;
		w.due = random >> 16 & 255;
		w.p = pbuf_alloc(PBUF_RAW, 10, PBUF_RAM);
		check(queue_put(&q, &w), "put", 0, 1);
	}
	check_equal("bytes", (double)q.bytes, 50000);
	while (q.n) {
		w = queue_take(&q);
		check(w.due > last.due || (w.due == last.due &&
		    (w.number > last.number || !last.p)), "order",
		    (double)w.due, (double)last.due);
		last = w;
		pbuf_free(w.p);
	}
	check_equal("bytes", (double)q.bytes, 0);
	queue_free(&q);
}

int main(void)
{
	loss_random();
	loss_chains();
	others();
	correlation();
	delays();
	rates();
	reorder();
	again();
	order();
	return 0;
}
