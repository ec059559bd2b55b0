/* proctext.h: composing a text of /proc in a file, from the host's tables. */
#ifndef HIJACK_PROCTEXT_H
#define HIJACK_PROCTEXT_H

#include "hijack/dump.h"
#include "hijack/hijack.h"

/* Text on its way into a file. */
struct text {
	int fd;
	int err;		/* the first failure, -errno */
	size_t used;
	char buf[4096];
};

HJ_HIDDEN void text_flush(struct text *t);
/* A piece of text, filled up with blanks to `width` bytes. */
HJ_HIDDEN __attribute__((format(printf, 3, 4)))
void text_put(struct text *t, size_t width, const char *fmt, ...);
/* A line of a table whose lines are all that long. */
#define text_row(t, width, ...)						\
	(text_put(t, width, __VA_ARGS__), text_put(t, 0, "\n"))
/* An IPv6 address, and what is to follow it. */
HJ_HIDDEN void text_hex(struct text *t, const uint8_t ip[16],
    const char *after);
/* The number that the kernel prints for four bytes of an address. */
HJ_HIDDEN uint32_t text_word(const uint8_t *ip);

/* A table of the host, record by record. */
struct rows {
	int fd;
	unsigned i, count;
};

/* If it can't be had it is empty, and the error noted. */
HJ_HIDDEN struct rows rows_of(struct text *t, enum wire_dump what);
/* To be called until it says false: that closes the table. */
HJ_HIDDEN bool rows_next(struct rows *r, void *rec, size_t size);

#endif
