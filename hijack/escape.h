/* escape.h: programs that the library cannot reach, before they start. */
#ifndef HIJACK_ESCAPE_H
#define HIJACK_ESCAPE_H

#include "hijack/hijack.h"

/* Memory for what is found out, shared with children; for the constructor. */
HJ_HIDDEN void escape_init(void);

/*
 * path is about to be executed with env; shell: as execvp(3), which has
 * the shell read what the kernel does not execute.  Safe in a vfork child.
 * Return: ESCAPE_NOT: all is well; ESCAPE_LEAVES: the library will not be in it;
 * ESCAPE_ENTERS: it is for the second entry, see escape_words(); each of them
 * with ESCAPE_BARE if the library may not even stand in LD_PRELOAD; or -EACCES:
 * it may not be executed, and that was told.
 */
enum { ESCAPE_NOT, ESCAPE_LEAVES, ESCAPE_ENTERS, ESCAPE_BARE = 4 };
#define ESCAPE_WORDS	2	/* in front of the program's own */
HJ_HIDDEN int escape_check(const char *path, char *const *env, bool shell);

/*
 * What to execute instead: words gets ESCAPE_WORDS + those of argv with its
 * NULL.  path is kept in it.  Return: the file.
 */
HJ_HIDDEN const char *escape_words(const char *path, char *const *argv,
    char **words);

/* What is executed by an fd has a name as well, most times: in buf, or path. */
HJ_HIDDEN const char *escape_name(const char *path, char *buf, size_t size);

#endif
