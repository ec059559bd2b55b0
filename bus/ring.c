/*
 * ring.c: arithmetic over the mapped log.
 */
#include "bus/ring.h"

#include <string.h>

#define WORD_PAD	(1ull << 24)
#define WORD_COUNT	(WORD_PAD - 1)
#define WORD_POS_SHIFT	25

static uint64_t word_pos(const struct ring *r, uint64_t pos)
{
	return (pos / BUS_UNIT ^ r->key) << WORD_POS_SHIFT;
}

uint64_t ring_word(const struct ring *r, uint64_t pos, bool pad, uint64_t n)
{
	return word_pos(r, pos) | (pad ? WORD_PAD | n / BUS_UNIT : n);
}

bool ring_parse(const struct ring *r, uint64_t pos, uint64_t word,
    struct ring_rec *out)
{
	uint64_t n = word & WORD_COUNT;

	if ((word ^ word_pos(r, pos)) >> WORD_POS_SHIFT)
		return false;
	out->pad = word & WORD_PAD;
	if (out->pad) {
		out->len = 0;
		out->span = n * BUS_UNIT;
	} else {
		if (n < BUS_ETH_HDR || n > r->max_len)
			return false;
		out->len = n;
		out->span = ring_span(n);
	}
	return out->span > 0 && out->span <= r->size - ring_off(r, pos);
}

uint64_t ring_walk(const struct ring *r, uint64_t from, uint64_t need,
    uint64_t want, uint64_t end)
{
	uint64_t pos = from, word;
	struct ring_rec rec;

	/* At most size / BUS_UNIT turns, since end - from <= size. */
	while (pos < want) {
		word = ring_load(r, pos);
		if (!ring_parse(r, pos, word, &rec) || rec.span > end - pos)
			return pos >= need ? pos : UINT64_MAX;
		if (pos >= need && pos + rec.span > want)
			break;
		pos += rec.span;
	}
	return pos;
}

/* Bytes of a frame at pos that lie in the ring. */
static uint64_t room(const struct ring *r, uint64_t pos)
{
	return r->size - ring_off(r, pos & ~(uint64_t)(BUS_UNIT - 1)) -
	    sizeof(struct bus_rec);
}

void ring_copy_in(const struct ring *r, uint64_t pos, const struct iovec *iov,
    int iovcnt, uint32_t max)
{
	uint8_t *dst = (uint8_t *)ring_at(r, pos) + sizeof(struct bus_rec);
	size_t n;

	if (max > room(r, pos))
		max = (uint32_t)room(r, pos);
	/* max guards against an iov that another thread changes. */
	for (int i = 0; i < iovcnt && max > 0; i++) {
		n = iov[i].iov_len < max ? iov[i].iov_len : max;
		if (n == 0)
			continue;
		/* A race that map_lapped() makes harmless, see shm.c. */
		shm_copy_in(dst, iov[i].iov_base, n);
		dst += n;
		max -= n;
	}
}

void ring_copy_out(const struct ring *r, uint64_t pos, void *dst, uint32_t n)
{
	uint64_t have = room(r, pos);

	if (n > have) {
		memset((uint8_t *)dst + have, 0, n - have);
		n = (uint32_t)have;
	}
	if (n > 0)
		shm_copy_out(dst, (const uint8_t *)ring_at(r, pos) +
		    sizeof(struct bus_rec), n);
}
