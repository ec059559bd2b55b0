/* sockfile.h: the files of the sockets that we listen on. */
#ifndef STACK_SOCKFILE_H
#define STACK_SOCKFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

/*
 * Bind fd to it, with a mode for its owner alone, or for all, of whom we look
 * at each (allow.h).  Return: 0 or -errno.
 */
int sockfile_bind(int fd, const struct sockaddr_un *sun);
/* Is that st_dev and st_ino, of 32 bits each, of one of them? */
bool sockfile_is(int32_t dev, int32_t ino);
/* Remove those that are still ours. */
void sockfile_remove_all(void);
/* In a forked child: they are the parent's. */
void sockfile_forget_all(void);

#endif
