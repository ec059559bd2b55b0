/*
 * service.h: a service manager such as systemd: the socket that it has made
 * for us, and what it is told.  By the protocols that sd_listen_fds(3) and
 * sd_notify(3) describe, without their library.
 */
#ifndef STACK_SERVICE_H
#define STACK_SERVICE_H

#include <stdbool.h>
#include <sys/un.h>

#define SERVICE_ERRLEN	256

/*
 * Once, before any fork: what the environment says to this process is taken out
 * of it.  quiet: a manager that there is means somebody else, and is told
 * nothing.
 */
void service_init(bool quiet);

/*
 * The listening socket that was passed, and its address.
 * Return: the fd, non-blocking; -1: none was; -EINVAL and one line in err: what
 * was passed is none that can be served on.
 */
int service_socket(struct sockaddr_un *sun, char err[static SERVICE_ERRLEN]);

/* Lines like "READY=1"; nothing happens without a manager. */
void service_tell(const char *state);

#endif
