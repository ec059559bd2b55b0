/* cmsg.h: control messages of datagrams, to and from struct wire_dgram. */
#ifndef HIJACK_CMSG_H
#define HIJACK_CMSG_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

/* What a program sends beside a datagram. Return: 0, -EINVAL or -EFAULT. */
HJ_HIDDEN int cmsg_read(int fd, unsigned mark, const struct msghdr *m,
    struct wire_dgram *h);
/*
 * Fill m's control buffer with what the socket asked for; msg_controllen and
 * MSG_CTRUNC are set.
 */
HJ_HIDDEN void cmsg_write(int fd, struct msghdr *m,
    const struct wire_dgram *h, bool v6);
/* The same for MSG_ERRQUEUE. */
HJ_HIDDEN void cmsg_write_error(int fd, struct msghdr *m,
    const struct wire_dgram *h, bool v6);

#endif
