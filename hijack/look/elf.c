/* elf.c: what is wanted of an ELF file; see elf.h. */
#include "hijack/look/elf.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "stack/wire/sys.h"

#define SECTIONS_MAX	4096
#define SEGMENTS_MAX	256
#define NAMES_MAX	(1u << 20)	/* bytes of section names looked at */
#define NOTES_MAX	65536		/* bytes of one segment of notes */

static ssize_t sys_pread(int fd, void *buf, size_t n, uint64_t off)
{
	ssize_t r;

	do {
		r = SYS4(SYS_pread64, fd, buf, n, off);
	} while (r == -EINTR);
	return r;
}

int elf_read(const struct elf *e, uint64_t off, void *buf, size_t n)
{
	char *p = buf;

	if (off > e->size || n > e->size - off)
		return -ENOEXEC;
	if (off <= e->head_len && n <= e->head_len - off) {
		memcpy(buf, e->head + off, n);
		return 0;
	}
	while (n) {
		ssize_t r = sys_pread(e->fd, p, n, off);

		if (r <= 0)
			return r < 0 ? (int)r : -ENOEXEC;
		p += r;
		n -= (size_t)r;
		off += (uint64_t)r;
	}
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
	if (elf_read(e, 0, &h, sizeof(h.h32)) ||
	    memcmp(h.ident, ELFMAG, SELFMAG) ||
	    h.ident[EI_DATA] != (little ? ELFDATA2LSB : ELFDATA2MSB))
		return -ENOEXEC;
	e->wide = h.ident[EI_CLASS] == ELFCLASS64;
	if (e->wide && elf_read(e, 0, &h, sizeof(h.h64)))
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

static int read_head(struct elf *e)
{
	struct stat st;
	ssize_t n = SYS2(SYS_fstat, e->fd, &st);

	if (n < 0)
		return (int)n;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	e->size = (uint64_t)st.st_size;
	n = sys_pread(e->fd, e->head, sizeof(e->head), 0);
	if (n < 0)
		return (int)n;
	e->head_len = (size_t)n < e->size ? (size_t)n : e->size;
	return read_header(e);
}

int elf_open(struct elf *e, const char *path)
{
	int err;

	memset(e, 0, sizeof(*e));
	/* Not to wait for the writer of a fifo. */
	e->fd = (int)SYS4(SYS_openat, AT_FDCWD, path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (e->fd < 0)
		return e->fd;
	err = read_head(e);
	if (err)
		elf_close(e);
	return err;
}

void elf_close(struct elf *e)
{
	if (e->fd >= 0)
		sys_close(e->fd);
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
	    elf_read(e, e->phoff + i * n, &p, n))
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
	    elf_read(e, e->shoff + i * n, &h, n))
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

int elf_find_segment(const struct elf *e, uint32_t type, struct elf_segment *s)
{
	for (unsigned i = 0; i < e->phnum; i++)
		if (!elf_segment(e, i, s) && s->type == type)
			return 0;
	return -ENOENT;
}

/* The table of names is read in pieces that overlap by a name. */
bool elf_has_section(const struct elf *e, const char *name)
{
	size_t n = strlen(name) + 1, piece;
	struct elf_section names;
	char buf[ELF_HEAD];

	if (n > sizeof(buf) / 2 || elf_section(e, e->shstrndx, &names) ||
	    names.size > NAMES_MAX)
		return false;
	for (uint64_t at = 0; names.size - at >= n; at += piece - (n - 1)) {
		piece = names.size - at;
		if (piece > sizeof(buf))
			piece = sizeof(buf);
		if (elf_read(e, names.offset + at, buf, piece))
			return false;
		if (memmem(buf, piece, name, n))
			return true;
	}
	return false;
}

bool elf_has_note(const struct elf *e, const char *owner)
{
	size_t want = strlen(owner) + 1;
	struct elf_segment s;
	Elf64_Nhdr h;	/* the same in both classes */
	char got[32];

	for (unsigned i = 0; i < e->phnum && want <= sizeof(got); i++) {
		uint64_t at = 0;

		if (elf_segment(e, i, &s) || s.type != PT_NOTE ||
		    s.filesz > NOTES_MAX)
			continue;
		while (at + sizeof(h) <= s.filesz &&
		    !elf_read(e, s.offset + at, &h, sizeof(h))) {
			at += sizeof(h);
			if (h.n_namesz >= want &&
			    !elf_read(e, s.offset + at, got, want) &&
			    !memcmp(got, owner, want))
				return true;
			at += (((uint64_t)h.n_namesz + 3) & ~3ull) +
			    (((uint64_t)h.n_descsz + 3) & ~3ull);
		}
	}
	return false;
}

int elf_interp(const struct elf *e, char *dst, size_t size)
{
	struct elf_segment s;

	if (elf_find_segment(e, PT_INTERP, &s))
		return -ENOENT;
	if (s.filesz == 0 || s.filesz >= size ||
	    elf_read(e, s.offset, dst, s.filesz))
		return -ENOEXEC;
	dst[s.filesz] = '\0';
	return 0;
}
