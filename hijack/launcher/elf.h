/*
 * elf.h: what the launcher wants to know of an ELF file.  The file may be
 * hostile: every offset and size is checked against it, every loop is bounded.
 */
#ifndef HIJACK_LAUNCHER_ELF_H
#define HIJACK_LAUNCHER_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf {
	int fd;
	uint64_t size;		/* of the file */
	bool wide;		/* 64-bit */
	uint16_t machine, type;
	uint64_t phoff, shoff;
	uint16_t phnum, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, filesz;
};

struct elf_section {
	uint32_t name, type, link;
	uint64_t offset, size;
};

/* The dynamic section's strings and symbols, in memory. */
struct elf_dynamic {
	char *str;		/* always ends with a NUL */
	size_t str_size;
	uint8_t *sym;
	size_t nsyms;
	size_t needed[128];	/* offsets into str */
	unsigned num_needed;
	size_t runpath;		/* offset into str, 0: none */
};

/*
 * Open a file and read its header.  Return: 0, -ENOEXEC: no ELF file of this
 * machine's byte order, or -errno.
 */
int elf_open(struct elf *e, const char *path);
void elf_close(struct elf *e);

/* The segment of that index.  Return: 0, or -ENOEXEC. */
int elf_segment(const struct elf *e, unsigned i, struct elf_segment *s);
int elf_section(const struct elf *e, unsigned i, struct elf_section *s);
bool elf_has_section(const struct elf *e, const char *name);
/* Whether a note of that owner is there. */
bool elf_has_note(const struct elf *e, const char *owner);

/* The program interpreter.  Return: 0, -ENOENT: it has none, -ENOEXEC. */
int elf_interp(const struct elf *e, char *dst, size_t size);

/*
 * Read the dynamic section.  Return: 0 (elf_dynamic_free() it), -ENOENT:
 * there is none, -ENOEXEC: it is malformed, -ENOMEM.
 */
int elf_dynamic_read(const struct elf *e, struct elf_dynamic *d);
void elf_dynamic_free(struct elf_dynamic *d);
/*
 * The name of a symbol, NULL if it is out of bounds or local; *defined tells
 * whether the file has it or wants it.
 */
const char *elf_symbol(const struct elf *e, const struct elf_dynamic *d,
    size_t i, bool *defined);

/* "x86-64, 64 bit" */
const char *elf_machine_text(const struct elf *e);

#endif
