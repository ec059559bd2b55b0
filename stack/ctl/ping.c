/*
 * ping.c: shmif ping: its options and its loop.  It is an ordinary program of
 * BSD sockets; the preload library it is linked with puts it on the virtual
 * host.
 */
#include "stack/ctl/ping.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/clock.h"
#include "stack/wire/json.h"

#define SEC		1000000000u	/* ns */
#define WAIT_DEFAULT	(10ull * SEC)	/* for answers, as long as none came */
#define FLOOD_GAP	10000000u	/* ns between packets nobody answers */
#define FAILED		2		/* ping(8)'s status for errors */

static struct ping ping = {
	.interval = SEC, .wait = WAIT_DEFAULT, .size = 56, .pmtu = -1,
	.fd = -1,
};
static volatile sig_atomic_t interrupted, status_wanted;

static void on_signal(int sig)
{
	if (sig == SIGQUIT)
		status_wanted = 1;
	else
		interrupted = 1;
}

static int parse_seconds(const char *text, char opt, uint64_t *ns)
{
	if (!text_parse_seconds(text, ns))
		return 0;
	return ctl_usage("-%c %s: not a number of seconds", opt, text);
}

static int parse_number(const char *text, char opt, uint64_t min,
    uint64_t max, uint64_t *v)
{
	if (!text_parse_u64(text, min, max, v))
		return 0;
	return ctl_usage("-%c %s: not a number of %llu to %llu", opt, text,
	    (unsigned long long)min, (unsigned long long)max);
}

/* -p: up to 16 bytes in hex */
static int parse_pattern(struct ping *p, const char *text)
{
	size_t n = strlen(text);
	unsigned v;

	if (n == 0 || n > 2 * sizeof(p->pattern) ||
	    strspn(text, "0123456789abcdefABCDEF") != n)
		return ctl_usage("-p %s: not up to 16 bytes in hex", text);
	for (size_t i = 0; i < n; i += 2) {
		sscanf(text + i, "%2x", &v);
		p->pattern[p->pattern_len++] = (uint8_t)v;
	}
	return 0;
}

/* -M: whether packets may be fragmented */
static int parse_pmtu(struct ping *p, const char *text)
{
	static const struct {
		const char *name;
		int value;
	} how[] = {
		{ "do", IP_PMTUDISC_DO }, { "want", IP_PMTUDISC_WANT },
		{ "dont", IP_PMTUDISC_DONT }, { "probe", IP_PMTUDISC_PROBE },
	};

	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++)
		if (!strcmp(how[i].name, text)) {
			p->pmtu = how[i].value;
			return 0;
		}
	return ctl_usage("-M %s: not one of do, want, dont, probe", text);
}

/* Options that have a value.  Return: 0, or an exit status. */
static int parse_value(struct ping *p, int c, const char *arg)
{
	uint64_t v = 0;
	int status = 0;

	switch (c) {
	case 'c':
		return parse_number(arg, 'c', 1, INT64_MAX, &p->count);
	case 'I':
		p->source = arg;
		return 0;
	case 'i':
		return parse_seconds(arg, 'i', &p->interval);
	case 'l':
		status = parse_number(arg, 'l', 1, 65536, &v);
		p->preload = (unsigned)v;
		return status;
	case 'M':
		return parse_pmtu(p, arg);
	case 'p':
		return parse_pattern(p, arg);
	case 's':
		status = parse_number(arg, 's', 0, PING_SIZE_MAX, &v);
		p->size = (size_t)v;
		return status;
	case 't':
		status = parse_number(arg, 't', 1, 255, &v);
		p->ttl = (int)v;
		return status;
	case 'W':
		return parse_seconds(arg, 'W', &p->wait);
	case 'w':
		return parse_seconds(arg, 'w', &p->deadline);
	case ':':
		return ctl_usage("-%c needs an argument", optopt);
	default:
		return ctl_usage("-%c: unknown option", optopt);
	}
}

static int parse(struct ping *p, int argc, char **argv)
{
	static const char options[] = ":46bc:DfI:i:l:M:nOp:qs:t:vW:w:";
	int c, status;

	opterr = 0;
	while ((c = getopt(argc, argv, options)) != -1) {
		switch (c) {
		case '4':
			p->family = AF_INET;
			break;
		case '6':
			p->family = AF_INET6;
			break;
		case 'b':
			p->broadcast = true;
			break;
		case 'D':
			p->stamp = true;
			break;
		case 'f':
			p->flood = true;
			p->interval = 0;
			break;
		case 'n':
			p->numeric = true;
			break;
		case 'O':
			p->outstanding = true;
			break;
		case 'q':
			p->quiet = true;
			break;
		case 'v':
			p->verbose = true;
			break;
		default:
			status = parse_value(p, c, optarg);
			if (status)
				return status;
		}
	}
	if (argc - optind != 1)
		return ctl_usage("name one host");
	p->target = argv[optind];
	return 0;
}

/* Find the target and make the socket; its addresses are tried in order. */
static int open_target(struct ping *p)
{
	struct addrinfo hints = {
		.ai_family = p->family, .ai_socktype = SOCK_DGRAM,
	}, *list, *ai;
	struct text_ip ip;
	const char *call = "";
	int err, ret = -EADDRNOTAVAIL;

	if (ctl_need_host())
		return FAILED;
	err = getaddrinfo(p->target, NULL, &hints, &list);
	if (err) {
		ctl_fail("%s: %s", p->target, err == EAI_SYSTEM ?
		    strerror(errno) : gai_strerror(err));
		return FAILED;
	}
	if (!text_parse_ip(p->target, 0, &ip))
		p->numeric = true;
	for (ai = list; ai && ret; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(p->to))
			continue;
		memcpy(&p->to, ai->ai_addr, ai->ai_addrlen);
		p->to_len = ai->ai_addrlen;
		p->family = ai->ai_family;
		ret = pingnet_open(p, &call);
	}
	freeaddrinfo(list);
	if (!ret)
		return 0;
	if (ret == -EACCES && !strcmp(call, "connect"))
		ctl_fail("Do you want to ping broadcast? Then -b.");
	else
		ctl_fail("%s: %s", call, strerror(-ret));
	return FAILED;
}

/*
 * All errors that wait.  Return: whether there were any; the queue is cut off
 * after a while so that replies get their turn.
 */
static bool read_errors(struct ping *p)
{
	struct ping_error e;
	bool any = false;

	for (int i = 0; i < 64; i++) {
		int ret = pingnet_recv_error(p, &e);

		if (ret < 0)
			break;
		if (ret > 0) {
			pingstat_error(p, &e);
			any = true;
		}
	}
	return any;
}

static void send_next(struct ping *p)
{
	uint16_t seq = (uint16_t)(p->sent + 1);
	int err;

	if (p->outstanding && !p->json && p->sent && !p->answered[(uint16_t)p->sent]) {
		printf("no answer yet for icmp_seq=%u\n", (uint16_t)p->sent);
		fflush(stdout);
	}
	err = pingnet_send(p, seq);
	/* An older report is given by the next call, whichever that is. */
	if (err && err != -EAGAIN && err != -EMSGSIZE && read_errors(p))
		err = pingnet_send(p, seq);
	p->sent++;
	p->last = clock_ns();
	if (p->sent == 1)
		p->start = p->last;
	if (p->flood && !p->quiet && !p->json) {
		putchar('.');
		fflush(stdout);
	}
	if (!err || err == -EAGAIN || err == -ENOBUFS || err == -EINTR)
		return;
	/* The report behind the errno tells more, if there is one. */
	if (read_errors(p))
		return;
	if (err == -EMSGSIZE) {
		pingstat_error(p, &(struct ping_error){ .local = true,
		    .err = EMSGSIZE, .info = p->mtu, .seq = -1 });
		return;
	}
	if (!p->quiet) {
		fflush(stdout);
		fprintf(stderr, "%s: sendmsg: %s\n", ctl_prog(),
		    strerror(-err));
	}
}

/* Return: whether an answer came in. */
static bool read_replies(struct ping *p)
{
	struct ping_reply r;
	bool any = false;

	for (int i = 0; i < 64; i++) {
		int ret = pingnet_recv(p, &r);

		if (ret == -EAGAIN || ret == -EINTR)
			break;
		if (ret < 0) {
			/* An error's errno, told once; the queue has more. */
			if (!read_errors(p))
				break;
		} else if (ret > 0 && (uint16_t)(p->sent - r.seq) < p->sent) {
			pingstat_reply(p, &r);
			any = true;
		}
	}
	return any;
}

/* How long the last answers are waited for. */
static uint64_t linger(const struct ping *p)
{
	uint64_t ns = 2000 * p->max;

	if (!p->received)
		return p->wait;
	return ns > p->interval ? ns : p->interval;
}

static bool finished(const struct ping *p, uint64_t now, uint64_t *until)
{
	if (interrupted || p->gone)
		return true;
	if (p->count && p->received + p->errors >= p->count)
		return true;
	if (p->deadline && (p->errors || now - p->start >= p->deadline))
		return true;
	if (p->count && p->sent >= p->count && !p->deadline && !*until)
		*until = now + linger(p);
	return *until && now >= *until;
}

static void wait_ready(struct ping *p, uint64_t until)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	uint64_t now = clock_ns();
	uint64_t ns = until > now ? until - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(ns / SEC), .tv_nsec = (long)(ns % SEC),
	};

	/* The library has said why. */
	if (ppoll(&pfd, 1, &ts, NULL) > 0 && pfd.revents & POLLHUP)
		p->gone = true;
}

static void run(struct ping *p)
{
	uint64_t gap = p->interval ? p->interval : FLOOD_GAP;
	uint64_t now = clock_ns(), next, until = 0, wake;
	bool more;

	p->start = now;
	for (unsigned i = 1; i < p->preload; i++)
		if (!p->count || p->sent < p->count)
			send_next(p);
	for (next = now; !finished(p, now, &until); now = clock_ns()) {
		more = !p->count || p->sent < p->count || p->deadline;
		if (more && now >= next) {
			send_next(p);
			next = next + gap > now ? next + gap : now + gap;
			continue;
		}
		wake = more ? next : until;
		if (p->deadline && p->start + p->deadline < wake)
			wake = p->start + p->deadline;
		wait_ready(p, wake);
		read_errors(p);
		if (read_replies(p) && !p->interval)
			next = 0;
		if (status_wanted) {
			status_wanted = 0;
			pingstat_status(p);
		}
	}
}

static int ping_main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct ping *p = &ping;
	struct json j;
	int status;

	if (ctl_take_json(&argc, argv)) {
		json_init(&j, stdout, false);
		p->json = &j;
	}
	status = parse(p, argc, argv);
	if (!status)
		status = open_target(p);
	if (status)
		return status;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	pingstat_header(p);
	run(p);
	pingstat_summary(p);
	close(p->fd);
	if (p->gone)
		return FAILED;
	return !p->received || (p->deadline && p->received < p->count);
}

int cmd_ping(int argc, char **argv)
{
	return ping_main(argc, argv);
}

int cmd_ping6(int argc, char **argv)
{
	ping.family = AF_INET6;
	return ping_main(argc, argv);
}
