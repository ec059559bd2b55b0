/*
 * f_text.c: what a user writes, and what a stranger sends to be read: SPEC,
 * routes, URLs, RUMPHIJACK, names of buses, frames as one line of text.
 */
#include "hijack/hijack.h"
#include "tests/fuzz/fuzz.h"

#include "bus/bus.h"
#include "hijack/env.c"
#include "hijack/warn.c"
#include "stack/ctl/frame.c"
#include "stack/ctl/text.c"
#include "stack/spec.h"
#include "stack/wire/client.h"

struct hj_settings hj_set;
bool hj_sandboxed;

/* Only spaces and what programs print belong in a line of text. */
static void check_line(const char *line)
{
	for (; *line; line++)
		must((unsigned char)*line >= 32 && *line != 127, "not a line");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	char text[1025], line[256], path[200], err[IFACE_ERRLEN];
	struct hj_settings set = { 0 };
	struct wire_route r;
	struct sockaddr_un sun;
	struct spec spec = { .naddr = 0 };
	const char *why;
	int what = take8(&in) % 6;
	size_t len = in.n < 1024 ? in.n : 1024;

	if (len)
		memcpy(text, in.p, len);
	text[len] = '\0';
	switch (what) {
	case 0:
		spec_parse(&spec, text, err);
		break;
	case 1:
		spec_parse_route(&r, text, err);
		break;
	case 2:
		client_parse_url(text, &sun, &why);
		break;
	case 3:
		parse_option(&set, text);
		break;
	case 4:
		bus_path(path, sizeof(path), text, false, err);
		break;
	default:
		frame_describe(line, sizeof(line), in.p, in.n, in.n);
		check_line(line);
	}
	return 0;
}
