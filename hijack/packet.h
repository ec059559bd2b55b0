/* packet.h: what packet sockets need beside other datagram sockets. */
#ifndef HIJACK_PACKET_H
#define HIJACK_PACKET_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

struct pollfd;

/* Some socket of this process had a ring: poll(2) has to look. */
extern HJ_HIDDEN bool packet_ring_used;

/* As sendmsg(2), but the return value is a count or -errno. */
HJ_HIDDEN ssize_t packet_send(int fd, const struct msghdr *m, int flags);
/* SO_ATTACH_FILTER; 0 or -errno. */
HJ_HIDDEN int packet_attach(const struct wire_id *id, const void *val,
    socklen_t len);
/* PACKET_RX_RING was set, or taken away with a request of no blocks. */
HJ_HIDDEN void packet_ring_set(int fd, bool on);
/*
 * Before readiness is asked for: what is told of packets in fd's ring, if it
 * has one, is brought up to date.
 */
HJ_HIDDEN void packet_prepare(int fd);
HJ_HIDDEN void packet_poll_prepare(struct pollfd *p, unsigned long n);

#endif
