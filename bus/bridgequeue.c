/*
 * bridgequeue.c: frames on their way into a plug; see bridgequeue.h.
 *
 * A ring of records, a length and a frame each, rounded up to REC; one that
 * would cross the end begins at the start, behind a length of 0.
 */
#include "bus/bridgequeue.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stack/wire/thread.h"

#define SIZE	(1u << 20)	/* bytes: 100 ms at 80 Mbit/s */
#define REC	64u		/* bytes that records are multiples of */
#define BATCH	64		/* frames that are sent at once */

struct bridgequeue {
	const struct bus_plug *plug;
	void (*ended)(void *arg, int error);
	void *arg;
	pthread_t thread;
	_Atomic uint64_t lost;

	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t more;
	uint32_t in, out;		/* bytes, only grow; in - out <= SIZE */
	bool stop;
	uint8_t ring[SIZE];
};

static uint32_t span_of(uint32_t len)
{
	return (4 + len + REC - 1) & ~(REC - 1);
}

static uint32_t len_at(const struct bridgequeue *q, uint32_t pos)
{
	uint32_t len;

	memcpy(&len, q->ring + pos % SIZE, 4);
	return len;
}

static void put_len(struct bridgequeue *q, uint32_t pos, uint32_t len)
{
	memcpy(q->ring + pos % SIZE, &len, 4);
}

/*
 * Wait for frames, which nobody overwrites until `out` is at *end.
 * Return: how many, 0: the queue ends.
 */
static int wait_frames(struct bridgequeue *q, struct iovec frame[static BATCH],
    uint32_t *end)
{
	uint32_t len, pos;
	int n = 0;

	pthread_mutex_lock(&q->lock);
	while (!q->stop && q->in == q->out)
		pthread_cond_wait(&q->more, &q->lock);
	for (pos = q->out; pos != q->in && n < BATCH && !q->stop;) {
		len = len_at(q, pos);
		if (!len) {
			pos += SIZE - pos % SIZE;
			continue;
		}
		frame[n++] = (struct iovec){ q->ring + pos % SIZE + 4, len };
		pos += span_of(len);
	}
	*end = pos;
	pthread_mutex_unlock(&q->lock);
	return n;
}

static void *run(void *arg)
{
	struct bridgequeue *q = arg;
	struct iovec frame[BATCH];
	uint32_t end;
	int r = 0, n;

	while (r != -EPIPE && (n = wait_frames(q, frame, &end)) > 0) {
		r = q->plug->send(q->plug->arg, frame, n);
		if (r)
			atomic_fetch_add(&q->lost, (unsigned)(r < 0 ? n : r));
		pthread_mutex_lock(&q->lock);
		q->out = end;
		pthread_mutex_unlock(&q->lock);
	}
	if (r == -EPIPE)
		q->ended(q->arg, r);
	return NULL;
}

int bridgequeue_open(struct bridgequeue **out, const struct bus_plug *plug,
    void (*ended)(void *arg, int error), void *arg)
{
	struct bridgequeue *q = malloc(sizeof(*q));
	int e;

	if (!q)
		return -ENOMEM;
	memset(q, 0, offsetof(struct bridgequeue, ring));
	q->plug = plug;
	q->ended = ended;
	q->arg = arg;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->more, NULL);
	e = thread_start(&q->thread, run, q);
	if (e) {
		free(q);
		return e;
	}
	*out = q;
	return 0;
}

/* Return: false: no room. */
static bool put_one(struct bridgequeue *q, const struct iovec *frame)
{
	uint32_t len = (uint32_t)frame->iov_len, span = span_of(len);
	uint32_t rest = SIZE - q->in % SIZE, skip = rest < span ? rest : 0;

	if (q->in + skip + span - q->out > SIZE)
		return false;
	if (skip)
		put_len(q, q->in, 0);
	q->in += skip;
	put_len(q, q->in, len);
	memcpy(q->ring + q->in % SIZE + 4, frame->iov_base, len);
	q->in += span;
	return true;
}

int bridgequeue_put(struct bridgequeue *q, const struct iovec *frame, int n)
{
	bool was_empty;
	int i = 0;

	pthread_mutex_lock(&q->lock);
	was_empty = q->in == q->out;
	while (i < n && put_one(q, &frame[i]))
		i++;
	pthread_mutex_unlock(&q->lock);
	if (was_empty)
		pthread_cond_signal(&q->more);
	return i;
}

uint64_t bridgequeue_lost(struct bridgequeue *q)
{
	return atomic_exchange(&q->lost, 0);
}

bool bridgequeue_close(struct bridgequeue *q)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_mutex_unlock(&q->lock);
	pthread_cond_signal(&q->more);
	if (pthread_timedjoin_np(q->thread, NULL, &until))
		return false;
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->more);
	free(q);
	return true;
}
