/* linkcount.c: numbers with units, as tc(8) takes them; see linkwords.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "stack/ctl/linkwords.h"

struct unit {
	const char *name;
	double factor;
};

/* A number that is not negative, with a unit behind it or none. */
static int count(const char *s, const struct unit *units, double bare,
    double max, double *out)
{
	double factor = bare;
	char *end;

	if ((*s < '0' || *s > '9') && *s != '.')
		return -EINVAL;		/* a sign, inf, nan */
	*out = strtod(s, &end);
	if (end == s)
		return -EINVAL;
	if (*end) {
		while (units->name && strcasecmp(units->name, end))
			units++;
		factor = units->factor;
	}
	*out *= factor;
	return factor > 0 && *out <= max ? 0 : -EINVAL;
}

int link_percent(const char *s, uint32_t *out)
{
	static const struct unit units[] = { { "%", 1 }, { NULL, 0 } };
	double v;

	if (count(s, units, 1, 100, &v))
		return -EINVAL;
	*out = (uint32_t)rint(v / 100 * UINT32_MAX);
	return 0;
}

int link_time(const char *s, int64_t *ns)
{
	static const struct unit units[] = {
		{ "s", 1e9 }, { "sec", 1e9 }, { "secs", 1e9 },
		{ "ms", 1e6 }, { "msec", 1e6 }, { "msecs", 1e6 },
		{ "us", 1e3 }, { "usec", 1e3 }, { "usecs", 1e3 },
		{ "ns", 1 }, { "nsec", 1 }, { "nsecs", 1 }, { NULL, 0 },
	};
	double v;

	/* tc's largest is 2^32 us; there is no need for more. */
	if (count(s, units, 1e3, 1e3 * UINT32_MAX, &v))
		return -EINVAL;
	*ns = (int64_t)rint(v);
	return 0;
}

int link_rate(const char *s, uint64_t *bytes)
{
#define TIMES(prefix, by) \
	{ prefix "bit", (by) / 8 }, { prefix "bps", (by) }
	static const struct unit units[] = {
		TIMES("", 1.), TIMES("k", 1e3), TIMES("m", 1e6),
		TIMES("g", 1e9), TIMES("t", 1e12), TIMES("ki", 1024.),
		TIMES("mi", 1048576.), TIMES("gi", 1073741824.),
		TIMES("ti", 1099511627776.), { NULL, 0 },
	};
	double v;

	if (count(s, units, 1. / 8, 1e18, &v))
		return -EINVAL;
	*bytes = (uint64_t)v;
	return *bytes ? 0 : -EINVAL;
}
