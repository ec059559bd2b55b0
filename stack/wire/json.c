/* json.c: writes JSON; see json.h. */
#include "stack/wire/json.h"

#include <assert.h>
#include <inttypes.h>

void json_init(struct json *j, FILE *to, bool compact)
{
	*j = (struct json){ .to = to, .compact = compact };
}

/*
 * How many bytes at s make one valid character of UTF-8; 0 if they do not.
 * Overlong forms, surrogates and what is beyond U+10FFFF are not valid.
 */
static int utf8_length(const unsigned char *s)
{
	int n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 :
	    (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void put_string(FILE *to, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;

	fputc('"', to);
	while (*s) {
		int n = utf8_length(s);

		if (*s == '"' || *s == '\\')
			fprintf(to, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", to);
		else if (*s == '\t')
			fputs("\\t", to);
		else if (*s < ' ' || *s == 0x7f)
			fprintf(to, "\\u%04x", *s);
		else if (n == 0)
			fputs("\\ufffd", to);
		else
			fwrite(s, 1, (size_t)n, to);
		s += n ? n : 1;
	}
	fputc('"', to);
}

static void new_line(struct json *j)
{
	if (j->compact)
		return;
	fputc('\n', j->to);
	for (int i = 0; i < j->depth; i++)
		fputs("  ", j->to);
}

/* Comma, line break and key of the next value. */
static void begin_value(struct json *j, const char *key)
{
	if (j->depth > 0) {
		if (j->filled[j->depth - 1])
			fputc(',', j->to);
		j->filled[j->depth - 1] = true;
		new_line(j);
	}
	if (key) {
		put_string(j->to, key);
		fputs(j->compact ? ":" : ": ", j->to);
	}
}

static void open_value(struct json *j, const char *key, char open, char close)
{
	begin_value(j, key);
	assert(j->depth < JSON_DEPTH);
	fputc(open, j->to);
	j->filled[j->depth] = false;
	j->close[j->depth++] = close;
}

void json_object(struct json *j, const char *key)
{
	open_value(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	open_value(j, key, '[', ']');
}

void json_end(struct json *j)
{
	assert(j->depth > 0);
	j->depth--;
	if (j->filled[j->depth])
		new_line(j);
	fputc(j->close[j->depth], j->to);
	if (j->depth == 0)
		fputc('\n', j->to);
}

void json_string(struct json *j, const char *key, const char *value)
{
	begin_value(j, key);
	put_string(j->to, value);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	fprintf(j->to, "%" PRIu64, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
	begin_value(j, key);
	fprintf(j->to, "%" PRId64, value);
}

void json_real(struct json *j, const char *key, double value)
{
	begin_value(j, key);
	fprintf(j->to, "%.12g", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	fputs(value ? "true" : "false", j->to);
}

void json_null(struct json *j, const char *key)
{
	begin_value(j, key);
	fputs("null", j->to);
}

void json_error(const char *command, const char *fmt, va_list ap)
{
	char text[1024];
	struct json j;

	vsnprintf(text, sizeof(text), fmt, ap);
	json_init(&j, stderr, true);
	json_object(&j, NULL);
	json_string(&j, "command", command);
	json_string(&j, "error", text);
	json_end(&j);
}
