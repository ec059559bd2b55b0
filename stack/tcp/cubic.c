/*
 * cubic.c: how fast the window grows (RFC 9438; or RFC 5681, where a program
 * asked for that); segments and seconds.
 */
#include "stack/tcp/rec.h"

#define C	0.4
#define BETA	0.7
#define ALPHA	(3 * (1 - BETA) / (1 + BETA))

/* Newton's way, so that nothing needs libm. */
static double cube_root(double x)
{
	double y = x > 1 ? x / 3 : 1;

	if (x <= 0)
		return 0;
	for (int i = 0; i < 60; i++) {
		double next = (2 * y + x / (y * y)) / 3;

		if (next > y * 0.9999 && next < y * 1.0001)
			return next;
		y = next;
	}
	return y;
}

uint32_t cubic_loss(struct rec *r)
{
	uint32_t mss = rec_mss(r->pcb);
	double w = (double)r->pcb->cwnd / mss;
	uint32_t bytes;

	/* Others want room, too: fast convergence. */
	r->w_max = w < r->w_max ? w * (1 + BETA) / 2 : w;
	r->epoch_ns = 0;
	bytes = (uint32_t)(w * (r->algorithm == REC_RENO ? 0.5 : BETA) * mss);
	return bytes > 2 * mss ? bytes : 2 * mss;
}

static void begin(struct rec *r, double w, uint64_t now)
{
	r->epoch_ns = now;
	r->w_est = w;
	if (w < r->w_max) {
		r->k = cube_root((r->w_max - w) / C);
	} else {
		r->k = 0;
		r->w_max = w;
	}
}

void cubic_grow(struct rec *r, uint32_t acked, uint64_t now)
{
	struct tcp_pcb *pcb = r->pcb;
	uint32_t mss = rec_mss(pcb);
	double w = (double)pcb->cwnd / mss, n = (double)acked / mss, t, target;

	if (r->algorithm == REC_RENO) {
		pcb->cwnd += (tcpwnd_size_t)(n / w * mss);
		return;
	}
	if (!r->epoch_ns)
		begin(r, w, now);
	t = (double)(now - r->epoch_ns) / CLOCK_NS_S + r->srtt / 1e6 - r->k;
	target = C * t * t * t + r->w_max;
	if (target > 1.5 * w)
		target = 1.5 * w;
	r->w_est += (r->w_est < r->w_max ? ALPHA : 1) * n / w;
	if (target > w)
		w += (target - w) / w * n;
	else
		w += n / (100 * w);	/* at its plateau it hardly moves */
	if (w < r->w_est)
		w = r->w_est;
	pcb->cwnd = (tcpwnd_size_t)(w * mss);
}
