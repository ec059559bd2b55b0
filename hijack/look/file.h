/* file.h: what one executable file is. */
#ifndef HIJACK_LOOK_FILE_H
#define HIJACK_LOOK_FILE_H

#include <stdbool.h>
#include <stdint.h>

enum program_libc {
	PROGRAM_LIBC_NONE,
	PROGRAM_LIBC_GLIBC,
	PROGRAM_LIBC_MUSL,
	PROGRAM_LIBC_OTHER,
	PROGRAM_NUM_LIBCS
};

/* What one file is, whoever executes it. */
struct program_file {
	bool elf, dynamic, go;
	bool wide;		/* 64-bit */
	bool caps;		/* it has file capabilities */
	bool readable;
	uint8_t libc;		/* enum program_libc */
	uint16_t machine;
};

#endif
