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

/*
 * The bytes of a frame are copied while others may overwrite them; that is a
 * data race by C's letter, which map_lapped() makes harmless: nothing is used
 * before it has said that there was none.  The thread sanitizer gets copies
 * it can tell from mistakes.
 */
#ifdef RING_TSAN
static void copy_word(void *dst, const void *src, bool in)
{
	uint64_t w;

	if (in) {
		memcpy(&w, src, sizeof(w));
		__atomic_store_n((uint64_t *)dst, w, __ATOMIC_RELAXED);
	} else {
		w = __atomic_load_n((const uint64_t *)src, __ATOMIC_RELAXED);
		memcpy(dst, &w, sizeof(w));
	}
}

static void copy_shared(void *dst, const void *src, size_t n, bool in)
{
	uintptr_t shared = (uintptr_t)(in ? dst : src);
	uint8_t *d = dst;
	const uint8_t *s = src;
	size_t i = 0;

	while (i < n) {
		if ((shared + i) % 8 == 0 && n - i >= 8) {
			copy_word(d + i, s + i, in);
			i += 8;
			continue;
		}
		if (in)
			__atomic_store_n(&d[i], s[i], __ATOMIC_RELAXED);
		else
			d[i] = __atomic_load_n(&s[i], __ATOMIC_RELAXED);
		i++;
	}
}
#else
static inline void copy_shared(void *dst, const void *src, size_t n, bool in)
{
	(void)in;
	memcpy(dst, src, n);
}
#endif

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
		bus_hook(NULL, 0);
		copy_shared(dst, iov[i].iov_base, n, true);
		dst += n;
		max -= n;
	}
}

void ring_copy_out(const struct ring *r, uint64_t pos, void *dst, uint32_t n)
{
	uint64_t have = room(r, pos);

	bus_hook(NULL, 0);
	if (n > have) {
		memset((uint8_t *)dst + have, 0, n - have);
		n = (uint32_t)have;
	}
	if (n > 0)
		copy_shared(dst, (const uint8_t *)ring_at(r, pos) +
		    sizeof(struct bus_rec), n, false);
}
