/*
 * elf.h: what is wanted of an ELF file.  The file may be hostile: every offset
 * and size is checked against it, every loop is bounded.  No allocation, no
 * lock, no errno, raw system calls: the preload library looks at programs in
 * vfork children.
 */
#ifndef HIJACK_LOOK_ELF_H
#define HIJACK_LOOK_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_HEAD	1024	/* bytes read at once: headers and notes */

struct elf {
	int fd;
	uint64_t size;		/* of the file */
	bool wide;		/* 64-bit */
	uint16_t machine, type;
	uint64_t phoff, shoff;
	uint16_t phnum, shnum, shstrndx;
	size_t head_len;
	uint8_t head[ELF_HEAD];	/* how the file begins */
};

struct elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, filesz;
};

struct elf_section {
	uint32_t name, type, link;
	uint64_t offset, size;
};

/*
 * Open a file and read its header.  Return: 0; -ENOEXEC: a file, but not ELF
 * of this machine's byte order: e->head has how it begins, and it is closed;
 * or -errno.
 */
int elf_open(struct elf *e, const char *path);
void elf_close(struct elf *e);

/* n bytes at off.  Return: 0, -ENOEXEC: not in the file, or -errno. */
int elf_read(const struct elf *e, uint64_t off, void *buf, size_t n);

/* The segment of that index.  Return: 0, or -ENOEXEC. */
int elf_segment(const struct elf *e, unsigned i, struct elf_segment *s);
int elf_section(const struct elf *e, unsigned i, struct elf_section *s);
/* The first of that type.  Return: 0, or -ENOENT. */
int elf_find_segment(const struct elf *e, uint32_t type,
    struct elf_segment *s);
bool elf_has_section(const struct elf *e, const char *name);
/* Whether a note of that owner is there. */
bool elf_has_note(const struct elf *e, const char *owner);

/* The program interpreter.  Return: 0, -ENOENT: it has none, -ENOEXEC. */
int elf_interp(const struct elf *e, char *dst, size_t size);

#endif
