/*
 * linkdist.c: tables of distributions, as tc(8) has them in files: the value
 * that a share of (i + 1/2) / LINK_DIST is below, in 8192ths of a standard
 * deviation from the mean.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/linkwords.h"

#define SCALE	8192

/* By halves: the share below x is erfc(-x / sqrt(2)) / 2. */
static double normal(double share)
{
	double low = -8, high = 8, x = 0;

	for (int i = 0; i < 60; i++) {
		x = (low + high) / 2;
		if (erfc(-x / sqrt(2)) / 2 < share)
			low = x;
		else
			high = x;
	}
	return x;
}

/* Of shape 3, so with a mean of 3/2; and with the factor that tc's has. */
static double pareto(double share)
{
	return (pow(1 - share, -1.0 / 3) - 1.5) * 4 / 3;
}

/* A normal one with a tail. */
static double paretonormal(double share)
{
	return 0.25 * normal(share) + 0.75 * pareto(share);
}

static const struct {
	const char *name;
	double (*value)(double share);
} dists[] = {
	{ "normal", normal },
	{ "pareto", pareto },
	{ "paretonormal", paretonormal },
};

int16_t *link_dist(const char *name)
{
	int16_t *t = NULL;
	double v;

	for (size_t i = 0; i < sizeof(dists) / sizeof(dists[0]); i++) {
		if (strcmp(dists[i].name, name))
			continue;
		t = malloc(LINK_DIST * sizeof(*t));
		for (int k = 0; t && k < LINK_DIST; k++) {
			v = rint(SCALE * dists[i].value((k + 0.5) / LINK_DIST));
			t[k] = (int16_t)fmax(-32768, fmin(32767, v));
		}
	}
	return t;
}
