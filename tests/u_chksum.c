/*
 * u_chksum.c: the Internet checksum against RFC 1071's own way of adding,
 * byte by byte, for every length and alignment and with carries everywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/core/chksum.c"

static uint8_t data[65535 + 64];

static uint16_t by_bytes(const uint8_t *p, int len)
{
	uint32_t total = 0;

	for (int i = 0; i < len; i++) {
		total += i & 1 ? (uint32_t)p[i] << 8 : p[i];
		total = (total & 0xffff) + (total >> 16);
	}
	return (uint16_t)total;
}

static void same(const uint8_t *p, int len)
{
	uint8_t word[2];
	uint16_t got = stack_chksum(p, len), want = by_bytes(p, len);

	/* both are sums of words as they lie in memory */
	memcpy(word, &got, 2);
	if ((word[0] | word[1] << 8) == want)
		return;
	fprintf(stderr, "%d bytes at +%d: %04x, not %04x\n", len,
	    (int)(p - data), word[0] | word[1] << 8, want);
	exit(1);
}

int main(void)
{
	for (int fill = 0; fill < 2; fill++) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = fill ? 0xff : (uint8_t)(i * i * 31 + i / 7);
		for (int off = 0; off < 9; off++)
			for (int len = 0; len < 600; len++)
				same(data + off, len);
		for (int len = 65535; len > 1000; len -= 997)
			same(data + len % 64, len);
		/* what runs where the CPU has no wide vectors */
		if (sum_plain(data, 65472) % 0xffff !=
		    sum(data, 65472) % 0xffff)
			return 1;
	}
	return 0;
}
