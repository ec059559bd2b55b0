/* lend.h: sockets that a program without the library inherits. */
#ifndef HIJACK_LEND_H
#define HIJACK_LEND_H

#include "hijack/hijack.h"

/*
 * The program that is about to be executed has no library: if its standard
 * input is a datagram socket, as inetd(8) starts a service that waits, it
 * becomes one without our headers.  For the process that executes, which may
 * be a vfork child.
 */
HJ_HIDDEN void lend_stdin(void);

#endif
