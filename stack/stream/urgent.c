/*
 * urgent.c: urgent data (RFC 6093), between the kernel's mark in a program's
 * pair and TCP's pointer.
 *
 * A pair keeps one mark in each direction, as TCP does: in front of the byte
 * that was sent last with MSG_OOB.  A read stops at it.  A kernel without
 * MSG_OOB on pairs has such bytes in line and no marks.
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/ip/hooks.h"
#include "stack/stream/stream.h"
#include "stack/stream/tail.h"
#include "stack/tcp/rec.h"

/* Whose connection it is; before it is established that is not known. */
static struct stream *owner(const struct tcp_pcb *pcb)
{
	return pcb && pcb->state >= ESTABLISHED ? pcb->callback_arg : NULL;
}

/* From the peer. */

/*
 * A segment of pcb with a pointer came, its numbers in host byte order; lwIP
 * has not looked at it yet.  As in Linux the pointer is to the byte behind the
 * urgent one, and of several that wait the last counts.
 */
err_t urgent_came(struct tcp_pcb *pcb, const struct tcp_hdr *h)
{
	struct stream *st = owner(pcb);
	uint16_t ptr = ntohs(h->urgp);
	uint32_t at = h->seqno + (ptr ? ptr - 1u : 0);

	/* One who does not see the segments has to guess these. */
	if (!st || TCPH_FLAGS(h) & (TCP_SYN | TCP_RST) ||
	    TCP_SEQ_GT(h->seqno, pcb->rcv_nxt + pcb->rcv_wnd) ||
	    TCP_SEQ_GT(h->ackno, pcb->snd_nxt))
		return ERR_OK;
	if (TCP_SEQ_LT(at, pcb->rcv_nxt) ||
	    (st->urgent.rx_due && !TCP_SEQ_GT(at, st->urgent.rx_at)))
		return ERR_OK;		/* known, or passed */
	st->urgent.rx_at = at;
	st->urgent.rx_due = true;
	return ERR_OK;
}

void urgent_queued(struct stream *st, uint32_t n)
{
	st->urgent.rx_next += n;
}

void urgent_out(struct stream *st)
{
	struct urgent *u = &st->urgent;
	uint32_t nth = u->rx_at - (u->rx_next - st->out.bytes);

	u->out_nth = 0;
	if (u->rx_due && nth < st->out.bytes) {
		u->out_nth = nth + 1;
		u->rx_due = false;
	}
}

void urgent_taken(struct stream *st, uint32_t n)
{
	struct urgent *u = &st->urgent;

	u->out_nth -= n < u->out_nth ? n : u->out_nth;
}

uint32_t urgent_part(const struct stream *st, uint32_t sent, int *flags)
{
	uint32_t nth = st->urgent.out_nth;

	*flags = MSG_DONTWAIT | MSG_NOSIGNAL;
	if (nth == sent + 1) {
		*flags |= MSG_OOB;
		return 1;
	}
	return (nth > sent ? nth - 1 : st->out.bytes) - sent;
}

/* From the program. */

/* The library tells before it sends: till then there is nothing to keep. */
void urgent_expect(struct stream *st)
{
	static const int on = 1;

	if (!st->urgent.look && st->s.poll.fd >= 0)
		setsockopt(st->s.poll.fd, SOL_SOCKET, SO_OOBINLINE, &on,
		    sizeof(on));
	tail_drop(st);
	st->urgent.look = true;
}

ssize_t urgent_recv(struct stream *st, void *buf, size_t n)
{
	int fd = st->s.poll.fd, at = 0;
	ssize_t r;

	/* What there is to read now, that is what the question is about. */
	r = recv(fd, buf, 1, MSG_PEEK | MSG_DONTWAIT);
	if (r <= 0)
		return r;
	if (ioctl(fd, SIOCATMARK, &at) == 0 && at) {
		st->urgent.tx_end = st->pcb->snd_lbb + st->tx_unwritten + 1;
		st->urgent.tx_due = true;
		large_single(st->pcb, true);
	}
	return recv(fd, buf, n, MSG_DONTWAIT);
}

void urgent_acked(struct stream *st)
{
	if (st->urgent.tx_due &&
	    TCP_SEQ_GEQ(st->pcb->lastack, st->urgent.tx_end)) {
		st->urgent.tx_due = false;
		large_single(st->pcb, false);
	}
}

/*
 * The last change to a segment, which may have been sent before: as far as
 * 16 bits reach, or else to as far as there is anything to tell yet.
 */
u32_t *urgent_point(const struct tcp_pcb *pcb, struct tcp_hdr *h, u32_t *opts)
{
	const struct stream *st = owner(pcb);
	uint32_t seq = ntohl(h->seqno), ahead;

	h->urgp = 0;
	TCPH_UNSET_FLAG(h, TCP_URG);
	if (!st || !st->urgent.tx_due)
		return opts;
	ahead = st->urgent.tx_end - seq;
	if (!TCP_SEQ_GT(st->urgent.tx_end, seq) || (ahead > 0xffff &&
	    !TCP_SEQ_GT(seq + 0xffff, pcb->snd_nxt)))
		return opts;
	h->urgp = htons((uint16_t)(ahead > 0xffff ? 0xffff : ahead));
	TCPH_SET_FLAG(h, TCP_URG);
	return opts;
}
