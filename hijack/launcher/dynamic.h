/*
 * dynamic.h: what an ELF file imports and exports: its dynamic section, in
 * memory.
 */
#ifndef HIJACK_LAUNCHER_DYNAMIC_H
#define HIJACK_LAUNCHER_DYNAMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf;

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

#endif
