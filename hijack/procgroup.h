/* procgroup.h: the files of /proc/net about multicast groups. */
#ifndef HIJACK_PROCGROUP_H
#define HIJACK_PROCGROUP_H

#include "hijack/proctext.h"

HJ_HIDDEN void procgroup_igmp(struct text *t, int arg);
HJ_HIDDEN void procgroup_igmp6(struct text *t, int arg);
/* mcfilter and mcfilter6 */
HJ_HIDDEN void procgroup_filter(struct text *t, int family);
/* dev_mcast: what the interfaces' hardware would let through */
HJ_HIDDEN void procgroup_dev(struct text *t, int arg);

#endif
