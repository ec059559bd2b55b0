/*
 * chksum.c: the Internet checksum (RFC 1071) in wide words, for lwIP.
 *
 * The sum of 16-bit words is the same whatever the width they are added in,
 * if the carries are added back.
 */
#ifdef __x86_64__
#include <immintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>
#include <string.h>

uint16_t stack_chksum(const void *data, int len);

#define BLOCK	64u		/* bytes a turn of the loops */

/* Sums of n bytes, a multiple of BLOCK, as 32-bit words. */
static uint64_t sum_plain(const uint8_t *p, size_t n)
{
	uint64_t sum[4] = { 0 };
	uint32_t w[8];

	for (; n; n -= sizeof(w), p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		sum[0] += (uint64_t)w[0] + w[4];
		sum[1] += (uint64_t)w[1] + w[5];
		sum[2] += (uint64_t)w[2] + w[6];
		sum[3] += (uint64_t)w[3] + w[7];
	}
	return sum[0] + sum[1] + sum[2] + sum[3];
}

#ifdef __x86_64__
/* Three times as fast. */
__attribute__((target("avx2")))
static uint64_t sum_avx2(const uint8_t *p, size_t n)
{
	const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
	__m256i sum[4] = { 0 }, a, b;
	uint64_t v[4];

	for (; n; n -= BLOCK, p += BLOCK) {
		a = _mm256_loadu_si256((const __m256i *)p);
		b = _mm256_loadu_si256((const __m256i *)p + 1);
		sum[0] += _mm256_and_si256(a, low);
		sum[1] += _mm256_srli_epi64(a, 32);
		sum[2] += _mm256_and_si256(b, low);
		sum[3] += _mm256_srli_epi64(b, 32);
	}
	_mm256_storeu_si256((__m256i *)v, sum[0] + sum[1] + sum[2] + sum[3]);
	return v[0] + v[1] + v[2] + v[3];
}

static uint64_t sum(const uint8_t *p, size_t n)
{
	return __builtin_cpu_supports("avx2") ? sum_avx2(p, n) :
	    sum_plain(p, n);
}
#else
#define sum sum_plain
#endif

/*
 * Sum of len bytes (0..65,535) in the machine's byte order, not inverted.
 * An odd last byte counts as if a zero followed it.
 */
uint16_t stack_chksum(const void *data, int len)
{
	const uint8_t *p = data;
	size_t n = (size_t)len, whole = n - n % BLOCK;
	uint64_t total = whole ? sum(p, whole) : 0;
	uint32_t w;

	for (p += whole, n -= whole; n >= 4; p += 4, n -= 4) {
		memcpy(&w, p, 4);
		total += w;
	}
	w = 0;
	memcpy(&w, p, n);
	total += w;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}
