/* tapdev.h: the host's tap device behind a virt interface. */
#ifndef TAP_TAPDEV_H
#define TAP_TAPDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAPDEV_MTU_MAX	65521	/* with its header, a frame of 16 bits */

struct tapdev {
	int fd;			/* non-blocking; -1: closed */
	char name[16];		/* "tapN" */
	uint8_t mac[6];		/* of the host's side */
	uint32_t mtu;
	bool persistent;	/* outlives us: its owner configures it */
};

/*
 * Open tap number `unit`: the user's own persistent one, or a new one where
 * that is allowed; a new one is set up as well.
 * Return: 0, or -errno with one line in err.
 */
int tapdev_open(struct tapdev *t, unsigned unit, char *err, size_t errlen);

/* Return: the frame's length (n if it was longer), -EAGAIN, other -errno. */
ssize_t tapdev_read(struct tapdev *t, void *frame, size_t n);
/*
 * Hand the host one frame.
 * Return: 0; -EAGAIN, -ENOBUFS: no room; -EIO: the host's side is down;
 * other -errno: the device is gone.
 */
int tapdev_write(struct tapdev *t, const void *frame, size_t n);

#endif
