/*
 * chksum.c: the Internet checksum (RFC 1071) in wide words, for lwIP.
 *
 * The sum of 16-bit words is the same whatever the width they are added in,
 * if the carries are added back; the compiler makes vector code of the loop.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

uint16_t stack_chksum(const void *data, int len);

static uint64_t sum32(const uint8_t *p, size_t words)
{
	uint64_t sum[4] = { 0 };
	uint32_t w[8];
	size_t i;

	for (i = 0; i + 8 <= words; i += 8, p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		sum[0] += (uint64_t)w[0] + w[4];
		sum[1] += (uint64_t)w[1] + w[5];
		sum[2] += (uint64_t)w[2] + w[6];
		sum[3] += (uint64_t)w[3] + w[7];
	}
	for (; i < words; i++, p += 4) {
		memcpy(w, p, 4);
		sum[0] += w[0];
	}
	return sum[0] + sum[1] + sum[2] + sum[3];
}

/*
 * Sum of len bytes (0..65,535) in the machine's byte order, not inverted.
 * An odd last byte counts as if a zero followed it.
 */
uint16_t stack_chksum(const void *data, int len)
{
	const uint8_t *p = data;
	size_t n = (size_t)len;
	uint64_t sum = sum32(p, n / 4);
	uint16_t w;

	p += n / 4 * 4;
	n %= 4;
	if (n >= 2) {
		memcpy(&w, p, 2);
		sum += w;
		p += 2;
		n -= 2;
	}
	if (n) {
		w = 0;
		memcpy(&w, p, 1);
		sum += w;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
