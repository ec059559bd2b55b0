/*
 * bridgequeue.h: frames on their way into a plug, which may block: a command
 * that does not read must not keep a bridge from reading its bus.
 */
#ifndef BUS_BRIDGEQUEUE_H
#define BUS_BRIDGEQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bus/plug.h"

struct bridgequeue;		/* opaque, freed by bridgequeue_close() */

/*
 * ended: called by the queue's thread when the plug is at its end, and then no
 * more.  Return: 0, -errno.
 */
int bridgequeue_open(struct bridgequeue **out, const struct bus_plug *plug,
    void (*ended)(void *arg, int error), void *arg);
/* Copy n frames.  Return: how many there was room for. */
int bridgequeue_put(struct bridgequeue *q, const struct iovec *frame, int n);
/* Frames that the plug did not take since this was last asked. */
uint64_t bridgequeue_lost(struct bridgequeue *q);
/* What is in it is dropped.  Return: false if the thread is in the plug. */
bool bridgequeue_close(struct bridgequeue *q);

#endif
