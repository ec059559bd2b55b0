/* opt_special.h: options that are more than a number; used by opt.c. */
#ifndef STACK_OPT_SPECIAL_H
#define STACK_OPT_SPECIAL_H

#include <stddef.h>

struct sock;

#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF	76	/* younger than the headers may be */
#endif

#define OPT_NOT_SPECIAL 1	/* look in the table */

int opt_special_set(struct sock *s, int level, int name, const void *val,
    size_t len);
int opt_special_get(struct sock *s, int level, int name, void *val,
    size_t *len);

#endif
