/*
 * dgram.h: data calls on datagram sockets (UDP, ICMP, raw), where each message
 * on the pair has a struct wire_dgram in front.
 */
#ifndef HIJACK_DGRAM_H
#define HIJACK_DGRAM_H

#include "hijack/hijack.h"

struct iovec;

/* As sendmsg(2) and recvmsg(2), but the return value is a count or -errno. */
HJ_HIDDEN ssize_t dgram_send(int fd, unsigned mark, const struct msghdr *m,
    int flags);
HJ_HIDDEN ssize_t dgram_recv(int fd, unsigned mark, struct msghdr *m,
    int flags);
/* m's buffers, IOV_MAX at most, and the bytes of all; 0 or -errno. */
HJ_HIDDEN int dgram_take_iov(int fd, struct iovec *to, const struct msghdr *m,
    size_t *total);
/* Take out what only tells of a ring that is not empty. */
HJ_HIDDEN void dgram_drop_wakes(int fd);
/* FIONREAD: bytes of the first message, 0 if there is none. */
HJ_HIDDEN int dgram_pending(int fd);
/* SO_ERROR: take the error first in the queue. Return: an errno or 0. */
HJ_HIDDEN int dgram_take_error(int fd, unsigned mark);
/* Is the first message an error (for POLLERR)? */
HJ_HIDDEN bool dgram_has_error(int fd);

#endif
