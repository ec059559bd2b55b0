/* vdeline.c: a plug that is kept in, with its threads; see vdeline.h. */
#include "tap/vdeline.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "stack/wire/thread.h"
#include "tap/vdeplug.h"

#define BATCH		64		/* frames handed over at once */
#define QUEUE_MAX	(256u << 10)	/* bytes that wait to be sent */
#define ERRORS		8		/* after that it is read every 100 ms */
#define END_MS		300		/* for the threads to let go */
#define OPEN_MS		20000		/* for names and switches to answer */
#define PAUSE_MIN	1000		/* ms until it is put in again */
#define PAUSE_MAX	32000

struct out {
	struct out *next;
	size_t n;
	uint8_t frame[];
};

struct vdeline {
	pthread_mutex_t lock;	/* of all that follows */
	pthread_cond_t turn;	/* something has changed */
	struct vdeplug *plug;	/* NULL: not in */
	bool sending;		/* it may not be pulled now */
	bool stop;
	bool owned;		/* until vdeline_end() */
	unsigned threads;
	int result;		/* of the first opening; 1: not known */
	struct out *first, **last;
	size_t queued;		/* bytes */
	bool full;		/* somebody waits for room */

	/* Not changed once the threads run. */
	const struct vdeline_user *user;
	void *arg;
	int kick;		/* eventfd: wakes who polls */
	sigset_t signals;	/* of who made it, for commands to inherit */
	struct timespec give_up;	/* the first opening, OPEN_MS */
	char *vnl;
	unsigned errors;	/* one after another; the receiver's */
	bool more;		/* there may be frames; the receiver's */
	char err[VDELINE_ERRLEN];
};

static void destroy(struct vdeline *l)
{
	struct out *o;

	l->user->gone(l->arg);
	while ((o = l->first)) {
		l->first = o->next;
		free(o);
	}
	close(l->kick);
	pthread_cond_destroy(&l->turn);
	pthread_mutex_destroy(&l->lock);
	free(l->vnl);
	free(l);
}

/*
 * The end of a thread, with the lock held.  The last one pulls the plug before
 * it counts as gone: who waits for that finds a port free, and the like.
 */
static void leave(struct vdeline *l)
{
	struct vdeplug *v = NULL;
	bool last;

	if (l->threads == 1) {
		v = l->plug;
		l->plug = NULL;
	}
	if (v) {
		pthread_mutex_unlock(&l->lock);
		vdeplug_close(v);
		pthread_mutex_lock(&l->lock);
	}
	last = --l->threads == 0 && !l->owned;
	pthread_cond_broadcast(&l->turn);
	pthread_mutex_unlock(&l->lock);
	if (last)
		destroy(l);
}

static void in_ms(struct timespec *t, int ms)
{
	clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_sec += ms / 1000;
	t->tv_nsec += ms % 1000 * 1000000l;
	if (t->tv_nsec >= 1000000000l) {
		t->tv_sec++;
		t->tv_nsec -= 1000000000l;
	}
}

/* Receiving. */

/* Return: 0: there may be a frame; -EPIPE: the switch has gone; -ECANCELED */
static int wait_frame(struct vdeline *l, int ms)
{
	struct pollfd p[] = {
		{ .fd = vdeplug_fd(l->plug), .events = POLLIN },
		{ .fd = l->kick, .events = POLLIN },
		{ .fd = vdeplug_ctlfd(l->plug), .events = POLLIN },
	};
	int n = poll(p, 3, ms);

	if (p[1].revents)
		return -ECANCELED;
	if (n > 0 && p[2].revents)
		return -EPIPE;
	return n > 0 ? 0 : n < 0 ? -EINTR : -ETIMEDOUT;
}

/* A pause that ends at once when the line does. */
static bool paused(struct vdeline *l, int ms)
{
	struct pollfd p = { .fd = l->kick, .events = POLLIN };

	return poll(&p, 1, ms) <= 0;
}

/* All that is there, as far as a batch goes.  -EPIPE, -ECANCELED */
static int receive(struct vdeline *l)
{
	struct iovec frame[BATCH];
	int n, e = wait_frame(l, l->more ? 0 : -1);

	if (e && e != -ETIMEDOUT)
		return e == -EINTR ? 0 : e;
	n = vdeplug_recv(l->plug, frame, BATCH);
	l->more = n > 0;
	if (n > 0)
		l->user->frames(l->arg, frame, n);
	if (n == -EPIPE || n == -EBADF || n == -EBADFD)
		return -EPIPE;
	/* One is an ICMP error, perhaps; a tap that is down has no end of it. */
	l->errors = n < 0 && n != -EINTR ? l->errors + 1 : 0;
	return l->errors < ERRORS || paused(l, 100) ? 0 : -ECANCELED;
}

/* Put it in; signals are as a command expects them. */
static int plug_in(struct vdeline *l, char err[static VDELINE_ERRLEN])
{
	struct vdeplug *v;
	sigset_t all;
	int e;

	pthread_sigmask(SIG_SETMASK, &l->signals, &all);
	e = vdeplug_open(&v, l->vnl, "shmif", err, VDELINE_ERRLEN);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (e)
		return e;
	pthread_mutex_lock(&l->lock);
	l->plug = v;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

/* Once nobody sends by it.  What is queued is of no use to who comes next. */
static void pull(struct vdeline *l)
{
	struct vdeplug *v;

	pthread_mutex_lock(&l->lock);
	v = l->plug;
	l->plug = NULL;
	while (l->sending)
		pthread_cond_wait(&l->turn, &l->lock);
	pthread_mutex_unlock(&l->lock);
	vdeplug_close(v);
}

/* Until it is in again: 0, or -ECANCELED. */
static int plug_in_again(struct vdeline *l)
{
	char err[VDELINE_ERRLEN];
	int pause = PAUSE_MIN;

	while (paused(l, pause)) {
		if (!plug_in(l, err))
			return 0;
		pause = pause * 2 < PAUSE_MAX ? pause * 2 : PAUSE_MAX;
	}
	return -ECANCELED;
}

static void serve(struct vdeline *l)
{
	int e;

	for (;;) {
		do
			e = receive(l);
		while (!e);
		if (e == -ECANCELED)
			return;
		l->user->plugged(l->arg, false);
		pull(l);
		if (plug_in_again(l))
			return;
		l->user->plugged(l->arg, true);
	}
}

static void *receiver(void *arg)
{
	struct vdeline *l = arg;
	int e = plug_in(l, l->err);
	bool stop;

	pthread_mutex_lock(&l->lock);
	l->result = e;
	stop = l->stop;
	pthread_cond_broadcast(&l->turn);
	pthread_mutex_unlock(&l->lock);
	if (!e && !stop)
		serve(l);
	pthread_mutex_lock(&l->lock);
	leave(l);
	return NULL;
}

/* Sending. */

/* Take up to BATCH of them out.  Return: how many. */
static int take_out(struct vdeline *l, struct out *o[static BATCH])
{
	int n = 0;

	while (l->first && n < BATCH) {
		o[n] = l->first;
		l->first = o[n]->next;
		l->queued -= o[n++]->n;
	}
	if (!l->first)
		l->last = &l->first;
	return n;
}

/* Return: how many were lost. */
static int send_all(struct vdeplug *v, struct out *const o[static BATCH], int n)
{
	struct iovec frame[BATCH];
	int lost;

	for (int i = 0; i < n; i++)
		frame[i] = (struct iovec){ o[i]->frame, o[i]->n };
	lost = v ? vdeplug_send(v, frame, n) : n;
	return lost < 0 ? n : lost;
}

/* With the lock held, but not while it sends. */
static void send_some(struct vdeline *l)
{
	struct out *o[BATCH];
	struct vdeplug *v = l->plug;
	int n = take_out(l, o), lost;
	bool room = l->full && l->queued <= QUEUE_MAX / 2;

	l->sending = v != NULL;
	if (room)
		l->full = false;
	pthread_mutex_unlock(&l->lock);
	lost = send_all(v, o, n);
	for (int i = 0; i < n; i++)
		free(o[i]);
	if (lost)
		l->user->lost(l->arg, lost);
	if (room)
		l->user->room(l->arg);
	pthread_mutex_lock(&l->lock);
	if (l->sending && l->plug != v)
		pthread_cond_broadcast(&l->turn);	/* pull() waits */
	l->sending = false;
}

static void *sender(void *arg)
{
	struct vdeline *l = arg;

	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (l->first)
			send_some(l);
		else
			pthread_cond_wait(&l->turn, &l->lock);
	}
	leave(l);
	return NULL;
}

int vdeline_send(struct vdeline *l, size_t n,
    void (*fill)(const void *from, uint8_t *to, size_t n), const void *from)
{
	struct out *o = malloc(sizeof(*o) + n);
	int e = 0;

	if (!o)
		return -ENOMEM;
	o->next = NULL;
	o->n = n;
	fill(from, o->frame, n);
	pthread_mutex_lock(&l->lock);
	if (!l->plug) {
		e = -ENETDOWN;
	} else if (l->queued + n > QUEUE_MAX) {
		l->full = true;
		e = -EAGAIN;
	} else {
		if (!l->first)
			pthread_cond_broadcast(&l->turn);
		*l->last = o;
		l->last = &o->next;
		l->queued += n;
	}
	pthread_mutex_unlock(&l->lock);
	if (e)
		free(o);
	return e;
}

/* Beginning and end. */

const char *vdeline_vnl(const struct vdeline *l)
{
	return l->vnl;
}

/* false: not in that time.  With the lock held. */
static bool wait_turn(struct vdeline *l, const struct timespec *until)
{
	return pthread_cond_timedwait(&l->turn, &l->lock, until) != ETIMEDOUT;
}

int vdeline_wait(struct vdeline *l, int ms, char err[static VDELINE_ERRLEN])
{
	struct timespec until, now;
	int e;

	in_ms(&until, ms);
	pthread_mutex_lock(&l->lock);
	while (l->result > 0 && wait_turn(l, &until))
		;
	e = l->result > 0 ? -EINPROGRESS : l->result;
	pthread_mutex_unlock(&l->lock);
	in_ms(&now, 0);
	if (e == -EINPROGRESS && now.tv_sec > l->give_up.tv_sec) {
		snprintf(err, VDELINE_ERRLEN, "%s: no answer in %d s; is what "
		    "it names there, and alive?", l->vnl, OPEN_MS / 1000);
		return -ETIMEDOUT;
	}
	if (e && e != -EINPROGRESS)
		memcpy(err, l->err, VDELINE_ERRLEN);
	return e;
}

static int start(struct vdeline *l, void *(*run)(void *))
{
	int e;

	pthread_sigmask(SIG_SETMASK, NULL, &l->signals);
	pthread_mutex_lock(&l->lock);
	e = thread_start(NULL, run, l);
	l->threads += !e;
	pthread_mutex_unlock(&l->lock);
	return e;
}

int vdeline_new(struct vdeline **out, const char *vnl,
    const struct vdeline_user *user, void *arg)
{
	struct vdeline *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;
	int e = -ENOMEM;

	if (!l)
		return e;
	l->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->vnl = strdup(vnl);
	if (l->kick < 0 || !l->vnl)
		goto fail;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->turn, &attr);
	pthread_condattr_destroy(&attr);
	l->last = &l->first;
	l->result = 1;
	l->owned = true;
	l->user = user;
	l->arg = arg;
	in_ms(&l->give_up, OPEN_MS);
	e = start(l, sender);
	if (e)
		goto fail;
	e = start(l, receiver);
	if (e) {
		l->result = e;
		snprintf(l->err, sizeof(l->err), "%s", strerror(-e));
	}
	*out = l;
	return 0;
fail:
	if (l->kick >= 0)
		close(l->kick);
	free(l->vnl);
	free(l);
	return e;
}

void vdeline_end(struct vdeline *l)
{
	struct timespec until;
	bool last;

	in_ms(&until, END_MS);
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	eventfd_write(l->kick, 1);
	pthread_cond_broadcast(&l->turn);
	while (l->threads && wait_turn(l, &until))
		;
	l->owned = false;
	last = !l->threads;
	pthread_mutex_unlock(&l->lock);
	if (last)
		destroy(l);
}

void vdeline_in_child(struct vdeline *l)
{
	close(l->kick);
	if (!l->plug)
		return;
	close(vdeplug_fd(l->plug));
	if (vdeplug_ctlfd(l->plug) >= 0)
		close(vdeplug_ctlfd(l->plug));
}
