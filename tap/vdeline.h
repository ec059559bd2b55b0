/*
 * vdeline.h: a plug that is kept in, with a thread for each direction, since
 * either may have to wait for what is at the other end.  No lwIP in here.
 *
 * A plug whose other end has gone is put in again, after a second and then
 * after ever longer pauses.
 */
#ifndef TAP_VDELINE_H
#define TAP_VDELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define VDELINE_ERRLEN	640

struct vdeline;

/*
 * What its owner is told, by threads of the line, which hold no lock; also for
 * some time after vdeline_end(), so arg lives until `gone`.
 */
struct vdeline_user {
	void (*frames)(void *arg, const struct iovec *frame, int n);
	void (*plugged)(void *arg, bool in);	/* not the first time */
	void (*room)(void *arg);	/* after -EAGAIN */
	void (*lost)(void *arg, int n);	/* taken, and not sent */
	void (*gone)(void *arg);	/* the last call */
};

/* vnl is copied.  Return: 0 or -errno; with an error `gone` is not called. */
int vdeline_new(struct vdeline **out, const char *vnl,
    const struct vdeline_user *user, void *arg);
/*
 * Has the plug been put in?  Wait ms for it at most.
 * Return: 0; -EINPROGRESS; other -errno with one line in err, and the line is
 * good for vdeline_end() only.
 */
int vdeline_wait(struct vdeline *l, int ms, char err[static VDELINE_ERRLEN]);
const char *vdeline_vnl(const struct vdeline *l);
/*
 * Have a copy of a frame sent: `fill` writes n bytes of it.
 * Return: 0; -EAGAIN: no room, `room` will be called; -ENETDOWN: the plug is
 * out; -ENOMEM.
 */
int vdeline_send(struct vdeline *l, size_t n,
    void (*fill)(const void *from, uint8_t *to, size_t n), const void *from);
/*
 * Pull the plug.  What does not let go of it in a moment, a command that does
 * not read for one, is left to itself.
 */
void vdeline_end(struct vdeline *l);
/* In a forked child, which has none of the threads: close what is known. */
void vdeline_in_child(struct vdeline *l);

#endif
