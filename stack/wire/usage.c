/* usage.c: reads the help text of a program; see usage.h. */
#include "stack/wire/usage.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define HEAD		"usage: "
#define HEAD_LEN	7	/* lines that go on are indented as far */
#define WORD_MAX	32

static const char *next_line(const char *p)
{
	p += strcspn(p, "\n");
	return *p ? p + 1 : p;
}

static bool is_head(const char *line)
{
	return !strncmp(line, HEAD, HEAD_LEN);
}

/* Another way to call it. */
static bool is_more(const char *line)
{
	return strspn(line, " ") == HEAD_LEN;
}

static const char *next_block(const char *p)
{
	do
		p = next_line(p);
	while (*p && !is_head(p));
	return p;
}

/* The second word of the first line, which is the command's name. */
static const char *name_of(const char *block, size_t *n)
{
	const char *p = block + HEAD_LEN;

	p += strcspn(p, " \n");
	p += *p == ' ';
	*n = strcspn(p, " \n");
	return p;
}

const char *usage_find(const char *text, const char *command)
{
	const char *p = text, *name;
	size_t n;

	if (!command)
		return p;
	for (p = next_block(p); *p; p = next_block(p)) {
		name = name_of(p, &n);
		if (strlen(command) == n && !strncmp(name, command, n))
			return p;
	}
	return NULL;
}

/* How many bytes of a line name what is called: "shmif arp", "shmhijack". */
static size_t name_length(const char *block)
{
	size_t n;

	const char *name = name_of(block, &n);

	/* The program's own block goes on with an option or a value. */
	if (!islower((unsigned char)*name))
		return strcspn(block + HEAD_LEN, " \n");
	return (size_t)(name - (block + HEAD_LEN)) + n;
}

void usage_print(FILE *to, const char *block, const char *called)
{
	const char *end = next_block(block), *next;
	size_t skip = name_length(block);

	for (const char *p = block; p < end; p = next) {
		next = next_line(p);
		if (!*next || next == end) {
			if (*p == '\n')
				break;	/* the line between blocks */
		}
		if (is_head(p) || is_more(p)) {
			fprintf(to, "%.*s%s", HEAD_LEN, p, called);
			p += HEAD_LEN + skip;
		}
		fwrite(p, 1, (size_t)(next - p), to);
	}
}

void usage_line(const char *block, char line[static USAGE_LINELEN])
{
	size_t skip = HEAD_LEN + name_length(block), len, at = 0;

	for (const char *p = block; is_head(p) || is_more(p);
	    p = next_line(p)) {
		if (p != block && is_head(p))
			break;
		p += skip + (p[skip] == ' ');
		len = strcspn(p, "\n");
		if (at + len + 4 > USAGE_LINELEN)
			break;
		if (p != block + skip && at) {
			memcpy(line + at, " | ", 3);
			at += 3;
		}
		memcpy(line + at, p, len);
		at += len;
	}
	line[at] = '\0';
}

void usage_commands(FILE *to, const char *text)
{
	const char *p = next_block(text), *name, *what;
	size_t n;

	for (; *p; p = next_block(p)) {
		name = name_of(p, &n);
		for (what = next_line(p); is_more(what);)
			what = next_line(what);
		fprintf(to, "  %-12.*s %.*s\n", (int)n, name,
		    (int)strcspn(what, "\n"), what);
	}
}

/* Letters to change, leave out, put in or swap to get from a to b. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (unsigned i = 0; i <= na; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= nb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= na; i++)
		for (size_t j = 1; j <= nb; j++) {
			unsigned v = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < v)
				v = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < v)
				v = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < v)
				v = d[i - 2][j - 2] + 1;
			d[i][j] = v;
		}
	return d[na][nb];
}

/* Keep it in best if it is nearer than what was there. */
static void consider(const char *word, const char *s, size_t n,
    char best[static WORD_MAX + 1], unsigned *nearest)
{
	/* Of SIZE=1M and --size=1M what is before the sign. */
	unsigned d = distance(word, strcspn(word, "="), s, n);

	/* Two letters at most, and most of the word has to stay. */
	if (d >= *nearest || 2 * d >= n)
		return;
	*nearest = d;
	memcpy(best, s, n);
	best[n] = '\0';
}

const char *usage_nearest(const char *text, const char *block,
    const char *word)
{
	static char best[WORD_MAX + 1];
	const char *p, *end;
	unsigned nearest = 3;
	size_t n;

	if (!block) {
		for (p = next_block(text); *p; p = next_block(p)) {
			const char *name = name_of(p, &n);

			consider(word, name, n, best, &nearest);
		}
	} else {
		end = next_block(block);
		for (p = next_line(block); p < end; p = next_line(p))
			if (strspn(p, " ") == 2)
				consider(word, p + 2, strcspn(p + 2, " =,\n"),
				    best, &nearest);
	}
	return nearest < 3 ? best : NULL;
}
