/* procroute.h: /proc/net/route and /proc/net/ipv6_route. */
#ifndef HIJACK_PROCROUTE_H
#define HIJACK_PROCROUTE_H

#include "hijack/proctext.h"

HJ_HIDDEN void procroute4(struct text *t, int arg);
/* All tables one after the other, as Linux has them there. */
HJ_HIDDEN void procroute6(struct text *t, int arg);

#endif
