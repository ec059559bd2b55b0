/*
 * dump.c: shmif dump: the frames on a bus, as text, JSON or a capture file.
 * It reads the log as an observer: no slot, no lock, no write.
 */
#include "stack/ctl/dump.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/ctl/busshow.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/dumpfilter.h"
#include "stack/ctl/notes.h"
#include "stack/ctl/progress.h"
#include "stack/ctl/text.h"

#define SNAPLEN		65535
#define BATCH		64	/* frames between flushes */
#define POLL_MIN	1000000		/* ns between looks at a busy bus */
#define POLL_MAX	20000000	/* and at a silent one */

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
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

static FILE *out_of(const struct dump *d)
{
	return d->save.name ? d->save.out : stdout;
}

/* What could not be written is told when it is flushed, or at the end. */
static void note_error(struct dump *d, FILE *to)
{
	if (ferror(to) && !d->write_errno)
		d->write_errno = errno;
}

/* Return: false: that was the last one. */
static bool write_frame(struct dump *d, const struct bus_frame *f,
    const uint8_t *p)
{
	uint32_t n = f->len < SNAPLEN ? f->len : SNAPLEN;
	int more = d->save.name ? savefile_turn(&d->save) : 1;

	if (more != 1) {
		d->error = -more;
		return false;
	}
	errno = 0;
	if (d->save.name)
		savefile_write(&d->save, f, p, n);
	else
		dumptext(stdout, &d->text, f, p, n);
	note_error(d, out_of(d));
	d->shown++;
	d->bytes += f->len;
	if (d->save.name)
		progress("%" PRIu64 " frames, %" PRIu64 " bytes", d->shown,
		    d->bytes);
	return true;
}

static bool passes(struct dump *d, const struct bus_frame *f, const uint8_t *p)
{
	const struct pcap_pkthdr h = {
		.caplen = f->len < SNAPLEN ? f->len : SNAPLEN, .len = f->len,
	};

	return !d->filter.bf_len || pcap_offline_filter(&d->filter, &h, p);
}

/*
 * Sleep, and look whether the other end of a pipe is still there: on a silent
 * bus no write would tell.
 */
static bool reader_gone(const struct dump *d, const struct timespec *pause)
{
	struct pollfd p = { .fd = fileno(out_of(d)), .events = 0 };

	return ppoll(&p, 1, pause, NULL) > 0 && p.revents & POLLERR;
}

/*
 * Write out what is buffered.  Return: whether to go on; when not, d->error is
 * the errno to tell, 0 if the reader went away or a signal came.
 */
static bool flush_batch(struct dump *d)
{
	const struct timespec now = { 0 };
	FILE *to = out_of(d);

	if (!to)
		return false;	/* the next file could not be opened */
	errno = 0;
	if (!fflush(to) && !ferror(to))
		return true;
	if (!d->write_errno)
		d->write_errno = errno ? errno : EIO;
	if (d->write_errno != EPIPE && !stop && !reader_gone(d, &now))
		d->error = d->write_errno;
	return false;
}

/*
 * The next frame that is wanted.  Return: 1 it was written, 0 there is none
 * now, -EIO: a broken bus, -ECANCELED: it was the last.
 */
static int step(struct dump *d, struct bus *b)
{
	static uint8_t buf[SNAPLEN];
	struct bus_frame f;
	int ret;

	do {
		ret = bus_log_next(b, &f, buf, sizeof(buf));
		if (ret <= 0)
			return ret;
		d->missed += f.missed;
	} while (!stop && !passes(d, &f, buf));
	return stop ? 0 : write_frame(d, &f, buf) ? 1 : -ECANCELED;
}

/* Until the log's end, or for ever.  Return: 0, or -EIO: a broken bus. */
static int run(struct dump *d, struct bus *b)
{
	struct timespec pause = { .tv_nsec = POLL_MIN };
	int ret = 0, batch = 0;

	while (!stop && d->shown < d->count) {
		ret = step(d, b);
		if (ret < 0)
			break;
		if (ret > 0) {
			pause.tv_nsec = POLL_MIN;
			if (++batch < (d->at_once ? 1 : BATCH))
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
	return ret == -EIO ? ret : 0;
}

static void tell(const struct dump *d)
{
	progress_end();
	if (d->save.name && d->save.out != stdout && !d->error) {
		printf("%" PRIu64 " frames, %" PRIu64 " bytes in %s", d->shown,
		    d->bytes, d->save.made > 1 ? "" : d->save.path);
		if (d->save.made > 1)
			printf("%" PRIu64 " files, the last %s", d->save.made,
			    d->save.path);
		putchar('\n');
	}
	if (d->missed)
		fprintf(stderr, "%s: %" PRIu64 " frames missed\n", ctl_prog(),
		    d->missed);
}

int dump_frames(struct dump *d, struct bus *b, const char *bus)
{
	int status = CTL_OK, e;

	if (d->save.name && savefile_open(&d->save, b, bus, SNAPLEN))
		return CTL_FAILED;
	catch_signals();
	if (d->from_now)
		bus_log_seek_end(b);
	e = run(d, b);
	if (e < 0)
		status = ctl_fail("%s: the bus is broken: truncated or "
		    "overwritten while in use", bus);
	if (d->error)
		status = ctl_fail("%s: %s", !d->save.name || (d->save.out ==
		    stdout) ? "standard output" : d->save.path,
		    strerror(d->error));
	if (!d->quiet)
		tell(d);
	if (d->save.name)
		savefile_close(&d->save);
	else
		clearerr(stdout);	/* told above, or not worth telling */
	return status;
}

static int number(char option, const char *value, uint64_t *to)
{
	int e = option == 'C' && value[strcspn(value, "kKmMgG")] ?
	    text_parse_size(value, 1, INT64_MAX, to) :
	    text_parse_u64(value, 1, INT64_MAX / 1000000, to);

	return e ? ctl_usage("-%c %s: not a number", option, value) : 0;
}

/* An option with a value.  Return: 0, or an exit status. */
static int parse_value(struct dump *d, int c)
{
	int status;

	switch (c) {
	case 'C':
		status = number('C', optarg, &d->save.limit);
		/* As tcpdump(8) has it: alone it counts millions. */
		if (!optarg[strcspn(optarg, "kKmMgG")])
			d->save.limit *= 1000000;
		return status;
	case 'c':
		return number('c', optarg, &d->count);
	case 'G':
		return number('G', optarg, &d->save.seconds);
	case 'W':
		return number('W', optarg, &d->save.files);
	default:
		d->save.name = optarg;
		return 0;
	}
}

enum { NEW = 256, NANO, NOTES, PCAPNG };

/* Return: 0, or an exit status. */
static int parse_one(struct dump *d, int c, char **argv)
{
	switch (c) {
	case 'f':
		d->follow = true;
		return 0;
	case 'h':
		d->header = true;
		return 0;
	case 'U':
		d->at_once = true;
		return 0;
	case 'x':
		d->text.hex = true;
		return 0;
	case NEW:
		d->from_now = d->follow = true;
		return 0;
	case NANO:
		d->save.nano = d->text.nano = true;
		return 0;
	case NOTES:
		if (d->save.notes)
			return ctl_usage("one --notes is enough");
		d->save.notes = notes_open(optarg);
		return d->save.notes ? 0 : ctl_fail("%s: %s", optarg,
		    strerror(errno));
	case PCAPNG:
		d->save.ng = true;
		return 0;
	case ':':
		return optopt > UCHAR_MAX ? ctl_usage("%s needs an argument",
		    argv[optind - 1]) : ctl_usage("-%c needs an argument",
		    optopt);
	case '?':
		if (!optopt)
			return ctl_unknown("dump", argv[optind - 1],
			    "shmif help dump");
		return ctl_usage("-%c: unknown option", optopt);
	default:
		return parse_value(d, c);
	}
}

/* Options that need others. */
static int check(struct dump *d)
{
	const struct savefile *s = &d->save;
	const char *dot = s->name ? strrchr(s->name, '.') : NULL;
	bool parts = s->limit || s->seconds;

	if (s->files && !parts)
		return ctl_usage("-W goes with -C or -G");
	if (parts && (!s->name || !strcmp(s->name, "-")))
		return ctl_usage("-C and -G go with -p and the name of a file");
	d->save.ng |= dot && !strcmp(dot, ".pcapng");
	if (s->ng && !s->name)
		return ctl_usage("--pcapng goes with -p");
	if (s->notes && !s->ng)
		return ctl_usage("--notes goes with pcapng");
	return 0;
}

static int parse(struct dump *d, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "new", no_argument, NULL, NEW },
		{ "nano", no_argument, NULL, NANO },
		{ "notes", required_argument, NULL, NOTES },
		{ "pcapng", no_argument, NULL, PCAPNG },
		{ NULL, 0, NULL, 0 },
	};
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":C:c:fG:hp:UW:x", longs,
	    NULL)) != -1) {
		status = parse_one(d, c, argv);
		if (status)
			return status;
	}
	if (optind == argc)
		return ctl_usage("name a bus");
	return check(d);
}

int cmd_dump(int argc, char **argv)
{
	struct dump d = { .count = UINT64_MAX };
	char path[PATH_MAX], err[BUS_ERRLEN], perr[PCAP_ERRBUF_SIZE];
	struct bus *b;
	int status;

	d.text.json = ctl_take_json(&argc, argv);
	status = parse(&d, argc, argv);
	if (status)
		return status;
	if (ctl_bus_path(argv[optind], false, path, sizeof(path)))
		return CTL_FAILED;
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	optind++;
	if (optind < argc && dumpfilter_compile(&d.filter, b, argc - optind,
	    argv + optind, perr)) {
		ctl_fail("the filter: %s; see pcap-filter(7)", perr);
		status = CTL_USAGE;
	} else if (d.header) {
		busshow_print(b, path, d.text.json, false);
	} else {
		status = dump_frames(&d, b, path);
	}
	pcap_freecode(&d.filter);
	bus_close(b);
	return status;
}
