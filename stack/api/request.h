/* request.h: the control socket of a virtual host and who is connected. */
#ifndef STACK_REQUEST_H
#define STACK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#define REQUEST_ERRLEN 512

/*
 * Serve requests on that address; a stale socket file is replaced.
 * 0 or -errno (-EADDRINUSE: somebody serves there) with one line in err.
 */
int request_listen(const struct sockaddr_un *sun,
    char err[static REQUEST_ERRLEN]);
/* Serve one connection more, on fd, which is taken over. 0 or -errno. */
int request_adopt(int fd);
/* In a forked child: let go of what the loop does not watch. */
void request_in_child(void);
/* Remove the socket file, if it is still ours. */
void request_unlisten(void);
#endif
