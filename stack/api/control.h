/* control.h: the control socket of a virtual host and who is connected. */
#ifndef STACK_CONTROL_H
#define STACK_CONTROL_H

#include <sys/un.h>

#define CONTROL_ERRLEN 512
#define CONTROL_MAX	16	/* sockets at most */

/*
 * Serve requests on that address; a stale socket file is replaced.
 * 0 or -errno (-EADDRINUSE: somebody serves there) with one line in err.
 */
int control_listen(const struct sockaddr_un *sun,
    char err[static CONTROL_ERRLEN]);
/* The same on a listening socket that there is; its file is left alone. */
int control_serve(int fd);
/* Serve one connection more, on fd, which is taken over. 0 or -errno. */
int control_adopt(int fd);
/* In a forked child: let go of what the loop does not watch. */
void control_in_child(void);
/* Remove the sockets' files that are still ours. */
void control_unlisten(void);

#endif
