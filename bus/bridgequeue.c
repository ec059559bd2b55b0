/*
 * bridgequeue.c: frames on their way into a plug; see bridgequeue.h.
 *
 * A ring of records, a length and a frame each, rounded up to REC; one that
 * would cross the end begins at the start, behind a length of 0.
 */
#include "bus/bridgequeue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE	(1u << 20)	/* bytes: 100 ms at 80 Mbit/s */
#define REC	64u		/* bytes that records are multiples of */

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

/* Wait for a frame.  Return: its length, 0: the queue ends. */
static uint32_t wait_frame(struct bridgequeue *q)
{
	uint32_t len = 0;

	pthread_mutex_lock(&q->lock);
	while (!q->stop && !len) {
		if (q->in == q->out) {
			pthread_cond_wait(&q->more, &q->lock);
			continue;
		}
		len = len_at(q, q->out);
		if (!len)
			q->out += SIZE - q->out % SIZE;
	}
	pthread_mutex_unlock(&q->lock);
	return q->stop ? 0 : len;
}

static void *run(void *arg)
{
	struct bridgequeue *q = arg;
	uint32_t len;
	int r = 0;

	/* Nobody writes to what is not taken out yet. */
	while (r != -EPIPE && (len = wait_frame(q)) > 0) {
		r = q->plug->send(q->plug->arg, q->ring + q->out % SIZE + 4,
		    len);
		if (r < 0)
			atomic_fetch_add(&q->lost, 1);
		pthread_mutex_lock(&q->lock);
		q->out += span_of(len);
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
	sigset_t all, old;
	int e;

	if (!q)
		return -ENOMEM;
	memset(q, 0, offsetof(struct bridgequeue, ring));
	q->plug = plug;
	q->ended = ended;
	q->arg = arg;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->more, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	e = pthread_create(&q->thread, NULL, run, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (e) {
		free(q);
		return -e;
	}
	*out = q;
	return 0;
}

static int put_locked(struct bridgequeue *q, const void *frame, uint32_t len)
{
	uint32_t span = span_of(len), rest = SIZE - q->in % SIZE;
	uint32_t skip = rest < span ? rest : 0;

	if (q->in + skip + span - q->out > SIZE)
		return -EAGAIN;
	if (skip)
		put_len(q, q->in, 0);
	q->in += skip;
	put_len(q, q->in, len);
	memcpy(q->ring + q->in % SIZE + 4, frame, len);
	q->in += span;
	return 0;
}

int bridgequeue_put(struct bridgequeue *q, const void *frame, size_t len)
{
	bool was_empty;
	int r;

	pthread_mutex_lock(&q->lock);
	was_empty = q->in == q->out;
	r = len ? put_locked(q, frame, (uint32_t)len) : 0;
	pthread_mutex_unlock(&q->lock);
	if (was_empty)
		pthread_cond_signal(&q->more);
	return r;
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
