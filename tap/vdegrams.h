/*
 * vdegrams.h: frames that are datagrams of a socket and nothing else, as those
 * of udp:// and vde:// are: many in one system call, where libvdeplug makes one
 * for each.  On the wire all is as if the library had sent it.
 *
 * Of UDP the kernel takes and gives many datagrams of one length as one
 * (UDP_SEGMENT, UDP_GRO), where it can.
 *
 * One thread may receive and another one send.
 */
#ifndef TAP_VDEGRAMS_H
#define TAP_VDEGRAMS_H

#include <sys/uio.h>

#define VDEGRAMS_MIN	14	/* bytes of an Ethernet header: no frame is shorter */

struct vdegrams;		/* opaque, freed by vdegrams_free() */

/*
 * fd: the data socket of a plug, which stays the library's; but only we receive
 * from now on.  Return: NULL if this kind's frames are no datagrams, or there is
 * no memory: then all is done by the library.
 */
struct vdegrams *vdegrams_new(const char *vnl, int fd);
void vdegrams_free(struct vdegrams *g);		/* NULL is allowed */

/*
 * The frames that are there, max at most, without waiting; they lie in memory of
 * ours until the next call.  Return: how many, -errno.
 */
int vdegrams_recv(struct vdegrams *g, struct iovec *gram, int max);
/*
 * Return: how many are done with, of which *lost (added to) were not sent; 0:
 * the library is to send one first, which connects the socket.
 */
int vdegrams_send(struct vdegrams *g, const struct iovec *gram, int n,
    int *lost);

#endif
