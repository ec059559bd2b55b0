/* mcast.h: multicast memberships of sockets. */
#ifndef STACK_MCAST_H
#define STACK_MCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mc_member;
struct sock;
struct wire_addr;

/*
 * IP_ADD_MEMBERSHIP and the like up to MCAST_LEAVE_SOURCE_GROUP, for the list
 * of a socket's memberships; NULL: a stream has none.
 * Return: 0 or -errno as ip(7), ipv6(7).
 */
int mcast_member(struct mc_member **list, int level, int name, const void *val,
    size_t len);
int mcast_set_if4(struct sock *s, const void *val, size_t len);
int mcast_set_if6(struct sock *s, const void *val, size_t len);
/* Shall s get what came in for group by that interface, from source? */
bool mcast_wants(const struct sock *s, const struct mc_member *list,
    const struct wire_addr *group, uint32_t ifindex,
    const struct wire_addr *source);
void mcast_leave_all(struct mc_member **list);
/* Call each for every source that a membership of any socket is about. */
struct wire_source;
void mcast_sources(void (*each)(void *arg, const struct wire_source *s),
    void *arg);

#endif
