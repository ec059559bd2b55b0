/* elf.c: what the launcher wants to know of an ELF file; see elf.h. */
#include "hijack/launcher/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_MAX	(64u << 20)	/* bytes of one table read */
#define DYN_MAX		4096		/* entries of the dynamic section */
#define SECTIONS_MAX	4096
#define SEGMENTS_MAX	256

/* All of it or -ENOEXEC: what is not in the file is a malformed offset. */
static int read_at(const struct elf *e, uint64_t off, void *buf, size_t n)
{
	char *p = buf;

	if (off > e->size || n > e->size - off)
		return -ENOEXEC;
	while (n) {
		ssize_t r = pread(e->fd, p, n, (off_t)off);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -ENOEXEC;
		p += r;
		n -= (size_t)r;
		off += (uint64_t)r;
	}
	return 0;
}

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
	err = read_at(e, off, p, n);
	if (err) {
		free(p);
		return err;
	}
	p[n] = '\0';
	memcpy(out, &p, sizeof(p));
	return 0;
}

static int read_header(struct elf *e)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} h;
	const uint16_t probe = 1;
	bool little = *(const uint8_t *)&probe;

	memset(&h, 0, sizeof(h));
	if (read_at(e, 0, &h, sizeof(h.h32)) ||
	    memcmp(h.ident, ELFMAG, SELFMAG) ||
	    h.ident[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB))
		return -ENOEXEC;
	e->wide = h.ident[EI_CLASS] == ELFCLASS64;
	if (e->wide && read_at(e, 0, &h, sizeof(h.h64)))
		return -ENOEXEC;
#define FIELD(f) (e->wide ? h.h64.f : h.h32.f)
	e->machine = FIELD(e_machine);
	e->type = FIELD(e_type);
	e->phoff = FIELD(e_phoff);
	e->shoff = FIELD(e_shoff);
	e->phnum = FIELD(e_phnum);
	e->shnum = FIELD(e_shnum);
	e->shstrndx = FIELD(e_shstrndx);
	if (FIELD(e_phentsize) != (e->wide ? sizeof(Elf64_Phdr) :
	    sizeof(Elf32_Phdr)) || e->phnum > SEGMENTS_MAX)
		e->phnum = 0;
	if (FIELD(e_shentsize) != (e->wide ? sizeof(Elf64_Shdr) :
	    sizeof(Elf32_Shdr)) || e->shnum > SECTIONS_MAX)
		e->shnum = 0;
#undef FIELD
	return 0;
}

int elf_open(struct elf *e, const char *path)
{
	struct stat st;
	int err;

	memset(e, 0, sizeof(*e));
	/* Not to wait for the writer of a fifo. */
	e->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (e->fd < 0)
		return -errno;
	if (fstat(e->fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -ENOEXEC;
	else {
		e->size = (uint64_t)st.st_size;
		err = read_header(e);
	}
	if (err)
		elf_close(e);
	return err;
}

void elf_close(struct elf *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

int elf_segment(const struct elf *e, unsigned i, struct elf_segment *s)
{
	union {
		Elf32_Phdr p32;
		Elf64_Phdr p64;
	} p;
	size_t n = e->wide ? sizeof(p.p64) : sizeof(p.p32);

	if (i >= e->phnum || e->phoff > e->size ||
	    read_at(e, e->phoff + i * n, &p, n))
		return -ENOEXEC;
#define FIELD(f) (e->wide ? p.p64.f : p.p32.f)
	s->type = FIELD(p_type);
	s->offset = FIELD(p_offset);
	s->vaddr = FIELD(p_vaddr);
	s->filesz = FIELD(p_filesz);
#undef FIELD
	return 0;
}

int elf_section(const struct elf *e, unsigned i, struct elf_section *s)
{
	union {
		Elf32_Shdr s32;
		Elf64_Shdr s64;
	} h;
	size_t n = e->wide ? sizeof(h.s64) : sizeof(h.s32);

	if (i >= e->shnum || e->shoff > e->size ||
	    read_at(e, e->shoff + i * n, &h, n))
		return -ENOEXEC;
#define FIELD(f) (e->wide ? h.s64.f : h.s32.f)
	s->name = FIELD(sh_name);
	s->type = FIELD(sh_type);
	s->link = FIELD(sh_link);
	s->offset = FIELD(sh_offset);
	s->size = FIELD(sh_size);
#undef FIELD
	return 0;
}

bool elf_has_section(const struct elf *e, const char *name)
{
	struct elf_section names, s;
	size_t n = strlen(name) + 1;
	char got[64];

	if (n > sizeof(got) || elf_section(e, e->shstrndx, &names))
		return false;
	for (unsigned i = 0; i < e->shnum; i++) {
		if (elf_section(e, i, &s) || s.name > names.size ||
		    n > names.size - s.name || names.offset > e->size)
			continue;
		if (!read_at(e, names.offset + s.name, got, n) &&
		    !memcmp(got, name, n))
			return true;
	}
	return false;
}

/* One segment of notes. */
static bool search_notes(const uint8_t *p, size_t n, const char *owner)
{
	Elf64_Nhdr h;	/* the same in both classes */
	size_t want = strlen(owner) + 1;

	while (n >= sizeof(h)) {
		uint64_t name, desc;

		memcpy(&h, p, sizeof(h));
		p += sizeof(h);
		n -= sizeof(h);
		name = ((uint64_t)h.n_namesz + 3) & ~3ull;
		desc = ((uint64_t)h.n_descsz + 3) & ~3ull;
		if (name + desc > n)
			return false;
		if (h.n_namesz >= want && !memcmp(p, owner, want))
			return true;
		p += name + desc;
		n -= name + desc;
	}
	return false;
}

bool elf_has_note(const struct elf *e, const char *owner)
{
	struct elf_segment s;
	uint8_t *p;
	bool found = false;

	for (unsigned i = 0; i < e->phnum && !found; i++) {
		if (elf_segment(e, i, &s) || s.type != PT_NOTE ||
		    s.filesz > 65536)
			continue;
		if (read_table(e, s.offset, s.filesz, &p))
			continue;
		found = search_notes(p, s.filesz, owner);
		free(p);
	}
	return found;
}

static int find_segment(const struct elf *e, uint32_t type,
    struct elf_segment *s)
{
	for (unsigned i = 0; i < e->phnum; i++)
		if (!elf_segment(e, i, s) && s->type == type)
			return 0;
	return -ENOENT;
}

int elf_interp(const struct elf *e, char *dst, size_t size)
{
	struct elf_segment s;

	if (find_segment(e, PT_INTERP, &s))
		return -ENOENT;
	if (s.filesz == 0 || s.filesz >= size ||
	    read_at(e, s.offset, dst, s.filesz))
		return -ENOEXEC;
	dst[s.filesz] = '\0';
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
	if (find_segment(e, PT_DYNAMIC, &seg))
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

const char *elf_machine_text(const struct elf *e)
{
	static char text[40];
	const char *name = e->machine == EM_X86_64 ? "x86-64" :
	    e->machine == EM_386 ? "i386" :
	    e->machine == EM_AARCH64 ? "aarch64" :
	    e->machine == EM_ARM ? "arm" :
	    e->machine == EM_RISCV ? "riscv" :
	    e->machine == EM_PPC64 ? "ppc64" :
	    e->machine == EM_S390 ? "s390" : "another machine";

	snprintf(text, sizeof(text), "%s, %d bit", name, e->wide ? 64 : 32);
	return text;
}
