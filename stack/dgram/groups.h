/* groups.h: the multicast groups that the host's interfaces are in. */
#ifndef STACK_GROUPS_H
#define STACK_GROUPS_H

struct wire_group;

/* Call each for every one, an interface after the other, as Linux lists them. */
void groups_each(void (*each)(void *arg, const struct wire_group *g),
    void *arg);

#endif
