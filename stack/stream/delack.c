/*
 * delack.c: delayed acknowledgements (RFC 1122 4.2.3.2), on a clock faster
 * than lwIP's 250 ms: a peer with Nagle's algorithm waits for each.  What
 * comes first after a pause is acknowledged at once, as Linux does; later the
 * program's answers carry most acknowledgements.
 */
#include <sys/socket.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/sock/sock.h"
#include "stack/stream/stream.h"
#include "stack/wire/clock.h"

#define QUICK_ACKS	16
#define QUICK_PAUSE	(200 * 1000000ull)	/* ns */
#define DELACKS		256

static uint64_t delack[DELACKS];	/* ids; who finds no room is acked now */
static unsigned ndelack;

static bool needed(void)
{
	return ndelack > 0;
}

static void flush(void)
{
	unsigned n = ndelack;

	ndelack = 0;
	for (unsigned i = 0; i < n; i++) {
		struct stream *st = stream_of(sock_find(delack[i]));

		if (!st)
			continue;
		st->delack = false;
		if (st->s.state == SOCK_OPEN && st->pcb &&
		    (st->pcb->flags & TF_ACK_DELAY)) {
			tcp_ack_now(st->pcb);
			sock_defer(&st->s);
		}
	}
}

void delack_soon(struct stream *st)
{
	uint64_t now;

	if (!st->pcb || !(st->pcb->flags & TF_ACK_DELAY))
		return;
	now = clock_ns();
	if (now - st->rx_when > QUICK_PAUSE)
		st->quick_acks = 0;
	st->rx_when = now;
	if ((st->quick_acks < QUICK_ACKS && st->s.opt.quickack &&
	    !st->fin_seen) || ndelack == DELACKS) {
		st->quick_acks++;
		tcp_ack_now(st->pcb);
	} else if (!st->delack) {
		st->delack = true;
		delack[ndelack++] = st->s.id;
	}
}

void delack_fin(struct tcp_pcb *pcb)
{
	if (pcb->state != CLOSE_WAIT || pcb->ts_lastacksent + 1 != pcb->rcv_nxt)
		return;
	tcp_clear_flags(pcb, TF_ACK_NOW);
	tcp_set_flags(pcb, TF_ACK_DELAY);
}

void delack_init(void)
{
	static struct core_timer timer = {
		.fn = flush, .needed = needed, .period = DELACK_MS,
	};

	core_timer_add(&timer);
}
