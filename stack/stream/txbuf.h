/* txbuf.h: what a program wrote, in pieces that lwIP refers to. */
#ifndef STACK_TXCHUNK_H
#define STACK_TXCHUNK_H

#include <stdbool.h>
#include <stdint.h>

#define TXBUF_SIZE	(64u << 10)	/* bytes; one recv(2) fills one */

/*
 * acked <= written <= len <= TXBUF_SIZE.  A chunk is freed when it is wholly
 * acknowledged, the last one also has room for what comes next.
 */
struct txbuf {
	struct txbuf *next;
	uint32_t len, written, acked;
	uint8_t data[TXBUF_SIZE];
};

struct txbuf *txbuf_get(void);	/* an empty one; NULL: no memory */
void txbuf_put(struct txbuf *c);	/* nobody refers to it any more */
/*
 * Its connection was reset, but a frame that waits for ARP may still refer to
 * it, for at most ARP_MAXPENDING seconds: free it later.
 */
void txbuf_bury(struct txbuf *c);
void txbuf_second(void);		/* once a second, while needed */
bool txbuf_needed(void);

#endif
