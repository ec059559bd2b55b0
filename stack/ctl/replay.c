/* replay.c: shmif replay: the frames of a capture file, onto a bus. */
#include "stack/ctl/ctl.h"
#include "stack/ctl/progress.h"
#include "stack/wire/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bus/bus.h"

#define ROOM_WAIT	20	/* ms; then the slowest member is passed over */
#define ROOM_TRIES	250
#define PROGRESS_FRAMES	256
#define TIME_MAX	(1 << 30)	/* s that a capture may last */

struct replay {
	pcap_t *pcap;
	struct bus *bus;
	bool timing;
	struct timeval first;	/* stamp of the first frame */
	struct timespec start;	/* when that one was sent */
	uint64_t sent, bytes, skipped;
};

/* Sleep until the frame's distance from the first one has passed. */
static void keep_time(struct replay *r, const struct pcap_pkthdr *h)
{
	struct timespec at = r->start;
	int64_t us;
	time_t s;

	if (!r->sent && !r->skipped) {
		r->first = h->ts;
		clock_gettime(CLOCK_MONOTONIC, &r->start);
		return;
	}
	/* Stamps are what the file says, which may be anything. */
	if (__builtin_sub_overflow(h->ts.tv_sec, r->first.tv_sec, &s) ||
	    s < 0 || s > TIME_MAX)
		return;
	us = (int64_t)s * 1000000 + h->ts.tv_usec - r->first.tv_usec;
	if (us <= 0)
		return;
	at.tv_sec += us / 1000000;
	at.tv_nsec += us % 1000000 * 1000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) ==
	    EINTR)
		;
}

static int send_frame(struct replay *r, const u_char *p, size_t n)
{
	struct iovec iov = { (void *)p, n };
	char line[BUS_ERRLEN];
	bool patient = false;	/* the user knows what it waits for */
	int err = -EAGAIN;

	for (int i = 0; (i < ROOM_TRIES || patient) && err == -EAGAIN; i++) {
		err = bus_send(r->bus, &iov, 1, 0);
		if (err == -EAGAIN && bus_stuck(r->bus, line)) {
			ctl_fail("%s", line);
			patient = true;
		}
		if (err == -EAGAIN && bus_wait(r->bus, ROOM_WAIT) == -EIO)
			err = -EIO;
	}
	return err;
}

static void show_progress(const struct replay *r)
{
	struct stat st;
	FILE *f = pcap_file(r->pcap);
	long at = f ? ftell(f) : -1;

	if (at >= 0 && !fstat(fileno(f), &st) && st.st_size > 0)
		progress("%" PRIu64 " frames, %ld%%", r->sent,
		    (long)((double)at * 100 / (double)st.st_size));
	else
		progress("%" PRIu64 " frames", r->sent);
}

/* Return: 0 at the end of the file, or an exit status. */
static int run(struct replay *r, const char *file, const char *path)
{
	struct pcap_pkthdr *h;
	const u_char *p;
	int more, err;

	while ((more = pcap_next_ex(r->pcap, &h, &p)) == 1) {
		if (r->timing)
			keep_time(r, h);
		/* A frame cut by the capture is none. */
		if (h->caplen != h->len || h->len < BUS_ETH_HDR) {
			r->skipped++;
			continue;
		}
		err = send_frame(r, p, h->caplen);
		if (err == -EMSGSIZE)
			r->skipped++;
		else if (err)
			return ctl_fail("%s: %s", path, err == -EAGAIN ?
			    "no room on the bus" : err == -EIO ?
			    "the bus is broken" : strerror(-err));
		r->sent += !err;
		r->bytes += err ? 0 : h->caplen;
		if (r->timing || r->sent % PROGRESS_FRAMES == 0)
			show_progress(r);
	}
	if (more == PCAP_ERROR)
		return ctl_fail("%s: %s", file, pcap_geterr(r->pcap));
	return 0;
}

static int open_both(struct replay *r, const char *file, const char *path)
{
	const struct bus_want want = { .name = "replay" };
	char err[BUS_ERRLEN], perr[PCAP_ERRBUF_SIZE];

	r->pcap = pcap_open_offline(file, perr);
	if (!r->pcap)
		return ctl_fail("%s%s%s", strncmp(perr, file, strlen(file)) ?
		    file : "", strncmp(perr, file, strlen(file)) ? ": " : "",
		    perr);
	if (pcap_datalink(r->pcap) != DLT_EN10MB)
		return ctl_fail("%s: not a capture of an Ethernet", file);
	if (bus_open(&r->bus, path, 0, err) ||
	    bus_join(r->bus, &want, err) < 0)
		return ctl_fail("%s", err);
	return 0;
}

int cmd_replay(int argc, char **argv)
{
	struct replay r = { .pcap = NULL };
	char path[PATH_MAX];
	uint64_t start;
	int c, status;

	opterr = 0;
	while ((c = getopt(argc, argv, "t")) != -1) {
		if (c != 't')
			return ctl_usage("-%c: unknown option", optopt);
		r.timing = true;
	}
	if (argc - optind != 2)
		return ctl_usage("name a capture file and a bus");
	if (ctl_bus_path(argv[optind + 1], false, path, sizeof(path)))
		return CTL_FAILED;
	status = open_both(&r, argv[optind], path);
	start = clock_ns();
	if (!status)
		status = run(&r, argv[optind], path);
	progress_end();
	if (r.sent || !status)
		printf("%" PRIu64 " frames, %" PRIu64 " bytes sent in %.3f s\n",
		    r.sent, r.bytes, (double)(clock_ns() - start) / 1e9);
	if (r.skipped)
		fprintf(stderr, "%s: %" PRIu64 " frames skipped: cut short, or "
		    "larger than the bus takes\n", ctl_prog(), r.skipped);
	if (r.pcap)
		pcap_close(r.pcap);
	bus_close(r.bus);
	return status;
}
