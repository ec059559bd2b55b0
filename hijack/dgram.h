/*
 * dgram.h: data calls on datagram sockets (UDP, ICMP, raw), where each message
 * on the pair has a struct wire_dgram in front.
 */
#ifndef HIJACK_DGRAM_H
#define HIJACK_DGRAM_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

struct iovec;

/* A message on its way to the pair. */
struct dgram_out {
	const struct msghdr *m;	/* the program's; only the header is read */
	int flags;		/* of the call */
	unsigned extra;		/* fd_extra() */
	const struct iovec *iov;	/* m's, as many as it says */
	size_t total;		/* bytes in them */
	struct wire_dgram h;	/* what is said beside them */
};

/* As sendmsg(2) and recvmsg(2), but the return value is a count or -errno. */
HJ_HIDDEN ssize_t dgram_send(int fd, unsigned mark, const struct msghdr *m,
    int flags);
HJ_HIDDEN ssize_t dgram_recv(int fd, unsigned mark, struct msghdr *m,
    int flags);
/*
 * Send m; `head` completes o->h, which has the magic only, from the rest of o.
 * Return: a count, or -errno, of head or of the pair.
 */
HJ_HIDDEN ssize_t dgram_write(int fd, unsigned mark, struct dgram_out *o,
    int (*head)(int fd, unsigned mark, struct dgram_out *o));
/* The same for UDP, ICMP and raw sockets: complete o->h.  0 or -errno. */
HJ_HIDDEN int dgram_prepare(int fd, unsigned mark, struct dgram_out *o);
/* Only the host knows whether what was sent can be sent. */
HJ_HIDDEN bool dgram_must_ask(unsigned mark, const struct dgram_out *o);
/* The host has closed its end: it is gone, or could not make the socket. */
HJ_HIDDEN int dgram_why_closed(int fd);
/* n bytes that came: do they begin with a header? */
HJ_HIDDEN bool dgram_is_valid(const struct wire_dgram *h, ssize_t n);
/* The errno of an error, never a number that could be taken for a count. */
HJ_HIDDEN int dgram_error_of(const struct wire_dgram *h);
/* What h says, into m as recvmsg(2) does; 0 or -EFAULT. */
HJ_HIDDEN int dgram_give(int fd, unsigned mark, struct msghdr *m,
    const struct wire_dgram *h);
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
/* Is the first message an error of the host's own, not of the network? */
HJ_HIDDEN bool dgram_is_ours(int fd);

#endif
