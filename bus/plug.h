/* plug.h: a cable that leads elsewhere, as a bridge uses it. */
#ifndef BUS_PLUG_H
#define BUS_PLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bus_plug {
	unsigned frame_max;	/* bytes of the longest frame */
	unsigned mtu;		/* longer TCP segments are cut to it, bytes */
	bool blocks;		/* send may, for long */
	int fd, end_fd;		/* readable: a frame, the end; -1: none */
	/* Bytes; 0: none after all; -errno, of which -EPIPE is for good. */
	ssize_t (*recv)(void *arg, void *frame, size_t cap);
	/* 0, or -errno and the frame is lost; -EPIPE is for good. */
	int (*send)(void *arg, const void *frame, size_t n);
	void *arg;
};

#endif
