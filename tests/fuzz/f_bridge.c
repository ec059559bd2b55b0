/* f_bridge.c: any bytes as the word of another bridge, which is kept. */
#include "bus/bridgehosts.h"
#include "bus/bridgemsg.h"
#include "tests/fuzz/fuzz.h"

static void say(const char *line)
{
	must(strlen(line) < BUS_ERRLEN, "a long line");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const name[2] = { "left", "right" };
	static struct bus_guest_info all[BUS_SLOTS + BRIDGEHOSTS_HEARD];
	static struct bridgehosts hosts;
	static struct bridgemsg m;
	static uint64_t now;
	struct input in = { p, n };
	uint8_t frame[BRIDGEMSG_MAX + 100];
	size_t len;

	while (in.n > 2) {
		len = take_bytes(&in, frame, sizeof(frame));
		if (!bridgemsg_parse(&m, frame, len))
			continue;
		now += 100000000;
		for (unsigned i = 0; i < m.n; i++)
			must(strlen(m.host[i].name) < BUS_NAMELEN, "a name");
		bridgehosts_hear(&hosts, m.round % 2, &m, now);
		bridgemsg_pass(frame, &m.youngest);
		must(bridgemsg_parse(&m, frame, len), "passed on, it is bad");
	}
	bridgehosts_expire(&hosts, now);
	bridgehosts_clashes(&hosts, name, now, say);
	must(bridgehosts_all(&hosts, 0, all) <= BRIDGEHOSTS_HEARD, "many");
	return 0;
}
