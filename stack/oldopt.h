/* oldopt.h: the options of NetBSD's rump_server, for those who call us that. */
#ifndef STACK_OLDOPT_H
#define STACK_OLDOPT_H

#include <stdbool.h>

/* What getopt(3) is to know besides our own; "" if we are called otherwise. */
const char *oldopt_letters(const char *called);
/* Return: whether the option is one of those, and so is done with. */
bool oldopt_take(int c, const char *value);
/* Say in a line or two which of them did nothing, and why. */
void oldopt_tell(void);

#endif
