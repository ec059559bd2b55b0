/*
 * names.h: which names the host knows beside those of its buses, and what
 * programs that look names up by themselves read: files in place of the
 * machine's /etc/hosts and /etc/resolv.conf.
 */
#ifndef STACK_API_NAMES_H
#define STACK_API_NAMES_H

#include "stack/ip/iface.h"

struct wire_rep;
struct wire_req;

/*
 * hosts=FILE or resolv=FILE.  The file must be there; it is read whenever
 * somebody asks.  Return: 0, or -errno with a line in err.
 */
int names_option(const char *text, char err[static IFACE_ERRLEN]);

/* WIRE_NAMES. */
int names_request(const struct wire_req *req, struct wire_rep *rep,
    int *rep_fd);

/* WIRE_RESOLVE: in the file, then on the buses. */
int names_resolve(const struct wire_req *req, struct wire_rep *rep);

#endif
