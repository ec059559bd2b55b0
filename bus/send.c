/*
 * send.c: putting a frame on the bus.
 *
 * With the lock, a record comes into being in this order, and whoever gets
 * the lock after a death or a robbery can go on from every point of it:
 *
 *	tail past what will be overwritten	nothing lost but old frames
 *	claim of the range			see lock.c
 *	bytes of the frame			not visible
 *	the record's word, by CAS		decided: it will be published
 *	seq, head, by CAS			visible
 *	cursors of idle members			see notify.c
 *
 * A word that is right for the position at head is thus a record that somebody
 * could not finish: the next writer finishes it.
 */
#include "bus/handle.h"

#include <errno.h>
#include <time.h>

#include "bus/gso.h"
#include "stack/wire/clock.h"

#define RESERVE_TURNS	64
#define SEND_TRIES	3

static_assert(GSO_MAX == BUS_MTU_DEFAULT + BUS_ETH_HDR,
    "bus_frame_max() knows of large segments");

/* Where a record goes, and what its word held before. */
struct spot {
	uint64_t pos, old;
};

/* False if the lock is no longer ours, and nothing may be written. */
static bool claim(struct bus *b, uint64_t pos, uint32_t len)
{
	atomic_store_explicit(&b->me->claim_pos, pos, memory_order_relaxed);
	atomic_store(&b->me->claim_len, len);
	return bus_lock_mine(b);
}

static void unclaim(struct bus *b)
{
	atomic_store_explicit(&b->me->claim_len, 0, memory_order_release);
}

/* Publish the record whose word is in place. */
static void publish(struct bus *b, uint64_t pos, uint64_t span, bool frame,
    uint64_t *wake)
{
	uint64_t seq, end = pos + span;

	if (!frame) {
		atomic_compare_exchange_strong(&b->hdr->head, &pos, end);
		return;
	}
	seq = atomic_load_explicit(&ring_at(&b->ring, pos)->seq,
	    memory_order_relaxed);
	atomic_compare_exchange_strong(&b->hdr->seq, &(uint64_t){ seq },
	    seq + 1);
	atomic_compare_exchange_strong(&b->hdr->head, &(uint64_t){ pos }, end);
	bus_notify(b, pos, seq, wake);
}

/* Skip `bytes` at pos. Return: 1, try again from head; or -errno. */
static int put_pad(struct bus *b, uint64_t pos, uint64_t old, uint64_t bytes)
{
	int r = bus_room_make(b, pos + bytes);

	if (r < 0)
		return r;
	if (!claim(b, pos, BUS_UNIT))
		return -ESTALE;
	/* If it fails, somebody late was faster: its record is taken up. */
	if (atomic_compare_exchange_strong(&ring_at(&b->ring, pos)->word,
	    &old, ring_word(&b->ring, pos, true, bytes)))
		publish(b, pos, bytes, false, NULL);
	return 1;
}

/* The ends of the log, made plausible if they are not. */
static int check_ends(struct bus *b, uint64_t *head)
{
	uint64_t tail = atomic_load(&b->hdr->tail);

	*head = atomic_load(&b->hdr->head);
	if (!ring_pos_ok(*head)) {
		atomic_store(&b->broken, true);
		return -EIO;
	}
	if (tail % BUS_UNIT || tail > *head || *head - tail > b->ring.size)
		atomic_compare_exchange_strong(&b->hdr->tail, &tail, *head);
	return 0;
}

/* One step towards a spot for span bytes.  Return: 0, 1: again, -errno. */
static int reserve_step(struct bus *b, uint64_t span, struct spot *at,
    uint64_t *wake)
{
	uint64_t head, off, end;
	struct ring_rec rec;
	int r;

	r = check_ends(b, &head);
	if (r < 0)
		return r;
	off = ring_off(&b->ring, head);
	at->pos = head;
	at->old = atomic_load(&ring_at(&b->ring, head)->word);
	if (ring_parse(&b->ring, head, at->old, &rec)) {
		publish(b, head, rec.span, !rec.pad, wake);
		return 1;
	}
	if (span > b->ring.size - off)
		return put_pad(b, head, at->old, b->ring.size - off);
	end = bus_room_stray(b, off, span);
	if (end)
		return put_pad(b, head, at->old, end - off);
	r = bus_room_make(b, head + span);
	if (r < 0)
		return r;
	return claim(b, head, span) ? 0 : -ESTALE;
}

static int reserve(struct bus *b, uint64_t span, struct spot *at,
    uint64_t *wake)
{
	int r;

	for (int i = 0; i < RESERVE_TURNS; i++) {
		r = reserve_step(b, span, at, wake);
		if (r <= 0)
			return r;
	}
	bus_set_add(b->hdr->full, b->slot);
	return -EAGAIN;		/* strays everywhere */
}

static int put_frame(struct bus *b, const struct iovec *iov, int iovcnt,
    uint32_t len, uint32_t seg_size, uint64_t *wake)
{
	uint64_t span = ring_span(len), seq;
	struct bus_rec *rec;
	struct spot at;
	int r;

	r = reserve(b, span, &at, wake);
	if (r < 0)
		return r;
	rec = ring_at(&b->ring, at.pos);
	seq = atomic_load_explicit(&b->hdr->seq, memory_order_relaxed);
	atomic_store_explicit(&rec->seq, seq, memory_order_relaxed);
	atomic_store_explicit(&rec->when_ns, clock_real_ns(),
	    memory_order_relaxed);
	atomic_store_explicit(&rec->sender, b->slot, memory_order_relaxed);
	atomic_store_explicit(&rec->seg_size, seg_size, memory_order_relaxed);
	ring_copy_in(&b->ring, at.pos, iov, iovcnt, len);
	if (!atomic_compare_exchange_strong(&rec->word, &at.old,
	    ring_word(&b->ring, at.pos, false, len)))
		return -ESTALE;
	publish(b, at.pos, span, true, wake);
	return 0;
}

static int send_once(struct bus *b, const struct iovec *iov, int iovcnt,
    uint32_t len, uint32_t seg_size)
{
	uint64_t wake[BUS_WORDS] = { 0 };
	int r;

	/* Left by a robber that came too late; nothing is claimed. */
	bus_set_del(b->hdr->stray, b->slot);
	r = bus_lock(b);
	if (r < 0)
		return r;
	r = put_frame(b, iov, iovcnt, len, seg_size, wake);
	unclaim(b);
	if (!bus_unlock(b))
		bus_set_del(b->hdr->stray, b->slot);
	if (!b->wake_deferred)
		bus_notify_wake(b, wake);
	else
		for (int w = 0; w < BUS_WORDS; w++)
			if (wake[w])
				atomic_fetch_or(&b->to_wake[w], wake[w]);
	return r;
}

void bus_defer_wake(struct bus *b)
{
	b->wake_deferred = true;
}

void bus_wake(struct bus *b)
{
	uint64_t wake[BUS_WORDS];

	for (int w = 0; w < BUS_WORDS; w++)
		wake[w] = atomic_load_explicit(&b->to_wake[w],
		    memory_order_relaxed) ?
		    atomic_exchange(&b->to_wake[w], 0) : 0;
	bus_notify_wake(b, wake);
}

static void count(struct bus *b, int r, uint32_t len)
{
	if (r == 0) {
		b->tx.frames++;
		b->tx.bytes += len;
		atomic_store_explicit(&b->me->tx_frames, b->tx.frames,
		    memory_order_relaxed);
		atomic_store_explicit(&b->me->tx_bytes, b->tx.bytes,
		    memory_order_relaxed);
	} else if (r == -EAGAIN) {
		b->tx.full++;
		atomic_store_explicit(&b->me->tx_full, b->tx.full,
		    memory_order_relaxed);
		/* Who sleeps for ever in bus_wait shall no longer. */
		if (!atomic_exchange(&b->full, 1) &&
		    atomic_load(&b->sleeping))
			bus_wake_slot(b, b->slot);
	}
}

int bus_send(struct bus *b, const struct iovec *iov, int iovcnt,
    unsigned seg_size)
{
	size_t max = seg_size ? GSO_MAX : b->con.mtu + BUS_ETH_HDR, len = 0;
	int r = -ESTALE;

	for (int i = 0; i < iovcnt; i++) {
		if (iov[i].iov_len > max)
			return -EMSGSIZE;
		len += iov[i].iov_len;
		if (len > max)
			return -EMSGSIZE;
	}
	if (len < BUS_ETH_HDR)
		return -EINVAL;
	if (b->slot < 0)
		return -ENOTCONN;
	if (!bus_ok(b))
		return -EIO;
	/* Robbed means that we were stopped for long: then once more. */
	for (int i = 0; i < SEND_TRIES && r == -ESTALE; i++)
		r = send_once(b, iov, iovcnt, len, seg_size);
	if (r == -ESTALE)
		r = -EAGAIN;
	if (!bus_ok(b))
		r = -EIO;
	else
		count(b, r, len);
	return r;
}
