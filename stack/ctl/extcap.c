/*
 * extcap.c: Wireshark's way to ask for what it can capture from, and to have it
 * captured: extcap(4).  Wireshark finds the program in a folder of its own, by
 * whatever name it has there, and reads sentences like "dlt {number=1}".
 */
#include "stack/ctl/extcap.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bus/bus.h"
#include "stack/ctl/buslist.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/dump.h"
#include "stack/ctl/dumpfilter.h"

#define PREFIX		"shmif:"	/* of the interfaces' names */
#define SHOWN		120		/* bytes of members' names */

enum { INTERFACES = 1, DLTS, CONFIG, CAPTURE, INTERFACE, FIFO, FILTER,
       CAPTURE_FILTER, ALL, OTHER };

struct extcap {
	int what;		/* INTERFACES...; 0: no question */
	const char *interface, *fifo;
	const char *filter[2];	/* Wireshark's own, and the argument's */
	bool all;
};

bool extcap_called(int argc, char **argv)
{
	return argc > 1 && (!strncmp(argv[1], "--extcap-", 9) ||
	    !strcmp(argv[1], "--capture"));
}

/* What a sentence cannot have in it. */
static bool speakable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || strchr("{}=\x7f", *s))
			return false;
	return true;
}

static void print_members(struct bus *b)
{
	const char *between = ": ";
	struct bus_member m;
	size_t n = 0;

	for (unsigned i = 0; i < BUS_SLOTS; i++) {
		if (bus_member(b, i, &m) != 1 || !m.name[0] ||
		    !speakable(m.name))
			continue;
		n += strlen(m.name) + 2;
		if (n > SHOWN) {
			printf("%s...", between);
			break;
		}
		printf("%s%s", between, m.name);
		between = ", ";
	}
	if (!n)
		printf(", nobody on it");
}

static void print_interface(void *arg, const char *name, const char *path,
    struct bus *b)
{
	(void)arg;
	(void)path;
	if (!speakable(name))
		return;
	printf("interface {value=" PREFIX "%s}{display=bus %s", name, name);
	print_members(b);
	printf("}\n");
}

static int list_interfaces(void)
{
	printf("extcap {version=" SHMIF_VERSION "}{display=shmhijack}\n");
	return buslist_all(print_interface, NULL);
}

static int list_config(void)
{
	printf("arg {number=0}{call=--all}{type=boolflag}{default=false}"
	    "{display=Begin with what is there}"
	    "{tooltip=Also the frames that are still on the bus}\n"
	    "arg {number=1}{call=--filter}{type=string}{required=false}"
	    "{display=Filter}{tooltip=A capture filter in which members of "
	    "the bus have their names: host web and port 80}\n");
	return CTL_OK;
}

/* The filters one by one; a frame has to pass both. */
static int compile(struct bpf_program *prog, struct bus *b,
    const struct extcap *x, char err[static PCAP_ERRBUF_SIZE])
{
	const char *one = x->filter[0], *two = x->filter[1];
	char *word[5];
	int n = 0;

	memset(prog, 0, sizeof(*prog));
	err[0] = '\0';
	for (int i = 0; i < 2; i++) {
		const char *f = i ? two : one;
		struct bpf_program alone;

		if (!f || !*f)
			continue;
		/* By itself: "tcp) or (udp" is none. */
		if (dumpfilter_compile(&alone, b, 1, (char *[]){ (char *)f },
		    err))
			return -1;
		pcap_freecode(&alone);
		if (n)
			word[n++] = (char *)") and (";
		word[n++] = (char *)f;
	}
	if (n < 2)
		return n ? dumpfilter_compile(prog, b, n, word, err) : 0;
	memmove(word + 1, word, (size_t)n * sizeof(*word));
	word[0] = (char *)"(";
	word[++n] = (char *)")";
	return dumpfilter_compile(prog, b, n + 1, word, err);
}

static int capture(struct dump *d, struct bus *b, const struct extcap *x)
{
	if (!x->fifo)
		return ctl_usage("--capture needs --fifo");
	d->save.name = x->fifo;
	d->save.ng = true;
	d->follow = true;
	d->from_now = !x->all;
	d->quiet = true;
	return dump_frames(d, b, x->interface);
}

/* Of one interface: is the filter one, or go on and capture. */
static int on_bus(const struct extcap *x)
{
	struct dump d = { .count = UINT64_MAX };
	char path[PATH_MAX], err[BUS_ERRLEN], perr[PCAP_ERRBUF_SIZE];
	const char *name = x->interface;
	int status = CTL_OK;
	struct bus *b;

	if (!name || strncmp(name, PREFIX, strlen(PREFIX)))
		return ctl_usage("--extcap-interface needs one of those that "
		    "--extcap-interfaces lists");
	if (ctl_bus_path(name + strlen(PREFIX), false, path, sizeof(path)))
		return CTL_FAILED;
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	if (!compile(&d.filter, b, x, perr)) {
		if (x->what == CAPTURE)
			status = capture(&d, b, x);
	} else if (x->what == CAPTURE) {
		status = ctl_fail("the filter: %s", perr);
	} else {
		printf("%s\n", perr);	/* a line of output: it is none */
	}
	pcap_freecode(&d.filter);
	bus_close(b);
	return status;
}

static void parse(struct extcap *x, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "extcap-interfaces", no_argument, NULL, INTERFACES },
		{ "extcap-dlts", no_argument, NULL, DLTS },
		{ "extcap-config", no_argument, NULL, CONFIG },
		{ "capture", no_argument, NULL, CAPTURE },
		{ "extcap-interface", required_argument, NULL, INTERFACE },
		{ "extcap-capture-filter", required_argument, NULL,
		    CAPTURE_FILTER },
		{ "extcap-version", optional_argument, NULL, OTHER },
		{ "fifo", required_argument, NULL, FIFO },
		{ "filter", required_argument, NULL, FILTER },
		{ "all", no_argument, NULL, ALL },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	/* What later versions of Wireshark may ask beside is passed over. */
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case INTERFACE:
			x->interface = optarg;
			break;
		case FIFO:
			x->fifo = optarg;
			break;
		case CAPTURE_FILTER:
			x->filter[0] = optarg;
			break;
		case FILTER:
			x->filter[1] = optarg;
			break;
		case ALL:
			x->all = true;
			break;
		case INTERFACES:
		case DLTS:
		case CONFIG:
		case CAPTURE:
			x->what = c;
			break;
		}
	}
}

int extcap_main(int argc, char **argv)
{
	struct extcap x = { .what = 0 };

	parse(&x, argc, argv);
	switch (x.what) {
	case INTERFACES:
		return list_interfaces();
	case DLTS:
		printf("dlt {number=1}{name=EN10MB}{display=Ethernet}\n");
		return CTL_OK;
	case CONFIG:
		return list_config();
	default:
		return on_bus(&x);
	}
}
