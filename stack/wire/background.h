/*
 * background.h: into the background, as daemon(3), but only when the child
 * says that it serves: who started it waits until then, and ends as the child
 * does if it never comes to that.
 */
#ifndef STACK_WIRE_BACKGROUND_H
#define STACK_WIRE_BACKGROUND_H

#include <stdbool.h>

/*
 * Return: in the child, the pipe to say so on, for background_ready(); or
 * -errno.  The parent does not return.
 */
int background_begin(void);
/* Standard files are /dev/null from now on, 2 as well unless it is kept. */
void background_ready(int fd, bool keep_stderr);

#endif
