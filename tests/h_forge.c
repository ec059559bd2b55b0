/*
 * h_forge.c: a stranger on the bus who says of a datagram that it is many.
 *
 * usage: h_forge BUS IP PORT SIZE SEGMENT SUM
 *
 * One frame with SIZE bytes of what h_segments.py sends, as a large segment of
 * SEGMENT bytes each (bus/gso.h); SUM 1: its checksum is right, 0: is not.
 */
#include "tests/frames.h"

static uint8_t f[AT4 + 8 + 32768];

int main(int argc, char **argv)
{
	uint8_t pseudo[12] = { 0 };
	size_t n;

	if (argc != 7)
		die("usage: h_forge BUS IP PORT SIZE SEGMENT SUM");
	join(argv[1], argv[2]);
	n = strtoul(argv[4], NULL, 10);
	if (n > sizeof(f) - AT4 - 8)
		die("too long");
	seg_size = (unsigned)strtoul(argv[5], NULL, 10);
	for (size_t i = 0; i < n; i++)
		f[AT4 + 8 + i] = (uint8_t)(i * 31 + i / 251);
	put16(f + AT4, 4000);
	put16(f + AT4 + 2, (unsigned)atoi(argv[3]));
	put16(f + AT4 + 4, (unsigned)n + 8);
	memcpy(pseudo, my_ip, 4);
	memcpy(pseudo + 4, ip, 4);
	pseudo[9] = 17;
	put16(pseudo + 10, (unsigned)n + 8);
	set_sum(f + AT4 + 6, (uint32_t)stack_chksum(f + AT4, (int)n + 8) +
	    stack_chksum(pseudo, 12));
	if (argv[6][0] != '1')
		f[AT4 + 6] ^= 1;
	put_ip(f, my_ip, 17, 0, 0, n + 8);
	bus_close(bus);
	return 0;
}
