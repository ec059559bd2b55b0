/* hostname.h: what the machine is called: the virtual host's name. */
#ifndef HIJACK_HOSTNAME_H
#define HIJACK_HOSTNAME_H

#include "hijack/hijack.h"

#define HOSTNAME_SIZE	65	/* with its NUL, as in struct utsname */

/* Return: false if none was given, or the machine's is to stay. */
HJ_HIDDEN bool hostname_given(char name[static HOSTNAME_SIZE]);

#endif
