/* capture.h: which packet sockets are shown what passes the interfaces. */
#ifndef STACK_CAPTURE_H
#define STACK_CAPTURE_H

struct iface;
struct packet;
struct pbuf;

/* From now on, until it is stopped. */
void capture_start(struct packet *k);
void capture_stop(struct packet *k);
/* tap_send(), which the socket itself is not shown. */
int capture_send(struct packet *k, struct iface *f, struct pbuf *p);
/* There is something in the ring: tell, if nobody was told. */
void capture_wake(struct packet *k);
/* An error waits in the pair, as that of any datagram socket. */
void capture_error(struct packet *k, int err);

#endif
