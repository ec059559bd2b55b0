/* dumptext.c: a frame as a line of text or JSON; see dumptext.h. */
#include "stack/ctl/dumptext.h"

#include <string.h>
#include <time.h>

#include "bus/bus.h"
#include "stack/ctl/frame.h"
#include "stack/ctl/text.h"
#include "stack/wire/clock.h"
#include "stack/wire/json.h"

static void print_time(FILE *to, uint64_t ns, bool nano)
{
	time_t t = (time_t)(ns / CLOCK_NS_S);
	unsigned part = (unsigned)(ns % CLOCK_NS_S);
	struct tm tm;

	if (!localtime_r(&t, &tm))
		memset(&tm, 0, sizeof(tm));
	fprintf(to, "%02d:%02d:%02d.", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (nano)
		fprintf(to, "%09u", part);
	else
		fprintf(to, "%06u", part / 1000);
}

static void print_hex(FILE *to, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n; at += 16) {
		fprintf(to, "\t0x%04zx: ", at);
		for (size_t i = at; i < at + 16; i++) {
			if (i < n)
				fprintf(to, "%s%02x", i % 2 ? "" : " ", p[i]);
			else
				fprintf(to, "%s  ", i % 2 ? "" : " ");
		}
		fputs("  ", to);
		for (size_t i = at; i < at + 16 && i < n; i++)
			fputc(p[i] > ' ' && p[i] < 0x7f ? p[i] : '.', to);
		fputc('\n', to);
	}
}

static void print_json(FILE *to, const struct bus_frame *f, const uint8_t *p,
    size_t n)
{
	char line[512], mac[TEXT_MACLEN];
	struct json j;

	frame_describe(line, sizeof(line), p, n, f->len);
	json_init(&j, to, true);
	json_object(&j, NULL);
	json_uint(&j, "time_ns", f->when_ns);
	json_uint(&j, "slot", f->sender);
	json_uint(&j, "length", f->len);
	if (n >= BUS_ETH_HDR) {
		json_string(&j, "source", text_mac(mac, p + 6));
		json_string(&j, "destination", text_mac(mac, p));
		json_uint(&j, "ethertype", (uint64_t)p[12] << 8 | p[13]);
	}
	json_string(&j, "text", line);
	json_uint(&j, "missed_before", f->missed);
	json_end(&j);
}

void dumptext(FILE *to, const struct dumptext *how, const struct bus_frame *f,
    const uint8_t *bytes, size_t n)
{
	char line[512];

	if (how->json) {
		print_json(to, f, bytes, n);
		return;
	}
	frame_describe(line, sizeof(line), bytes, n, f->len);
	print_time(to, f->when_ns, how->nano);
	fprintf(to, " %u: %s\n", f->sender, line);
	if (how->hex)
		print_hex(to, bytes, n);
}
