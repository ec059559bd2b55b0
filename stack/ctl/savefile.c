/* savefile.c: the file that a capture goes to; see savefile.h. */
#include "stack/ctl/savefile.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/ctl/capiface.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/notes.h"
#include "stack/ctl/owner.h"
#include "stack/ctl/pcapng.h"
#include "stack/wire/clock.h"

static bool is_stdout(const struct savefile *s)
{
	return !strcmp(s->name, "-");
}

/* Digits of the largest number, so that files sort: as tcpdump(8) has it. */
static int digits(uint64_t files)
{
	int n = 0;

	for (files -= files > 0; files; files /= 10)
		n++;
	return n;
}

/* A name by time, with a number behind it if there are several by size. */
static int make_path(struct savefile *s)
{
	int width = s->limit ? digits(s->files) : 0;
	time_t now = time(NULL);
	struct tm tm;
	size_t n;

	if (!s->seconds || !localtime_r(&now, &tm))
		n = (size_t)snprintf(s->path, sizeof(s->path), "%s", s->name);
	else
		n = strftime(s->path, sizeof(s->path), s->name, &tm);
	if (!n || n + 24 > sizeof(s->path))
		return -ENAMETOOLONG;
	if (s->part || width)
		sprintf(s->path + n, "%0*llu", width,
		    (unsigned long long)s->part);
	return 0;
}

static int begin(struct savefile *s)
{
	int e = make_path(s);

	if (e)
		return e;
	s->out = is_stdout(s) ? stdout : fopen(s->path, "we");
	if (!s->out)
		return -errno;
	s->made++;
	if (s->ng) {
		pcapng_begin(s->out);
		capifaces_begin(s->ifaces, s->out);
		owners_restart(s->owners);
	} else {
		s->dumper = pcap_dump_fopen(s->pcap, s->out);
		if (!s->dumper)
			return -ENOMEM;
	}
	/* At once: who reads a pipe waits for it.  Who does not is seen later. */
	return fflush(s->out) && errno != EPIPE ? -errno : 0;
}

/* Return: 0, or -errno: not all was written. */
static int end(struct savefile *s)
{
	bool failed = fflush(s->out) || ferror(s->out);
	int e = failed ? errno ? -errno : -EIO : 0;

	if (s->dumper)
		pcap_dump_close(s->dumper);
	else if (s->out != stdout)
		fclose(s->out);
	s->dumper = NULL;
	s->out = NULL;
	return e;
}

int savefile_open(struct savefile *s, struct bus *b, const char *bus,
    uint32_t snaplen)
{
	int e = -ENOMEM;

	if (is_stdout(s) && isatty(STDOUT_FILENO))
		return ctl_fail("a capture is not for a terminal; give it to a "
		    "pipe or name a file");
	if (s->ng) {
		s->ifaces = capifaces_new(b, bus, snaplen);
		s->owners = owners_new(b);
	} else {
		s->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB,
		    (int)snaplen, s->nano ? PCAP_TSTAMP_PRECISION_NANO :
		    PCAP_TSTAMP_PRECISION_MICRO);
	}
	s->since = clock_ns();
	if (s->ng ? s->ifaces && s->owners : s->pcap != NULL)
		e = begin(s);
	return e ? ctl_fail("%s: %s", s->path[0] ? s->path : s->name,
	    strerror(-e)) : 0;
}

int savefile_turn(struct savefile *s)
{
	uint64_t now = clock_ns();
	int e;

	if (s->seconds && now - s->since >= s->seconds * CLOCK_NS_S) {
		if (!s->limit && s->made == s->files)
			return 0;
		s->since = now;
		s->part = 0;
	} else if (s->limit && (uint64_t)ftello(s->out) > s->limit) {
		s->part++;
		if (s->part == s->files)
			s->part = 0;
	} else {
		return 1;
	}
	e = end(s);
	if (!e)
		e = begin(s);
	return e ? e : 1;
}

static void write_pcap(struct savefile *s, const struct bus_frame *f,
    const uint8_t *bytes, uint32_t n)
{
	uint64_t part = f->when_ns % CLOCK_NS_S;
	struct pcap_pkthdr h = {
		.ts.tv_sec = (time_t)(f->when_ns / CLOCK_NS_S),
		.ts.tv_usec = (suseconds_t)(s->nano ? part : part / 1000),
		.caplen = n,
		.len = f->len,
	};

	pcap_dump((u_char *)s->dumper, &h, bytes);
}

static void write_ng(struct savefile *s, const struct bus_frame *f,
    const uint8_t *bytes, uint32_t n)
{
	char text[2][OWNER_TEXT], note[NOTES_MAX][NOTES_TEXT];
	const char *comment[2 + NOTES_MAX] = { text[0], text[1] };
	struct pcapng_packet p = {
		.when_ns = f->when_ns, .bytes = bytes, .caplen = n,
		.len = f->len, .dropped = f->missed, .comment = comment,
	};
	size_t notes;

	p.iface = capifaces_of(s->ifaces, s->out, f, bytes, n);
	p.num_comments = owners_tell(s->owners, bytes, n, text);
	notes = s->notes ? notes_take(s->notes, note) : 0;
	for (size_t i = 0; i < notes; i++)
		comment[p.num_comments++] = note[i];
	pcapng_packet(s->out, &p);
}

void savefile_write(struct savefile *s, const struct bus_frame *f,
    const uint8_t *bytes, uint32_t n)
{
	if (s->ng)
		write_ng(s, f, bytes, n);
	else
		write_pcap(s, f, bytes, n);
}

void savefile_close(struct savefile *s)
{
	if (s->out)
		end(s);
	if (s->pcap)
		pcap_close(s->pcap);
	capifaces_free(s->ifaces);
	owners_free(s->owners);
	if (s->notes)
		fclose(s->notes);
}
