/*
 * vdeplug.h: plugs into Ethernets elsewhere, by libvdeplug: a switch, a tunnel,
 * the Internet by slirp, as a VNL says ("slirp://", "vde:///run/switch").
 *
 * The library is loaded at the first use and nothing is linked with it, so that
 * it need not be there.  One thread may receive from a plug and another one
 * send; either may have to wait, whatever poll(2) says, for some plugs have
 * more behind them than the descriptor to poll.
 */
#ifndef TAP_VDEPLUG_H
#define TAP_VDEPLUG_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define VDEPLUG_MTU	9216	/* the library's limit; vde_switch's is 1500 */
#define VDEPLUG_FRAME	(VDEPLUG_MTU + 18)	/* Ethernet header, VLAN tag */

struct vdeplug;		/* opaque, freed by vdeplug_close() */

/*
 * What a user calls a plug, as it is to be called from any directory: what has
 * no "://" in it is the path of a switch, and such a path may be relative.
 * Return: 0, or -errno with one line in err (of VDEPLUG_ERRLEN bytes).
 */
#define VDEPLUG_ERRLEN	512
int vdeplug_name(char *dst, size_t size, const char *vnl, char *err);

/*
 * descr: who we are, shown in the list of a switch's ports.  Names may be
 * looked up and a switch asked meanwhile, which may take long.
 * Return: 0 and *out, or -errno with one line in err: -ENOPKG: there is no
 * libvdeplug, -EPROTONOSUPPORT: it has no such plug-in.
 */
int vdeplug_open(struct vdeplug **out, const char *vnl, const char *descr,
    char *err, size_t errlen);
void vdeplug_close(struct vdeplug *v);	/* may wait for a command to end */

/* To poll for frames.  Not for I/O, and not to be made non-blocking. */
int vdeplug_fd(const struct vdeplug *v);
/* Readable once the switch has gone; -1: this kind cannot tell. */
int vdeplug_ctlfd(const struct vdeplug *v);

/*
 * The frames that are there, max at most; they lie in memory of the plug's until
 * the next call.  Some may be there that poll(2) does not tell of, until none is.
 * Return: how many; -EPIPE: the other end is gone for ever; other -errno.
 */
int vdeplug_recv(struct vdeplug *v, struct iovec *frame, int max);
/*
 * n frames, each in one piece.  Return: how many of them were lost; -EPIPE as
 * above, and all that were not sent yet are.
 */
int vdeplug_send(struct vdeplug *v, const struct iovec *frame, int n);

#endif
