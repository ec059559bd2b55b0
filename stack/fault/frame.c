/* frame.c: what is done to the bytes of a frame; see frame.h. */
#include "stack/fault/frame.h"

#include "lwip/pbuf.h"
#include "stack/core/counter.h"

#define ALIGN	2	/* puts the IP header on a 4-byte boundary */
#define ECN	3	/* the two bits of IPv4's second byte; all: marked */

struct pbuf *frame_copy(const struct pbuf *p)
{
	struct pbuf *q;

	q = pbuf_alloc(PBUF_RAW, (u16_t)(p->tot_len + ALIGN), PBUF_RAM);
	if (!q) {
		counter_inc("fault.no_memory");
		return NULL;
	}
	pbuf_remove_header(q, ALIGN);
	pbuf_copy(q, p);
	return q;
}

struct pbuf *frame_own(struct pbuf *p)
{
	struct pbuf *q;

	if (p->ref == 1)
		return p;
	q = frame_copy(p);
	pbuf_free(p);
	return q;
}

void frame_flip(struct pbuf *p, uint32_t byte, uint8_t bit)
{
	uint16_t at;
	struct pbuf *q = pbuf_skip(p, (uint16_t)byte, &at);

	if (q)
		((uint8_t *)q->payload)[at] ^= (uint8_t)(1u << bit);
}

static unsigned word(const struct pbuf *p, size_t at)
{
	return (unsigned)pbuf_get_at(p, (uint16_t)at) << 8 |
	    pbuf_get_at(p, (uint16_t)(at + 1));
}

static void put_word(struct pbuf *p, size_t at, unsigned w)
{
	pbuf_put_at(p, (uint16_t)at, (uint8_t)(w >> 8));
	pbuf_put_at(p, (uint16_t)(at + 1), (uint8_t)w);
}

/* How far left the two bits stand in the packet's first word. */
static int shift(const struct pbuf *p, size_t ip)
{
	switch (p->tot_len < ip + 20 ? 0 : word(p, ip) >> 12) {
	case 4:
		return 0;
	case 6:
		return 4;
	default:
		return -1;
	}
}

bool frame_may_mark(const struct pbuf *p, size_t ip)
{
	int left = shift(p, ip);

	return left >= 0 && word(p, ip) >> left & ECN;
}

void frame_mark(struct pbuf *p, size_t ip)
{
	int left = shift(p, ip);
	unsigned was, is;
	uint32_t sum;

	if (left < 0)
		return;
	was = word(p, ip);
	is = was | (unsigned)ECN << left;
	put_word(p, ip, is);
	if (was >> 12 != 4)
		return;
	/* RFC 1624 */
	sum = (~word(p, ip + 10) & 0xffff) + (~was & 0xffff) + is;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_word(p, ip + 10, ~sum & 0xffff);
}
