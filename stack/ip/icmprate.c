/* icmprate.c: how many ICMP errors a host sends; lwIP asks as well (lwip.sed). */
#include "stack/ip/icmprate.h"

#include <stdint.h>

#include "stack/core/counter.h"
#include "stack/wire/clock.h"

int icmprate_limit = 1000;

bool icmprate_exceeded(void)
{
	static uint64_t second;
	static int count;
	uint64_t now = clock_ns() / CLOCK_NS_S;

	if (now != second) {
		second = now;
		count = 0;
	}
	if (count < icmprate_limit) {
		count++;
		return false;
	}
	counter_inc("icmp.rate_limited");
	return true;
}
