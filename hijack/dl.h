/* dl.h: the dynamic linker's own functions, past our hooks of them. */
#ifndef HIJACK_DL_H
#define HIJACK_DL_H

#include "hijack/hijack.h"

/* dlsym(3) with RTLD_NEXT: the definition after ours, or NULL. */
HJ_HIDDEN void *dl_next(const char *name);
/*
 * Libraries other than libc that our hooks go on to (`next') are behind us,
 * as one that is preloaded after this one: they may ask libc by its name, or
 * syscall(2), for what they stand in front of, and would come back to us for
 * ever.  Once, from hj_init(), when `next' is known.
 */
HJ_HIDDEN void dl_look_behind(void);
/* Is this the code of such a library?  Takes no lock. */
HJ_HIDDEN bool dl_behind_us(const void *code);

#endif
