/* linger.h: SO_LINGER with a time: close(2) waits for what is on its way. */
#ifndef HIJACK_LINGER_H
#define HIJACK_LINGER_H

#include "hijack/hijack.h"

/*
 * Some socket of this process was told to linger.  Only then close() looks
 * at each fd; a socket got by exec from a program that set it does not wait.
 */
extern HJ_HIDDEN bool linger_used;

/* setsockopt(SO_LINGER) with this value was taken for the stream fd. */
HJ_HIDDEN void linger_set(int fd, const void *val, size_t len);
/* As close(2), on any fd; a signal ends the waiting, as on Linux. */
HJ_HIDDEN int linger_close(int fd);

#endif
