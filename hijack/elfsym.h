/* elfsym.h: functions of an object that is loaded, by the object's own tables. */
#ifndef HIJACK_ELFSYM_H
#define HIJACK_ELFSYM_H

#include "hijack/hijack.h"

struct link_map;

/* The object that has this address in it, or NULL. */
HJ_HIDDEN const struct link_map *elfsym_object(const void *addr);
/*
 * The function that the object defines by that name, of any version, or NULL.
 * No lock, no allocation; nothing of dlfcn.h is needed for it.
 */
HJ_HIDDEN void *elfsym_find(const struct link_map *m, const char *name);
/* Where a shared object lies: from v[0] up to v[1], both 0 if that is unknown. */
HJ_HIDDEN void elfsym_extent(const struct link_map *m, uintptr_t v[2]);

#endif
