/* dl.h: the dynamic linker's own functions, past our hooks of them. */
#ifndef HIJACK_DL_H
#define HIJACK_DL_H

#include "hijack/hijack.h"

/* dlsym(3) with RTLD_NEXT: the definition after ours, or NULL. */
HJ_HIDDEN void *dl_next(const char *name);

#endif
