/*
 * bridgemacs.c: which MAC is on which side; see bridgemacs.h.
 *
 * An entry is MAC << 16 | side << 15 | seconds, 15 bits of them.  It has one of
 * four places, and who finds none free takes the oldest one's: at worst a frame
 * goes to both sides.
 */
#include "bus/bridgemacs.h"
#include "stack/wire/clock.h"

#define WAYS	4u
#define SIDE	0x8000u
#define SECONDS	0x7fffu

static uint64_t key_of(const uint8_t *mac)
{
	uint64_t key = 0;

	for (int i = 0; i < 6; i++)
		key = key << 8 | mac[i];
	return key;
}

static _Atomic uint64_t *places(struct bridgemacs *t, uint64_t key)
{
	return &t->at[(key * 0x9e3779b97f4a7c15ull >> 40) %
	    (BRIDGEMACS / WAYS) * WAYS];
}

static uint64_t age(uint64_t entry, uint64_t seconds)
{
	return (seconds - entry) & SECONDS;
}

void bridgemacs_learn(struct bridgemacs *t, const uint8_t mac[static 6],
    unsigned side, uint64_t now_ns)
{
	uint64_t key = key_of(mac), seconds = now_ns / CLOCK_NS_S & SECONDS;
	uint64_t now = key << 16 | (side ? SIDE : 0) | seconds, e, oldest = 0;
	_Atomic uint64_t *p = places(t, key);
	unsigned to = 0;

	if (mac[0] & 1 || !key)
		return;
	for (unsigned i = 0; i < WAYS; i++) {
		e = atomic_load_explicit(&p[i], memory_order_relaxed);
		if (e == now)
			return;
		if (e >> 16 == key || !e) {
			to = i;
			break;
		}
		if (age(e, seconds) > oldest) {
			oldest = age(e, seconds);
			to = i;
		}
	}
	atomic_store_explicit(&p[to], now, memory_order_relaxed);
}

int bridgemacs_find(struct bridgemacs *t, const uint8_t mac[static 6],
    uint64_t now_ns)
{
	uint64_t key = key_of(mac), e;
	_Atomic uint64_t *p = places(t, key);

	for (unsigned i = 0; i < WAYS; i++) {
		e = atomic_load_explicit(&p[i], memory_order_relaxed);
		if (e >> 16 == key)
			return age(e, now_ns / CLOCK_NS_S) <= BRIDGEMACS_TTL ?
			    (e & SIDE) != 0 : -1;
	}
	return -1;
}
