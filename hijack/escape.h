/* escape.h: programs that the library cannot reach, before they start. */
#ifndef HIJACK_ESCAPE_H
#define HIJACK_ESCAPE_H

#include "hijack/hijack.h"

/* Memory for what is found out, shared with children; for the constructor. */
HJ_HIDDEN void escape_init(void);

/*
 * path is about to be executed with env; shell: as execvp(3), which has
 * the shell read what the kernel does not execute.  Safe in a vfork child.
 * Return: 0; 1: the library will not be in it; or -EACCES: it may not be
 * executed, and that was told.
 */
HJ_HIDDEN int escape_check(const char *path, char *const *env, bool shell);

#endif
