/*
 * rumpmap.c: the words of a bus of NetBSD's format.
 */
#include "bus/rumpmap.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bus/map.h"

#define FIND_TRIES	8

int rump_map_open(struct rump_map *m, int fd, bool rdonly,
    _Atomic bool *broken)
{
	void *base;
	int r;

	r = map_shared(&base, fd, RUMP_FILE, rdonly ? PROT_READ :
	    PROT_READ | PROT_WRITE, broken);
	if (r < 0)
		return r;
	*m = (struct rump_map){
		.hdr = base,
		.ring = (uint8_t *)base + sizeof(struct rump_header),
		.rec = RUMP_REC,
	};
	return 0;
}

void rump_map_close(struct rump_map *m)
{
	unmap_shared(m->hdr, RUMP_FILE);
	m->hdr = NULL;
}

static uint32_t order32(const struct rump_map *m, uint32_t v)
{
	return m->swap ? __builtin_bswap32(v) : v;
}

static uint64_t order64(const struct rump_map *m, uint64_t v)
{
	return m->swap ? __builtin_bswap64(v) : v;
}

bool rump_map_same(const struct rump_map *m)
{
	return order32(m, shm_get32(&m->hdr->magic, memory_order_relaxed)) ==
	    RUMP_MAGIC;
}

void rump_view(const struct rump_map *m, struct rump_view *v)
{
	uint64_t ends = shm_load64(&m->hdr->ends);
	uint32_t word[2];

	v->gen = order64(m, shm_load64(&m->hdr->gen));
	memcpy(word, &ends, sizeof(word));
	v->first = order32(m, word[0]);
	v->last = order32(m, word[1]);
}

bool rump_ends(const struct rump_map *m, const struct rump_view *v,
    struct rump_ends *e)
{
	uint32_t len, span, used;

	if (v->last >= RUMP_SIZE || v->first > RUMP_SIZE)
		return false;
	len = rump_len(m, v->last);
	if (len > RUMP_FRAME_MAX)
		return false;
	span = m->rec + len;
	e->off = (v->last + span) % RUMP_SIZE;
	e->head = v->gen * RUMP_SIZE + e->off;
	e->newest = e->head - span;
	/* first may be RUMP_SIZE for 0; the same as off: the ring is full */
	used = (e->off + RUMP_SIZE - v->first % RUMP_SIZE) % RUMP_SIZE;
	if (used == 0)
		used = RUMP_SIZE;
	e->tail = used < span ? e->newest : e->head - used;
	return true;
}

uint32_t rump_off(const struct rump_ends *e, uint64_t pos)
{
	uint64_t back = (e->head - pos) % (RUMP_SIZE + 1ull);

	return (uint32_t)((e->off + RUMP_SIZE - back) % RUMP_SIZE);
}

void rump_copy_out(const struct rump_map *m, uint32_t off, void *dst,
    size_t n)
{
	size_t chunk = RUMP_SIZE - off % RUMP_SIZE;

	if (chunk > n)
		chunk = n;
	shm_copy_out(dst, m->ring + off % RUMP_SIZE, chunk);
	if (n > chunk)
		shm_copy_out((uint8_t *)dst + chunk, m->ring, n - chunk);
}

void rump_copy_in(const struct rump_map *m, uint32_t off, const void *src,
    size_t n)
{
	size_t chunk = RUMP_SIZE - off % RUMP_SIZE;

	if (chunk > n)
		chunk = n;
	shm_copy_in(m->ring + off % RUMP_SIZE, src, chunk);
	if (n > chunk)
		shm_copy_in(m->ring, (const uint8_t *)src + chunk, n - chunk);
}

uint32_t rump_len(const struct rump_map *m, uint32_t off)
{
	uint32_t len;

	rump_copy_out(m, off, &len, sizeof(len));
	return order32(m, (uint32_t)bus_hook(m->ring, len));
}

void rump_stamp(const struct rump_map *m, const uint8_t *rec,
    struct rump_stamp *s)
{
	uint32_t word[3];
	uint64_t sender = 0;

	memcpy(word, rec, sizeof(word));
	if (m->rec != RUMP_REC_OLD)
		memcpy(&sender, rec + m->rec - sizeof(sender),
		    sizeof(sender));
	*s = (struct rump_stamp){
		.len = order32(m, word[0]),
		.sec = order32(m, word[1]),
		.usec = order32(m, word[2]),
		.sender = order64(m, sender),
	};
}

void rump_put_ends(const struct rump_map *m, uint32_t first, uint32_t last)
{
	const uint32_t word[2] = { first, last };
	uint64_t ends;

	/* Both at once: who dies leaves them fitting. */
	memcpy(&ends, word, sizeof(ends));
	shm_store64(&m->hdr->ends, ends);
}

void rump_put_gen(const struct rump_map *m, uint64_t gen)
{
	shm_store64(&m->hdr->gen, gen);
}

uint64_t rump_lock_word(const struct rump_map *m)
{
	return shm_load64(&m->hdr->lock);
}

bool rump_lock_cas(const struct rump_map *m, uint64_t *was, uint64_t word)
{
	return shm_cas64(&m->hdr->lock, was, word);
}

/* Do frames follow each other from the oldest to the newest? */
static bool walk(const struct rump_map *m)
{
	struct rump_view v;
	uint32_t off, len;

	rump_view(m, &v);
	if (v.last >= RUMP_SIZE || v.first > RUMP_SIZE)
		return false;
	off = v.first % RUMP_SIZE;
	for (uint64_t gone = 0; gone <= RUMP_SIZE; gone += m->rec + len) {
		if (off == v.last)
			return true;
		len = rump_len(m, off);
		if (len > RUMP_FRAME_MAX)
			return false;
		off = (off + m->rec + len) % RUMP_SIZE;
	}
	return false;
}

unsigned rump_find_rec(struct rump_map *m)
{
	/* Somebody may write meanwhile. */
	for (int i = 0; i < FIND_TRIES; i++) {
		m->rec = i % 2 ? RUMP_REC_I386 : RUMP_REC;
		if (walk(m))
			return m->rec;
	}
	m->rec = RUMP_REC;
	return 0;
}
