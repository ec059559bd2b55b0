/* dynamic.c: the dynamic section of an ELF file; see dynamic.h. */
#include "hijack/launcher/dynamic.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hijack/look/elf.h"

#define TABLE_MAX	(64u << 20)	/* bytes of one table read */
#define DYN_MAX		4096		/* entries of the dynamic section */

/* A table of n bytes and a NUL behind them, malloc'ed. */
static int read_table(const struct elf *e, uint64_t off, uint64_t n, void *out)
{
	char *p;
	int err;

	if (n > TABLE_MAX)
		return -ENOEXEC;
	p = malloc(n + 1);
	if (!p)
		return -ENOMEM;
	err = elf_read(e, off, p, n);
	if (err) {
		free(p);
		return err;
	}
	p[n] = '\0';
	memcpy(out, &p, sizeof(p));
	return 0;
}

/* Where the file has what will be at that address; UINT64_MAX: nowhere. */
static uint64_t file_offset(const struct elf *e, uint64_t vaddr)
{
	struct elf_segment s;

	for (unsigned i = 0; i < e->phnum; i++)
		if (!elf_segment(e, i, &s) && s.type == PT_LOAD &&
		    vaddr >= s.vaddr && vaddr - s.vaddr < s.filesz)
			return s.offset + (vaddr - s.vaddr);
	return UINT64_MAX;
}

struct dyn_entry {
	int64_t tag;
	uint64_t val;
};

static struct dyn_entry dyn_entry(const struct elf *e, const void *table,
    size_t i)
{
	if (e->wide) {
		const Elf64_Dyn *d = (const Elf64_Dyn *)table + i;

		return (struct dyn_entry){ d->d_tag, d->d_un.d_val };
	} else {
		const Elf32_Dyn *d = (const Elf32_Dyn *)table + i;

		return (struct dyn_entry){ d->d_tag, d->d_un.d_val };
	}
}

/*
 * The dynamic section has no count of symbols: the section table has, and
 * where that was stripped, strings by habit follow the symbols.
 */
static uint64_t symbols_size(const struct elf *e, uint64_t symtab,
    uint64_t strtab)
{
	struct elf_section s;

	for (unsigned i = 0; i < e->shnum; i++)
		if (!elf_section(e, i, &s) && s.type == SHT_DYNSYM)
			return s.size;
	return strtab > symtab ? strtab - symtab : 0;
}

int elf_dynamic_read(const struct elf *e, struct elf_dynamic *d)
{
	size_t esize = e->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	size_t ssize = e->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint64_t strtab = 0, symtab = 0, strsz = 0, symsz;
	struct elf_segment seg;
	void *table;
	int err;

	memset(d, 0, sizeof(*d));
	if (elf_find_segment(e, PT_DYNAMIC, &seg))
		return -ENOENT;
	if (seg.filesz > DYN_MAX * esize)
		return -ENOEXEC;
	err = read_table(e, seg.offset, seg.filesz, &table);
	if (err)
		return err;
	for (size_t i = 0; i < seg.filesz / esize; i++) {
		struct dyn_entry x = dyn_entry(e, table, i);

		if (x.tag == DT_NULL)
			break;
		if (x.tag == DT_STRTAB)
			strtab = x.val;
		else if (x.tag == DT_SYMTAB)
			symtab = x.val;
		else if (x.tag == DT_STRSZ)
			strsz = x.val;
		else if (x.tag == DT_RUNPATH || x.tag == DT_RPATH)
			d->runpath = x.val;
		else if (x.tag == DT_NEEDED && d->num_needed <
		    sizeof(d->needed) / sizeof(d->needed[0]))
			d->needed[d->num_needed++] = x.val;
	}
	free(table);
	symsz = symbols_size(e, symtab, strtab);
	err = read_table(e, file_offset(e, strtab), strsz, &d->str);
	if (!err)
		err = read_table(e, file_offset(e, symtab), symsz, &d->sym);
	if (err) {
		elf_dynamic_free(d);
		return err;
	}
	d->str_size = strsz;
	d->nsyms = symsz / ssize;
	if (d->runpath >= strsz)
		d->runpath = 0;
	for (unsigned i = 0; i < d->num_needed; i++)
		if (d->needed[i] >= strsz)
			d->needed[i] = strsz;	/* the NUL at the end */
	return 0;
}

void elf_dynamic_free(struct elf_dynamic *d)
{
	free(d->str);
	free(d->sym);
	d->str = NULL;
	d->sym = NULL;
}

const char *elf_symbol(const struct elf *e, const struct elf_dynamic *d,
    size_t i, bool *defined)
{
	uint64_t name;
	unsigned info, shndx;

	if (i >= d->nsyms)
		return NULL;
	if (e->wide) {
		Elf64_Sym s;

		memcpy(&s, d->sym + i * sizeof(s), sizeof(s));
		name = s.st_name;
		info = s.st_info;
		shndx = s.st_shndx;
	} else {
		Elf32_Sym s;

		memcpy(&s, d->sym + i * sizeof(s), sizeof(s));
		name = s.st_name;
		info = s.st_info;
		shndx = s.st_shndx;
	}
	if (name == 0 || name >= d->str_size || info >> 4 == STB_LOCAL)
		return NULL;
	*defined = shndx != SHN_UNDEF;
	return d->str + name;
}
