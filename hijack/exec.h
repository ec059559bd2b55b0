/* exec.h: starting programs; the calls themselves are libc's. */
#ifndef HIJACK_EXEC_H
#define HIJACK_EXEC_H

#include "hijack/hijack.h"

/* Find libc's functions; for the constructor. */
HJ_HIDDEN void exec_find(void);

#endif
