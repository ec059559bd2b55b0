/* addr.h: addresses between the wire, programs and the checks of Linux. */
#ifndef HIJACK_ADDR_H
#define HIJACK_ADDR_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

struct sockaddr_ll;

/*
 * a as a sockaddr of a socket of domain; an IPv4 address on an IPv6 socket
 * comes out mapped.  Return: its length.
 */
HJ_HIDDEN socklen_t addr_out(const struct wire_addr *a, int domain,
    struct sockaddr_storage *ss);
/*
 * Hand out a name as Linux does: cut to the room in *len, which then says the
 * whole length.  Return: 0, -EINVAL (negative room), -EFAULT.
 */
HJ_HIDDEN int addr_give(const void *sa, socklen_t n, void *user,
    socklen_t *len);
/*
 * A destination for a datagram, with Linux's checks; family 0: none given
 * (AF_UNSPEC on an IPv6 socket).  Return: 0, -EINVAL, -EAFNOSUPPORT, -EFAULT.
 */
HJ_HIDDEN int addr_in(struct wire_addr *a, bool v6, const void *sa,
    socklen_t len);

/* The same for a packet, whose name has len bytes. Return: 0, -EINVAL. */
HJ_HIDDEN int addr_in_ll(struct wire_addr *a, const struct sockaddr_ll *ll,
    socklen_t len);

#endif
