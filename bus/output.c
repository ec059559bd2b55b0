/*
 * output.c: frames from lwIP to the bus.
 *
 * Between batch_begin and batch_end, around lwIP's tcp_output() and while a
 * program's datagrams are sent, what goes the same way is gathered to large
 * segments (gso.h).  Their pbufs are only referred to: what lwIP has sent it
 * does not touch before an answer comes, and a datagram in one pbuf is nobody
 * else's.  One that finds no room when it is complete is copied and waits: its
 * segments count as sent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/gso.h"
#include "bus/shmif.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "stack/core/core.h"
#include "stack/core/counter.h"
#include "stack/ip/iface.h"
#include "stack/ip/tap.h"

#define TX_IOV	128	/* pieces of a frame that go as they are */
#define KEPT_MAX	(128u << 10)	/* bytes that may be stuck */

/* A frame that found no room. */
struct stuck {
	struct stuck *next;
	size_t len;
	uint16_t seg_size;
	uint8_t frame[];
};

/* The one that is being made; at most one, under the core lock. */
static struct {
	struct shmif *sh;	/* NULL: none */
	struct gso gso;
	struct pbuf *seg[TX_IOV];
	unsigned pieces;	/* of all payloads */
} making;

/* Without the core lock: who is woken may need it. */
static long push(void *arg)
{
	struct shmif *sh = arg;

	atomic_store(&sh->push_queued, false);
	bus_wake(sh->bus);
	return 0;
}

/*
 * The pieces of a chain of pbufs from byte `skip` on; max + 1 if there are more
 * than max.
 */
static int pieces(const struct pbuf *p, size_t skip, struct iovec *iov,
    int max)
{
	int n = 0;

	for (; p; p = p->next) {
		if (p->len <= skip) {
			skip -= p->len;
			continue;
		}
		if (n == max)
			return max + 1;
		iov[n].iov_base = (uint8_t *)p->payload + skip;
		iov[n++].iov_len = p->len - skip;
		skip = 0;
	}
	return n;
}

/*
 * The pieces of a frame.  Many small writes make a chain of many pbufs; that
 * is copied together first (under the core lock, so one buffer will do).
 */
static int frame_iov(struct pbuf *p, struct iovec iov[static TX_IOV])
{
	static uint8_t whole[UINT16_MAX];
	int n = pieces(p, 0, iov, TX_IOV);

	if (n <= TX_IOV)
		return n;
	iov[0].iov_base = whole;
	iov[0].iov_len = pbuf_copy_partial(p, whole, p->tot_len, 0);
	return 1;
}

/* Return: 0; -EAGAIN: the interface's thread tries again when there is room. */
static int send_iov(struct shmif *sh, const struct iovec *iov, int n,
    unsigned seg_size)
{
	int err = bus_send(sh->bus, iov, n, seg_size);

	if (err == 0) {
		if (!atomic_exchange(&sh->push_queued, true) &&
		    !core_after(&(struct core_after){ .out = push,
		    .arg = sh }))
			push(sh);
	} else if (err == -EAGAIN && !sh->blocked) {
		sh->blocked = true;
		atomic_store(&sh->told, true);
		bus_kick(sh->bus);
	}
	return err;
}

static void drop_first(struct shmif *sh)
{
	struct stuck *st = sh->stuck;

	sh->stuck = st->next;
	sh->stuck_bytes -= st->len;
	free(st);
}

bool shmif_unstick(struct shmif *sh)
{
	while (sh->stuck) {
		struct iovec iov = { sh->stuck->frame, sh->stuck->len };

		if (send_iov(sh, &iov, 1, sh->stuck->seg_size) == -EAGAIN)
			return false;
		drop_first(sh);
	}
	return true;
}

void shmif_drop_stuck(struct shmif *sh)
{
	while (sh->stuck)
		drop_first(sh);
}

static void keep_stuck(struct shmif *sh, const struct iovec *iov, int n,
    size_t len, uint16_t seg_size)
{
	struct stuck *st = malloc(sizeof(*st) + len);
	uint8_t *p;

	if (!st) {
		counter_inc("bus.no_memory");
		return;		/* lost, as frames are */
	}
	p = st->frame;
	for (int i = 0; i < n; i++) {
		memcpy(p, iov[i].iov_base, iov[i].iov_len);
		p += iov[i].iov_len;
	}
	st->next = NULL;
	st->len = len;
	st->seg_size = seg_size;
	if (!sh->stuck)
		sh->stuck_last = &sh->stuck;
	*sh->stuck_last = st;
	sh->stuck_last = &st->next;
	sh->stuck_bytes += len;
}

/*
 * A fragment that follows others on their way: without it they were sent in
 * vain, and nobody would send it again.
 */
static bool is_later_fragment(const struct pbuf *p)
{
	const uint8_t *f = p->payload;

	if (p->len >= 14 + 20 && f[12] == 0x08 && f[13] == 0x00)
		return f[20] & 0x1f || f[21];
	if (p->len >= 14 + 48 && f[12] == 0x86 && f[13] == 0xdd)
		return f[20] == 44 && (f[56] || f[57] & 0xf8);
	return false;
}

static void count(struct iface *f, int err, unsigned n, size_t bytes)
{
	if (err) {
		f->tx_errors++;
		counter_inc("bus.send_error");
		return;
	}
	f->tx_packets += n;
	f->tx_bytes += bytes;
}

/* Send what is being made. */
static void send_gso(void)
{
	struct shmif *sh = making.sh;
	struct gso *t = &making.gso;
	struct iovec iov[TX_IOV + 1];
	unsigned seg_size = t->n > 1 ? t->seg_size : 0;
	size_t len;
	int n = 1, err;

	if (!sh)
		return;
	making.sh = NULL;
	len = gso_finish(t);
	iov[0] = (struct iovec){ t->head, t->seg.head };
	for (unsigned i = 0; i < t->n; i++)
		n += pieces(making.seg[i], t->seg.head, iov + n,
		    TX_IOV + 1 - n);
	err = send_iov(sh, iov, n, seg_size);
	if (err == -EAGAIN) {
		keep_stuck(sh, iov, n, len, (uint16_t)seg_size);
		err = 0;
	}
	count(sh->f, err, t->n, len + (t->n - 1) * t->seg.head);
	for (unsigned i = 0; i < t->n; i++)
		pbuf_free(making.seg[i]);
}

/* Is p part of a large segment now? */
static bool gather(struct shmif *sh, struct pbuf *p)
{
	struct iovec iov[TX_IOV];
	struct gso *t = &making.gso;
	int n;

	if (making.sh == sh && t->n < TX_IOV && !(t->seg.udp && p->next)) {
		n = pieces(p, t->seg.head, iov, TX_IOV - (int)making.pieces);
		if (n + (int)making.pieces <= TX_IOV &&
		    gso_add(t, p->payload, p->len, p->tot_len)) {
			pbuf_ref(p);
			making.seg[t->n - 1] = p;
			making.pieces += (unsigned)n;
			if (t->ended)
				send_gso();
			return true;
		}
	}
	send_gso();
	if (sh->stuck || !gso_start(t, p->payload, p->len, p->tot_len) ||
	    (t->seg.udp && p->next))	/* it may refer to what is passing */
		return false;
	n = pieces(p, t->seg.head, iov, TX_IOV);
	if (n > TX_IOV)
		return false;
	pbuf_ref(p);
	making.sh = sh;
	making.seg[0] = p;
	making.pieces = (unsigned)n;
	return true;
}

void shmif_batch_begin(struct iface *f)
{
	struct shmif *sh = f->priv;

	if (sh)
		sh->batch = iface_tso;
}

void shmif_batch_end(struct iface *f)
{
	struct shmif *sh = f->priv;

	if (!sh)
		return;
	sh->batch = false;
	if (making.sh == sh)
		send_gso();
}

static void show_frame(struct shmif *sh, struct pbuf *p)
{
	tap_frame(sh->f, p, 0, true);
	pbuf_free(p);
}

/* To who listens, as frames. */
static void show(struct shmif *sh, struct pbuf *p, unsigned frames)
{
	static uint8_t whole[GSO_MAX];	/* under the core lock */
	struct gso_cut c;

	if (frames == 1 || !tap_listener) {
		tap_frame(sh->f, p, 0, true);
		return;
	}
	gso_open(&c, whole, pbuf_copy_partial(p, whole, p->tot_len, 0),
	    p->seg_size);
	shmif_cut(sh, &c, show_frame);
}

err_t shmif_output(struct netif *nif, struct pbuf *p)
{
	struct iface *f = nif->state;
	struct shmif *sh = f->priv;
	struct iovec iov[TX_IOV];
	unsigned frames = 1;
	struct gso_seg s;
	int n, err = -EAGAIN;

	if (!sh || !sh->bus) {
		counter_inc("if.no_link");
		return ERR_IF;
	}
	if (p->seg_size) {
		send_gso();	/* what was before it */
		frames = gso_count(p->payload, p->len, p->tot_len,
		    p->seg_size, &s);
	} else if (sh->batch && gather(sh, p)) {
		tap_frame(f, p, 0, true);
		return ERR_OK;
	}
	n = frame_iov(p, iov);
	if (shmif_unstick(sh))
		err = send_iov(sh, iov, n, frames > 1 ? p->seg_size : 0);
	if (err == -EAGAIN && is_later_fragment(p) &&
	    sh->stuck_bytes + p->tot_len <= KEPT_MAX) {
		keep_stuck(sh, iov, n, p->tot_len, 0);
		err = 0;
	}
	if (err == -EAGAIN)
		return ERR_WOULDBLOCK;
	count(f, err, frames, p->tot_len + (frames > 1 ?
	    (frames - 1) * s.head : 0));
	if (err == 0)
		show(sh, p, frames);
	return err == 0 ? ERR_OK : err == -EIO ? ERR_IF : ERR_BUF;
}
