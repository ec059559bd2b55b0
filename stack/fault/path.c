/*
 * path.c: frames on their way through the faults of an interface.
 *
 * A frame that is passed from function to function is owned by the one that
 * it is passed to.  One that lwIP sends is only referred to, and lwIP changes
 * it later: it is copied before it waits, and before it is changed.
 */
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ethernet.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/core/loop.h"
#include "stack/fault/fault.h"
#include "stack/fault/frame.h"
#include "stack/ip/loopback.h"
#include "stack/wire/clock.h"

#define RETRY	(1 * CLOCK_NS_MS)	/* when the driver had no room */

/* When the next frame is due, of all interfaces. */
static struct {
	struct pollable poll;
	bool made, failed;
	uint64_t due;		/* ns; 0: none */
} timer = { .poll.fd = -1 };

static err_t meet(struct faults *l, int dir, struct netif *nif,
    struct pbuf *p);

static bool is_lo(const struct faults *l)
{
	return iface_is_loopback(l->f);
}

/*
 * To where it goes behind the faults of that direction; p stays the caller's if
 * the driver has no room (ERR_WOULDBLOCK).
 */
static err_t send_on(struct faults *l, int dir, struct netif *nif,
    struct pbuf *p)
{
	err_t err = ERR_OK;

	if (is_lo(l) && dir == WIRE_FAULT_OUT)
		return meet(l, WIRE_FAULT_IN, nif, p);
	if (dir == WIRE_FAULT_OUT) {
		err = l->output(nif, p);
	} else if (is_lo(l)) {
		err = loopback_send(nif, p);
	} else if (!netif_is_up(&l->f->nif)) {
		counter_inc("if.down");
	} else {
		err = l->input(p, nif);
		if (err == ERR_OK)
			return ERR_OK;
		counter_inc("if.not_taken");
		err = ERR_OK;
	}
	if (err != ERR_WOULDBLOCK)
		pbuf_free(p);
	return err;
}

/* What waits. */

static void arm(uint64_t due)
{
	struct itimerspec at = {
		.it_value.tv_sec = (time_t)(due / CLOCK_NS_S),
		.it_value.tv_nsec = (long)(due % CLOCK_NS_S),
	};

	if (timer.due && timer.due <= due)
		return;
	timer.due = due;
	timerfd_settime(timer.poll.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Send one that was due.  false: the driver has no room. */
static bool send_due(struct fault *e, struct queue_frame *w)
{
	struct netif *nif = netif_get_by_index(w->nif);
	uint32_t len = w->p->tot_len;

	if (!nif || nif->state == NULL ||
	    (!is_lo(e->of) && nif->state != e->of->f)) {
		pbuf_free(w->p);	/* an alias that is gone */
		return true;
	}
	if (send_on(e->of, w->dir, nif, w->p) == ERR_WOULDBLOCK)
		return false;
	e->conf.sent++;
	e->conf.sent_bytes += len;
	return true;
}

/* Send what is due.  Return: when the next one is, or 0. */
static uint64_t run(struct fault *e, uint64_t now)
{
	const struct queue_frame *first;
	struct queue_frame w;
	uint64_t next = 0;

	if (e->running)
		return 0;
	e->running = true;
	while (!next && (first = queue_first(&e->queue))) {
		if (first->due > now) {
			next = first->due;
			break;
		}
		w = queue_take(&e->queue);
		if (send_due(e, &w))
			continue;
		queue_put_back(&e->queue, &w);
		next = now + RETRY;
	}
	e->running = false;
	return next;
}

static void on_timer(struct pollable *p, uint32_t events)
{
	uint64_t n, next, now = clock_ns();
	bool join;

	(void)events;
	if (read(p->fd, &n, sizeof(n)) < 0)
		return;		/* was put off meanwhile */
	timer.due = 0;
	for (struct iface *f = iface_next(NULL); f; f = iface_next(f)) {
		struct faults *l = (struct faults *)f->faults;

		if (!l)
			continue;
		join = f->driver->batch_begin && !f->faults->damages;
		if (join)
			f->driver->batch_begin(f);
		for (struct fault *e = l->first; e; e = e->next) {
			next = run(e, now);
			if (next)
				arm(next);
		}
		if (join)
			f->driver->batch_end(f);
	}
}

static bool make_timer(void)
{
	if (timer.made)
		return true;
	if (timer.failed)
		return false;
	timer.poll.fn = on_timer;
	timer.poll.fd = timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer.poll.fd < 0 || loop_add(&timer.poll, EPOLLIN)) {
		timer.failed = true;
		log_err("no timer for frames that are to wait: they are "
		    "lost");
		return false;
	}
	timer.made = true;
	return true;
}

static void wait(struct fault *e, int dir, struct netif *nif, struct pbuf *p,
    uint64_t due)
{
	struct queue_frame w = { .due = due, .dir = (uint8_t)dir,
	    .nif = netif_get_index(nif) };

	w.p = frame_own(p);
	if (!w.p)
		return;
	if (!make_timer() || !queue_put(&e->queue, &w)) {
		counter_inc("fault.no_memory");
		pbuf_free(w.p);
		return;
	}
	e->conf.delayed++;
	arm(due);
}

void fault_flush(struct fault *e)
{
	run(e, UINT64_MAX);
}

/* A frame meets an entry. */

/* NULL: it is lost for want of memory. */
static struct pbuf *corrupt(struct fault *e, struct pbuf *p)
{
	uint32_t byte;
	uint8_t bit;

	if (!netem_corrupts(&e->model, p->tot_len, &byte, &bit))
		return p;
	p = frame_own(p);
	if (p) {
		frame_flip(p, byte, bit);
		e->conf.corrupted++;
	}
	return p;
}

/* At once, or later. */
static void leave(struct fault *e, int dir, struct netif *nif, struct pbuf *p)
{
	uint64_t now = clock_ns(), due = now;
	uint32_t len = p->tot_len;
	bool before = !netem_delays(&e->model, len, now,
	    e->queue.n ? e->queue.last : 0, &due);

	if (before) {
		e->conf.reordered++;
	} else if (due > now || (e->queue.n &&
	    queue_first(&e->queue)->due <= now)) {
		wait(e, dir, nif, p, due);
		return;
	}
	if (send_on(e->of, dir, nif, p) == ERR_WOULDBLOCK) {
		wait(e, dir, nif, p, now);
		return;
	}
	e->conf.sent++;
	e->conf.sent_bytes += len;
}

/* No room for it, and so not for its duplicate q, which may be NULL. */
static void limited(struct fault *e, struct pbuf *p, struct pbuf *q)
{
	e->conf.limited++;
	counter_inc("fault.limit");
	if (p)
		pbuf_free(p);
	if (q)
		pbuf_free(q);
}

/* false: it is to be lost. */
static bool mark(struct fault *e, struct pbuf **p)
{
	size_t ip = is_lo(e->of) ? 0 : SIZEOF_ETH_HDR;

	if (!e->conf.ecn || !frame_may_mark(*p, ip))
		return false;
	*p = frame_own(*p);
	if (*p)
		frame_mark(*p, ip);
	return true;
}

/* second: it is a duplicate, which has no duplicates. */
static void suffer(struct fault *e, int dir, struct netif *nif,
    struct pbuf *p, bool second)
{
	struct netem *m = &e->model;
	bool twice = !second && netem_duplicates(m);
	struct pbuf *q = NULL;

	e->conf.duplicated += twice;
	if (netem_loses(m)) {
		if (mark(e, &p)) {
			e->conf.marked++;
		} else {
			e->conf.lost++;
			if (!twice) {
				pbuf_free(p);
				return;
			}
			twice = false;	/* the other one is left */
		}
	}
	if (twice && p)
		q = frame_copy(p);
	if (p)
		p = corrupt(e, p);
	if (e->queue.n >= e->conf.limit) {
		limited(e, p, q);
		return;
	}
	if (q)
		suffer(e, dir, nif, q, true);
	if (p)
		leave(e, dir, nif, p);
}

static err_t meet(struct faults *l, int dir, struct netif *nif,
    struct pbuf *p)
{
	struct fault *e = fault_find(l, dir, p);
	uint64_t next;

	if (!e)
		return send_on(l, dir, nif, p);
	e->conf.frames++;
	e->conf.bytes += p->tot_len;
	if (e->conf.kind != WIRE_FAULT_NETEM) {
		e->conf.cut++;
		counter_inc("fault.cut");
		pbuf_free(p);
		return ERR_OK;
	}
	next = run(e, clock_ns());
	if (next)
		arm(next);
	suffer(e, dir, nif, p, false);
	return ERR_OK;
}

err_t fault_output(struct netif *nif, struct pbuf *p)
{
	struct iface *f = nif->state;
	err_t err;

	pbuf_ref(p);
	err = meet((struct faults *)f->faults, WIRE_FAULT_OUT, nif, p);
	if (err == ERR_WOULDBLOCK)
		pbuf_free(p);
	return err;
}

err_t fault_input(struct pbuf *p, struct netif *nif)
{
	struct iface *f = nif->state;

	return meet((struct faults *)f->faults, WIRE_FAULT_IN, nif, p);
}

err_t fault_loop(struct netif *nif, struct pbuf *p)
{
	struct faults *l = (struct faults *)iface_find("lo")->faults;

	pbuf_ref(p);
	return meet(l, WIRE_FAULT_OUT, nif, p);
}
