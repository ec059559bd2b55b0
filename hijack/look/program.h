/*
 * program.h: a program that is to be started, and whether a library can be
 * preloaded into it.  Shared by the launcher and the preload library, which
 * looks in vfork children: no allocation, no lock, no errno.
 */
#ifndef HIJACK_LOOK_PROGRAM_H
#define HIJACK_LOOK_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hijack/look/file.h"

struct stat;

struct program_cache;		/* cache.h */

struct program {
	const char *path;	/* what is executed in the end */
	const char *script;	/* the script that names it, or NULL */
	struct program_file file;
	bool setid, caps;	/* it gains privileges by its mode, by file
				   capabilities: the linker then drops
				   LD_PRELOAD */
	const char *problem;	/* why the library has no effect, or NULL */
	bool by_calls;		/* ... but its system calls can be watched */
	bool bare;		/* its linker ends over the library, which may
				   not stand in LD_PRELOAD */
	uint64_t id;		/* of the file, for program_cache_tell() */
	char found[512];	/* path may point here */
};

/* How a program is looked for and at. */
struct program_how {
	const char *search;	/* PATH, NULL: not set */
	bool shell;		/* the shell reads what the kernel does not
				   execute, as execvp(3) has it */
	struct program_cache *cache;	/* may be NULL */
};

/*
 * Find what execvp(3) would run.  Return: 0, -ENOENT, or -EACCES when all that
 * was found cannot be executed.
 */
int program_find(const char *name, const char *search, char *path,
    size_t size);

/*
 * Look at a program and, for a script, at its interpreter.  path must live as
 * long as p.  Return: 0, -ENOEXEC: the kernel will not execute it, or -errno
 * if it cannot be looked at.
 */
int program_look(struct program *p, const char *path,
    const struct program_how *how);

#endif
