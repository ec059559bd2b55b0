/*
 * traceroute.c: shmif traceroute: options, loop and text, the latter as
 * traceroute(8) of Linux has it.  Like ping it is an ordinary program of BSD
 * sockets.
 */
#include "stack/ctl/traceroute.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/clock.h"
#include "stack/wire/json.h"

#define SEC		1000000000u	/* ns */
#define HERE_FACTOR	3	/* wait this many times another of the hop */
#define NEAR_FACTOR	10	/* and of a later hop */
#define WAIT_GRACE	1000000u	/* ns on top of these */
#define SLOW_LOOKUP	(1ull * SEC)
#define FAILED		1

static struct trace trace = {
	.first = 1, .max = 30, .queries = 3, .at_once = 16,
	.wait = 5ull * SEC, .port = 33434, .fd = -1,
};

static int parse_number(int opt, const char *text, unsigned min, unsigned max,
    unsigned *v)
{
	uint64_t x;

	if (text_parse_u64(text, min, max, &x))
		return ctl_usage("-%c %s: not a number of %u to %u", opt, text,
		    min, max);
	*v = (unsigned)x;
	return 0;
}

static int parse_option(struct trace *t, int c, const char *arg)
{
	unsigned v = 0;
	int status;

	switch (c) {
	case '4':
		t->family = AF_INET;
		return 0;
	case '6':
		t->family = AF_INET6;
		return 0;
	case 'f':
		return parse_number(c, arg, 1, TRACE_HOPS_MAX, &t->first);
	case 'I':
		t->icmp = true;
		return 0;
	case 'i':
	case 's':
		t->source = arg;
		return 0;
	case 'm':
		return parse_number(c, arg, 1, TRACE_HOPS_MAX, &t->max);
	case 'N':
		return parse_number(c, arg, 1, 256, &t->at_once);
	case 'n':
		t->numeric = true;
		return 0;
	case 'p':
		status = parse_number(c, arg, 1, 65535 - TRACE_HOPS_MAX *
		    TRACE_QUERIES_MAX, &v);
		t->port = (uint16_t)v;
		return status;
	case 'q':
		return parse_number(c, arg, 1, TRACE_QUERIES_MAX, &t->queries);
	case 'U':
		t->icmp = false;
		return 0;
	case 'w':
		if (!text_parse_seconds(arg, &t->wait))
			return 0;
		return ctl_usage("-w %s: not a number of seconds", arg);
	case ':':
		return ctl_usage("-%c needs an argument", optopt);
	default:
		return ctl_usage("-%c: unknown option", optopt);
	}
}

static int parse(struct trace *t, int argc, char **argv)
{
	uint64_t size;
	int c, status;

	opterr = 0;
	while ((c = getopt(argc, argv, ":46f:Ii:m:N:np:q:s:Uw:")) != -1) {
		status = parse_option(t, c, optarg);
		if (status)
			return status;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return ctl_usage("name one host");
	t->target = argv[optind];
	if (argc - optind == 2) {
		if (text_parse_u64(argv[optind + 1], 28, TRACE_SIZE_MAX, &size))
			return ctl_usage("%s: not a packet size of 28 to %d",
			    argv[optind + 1], TRACE_SIZE_MAX);
		t->size = (size_t)size;
	}
	if (t->first > t->max)
		return ctl_usage("the first hop is behind the last");
	t->n = (t->max - t->first + 1) * t->queries;
	return 0;
}

static int open_target(struct trace *t)
{
	struct addrinfo hints = {
		.ai_family = t->family, .ai_socktype = SOCK_DGRAM,
	}, *list, *ai;
	const char *call = "";
	int err, ret = -EADDRNOTAVAIL;

	if (ctl_need_host())
		return FAILED;
	err = getaddrinfo(t->target, NULL, &hints, &list);
	if (err) {
		ctl_fail("%s: %s", t->target, err == EAI_SYSTEM ?
		    strerror(errno) : gai_strerror(err));
		return FAILED;
	}
	for (ai = list; ai && ret; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(t->to))
			continue;
		memcpy(&t->to, ai->ai_addr, ai->ai_addrlen);
		t->to_len = ai->ai_addrlen;
		t->family = ai->ai_family;
		ret = tracenet_open(t, &call);
	}
	freeaddrinfo(list);
	if (ret) {
		ctl_fail("%s: %s", call, strerror(-ret));
		return FAILED;
	}
	if (!t->size)
		t->size = t->family == AF_INET ? 60 : 80;
	return 0;
}

/* " NAME (ADDR)"; a network without a name server is not asked twice. */
static void print_host(struct trace *t, const union ping_addr *a)
{
	char ip[INET6_ADDRSTRLEN + 20] = "?", name[PING_NAMELEN];
	static bool slow;
	uint64_t start;

	getnameinfo(&a->sa, t->to_len, ip, sizeof(ip), NULL, 0,
	    NI_NUMERICHOST);
	if (t->numeric) {
		printf(" %s", ip);
		return;
	}
	snprintf(name, sizeof(name), "%s", ping_same_host(a, &t->to) ? t->target :
	    ip);
	start = clock_ns();
	if (!slow && !strcmp(name, ip) && getnameinfo(&a->sa, t->to_len, name,
	    sizeof(name), NULL, 0, NI_NAMEREQD))
		snprintf(name, sizeof(name), "%s", ip);
	slow |= clock_ns() - start > SLOW_LOOKUP;
	printf(" %s (%s)", name, ip);
}

static void print_probe(struct trace *t, unsigned i)
{
	const struct trace_probe *p = &t->probe[i], *before = NULL;

	if (i % t->queries == 0)
		printf("%2u ", i / t->queries + t->first);
	for (unsigned k = i - i % t->queries; k < i; k++)
		if (t->probe[k].state == TRACE_ANSWERED)
			before = &t->probe[k];
	if (p->state == TRACE_LOST) {
		printf(" *");
	} else {
		if (!before || !ping_same_host(&before->from, &p->from))
			print_host(t, &p->from);
		printf("  %.3f ms%s", (double)(p->back - p->sent) / 1e6,
		    p->mark);
	}
	if (i % t->queries == t->queries - 1)
		putchar('\n');
	fflush(stdout);
}

/* How long this one is worth waiting for, from what the others took. */
static uint64_t patience(const struct trace *t, unsigned i)
{
	unsigned hop = i - i % t->queries, next = hop + t->queries;
	uint64_t ns;

	for (unsigned k = hop; k < t->n; k++) {
		const struct trace_probe *p = &t->probe[k];

		if (k == i || p->state != TRACE_ANSWERED)
			continue;
		ns = (p->back - p->sent) *
		    (k < next ? HERE_FACTOR : NEAR_FACTOR) + WAIT_GRACE;
		return ns < t->wait ? ns : t->wait;
	}
	return t->wait;
}

/* Give up on what is overdue.  Return: when the next one will be, or 0. */
static uint64_t expire(struct trace *t, unsigned end)
{
	uint64_t now = clock_ns(), next = 0, at;

	for (unsigned i = 0; i < end; i++) {
		if (t->probe[i].state != TRACE_SENT)
			continue;
		at = t->probe[i].sent + patience(t, i);
		if (at <= now)
			t->probe[i].state = TRACE_LOST;
		else if (!next || at < next)
			next = at;
	}
	return next;
}

/* Return: 0, or -errno when nothing can be sent at all. */
static int send_window(struct trace *t, unsigned end)
{
	unsigned under_way = 0;
	int err;

	for (unsigned i = 0; i < end && under_way < t->at_once; i++) {
		struct trace_probe *p = &t->probe[i];

		if (p->state == TRACE_NEW) {
			p->state = TRACE_SENT;
			err = tracenet_send(t, i);
			/* An older probe's error, told by this call. */
			if (err == -EHOSTUNREACH || err == -ECONNREFUSED ||
			    err == -EPROTO || err == -ENETUNREACH) {
				tracenet_receive(t);
				err = tracenet_send(t, i);
			}
			if (err == -EMSGSIZE)
				tracenet_receive(t);
			else if (err)
				return err;
		}
		under_way += p->state == TRACE_SENT;
	}
	return 0;
}

/* The last hop that matters: the first one that gave a final answer. */
static unsigned find_end(const struct trace *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->probe[i].final)
			return i - i % t->queries + t->queries;
	return t->n;
}

static void wait_until(const struct trace *t, uint64_t at)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	uint64_t now = clock_ns(), ns = at > now ? at - now : 0;
	struct timespec ts = {
		.tv_sec = (time_t)(ns / SEC), .tv_nsec = (long)(ns % SEC),
	};

	ppoll(&p, 1, &ts, NULL);
}

static int run(struct trace *t)
{
	unsigned end = t->n, printed = 0;
	uint64_t next;
	int err;

	while (printed < end) {
		err = send_window(t, end);
		if (err) {
			ctl_fail("sendmsg: %s", strerror(-err));
			return FAILED;
		}
		tracenet_receive(t);
		end = find_end(t);
		next = expire(t, end);
		while (printed < end &&
		    t->probe[printed].state > TRACE_SENT) {
			if (!t->json)
				print_probe(t, printed);
			printed++;
		}
		if (printed < end && next)
			wait_until(t, next);
	}
	return 0;
}

static void json_probe(struct json *j, const struct trace *t,
    const struct trace_probe *p)
{
	char ip[INET6_ADDRSTRLEN + 20] = "?";

	json_object(j, NULL);
	if (p->state == TRACE_ANSWERED) {
		getnameinfo(&p->from.sa, t->to_len, ip, sizeof(ip), NULL, 0,
		    NI_NUMERICHOST);
		json_string(j, "address", ip);
		json_uint(j, "time_us", (p->back - p->sent) / 1000);
		if (p->mark[0])
			json_string(j, "mark", p->mark + 1);
	}
	json_end(j);
}

static void print_json(const struct trace *t, const char *ip)
{
	unsigned end = find_end(t);
	struct json j;

	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_string(&j, "target", t->target);
	json_string(&j, "address", ip);
	json_array(&j, "hops");
	for (unsigned i = 0; i < end; i += t->queries) {
		json_object(&j, NULL);
		json_uint(&j, "ttl", i / t->queries + t->first);
		json_array(&j, "probes");
		for (unsigned k = i; k < i + t->queries; k++)
			json_probe(&j, t, &t->probe[k]);
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}

static int trace_main(int argc, char **argv)
{
	struct trace *t = &trace;
	char ip[INET6_ADDRSTRLEN + 20] = "?";
	int status;

	t->json = ctl_take_json(&argc, argv);
	status = parse(t, argc, argv);
	if (!status)
		status = open_target(t);
	if (status)
		return status;
	getnameinfo(&t->to.sa, t->to_len, ip, sizeof(ip), NULL, 0,
	    NI_NUMERICHOST);
	if (!t->json)
		printf("traceroute to %s (%s), %u hops max, %zu byte "
		    "packets\n", t->target, ip, t->max, t->size);
	fflush(stdout);
	status = run(t);
	if (t->json && !status)
		print_json(t, ip);
	close(t->fd);
	return status;
}

int cmd_traceroute(int argc, char **argv)
{
	return trace_main(argc, argv);
}

int cmd_traceroute6(int argc, char **argv)
{
	trace.family = AF_INET6;
	return trace_main(argc, argv);
}
