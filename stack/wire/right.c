/* right.c: rights by name; see right.h. */
#include "stack/wire/right.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t bits;		/* with those that come along */
	enum right right;
} names[] = {
	{ "use", RIGHT_USE, RIGHT_USE },
	{ "raw", RIGHT_USE | RIGHT_RAW, RIGHT_RAW },
	{ "watch", RIGHT_USE | RIGHT_WATCH, RIGHT_WATCH },
	{ "config", RIGHT_USE | RIGHT_WATCH | RIGHT_CONFIG, RIGHT_CONFIG },
	{ "halt", RIGHT_USE | RIGHT_HALT, RIGHT_HALT },
};
#define NAMES	(sizeof(names) / sizeof(names[0]))

static uint32_t bits_of(const char *word, size_t n)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strlen(names[i].name) == n &&
		    !memcmp(names[i].name, word, n))
			return names[i].bits;
	return 0;
}

int right_parse(struct right_set *set, const char *text, const char **bad)
{
	struct right_set s = { RIGHT_USE };
	uint32_t bits;
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		bits = bits_of(text, n);
		if (!bits) {
			*bad = text;
			return -EINVAL;
		}
		s.bits |= bits;
		if (!text[n])
			break;
	}
	*set = s;
	return 0;
}

char *right_text(char buf[static RIGHT_TEXTLEN], uint32_t bits)
{
	buf[0] = '\0';
	for (size_t i = 0; i < NAMES; i++) {
		if (!(bits & names[i].right))
			continue;
		if (buf[0])
			strcat(buf, ",");
		strcat(buf, names[i].name);
	}
	return buf;
}

const char *right_name(enum right r)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].right == r)
			return names[i].name;
	return "?";
}

void right_narrow(struct right_set *set, const struct right_set *limit)
{
	set->bits &= limit->bits;
}
