/*
 * elfsym.c: look up a function in one loaded object.
 *
 * dlsym(3) cannot be asked where dlsym is, once there is one of ours; and it
 * cannot be asked what one object defines, without those it needs.
 */
#include "hijack/elfsym.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

const struct link_map *elfsym_object(const void *addr)
{
	struct link_map *m = NULL;
	Dl_info info;

	return dladdr1(addr, &info, (void **)&m, RTLD_DL_LINKMAP) ? m : NULL;
}

struct tables {
	const ElfW(Sym) *sym;
	const char *str;
	const uint32_t *hash;	/* DT_GNU_HASH: four words, then the rest */
};

/* Some of ld.so's make the addresses in the dynamic section absolute. */
static const void *at(const struct link_map *m, ElfW(Addr) p)
{
	return (const void *)(p < m->l_addr ? p + m->l_addr : p);
}

static bool read_tables(const struct link_map *m, struct tables *t)
{
	memset(t, 0, sizeof(*t));
	for (const ElfW(Dyn) *d = m->l_ld; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			t->sym = at(m, d->d_un.d_ptr);
		else if (d->d_tag == DT_STRTAB)
			t->str = at(m, d->d_un.d_ptr);
		else if (d->d_tag == DT_GNU_HASH)
			t->hash = at(m, d->d_un.d_ptr);
	}
	return t->sym && t->str && t->hash;
}

/*
 * strcmp(3) may be that of a sanitizer, which asks us for libc's before it can
 * do anything.
 */
static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static uint32_t hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static bool is_function(const ElfW(Sym) *s)
{
	return s->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(s->st_info) ==
	    STT_FUNC;
}

void *elfsym_find(const struct link_map *m, const char *name)
{
	const uint32_t *buckets, *chain;
	uint32_t h = hash_of(name), i;
	const ElfW(Addr) *bloom;
	struct tables t;

	if (!read_tables(m, &t))
		return NULL;
	/* buckets, first symbol hashed, words in the filter, its shift */
	bloom = (const ElfW(Addr) *)(t.hash + 4);
	buckets = (const uint32_t *)(bloom + t.hash[2]);
	chain = buckets + t.hash[0] - t.hash[1];
	if (!(bloom[h / 64 & (t.hash[2] - 1)] >> (h & 63) &
	    bloom[h / 64 & (t.hash[2] - 1)] >> (h >> t.hash[3] & 63) & 1))
		return NULL;
	for (i = buckets[h % t.hash[0]]; i; i++) {
		if ((chain[i] | 1) == (h | 1) && is_function(&t.sym[i]) &&
		    same(t.str + t.sym[i].st_name, name))
			return (void *)(m->l_addr + t.sym[i].st_value);
		if (chain[i] & 1)
			return NULL;
	}
	return NULL;
}

void elfsym_extent(const struct link_map *m, uintptr_t v[2])
{
	const ElfW(Ehdr) *e = (const void *)m->l_addr;
	const ElfW(Phdr) *p;

	v[0] = v[1] = 0;
	/* 0: a program that is not relocated, whose header lies elsewhere. */
	if (!e || e->e_ident[EI_MAG0] != ELFMAG0)
		return;
	v[0] = v[1] = m->l_addr;
	p = (const void *)(m->l_addr + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD &&
		    v[0] + p[i].p_vaddr + p[i].p_memsz > v[1])
			v[1] = v[0] + p[i].p_vaddr + p[i].p_memsz;
}
