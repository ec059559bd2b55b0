/*
 * rumpmerge.c: segments of one stream that came one after the other, as one
 * large segment (gso.h) for who receives them: most were one before they were
 * cut for this bus.  What would be wrong with one of them is wrong with the
 * large one: the sum of a segment's bytes comes from its own checksum, and who
 * has a wrong IP header is left alone.
 */
#include "bus/rump.h"

#include <string.h>

#include "arch/cc.h"

#define IP4	14		/* offset of the IP header */

static bool ip_right(const uint8_t *frame, uint32_t len)
{
	return len >= IP4 + 20 && (frame[12] != 0x08 || frame[13] != 0 ||
	    stack_chksum(frame + IP4, 20) == 0xffff);
}

uint32_t rump_merge(struct rump *b, uint32_t len)
{
	struct rump_chunk c = b->rx.chunk;	/* ahead of it */
	struct gso *t = &b->rx.gso;
	struct rump_stamp s;
	const uint8_t *frame;
	uint64_t sender;

	b->rx.merged = 0;
	if (rump_chunk_frame(&b->map, &c, &s, &frame) != 1 ||
	    !ip_right(frame, len) || !gso_start(t, frame, len, len))
		return len;
	sender = s.sender;
	do
		rump_chunk_step(&b->map, &c, s.len);
	while (rump_chunk_frame(&b->map, &c, &s, &frame) == 1 &&
	    s.sender == sender && ip_right(frame, s.len) &&
	    gso_add(t, frame, s.len, s.len));
	if (t->n == 1)
		return len;
	b->rx.merged = t->n;
	return (uint32_t)gso_finish(t);
}

void rump_take_merged(struct rump *b, uint8_t *to)
{
	struct rump_chunk *c = &b->rx.chunk;
	const struct gso *t = &b->rx.gso;
	const uint8_t *frame;
	struct rump_stamp s;

	memcpy(to, t->head, t->seg.head);
	to += t->seg.head;
	for (unsigned i = 0; i < b->rx.merged; i++) {
		/* As rump_merge() found it: nobody else has that memory. */
		rump_chunk_frame(&b->map, c, &s, &frame);
		memcpy(to, frame + t->seg.head, s.len - t->seg.head);
		to += s.len - t->seg.head;
		rump_chunk_step(&b->map, c, s.len);
	}
}
