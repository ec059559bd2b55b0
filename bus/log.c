/*
 * log.c: reading the log as an observer: no slot, nothing written, so that
 * a read-only mapping is enough and nobody is slowed down.
 */
#include "bus/handle.h"

#include <errno.h>
#include <stdlib.h>

#define LOG_TRIES 16

void native_log_seek_end(struct bus *bus)
{
	struct native *b = native_of(bus);

	if (!map_head(&b->map, &b->watch.pos))
		bus_set_broken(b);
	b->watch.have_pos = true;
	b->watch.counted = false;
	b->watch.next = b->watch.cut.n;
}

static void log_seek_tail(struct native *b)
{
	struct map_ends e;

	if (!map_ends(&b->map, &e))
		bus_set_broken(b);
	b->watch.pos = e.tail;
	b->watch.have_pos = true;
}

/*
 * Copy the record at watch.pos: a large segment to watch.gso, to be shown by
 * log_cut().  False if it was overwritten meanwhile.
 */
static bool log_copy(struct native *b, const struct ring_rec *rec,
    struct bus_frame *f, uint64_t *seq, void *buf, size_t cap)
{
	struct bus_watch *w = &b->watch;
	struct ring_head head;

	ring_get_head(&b->map.ring, w->pos, &head);
	*seq = head.seq;
	f->when_ns = head.when_ns;
	f->sender = head.sender;
	f->len = rec->len;
	if (head.seg_size && !w->gso)
		w->gso = malloc(b->map.ring.max_len);
	if (head.seg_size && w->gso) {
		buf = w->gso;
		cap = b->map.ring.max_len;
	}
	ring_copy_out(&b->map.ring, w->pos, buf,
	    rec->len < cap ? rec->len : cap);
	if (map_lapped(&b->map, w->pos))
		return false;
	if (buf == w->gso) {
		gso_open(&w->cut, buf, rec->len, head.seg_size);
		w->next = 0;
	}
	return true;
}

/* The next frame of watch.gso; false after the last. */
static bool log_cut(struct native *b, struct bus_frame *f, void *buf,
    size_t cap)
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
static int log_step(struct native *b, struct bus_frame *f, void *buf,
    size_t cap)
{
	struct bus_watch *w = &b->watch;
	uint64_t head, seq;
	struct ring_rec rec;

	if (!map_head(&b->map, &head))
		return bus_set_broken(b);
	if (w->pos == head)
		return 0;
	if (w->pos > head || !ring_parse(&b->map.ring, w->pos,
	    ring_load(&b->map.ring, w->pos), &rec) ||
	    rec.span > head - w->pos) {
		if (w->pos < head && map_lapped(&b->map, w->pos))
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

int native_log_next(struct bus *bus, struct bus_frame *f, void *buf, size_t cap)
{
	struct native *b = native_of(bus);
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
