/*
 * program.h: the program that is to be started, and whether a library can be
 * preloaded into it.
 */
#ifndef HIJACK_LAUNCHER_PROGRAM_H
#define HIJACK_LAUNCHER_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

enum program_libc {
	PROGRAM_LIBC_NONE,
	PROGRAM_LIBC_GLIBC,
	PROGRAM_LIBC_MUSL,
	PROGRAM_LIBC_OTHER,
	PROGRAM_NUM_LIBCS
};

struct program {
	char path[PATH_MAX];	/* what is executed in the end */
	char script[PATH_MAX];	/* the script that names it, or "" */
	char interp[PATH_MAX];	/* the dynamic linker, or "" */
	char machine[48];
	enum program_libc libc;
	bool elf, dynamic, go;
	bool setid, caps;	/* it gains privileges by its mode, by file
				   capabilities: the linker then drops
				   LD_PRELOAD */
	char problem[256];	/* why the library has no effect, or "" */
};

/*
 * Find what execvp(3) would run.  Return: 0, -ENOENT, or -EACCES when all that
 * was found cannot be executed.
 */
int program_find(const char *name, char path[static PATH_MAX]);

/*
 * Look at a program and, for a script, at its interpreter; library is what
 * would be preloaded.  Return: 0, or -errno if it cannot be read.
 */
int program_look(struct program *p, const char *path, const char *library);

const char *program_libc_text(enum program_libc libc);

#endif
