/* txchunk.h: what a program wrote, in pieces that lwIP refers to. */
#ifndef STACK_TXCHUNK_H
#define STACK_TXCHUNK_H

#include <stdint.h>

#define TX_CHUNK	(64u << 10)	/* bytes; one recv(2) fills one */

/*
 * acked <= written <= len <= TX_CHUNK.  A chunk is freed when it is wholly
 * acknowledged, the last one also has room for what comes next.
 */
struct tx_chunk {
	struct tx_chunk *next;
	uint32_t len, written, acked;
	uint8_t data[TX_CHUNK];
};

struct tx_chunk *txchunk_get(void);	/* an empty one; NULL: no memory */
void txchunk_put(struct tx_chunk *c);	/* nobody refers to it any more */
/*
 * Its connection was reset, but a frame that waits for ARP may still refer to
 * it, for at most ARP_MAXPENDING seconds: free it later.
 */
void txchunk_bury(struct tx_chunk *c);
void txchunk_second(void);		/* once a second */

#endif
