/* queue.c: frames that wait for their time; see queue.h. */
#include "stack/fault/queue.h"

#include <stdlib.h>

#include "lwip/pbuf.h"

#define ROOM_MIN	64	/* frames */

static bool is_before(const struct queue_frame *a, const struct queue_frame *b)
{
	return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void sift_up(struct queue *q, size_t i, const struct queue_frame *f)
{
	size_t up;

	for (; i; i = up) {
		up = (i - 1) / 2;
		if (!is_before(f, &q->heap[up]))
			break;
		q->heap[i] = q->heap[up];
	}
	q->heap[i] = *f;
}

static void sift_down(struct queue *q, const struct queue_frame *f)
{
	size_t i = 0, down;

	for (; (down = 2 * i + 1) < q->n; i = down) {
		if (down + 1 < q->n &&
		    is_before(&q->heap[down + 1], &q->heap[down]))
			down++;
		if (is_before(f, &q->heap[down]))
			break;
		q->heap[i] = q->heap[down];
	}
	q->heap[i] = *f;
}

static bool grow(struct queue *q)
{
	size_t room = q->room ? 2 * q->room : ROOM_MIN;
	struct queue_frame *heap = realloc(q->heap, room * sizeof(*heap));

	if (!heap)
		return false;
	q->heap = heap;
	q->room = room;
	return true;
}

bool queue_put(struct queue *q, const struct queue_frame *f)
{
	struct queue_frame mine = *f;

	if (q->n == q->room && !grow(q))
		return false;	/* so it is there below */
	mine.number = q->number++;
	if (!q->n || mine.due > q->last)
		q->last = mine.due;
	queue_put_back(q, &mine);
	return true;
}

void queue_put_back(struct queue *q, const struct queue_frame *f)
{
	if (q->n == q->room && !grow(q)) {
		pbuf_free(f->p);
		return;		/* lost, as frames are */
	}
	q->bytes += f->p->tot_len;
	sift_up(q, q->n++, f);
}

const struct queue_frame *queue_first(const struct queue *q)
{
	return q->n ? &q->heap[0] : NULL;
}

struct queue_frame queue_take(struct queue *q)
{
	struct queue_frame first = q->heap[0], last = q->heap[--q->n];

	q->bytes -= first.p->tot_len;
	if (q->n)
		sift_down(q, &last);
	return first;
}

void queue_free(struct queue *q)
{
	for (size_t i = 0; i < q->n; i++)
		pbuf_free(q->heap[i].p);
	free(q->heap);
	*q = (struct queue){ .n = 0 };
}
