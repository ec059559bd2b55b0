/* icmprate.h: how many ICMP errors a host sends (RFC 1812 4.3.2.8, RFC 4443). */
#ifndef STACK_ICMPRATE_H
#define STACK_ICMPRATE_H

#include <stdbool.h>

/* sysctl net.inet.icmp.errppslimit: errors in a second, of both families. */
extern int icmprate_limit;

/* One more is due: have there been enough this second?  Counts those. */
bool icmprate_exceeded(void);

#endif
