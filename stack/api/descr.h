/*
 * descr.h: descriptors that clients send: what they are, and closing such as
 * nobody asked for.
 */
#ifndef STACK_DESCR_H
#define STACK_DESCR_H

#include <stdbool.h>

/* The end of an AF_UNIX pair. */
bool descr_is_pair(int fd);
bool descr_has_type(int fd, int type);	/* a socket, of that type */
/* memfd_create(2)'s: reading it cannot block. */
bool descr_is_memory(int fd);

/*
 * Close one that may be of any kind, in a thread of its own: close(2) waits
 * for a socket that lingers, or a file system that is slow.
 */
void descr_close(int fd);

#endif
