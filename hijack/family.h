/* family.h: what becomes of a socket that is none of the virtual host's. */
#ifndef HIJACK_FAMILY_H
#define HIJACK_FAMILY_H

#include "hijack/hijack.h"

/*
 * May the machine make this socket?  It is asked about what hj_wants() did
 * not want.  Return: 0, or -errno, as of a machine that has no such family.
 */
HJ_HIDDEN int family_check(int domain, int type, int protocol);

#endif
