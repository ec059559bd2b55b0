/* proctext.c: texts of /proc; see proctext.h. */
#include "hijack/proctext.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stack/wire/sys.h"

#define ROW	256	/* bytes: more than any line made here */

void text_flush(struct text *t)
{
	size_t done = 0;
	long n;

	while (!t->err && done < t->used) {
		n = SYS3(SYS_write, t->fd, t->buf + done, t->used - done);
		if (n > 0)
			done += (size_t)n;
		else if (n != -EINTR)
			t->err = n ? (int)n : -ENOSPC;
	}
	t->used = 0;
}

void text_put(struct text *t, size_t width, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (sizeof(t->buf) - t->used < ROW + 1)
		text_flush(t);
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->used, ROW, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= ROW)
		return;
	t->used += (size_t)n;
	for (size_t i = (size_t)n; i < width; i++)
		t->buf[t->used++] = ' ';
}

uint32_t text_word(const uint8_t *ip)
{
	uint32_t w;

	memcpy(&w, ip, sizeof(w));
	return w;
}

void text_hex(struct text *t, const uint8_t ip[16], const char *after)
{
	for (int i = 0; i < 16; i++)
		text_put(t, 0, "%02x", ip[i]);
	text_put(t, 0, "%s", after);
}

struct rows rows_of(struct text *t, enum wire_dump what)
{
	struct rows r = { 0 };

	r.fd = dump_open(what, &r.count);
	if (r.fd < 0 && !t->err)
		t->err = r.fd;
	return r;
}

bool rows_next(struct rows *r, void *rec, size_t size)
{
	if (r->fd < 0)
		return false;
	if (r->i < r->count && dump_get(r->fd, r->i++, rec, size))
		return true;
	sys_close(r->fd);
	r->fd = -1;
	return false;
}
