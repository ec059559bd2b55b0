/* opt_value.h: numbers that are given to options; used by opt.c. */
#ifndef STACK_OPT_VALUE_H
#define STACK_OPT_VALUE_H

#include <stddef.h>

struct sock;

/*
 * What a value of an option of the table stands for, as for -1 "the default";
 * len bytes were given.  0 or -errno.
 */
int opt_value(const struct sock *s, int level, int name, size_t len, int *v);

#endif
