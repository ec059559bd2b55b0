/*
 * queue.h: frames that wait for their time.
 *
 * The first is the one that is due first; of those with one time, the one
 * that came first.  A heap: any order of coming costs the same.
 */
#ifndef STACK_FAULT_QUEUE_H
#define STACK_FAULT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pbuf;

struct queue_frame {
	uint64_t due;		/* CLOCK_MONOTONIC, ns */
	uint64_t number;	/* in the order of coming; the queue's */
	struct pbuf *p;
	uint8_t dir;		/* WIRE_FAULT_IN or WIRE_FAULT_OUT */
	uint8_t nif;		/* lwIP's index of the netif it goes by */
};

struct queue {
	struct queue_frame *heap;
	size_t n, room;
	uint64_t bytes;
	uint64_t last;		/* the latest due of those that wait */
	uint64_t number;
};

/* false: no memory; the frame stays the caller's. */
bool queue_put(struct queue *q, const struct queue_frame *f);
/* NULL: none waits. */
const struct queue_frame *queue_first(const struct queue *q);
/* Take the first one out; the caller owns its pbuf. */
struct queue_frame queue_take(struct queue *q);
/* One that was taken, to where it was. */
void queue_put_back(struct queue *q, const struct queue_frame *f);
void queue_free(struct queue *q);	/* with all frames */

#endif
