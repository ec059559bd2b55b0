/*
 * childenv.h: what a program that this one executes must have in its
 * environment to be on the same virtual host.  Nothing here allocates, locks
 * or makes a system call but childenv_keep() and childenv_restore().
 */
#ifndef HIJACK_CHILDENV_H
#define HIJACK_CHILDENV_H

#include "hijack/hijack.h"

/*
 * Remember this program's own: the library's path if it was preloaded, and the
 * settings.  For the constructor.
 */
HJ_HIDDEN void childenv_keep(void);
/* Forget it: another copy of the library does the work. */
HJ_HIDDEN void childenv_forget(void);

/* What an environment lacks. */
struct childenv {
	size_t size;		/* bytes of memory that making it needs */
	size_t count;		/* strings it has */
	unsigned missing;	/* a bit for each setting */
	bool preload;		/* the library is missing */
	bool drop;		/* it is there, and may not be */
	const char *old;	/* what LD_PRELOAD is without it, or NULL */
	const char *escape;	/* its SHMIF_ESCAPE, or NULL */
};

/*
 * Look at an environment; NULL is an empty one; bare: for a program that may
 * not have the library there.  Return: whether it is to be made anew.  It is
 * not, whatever it lacks, if it leaves the virtual host on purpose, or if this
 * program was not preloaded into.
 */
HJ_HIDDEN bool childenv_look(struct childenv *c, char *const *env,
    bool bare);
/* It leaves on purpose: SHMIF_ESCAPE=host, and no library. */
HJ_HIDDEN bool childenv_leaves(const struct childenv *c);
/* The new one, in c->size bytes aligned as a pointer; strings are shared. */
HJ_HIDDEN char **childenv_make(const struct childenv *c, char *const *env,
    void *memory);
/* The same for our own: environ gets what it lacks.  May allocate. */
HJ_HIDDEN void childenv_restore(void);

/* A value in an environment, which may be NULL, or NULL; not getenv(3). */
HJ_HIDDEN const char *childenv_get(char *const *env, const char *name);

/* Where the library is, NULL if this program was not preloaded into. */
HJ_HIDDEN const char *childenv_library(void);

#endif
