/*
 * log.c: reading the log as an observer: no slot, nothing written, so that
 * a read-only mapping is enough and nobody is slowed down.
 */
#include "bus/handle.h"

#include <errno.h>
#include <stdlib.h>

#define LOG_TRIES 16

void bus_log_seek_end(struct bus *b)
{
	b->watch.pos = atomic_load(&b->hdr->head);
	b->watch.have_pos = true;
	b->watch.counted = false;
	b->watch.next = b->watch.cut.n;
}

static void log_seek_tail(struct bus *b)
{
	b->watch.pos = atomic_load(&b->hdr->tail);
	b->watch.have_pos = true;
}

/*
 * Copy the record at watch.pos: a large segment to watch.gso, to be shown by
 * log_cut().  False if it was overwritten meanwhile.
 */
static bool log_copy(struct bus *b, const struct ring_rec *rec,
    struct bus_frame *f, uint64_t *seq, void *buf, size_t cap)
{
	struct bus_rec *r = ring_at(&b->ring, b->watch.pos);
	uint32_t seg_size = atomic_load_explicit(&r->seg_size,
	    memory_order_relaxed);
	struct bus_watch *w = &b->watch;

	*seq = atomic_load_explicit(&r->seq, memory_order_relaxed);
	f->when_ns = atomic_load_explicit(&r->when_ns, memory_order_relaxed);
	f->sender = atomic_load_explicit(&r->sender, memory_order_relaxed);
	f->len = rec->len;
	if (seg_size && !w->gso)
		w->gso = malloc(b->ring.max_len);
	if (seg_size && w->gso) {
		buf = w->gso;
		cap = b->ring.max_len;
	}
	ring_copy_out(&b->ring, w->pos, 0, buf,
	    rec->len < cap ? rec->len : cap);
	if (ring_lapped(b->hdr, w->pos))
		return false;
	if (buf == w->gso) {
		gso_open(&w->cut, buf, rec->len, seg_size);
		w->next = 0;
	}
	return true;
}

/* The next frame of watch.gso; false after the last. */
static bool log_cut(struct bus *b, struct bus_frame *f, void *buf, size_t cap)
{
	struct bus_watch *w = &b->watch;

	if (w->next == w->cut.n)
		return false;
	if (w->next == 0)
		w->of = *f;
	*f = w->of;
	w->of.missed = 0;	/* told with the first */
	f->len = (uint32_t)gso_frame(&w->cut, w->next++, buf, cap);
	return true;
}

/* Return: 1 a frame, 0 none, -EAGAIN look again, -EIO. */
static int log_step(struct bus *b, struct bus_frame *f, void *buf, size_t cap)
{
	struct bus_watch *w = &b->watch;
	uint64_t head = atomic_load(&b->hdr->head), word, seq;
	struct ring_rec rec;

	if (!ring_pos_ok(head) || !ring_pos_ok(w->pos))
		return -EIO;
	if (w->pos == head)
		return 0;
	word = atomic_load_explicit(&ring_at(&b->ring, w->pos)->word,
	    memory_order_acquire);
	if (w->pos > head || !ring_parse(&b->ring, w->pos, word, &rec) ||
	    rec.span > head - w->pos) {
		if (w->pos < head && ring_lapped(b->hdr, w->pos))
			log_seek_tail(b);
		else
			w->pos = head;	/* no record: nonsense */
		return -EAGAIN;
	}
	if (!rec.pad && !log_copy(b, &rec, f, &seq, buf, cap)) {
		log_seek_tail(b);
		return -EAGAIN;
	}
	w->pos += rec.span;
	if (rec.pad)
		return -EAGAIN;
	f->missed = w->counted && seq > w->seq ? seq - w->seq : 0;
	w->seq = seq + 1;
	w->counted = true;
	log_cut(b, f, buf, cap);
	return 1;
}

int bus_log_next(struct bus *b, struct bus_frame *f, void *buf, size_t cap)
{
	int r = -EAGAIN;

	if (!bus_ok(b))
		return -EIO;
	if (log_cut(b, f, buf, cap))
		return 1;
	if (!b->watch.have_pos)
		log_seek_tail(b);
	for (int i = 0; i < LOG_TRIES && r == -EAGAIN; i++)
		r = log_step(b, f, buf, cap);
	if (!bus_ok(b))
		return -EIO;
	return r == -EAGAIN ? 0 : r;
}
