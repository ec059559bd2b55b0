/*
 * delack.c: delayed acknowledgements (RFC 1122 4.2.3.2), on a clock faster
 * than lwIP's 250 ms: a peer with Nagle's algorithm waits for each.  What
 * comes first after a pause is acknowledged at once, as Linux does; later the
 * program's answers carry most acknowledgements.
 */
#include <sys/socket.h>

#include "lwip/priv/tcp_priv.h"
#include "stack/sock/sock.h"
#include "stack/stream/conn.h"
#include "stack/stream/stream.h"

#define QUICK_ACKS	16
#define QUICK_PAUSE	(200 * 1000000ull)	/* ns */
#define DELACKS		256

static uint64_t delack[DELACKS];	/* ids; who finds no room is acked now */
static unsigned ndelack;

bool delack_needed(void)
{
	return ndelack > 0;
}

void delack_timer(void)
{
	unsigned n = ndelack;

	ndelack = 0;
	for (unsigned i = 0; i < n; i++) {
		struct sock *s = sock_find(delack[i]);

		if (!s)
			continue;
		s->delack = false;
		if (s->type == SOCK_STREAM && s->state == SOCK_OPEN &&
		    s->tcp && (s->tcp->flags & TF_ACK_DELAY)) {
			tcp_ack_now(s->tcp);
			sock_defer(s);
		}
	}
}

void delack_soon(struct sock *s)
{
	uint64_t now;

	if (!s->tcp || !(s->tcp->flags & TF_ACK_DELAY))
		return;
	now = core_now_ns();
	if (now - s->rx_when > QUICK_PAUSE)
		s->quick_acks = 0;
	s->rx_when = now;
	if ((s->quick_acks < QUICK_ACKS && s->opt.quickack) ||
	    ndelack == DELACKS) {
		s->quick_acks++;
		tcp_ack_now(s->tcp);
	} else if (!s->delack) {
		s->delack = true;
		delack[ndelack++] = s->id;
	}
}
