/* plug.h: a cable that leads elsewhere, as a bridge uses it. */
#ifndef BUS_PLUG_H
#define BUS_PLUG_H

#include <stdbool.h>
#include <sys/uio.h>

struct bus_plug {
	unsigned frame_max;	/* bytes of the longest frame */
	unsigned mtu;		/* longer TCP segments are cut to it, bytes */
	bool blocks;		/* send may, for long */
	int fd, end_fd;		/* readable: a frame, the end; -1: none */
	/*
	 * The frames that are there, max at most, in the plug's memory until the
	 * next call; `fd` may not tell of some until there are none.
	 * Return: how many, -errno, of which -EPIPE is for good.
	 */
	int (*recv)(void *arg, struct iovec *frame, int max);
	/*
	 * n frames, each in one piece.  Return: how many were lost; -EPIPE: it
	 * is for good.
	 */
	int (*send)(void *arg, const struct iovec *frame, int n);
	void *arg;
};

#endif
