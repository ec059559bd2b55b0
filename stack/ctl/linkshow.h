/* linkshow.h: the faults that there are. */
#ifndef STACK_CTL_LINKSHOW_H
#define STACK_CTL_LINKSHOW_H

#include <stdbool.h>

/* Of one interface, or NULL: all.  Return: an exit status. */
int link_show(const char *ifname, bool json);

#endif
