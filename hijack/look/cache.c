/* cache.c: what was found of the files that were looked at; see cache.h. */
#include "hijack/look/cache.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "hijack/look/file.h"

static_assert(sizeof(struct program_cache) <= 4096, "it fits a page");

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

uint64_t program_cache_id(const struct stat *st)
{
	uint64_t h = mix(mix(1, st->st_dev), st->st_ino);

	return h ? h : 1;
}

/* A change of mode, owner or capabilities changes the ctime. */
static uint64_t freshness(const struct stat *st)
{
	uint64_t h = mix(2, (uint64_t)st->st_size);

	h = mix(h, (uint64_t)st->st_mtim.tv_sec);
	h = mix(h, (uint64_t)st->st_mtim.tv_nsec);
	h = mix(h, (uint64_t)st->st_ctim.tv_sec);
	return mix(h, (uint64_t)st->st_ctim.tv_nsec);
}

static uint64_t checksum(const struct program_cache_slot *s)
{
	return mix(mix(mix(3, s->id), s->fresh), s->facts);
}

enum {	/* bits of facts; above them libc and machine */
	FACT_ELF = 1, FACT_DYNAMIC = 2, FACT_GO = 4, FACT_WIDE = 8,
	FACT_CAPS = 16, FACT_READABLE = 32,
};

static uint64_t pack(const struct program_file *f)
{
	return (f->elf ? FACT_ELF : 0u) | (f->dynamic ? FACT_DYNAMIC : 0u) |
	    (f->go ? FACT_GO : 0u) | (f->wide ? FACT_WIDE : 0u) |
	    (f->caps ? FACT_CAPS : 0u) | (f->readable ? FACT_READABLE : 0u) |
	    (uint64_t)f->libc << 8 | (uint64_t)f->machine << 16;
}

static void unpack(struct program_file *f, uint64_t facts)
{
	f->elf = facts & FACT_ELF;
	f->dynamic = facts & FACT_DYNAMIC;
	f->go = facts & FACT_GO;
	f->wide = facts & FACT_WIDE;
	f->caps = facts & FACT_CAPS;
	f->readable = facts & FACT_READABLE;
	f->libc = (uint8_t)(facts >> 8);
	f->machine = (uint16_t)(facts >> 16);
}

bool program_cache_find(const struct program_cache *cache,
    const struct stat *st, struct program_file *f)
{
	struct program_cache_slot s;
	uint64_t id = program_cache_id(st);

	if (!cache)
		return false;
	/* Another process may write meanwhile: then the check fails. */
	memcpy(&s, &cache->slot[id % PROGRAM_CACHE_SLOTS], sizeof(s));
	if (s.id != id || s.fresh != freshness(st) || s.check != checksum(&s))
		return false;
	unpack(f, s.facts);
	return true;
}

void program_cache_keep(struct program_cache *cache, const struct stat *st,
    const struct program_file *f)
{
	struct program_cache_slot s, *to;

	/* Who may not read it now may be another user later. */
	if (!cache || !f->readable)
		return;
	s.id = program_cache_id(st);
	s.fresh = freshness(st);
	s.facts = pack(f);
	s.check = checksum(&s);
	to = &cache->slot[s.id % PROGRAM_CACHE_SLOTS];
	memcpy(to, &s, offsetof(struct program_cache_slot, told));
}

bool program_cache_tell(struct program_cache *cache, uint64_t id)
{
	if (!cache)
		return true;
	return __atomic_exchange_n(&cache->slot[id % PROGRAM_CACHE_SLOTS].told,
	    id, __ATOMIC_RELAXED) != id;
}
