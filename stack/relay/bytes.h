/* bytes.h: a queue of bytes in one piece, which grows as it has to. */
#ifndef RELAY_BYTES_H
#define RELAY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* All zero: empty. */
struct bytes {
	uint8_t *p;
	size_t head, len, cap;	/* the queue is p[head .. head + len) */
};

static inline void bytes_free(struct bytes *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

static inline uint8_t *bytes_head(const struct bytes *b)
{
	return b->p ? b->p + b->head : NULL;
}

static inline void bytes_take(struct bytes *b, size_t n)
{
	b->head += n;
	b->len -= n;
	if (!b->len)
		b->head = 0;
	/* What was large once is not kept for ever. */
	if (!b->len && b->cap > 1u << 20)
		bytes_free(b);
}

/* Room for n more behind the end. Return: where, or NULL: no memory. */
static inline uint8_t *bytes_room(struct bytes *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	uint8_t *p;

	if (b->head + b->len + n > b->cap && b->head) {
		memmove(b->p, b->p + b->head, b->len);
		b->head = 0;
	}
	if (b->len + n > b->cap) {
		while (cap < b->len + n)
			cap *= 2;
		p = realloc(b->p, cap);
		if (!p)
			return NULL;
		b->p = p;
		b->cap = cap;
	}
	return b->p + b->head + b->len;
}

static inline bool bytes_put(struct bytes *b, const void *p, size_t n)
{
	uint8_t *to = n ? bytes_room(b, n) : NULL;

	if (n && !to)
		return false;
	if (n)
		memcpy(to, p, n);
	b->len += n;
	return true;
}

#endif
