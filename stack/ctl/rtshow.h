/* rtshow.h: the routing table, for route and netstat -r. */
#ifndef STACK_CTL_RTSHOW_H
#define STACK_CTL_RTSHOW_H

#include <stdbool.h>

/* family 0: both.  Return: an exit status. */
int rtshow_print(int family, bool json);

#endif
