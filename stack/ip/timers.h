/* timers.h: lwIP's periodic jobs of IP and the link, done while needed. */
#ifndef STACK_TIMERS_H
#define STACK_TIMERS_H

void timers_init(void);
/* A fragment came in: reassembly has to give up some time. */
void timers_fragment(void);
/* A packet went to a neighbour: ARP may have to ask again. */
void timers_neighbour(void);
/* A packet of IPv6, or somebody who configures, may have told ND of one. */
void timers_neighbour6(void);

#endif
