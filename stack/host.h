/*
 * host.h: a virtual host inside this process; what shmif_server and
 * librumpshm are made of.
 */
#ifndef STACK_HOST_H
#define STACK_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/api/control.h"
#include "stack/ip/iface.h"

struct spec;
struct wire_route;

/*
 * Make the host, with lo and the machine's name.  Once, and after the last
 * fork of a process that means to serve: it may start threads from now on.
 * Return: 0 or -errno.
 */
int host_init(void);

/* Add an interface or a route. Return: 0, or -errno with a line in err. */
int host_interface(struct spec *s, char err[static IFACE_ERRLEN]);
int host_route(struct wire_route *r, char err[static IFACE_ERRLEN]);

/* Serve others on a control socket. Return: as control_listen(). */
int host_listen(const struct sockaddr_un *sun,
    char err[static CONTROL_ERRLEN]);
/* The same on a socket that listens there already. */
int host_serve(int fd, const struct sockaddr_un *sun);

/* Serve in the calling thread, until loop_stop(). */
void host_run(void);
/*
 * Serve in a thread of its own.  When a client halts the host, the process
 * exits with status 0, as a rump kernel's does.  Return: 0 or -errno.
 */
int host_start(void);
/* Is this the process of host_start()?  Else it may at most be a client. */
bool host_is_here(void);

/*
 * A control connection to this host from its own process, for the functions
 * of client.h; at least min_fd.  Return: the fd or -errno.
 */
int host_connect(int min_fd, uint64_t *server_id);

/* Take down the interfaces and the control socket's file. */
void host_end(void);

#endif
