/* table.h: things found by a number; the entry is a member of the thing. */
#ifndef RELAY_TABLE_H
#define RELAY_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct entry {
	uint64_t key;
	struct entry *next;	/* in its bucket */
};

/* All zero: empty. */
struct table {
	struct entry **bucket;
	size_t size, count;
};

#define table_of(type, member, e) \
	((type *)(void *)((char *)(e) - offsetof(type, member)))

static inline struct entry **table_at(const struct table *t, uint64_t key)
{
	return &t->bucket[(key * 0x9e3779b97f4a7c15u >> 32) & (t->size - 1)];
}

static inline struct entry *table_find(const struct table *t, uint64_t key)
{
	struct entry *e = t->size ? *table_at(t, key) : NULL;

	while (e && e->key != key)
		e = e->next;
	return e;
}

/* More buckets, if there is memory for them; else slower, but right. */
static inline void table_grow(struct table *t)
{
	struct table big = { .size = t->size ? t->size * 4 : 256 };
	struct entry *e, *next;

	big.bucket = calloc(big.size, sizeof(struct entry *));
	if (!big.bucket)
		return;
	for (size_t i = 0; i < t->size; i++)
		for (e = t->bucket[i]; e; e = next) {
			next = e->next;
			e->next = *table_at(&big, e->key);
			*table_at(&big, e->key) = e;
		}
	big.count = t->count;
	free(t->bucket);
	*t = big;
}

/* Return: 0, or -1: no memory. */
static inline int table_put(struct table *t, struct entry *e, uint64_t key)
{
	if (t->count >= t->size)
		table_grow(t);
	if (!t->size)
		return -1;
	e->key = key;
	e->next = *table_at(t, key);
	*table_at(t, key) = e;
	t->count++;
	return 0;
}

/* One that is not in it is no harm. */
static inline void table_take(struct table *t, struct entry *e)
{
	struct entry **at = t->size ? table_at(t, e->key) : NULL;

	while (at && *at && *at != e)
		at = &(*at)->next;
	if (!at || !*at)
		return;
	*at = e->next;
	t->count--;
}

#endif
