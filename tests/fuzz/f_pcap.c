/*
 * f_pcap.c: capture files, by `shmif replay`: pcap and pcapng as libpcap reads
 * them, frames of any length, time stamps of any value.
 */
#include <time.h>

/* Nobody waits for a frame's time. */
static int no_sleep(void)
{
	return 0;
}
#define clock_nanosleep(id, flags, at, left)	no_sleep()

#include "stack/ctl/replay.c"
#include "tests/fuzz/fuzz.h"

int ctl_fail(const char *fmt, ...)
{
	(void)fmt;
	return 1;
}

int ctl_usage(const char *fmt, ...)
{
	(void)fmt;
	return 2;
}

const char *ctl_prog(void)
{
	return "fuzz";
}

int ctl_bus_path(const char *name, bool create, char *path, size_t size)
{
	(void)name;
	(void)create;
	(void)path;
	(void)size;
	return -1;
}

void progress(const char *fmt, ...)
{
	(void)fmt;
}

void progress_end(void)
{
}

/* Another member takes what is sent: whole frames, and no more than there are. */
static uint64_t take_all(struct bus *b)
{
	static uint8_t frame[70000];
	uint32_t seg_size;
	uint64_t n = 0;
	ssize_t len;

	while ((len = bus_take(b, frame, sizeof(frame), &seg_size)) > 0) {
		must(len >= BUS_ETH_HDR, "a short frame");
		n++;
	}
	must(len == 0, "the bus is broken");
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct bus *from, *to;
	struct bus_want want = { .name = "fuzz" };
	struct input in = { p, n };
	char err[PCAP_ERRBUF_SIZE + BUS_ERRLEN];
	struct replay r = { .timing = take8(&in) & 1 };
	FILE *f;

	if (!from) {
		own_folder();
		must(!bus_open(&from, "./bus", BUS_OPEN_CREATE, err) &&
		    bus_join(from, &want, err) >= 0 &&
		    !bus_open(&to, "./bus", 0, err) &&
		    bus_join(to, &want, err) >= 0, err);
		bus_set_promisc(to, true);
	}
	if (!in.n)
		return 0;
	f = fmemopen((void *)(uintptr_t)in.p, in.n, "r");
	r.pcap = f ? pcap_fopen_offline(f, err) : NULL;
	if (!r.pcap) {
		if (f)
			fclose(f);
		return 0;
	}
	r.bus = from;
	if (pcap_datalink(r.pcap) == DLT_EN10MB) {
		run(&r, "file", "bus");
		must(take_all(to) <= r.sent, "more than was sent");
	}
	pcap_close(r.pcap);
	return 0;
}
