/*
 * isn.c: initial sequence numbers, RFC 6528: a clock of 4 us plus a keyed
 * hash (SipHash-2-4) of the connection's four names.
 */
#include <string.h>
#include <sys/random.h>

#include "stack/wire/clock.h"
#include "stack/ip/hooks.h"

#define ROTL(x, b)	((x) << (b) | (x) >> (64 - (b)))

static uint64_t key[2];

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

static uint64_t siphash(const uint64_t *m, size_t words)
{
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u,
	};

	for (size_t i = 0; i <= words; i++) {
		uint64_t w = i < words ? m[i] : (uint64_t)words * 8 << 56;

		v[3] ^= w;
		sip_round(v);
		sip_round(v);
		v[0] ^= w;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u32_t stream_isn(const ip_addr_t *local, u16_t lport, const ip_addr_t *remote,
    u16_t rport)
{
	uint64_t m[5] = { 0 };

	if (!key[0] && getrandom(key, sizeof(key), 0) != sizeof(key))
		key[0] = clock_ns() | 1;
	if (IP_IS_V6(local)) {
		memcpy(m, ip_2_ip6(local)->addr, 16);
		memcpy(m + 2, ip_2_ip6(remote)->addr, 16);
	} else {
		memcpy(m, &ip_2_ip4(local)->addr, 4);
		memcpy(m + 2, &ip_2_ip4(remote)->addr, 4);
	}
	m[4] = (uint64_t)lport << 16 | rport;
	return (u32_t)(clock_ns() / 4000) + (u32_t)siphash(m, 5);
}
