/*
 * dump.c: shmif dump: the frames on a bus, as text, JSON or a capture file.
 * It reads the log as an observer: no slot, no lock, no write.
 */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/ctl/busshow.h"
#include "stack/ctl/frame.h"
#include "stack/ctl/json.h"
#include "stack/ctl/progress.h"
#include "stack/ctl/text.h"

#define SNAPLEN		65535
#define BATCH		64	/* frames between flushes */
#define POLL_MIN	1000000		/* ns between looks at a busy bus */
#define POLL_MAX	20000000	/* and at a silent one */

struct dump {
	const char *pcap_file;	/* NULL: text; "-": standard output */
	bool follow, header, hex, json;
	uint64_t count;		/* frames to show, UINT64_MAX for all */
	uint64_t shown, missed;
	uint64_t bytes;
	int write_errno;	/* of the first write that failed */
	int error;		/* errno to tell about */
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	FILE *out;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* No SA_RESTART: a write that waits for a full pipe is to end as well. */
static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

static void print_time(FILE *to, uint64_t ns)
{
	time_t t = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (!localtime_r(&t, &tm))
		memset(&tm, 0, sizeof(tm));
	fprintf(to, "%02d:%02d:%02d.%06u", tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (unsigned)(ns % 1000000000u / 1000));
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

static void write_pcap(struct dump *d, const struct bus_frame *f,
    const uint8_t *p, size_t n)
{
	struct pcap_pkthdr h = {
		.ts.tv_sec = (time_t)(f->when_ns / 1000000000u),
		.ts.tv_usec = (suseconds_t)(f->when_ns % 1000000000u / 1000),
		.caplen = (uint32_t)n,
		.len = f->len,
	};

	pcap_dump((u_char *)d->dumper, &h, p);
}

static void write_json(struct dump *d, const struct bus_frame *f,
    const uint8_t *p, size_t n)
{
	char line[512], mac[TEXT_MACLEN];
	struct json j;

	frame_describe(line, sizeof(line), p, n, f->len);
	json_init(&j, d->out, true);
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

static void write_text(struct dump *d, const struct bus_frame *f,
    const uint8_t *p, size_t n)
{
	char line[512];

	frame_describe(line, sizeof(line), p, n, f->len);
	print_time(d->out, f->when_ns);
	fprintf(d->out, " %u: %s\n", f->sender, line);
	if (d->hex)
		print_hex(d->out, p, n);
}

static void write_frame(struct dump *d, const struct bus_frame *f,
    const uint8_t *p)
{
	size_t n = f->len < SNAPLEN ? f->len : SNAPLEN;

	if (d->dumper)
		write_pcap(d, f, p, n);
	else if (d->json)
		write_json(d, f, p, n);
	else
		write_text(d, f, p, n);
	if (ferror(d->out) && !d->write_errno)
		d->write_errno = errno;
	d->shown++;
	d->bytes += f->len;
	d->missed += f->missed;
	if (d->dumper)
		progress("%" PRIu64 " frames, %" PRIu64 " bytes", d->shown,
		    d->bytes);
}

/*
 * Sleep, and look whether the other end of a pipe is still there: on a silent
 * bus no write would tell.
 */
static bool reader_gone(const struct dump *d, const struct timespec *pause)
{
	struct pollfd p = { .fd = fileno(d->out), .events = 0 };

	return ppoll(&p, 1, pause, NULL) > 0 && p.revents & POLLERR;
}

/*
 * Write out what is buffered.  Return: whether to go on; when not, d->error is
 * the errno to tell, 0 if the reader went away or a signal came.
 */
static bool flush_batch(struct dump *d)
{
	const struct timespec now = { 0 };
	bool failed;

	errno = 0;
	failed = d->dumper ? pcap_dump_flush(d->dumper) : fflush(d->out);
	if (!failed && !ferror(d->out))
		return true;
	if (!d->write_errno)
		d->write_errno = errno ? errno : EIO;
	if (d->write_errno != EPIPE && !stop && !reader_gone(d, &now))
		d->error = d->write_errno;
	return false;
}

/* Until the log's end, or for ever.  Return: 0, or -EIO: a broken bus. */
static int run(struct dump *d, struct bus *b)
{
	static uint8_t buf[SNAPLEN];
	struct timespec pause = { .tv_nsec = POLL_MIN };
	struct bus_frame f;
	int ret = 0, batch = 0;

	while (!stop && d->shown < d->count) {
		ret = bus_log_next(b, &f, buf, sizeof(buf));
		if (ret < 0)
			break;
		if (ret > 0) {
			write_frame(d, &f, buf);
			pause.tv_nsec = POLL_MIN;
			if (++batch < BATCH)
				continue;
		}
		if (batch) {
			batch = 0;
			if (!flush_batch(d))
				return 0;
			continue;
		}
		if (!d->follow || reader_gone(d, &pause))
			break;
		if (pause.tv_nsec < POLL_MAX)
			pause.tv_nsec += pause.tv_nsec / 2;
	}
	if (batch)
		flush_batch(d);
	return ret < 0 ? ret : 0;
}

static int open_pcap(struct dump *d)
{
	bool std = !strcmp(d->pcap_file, "-");

	if (std && isatty(STDOUT_FILENO))
		return ctl_fail("a capture is not for a terminal; give it to a "
		    "pipe or name a file");
	d->out = std ? stdout : fopen(d->pcap_file, "we");
	if (!d->out)
		return ctl_fail("%s: %s", d->pcap_file, strerror(errno));
	d->pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	if (d->pcap)
		d->dumper = pcap_dump_fopen(d->pcap, d->out);
	if (!d->dumper) {
		int status = ctl_fail("%s: %s", d->pcap_file,
		    d->pcap ? pcap_geterr(d->pcap) : "out of memory");

		if (!std)
			fclose(d->out);
		return status;
	}
	/* The header at once: who reads the pipe waits for it. */
	pcap_dump_flush(d->dumper);
	return 0;
}

static int parse(struct dump *d, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, ":c:fhp:x")) != -1) {
		switch (c) {
		case 'c':
			if (text_parse_u64(optarg, 1, UINT64_MAX, &d->count))
				return ctl_usage("-c %s: not a number", optarg);
			break;
		case 'f':
			d->follow = true;
			break;
		case 'h':
			d->header = true;
			break;
		case 'p':
			d->pcap_file = optarg;
			break;
		case 'x':
			d->hex = true;
			break;
		case ':':
			return ctl_usage("-%c needs an argument", optopt);
		default:
			return ctl_usage("-%c: unknown option", optopt);
		}
	}
	if (argc - optind != 1)
		return ctl_usage("name one bus");
	return 0;
}

static int dump_frames(struct dump *d, struct bus *b, const char *path)
{
	int status = CTL_OK;

	if (d->pcap_file && open_pcap(d))
		return CTL_FAILED;
	catch_signals();
	if (run(d, b) < 0)
		status = ctl_fail("%s: the bus is broken: truncated or "
		    "overwritten while in use", path);
	if (d->error)
		status = ctl_fail("%s: %s", d->pcap_file ? d->pcap_file :
		    "standard output", strerror(d->error));
	progress_end();
	if (d->pcap_file && d->out != stdout && !status)
		printf("%" PRIu64 " frames, %" PRIu64 " bytes in %s\n",
		    d->shown, d->bytes, d->pcap_file);
	if (d->missed)
		fprintf(stderr, "%s: %" PRIu64 " frames missed\n", ctl_prog(),
		    d->missed);
	if (d->dumper)
		pcap_dump_close(d->dumper);
	else
		clearerr(d->out);	/* told above, or not worth telling */
	if (d->pcap)
		pcap_close(d->pcap);
	return status;
}

int cmd_dump(int argc, char **argv)
{
	struct dump d = { .count = UINT64_MAX, .out = stdout };
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct bus *b;
	int status;

	d.json = ctl_take_json(&argc, argv);
	status = parse(&d, argc, argv);
	if (status)
		return status;
	if (ctl_bus_path(argv[optind], false, path, sizeof(path)))
		return CTL_FAILED;
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	if (d.header) {
		busshow_print(b, path, d.json, false);
		status = CTL_OK;
	} else {
		status = dump_frames(&d, b, path);
	}
	bus_close(b);
	return status;
}
