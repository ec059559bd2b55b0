/*
 * known.c: sockets that the host knows; see known.h.  An entry is one word
 * made of socket and connection, so that threads need no lock, and what was
 * known over a connection that is gone fits no more.
 */
#include "hijack/known.h"

#define SLOTS	1024

static uint64_t table[SLOTS];

static uint64_t *slot(uint64_t sock)
{
	return &table[sock % SLOTS];
}

/* The lowest bit is for "made". */
static uint64_t word(uint64_t sock, uint64_t ctl)
{
	uint64_t x = sock * 0x9e3779b97f4a7c15u ^ ctl;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	return (x ^ x >> 32) & ~(uint64_t)1;
}

void known_add(uint64_t sock, uint64_t ctl, bool made)
{
	__atomic_store_n(slot(sock), word(sock, ctl) | made, __ATOMIC_RELAXED);
}

bool known_is(uint64_t sock, uint64_t ctl)
{
	return (__atomic_load_n(slot(sock), __ATOMIC_RELAXED) &
	    ~(uint64_t)1) == word(sock, ctl);
}

bool known_is_made(uint64_t sock, uint64_t ctl)
{
	return __atomic_load_n(slot(sock), __ATOMIC_RELAXED) ==
	    (word(sock, ctl) | 1);
}

void known_drop(uint64_t sock)
{
	__atomic_store_n(slot(sock), 0, __ATOMIC_RELAXED);
}
