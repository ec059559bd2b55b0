/*
 * pingstat.c: what ping prints, in the words and columns of ping(8) of
 * iputils, which scripts read.
 */
#include "stack/ctl/ping.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "stack/ctl/ctl.h"
#include "stack/wire/clock.h"

/*
 * "NAME (ADDR)" or "ADDR".  The target's name is the one the user gave: on a
 * bus no name server knows the reverse.
 */
static const char *host_text(const struct ping *p, const union ping_addr *a)
{
	static char text[2 * PING_NAMELEN];
	char ip[INET6_ADDRSTRLEN + 20] = "?", name[PING_NAMELEN];
	socklen_t len = a->sa.sa_family == AF_INET ? sizeof(a->in) :
	    sizeof(a->in6);

	getnameinfo(&a->sa, len, ip, sizeof(ip), NULL, 0, NI_NUMERICHOST);
	if (p->numeric)
		snprintf(text, sizeof(text), "%s", ip);
	else if (ping_same_host(a, &p->to))
		snprintf(text, sizeof(text), "%s (%s)", p->target, ip);
	else if (!getnameinfo(&a->sa, len, name, sizeof(name), NULL, 0,
	    NI_NAMEREQD))
		snprintf(text, sizeof(text), "%s (%s)", name, ip);
	else
		snprintf(text, sizeof(text), "%s", ip);
	return text;
}

static void print_stamp(const struct ping *p)
{
	struct timeval tv;

	if (!p->stamp)
		return;
	gettimeofday(&tv, NULL);
	printf("[%lu.%06lu] ", (unsigned long)tv.tv_sec,
	    (unsigned long)tv.tv_usec);
}

void pingstat_header(const struct ping *p)
{
	char ip[INET6_ADDRSTRLEN + 20] = "?";

	if (p->json) {
		pingjson_header(p);
		return;
	}
	if (p->pattern_len) {
		printf("PATTERN: 0x");
		for (size_t i = 0; i < p->pattern_len; i++)
			printf("%02x", p->pattern[i]);
		putchar('\n');
	}
	getnameinfo(&p->to.sa, p->to_len, ip, sizeof(ip), NULL, 0,
	    NI_NUMERICHOST);
	if (p->family == AF_INET)
		printf("PING %s (%s) ", p->target, ip);
	else
		printf("PING %s(%s) ", p->target, host_text(p, &p->to));
	if (p->source) {
		getnameinfo(&p->from.sa, p->to_len, ip, sizeof(ip), NULL, 0,
		    NI_NUMERICHOST);
		printf("from %s %s: ", ip, p->source_is_if ? p->source : "");
	}
	if (p->family == AF_INET)
		printf("%zu(%zu) bytes of data.\n", p->size, p->size + 28);
	else
		printf("%zu data bytes\n", p->size);
	fflush(stdout);
}

/* Milliseconds with three figures, as long as they are few. */
static void print_trip(uint64_t us)
{
	if (us >= 100000 - 50)
		printf(" time=%" PRIu64 " ms", (us + 500) / 1000);
	else if (us >= 10000 - 5)
		printf(" time=%" PRIu64 ".%" PRIu64 " ms", (us + 5) / 1000,
		    (us + 5) % 1000 / 100);
	else if (us >= 1000)
		printf(" time=%" PRIu64 ".%02" PRIu64 " ms", us / 1000,
		    us % 1000 / 10);
	else
		printf(" time=0.%03" PRIu64 " ms", us);
}

static void count_trip(struct ping *p, uint64_t us)
{
	p->sum += us;
	p->sum2 += (double)us * (double)us;
	p->trips++;
	if (p->trips == 1 || us < p->min)
		p->min = us;
	if (us > p->max)
		p->max = us;
	if (!p->ewma)
		p->ewma = us * 8;
	else
		p->ewma = p->ewma + us - p->ewma / 8;
}

/* How many packets were under way when this one was answered. */
static void count_pipe(struct ping *p, uint16_t seq)
{
	uint16_t behind = (uint16_t)((uint16_t)p->sent - seq);

	if (behind <= 0x7fff && behind + 1 > p->pipe)
		p->pipe = behind + 1;
}

/* Return: the place of the first byte that differs, or -1. */
static long find_damage(const struct ping *p, const struct ping_reply *r)
{
	size_t i = p->size >= PING_STAMP ? PING_STAMP : 0;

	for (; i < r->data_len && i < p->size; i++)
		if (r->data[i] != pingnet_pattern(p, i))
			return (long)i;
	return -1;
}

void pingstat_reply(struct ping *p, const struct ping_reply *r)
{
	bool again = p->answered[r->seq], timed = p->size >= PING_STAMP;
	uint64_t us = (clock_ns() - p->sent_at[r->seq] + 500) / 1000;
	long bad = find_damage(p, r);

	p->last = clock_ns();
	if (timed)
		count_trip(p, us);
	count_pipe(p, r->seq);
	p->answered[r->seq] = true;
	if (bad >= 0)
		p->corrupted++;
	if (again)
		p->duplicates++;
	else if (bad < 0)
		p->received++;
	if (p->quiet)
		return;
	if (p->json) {
		pingjson_reply(p, r, us, again, bad >= 0);
		return;
	}
	if (p->flood) {
		fputs(bad >= 0 ? "\bC" : "\b \b", stdout);
		fflush(stdout);
		return;
	}
	print_stamp(p);
	printf("%zu bytes from %s: icmp_seq=%u", r->len,
	    host_text(p, &r->from), r->seq);
	if (r->ttl >= 0)
		printf(" ttl=%d", r->ttl);
	if (r->truncated)
		printf(" (truncated)");
	else if (timed)
		print_trip(us);
	if (again)
		printf(" (DUP!)");
	if (bad >= 0)
		printf("\nwrong data byte #%ld should be 0x%x but was 0x%x",
		    bad, pingnet_pattern(p, (size_t)bad), r->data[bad]);
	putchar('\n');
	fflush(stdout);
}

void pingstat_error(struct ping *p, const struct ping_error *e)
{
	union ping_addr from = e->from;
	char text[128];

	p->last = clock_ns();
	p->errors++;
	if (e->seq >= 0) {
		count_pipe(p, (uint16_t)e->seq);
		p->answered[e->seq] = true;
	}
	if (p->quiet)
		return;
	if (p->json) {
		if (e->local)
			snprintf(text, sizeof(text), "%s", strerror(e->err));
		else
			ping_icmp_text(text, sizeof(text), p->family, e->type,
			    e->code, e->info);
		pingjson_error(p, e, text);
		return;
	}
	if (p->flood) {
		fputs("\bE", stdout);
		fflush(stdout);
		return;
	}
	if (e->local && e->err == EMSGSIZE) {
		fflush(stdout);
		fprintf(stderr, "%s: local error: message too long",
		    ctl_prog());
		if (e->info)
			fprintf(stderr, ", mtu=%u", e->info);
		fputc('\n', stderr);
		return;
	}
	/* Nobody answers ARP: the own stack is who says so. */
	if (e->local && e->err != EHOSTUNREACH) {
		fflush(stdout);
		fprintf(stderr, "%s: local error: %s\n", ctl_prog(),
		    strerror(e->err));
		return;
	}
	if (e->local)
		snprintf(text, sizeof(text), "%s", p->family == AF_INET ?
		    "Destination Host Unreachable" :
		    "Destination unreachable: Address unreachable");
	else
		ping_icmp_text(text, sizeof(text), p->family, e->type, e->code,
		    e->info);
	if (!from.sa.sa_family)
		from = p->to;
	print_stamp(p);
	printf("From %s", host_text(p, &from));
	if (e->seq >= 0)
		printf(" icmp_seq=%d", e->seq);
	printf(" %s\n", text);
	fflush(stdout);
}

void pingstat_status(const struct ping *p)
{
	uint64_t lost = p->sent - p->received;
	uint64_t avg = p->trips ? p->sum / p->trips : 0;

	fprintf(stderr, "\r%" PRIu64 "/%" PRIu64 " packets, %" PRIu64
	    "%% loss", p->received, p->sent,
	    p->sent && p->received <= p->sent ? lost * 100 / p->sent : 0);
	if (p->trips)
		fprintf(stderr, ", min/avg/ewma/max = %" PRIu64 ".%03" PRIu64
		    "/%" PRIu64 ".%03" PRIu64 "/%" PRIu64 ".%03" PRIu64 "/%"
		    PRIu64 ".%03" PRIu64 " ms", p->min / 1000, p->min % 1000,
		    avg / 1000, avg % 1000, p->ewma / 8000,
		    p->ewma / 8 % 1000, p->max / 1000, p->max % 1000);
	fputc('\n', stderr);
}

/* Without libm: v is a variance in us, so the root fits easily. */
static uint64_t root(double v)
{
	uint64_t r = 0;

	for (uint64_t bit = 1ull << 40; bit; bit >>= 1)
		if ((double)(r + bit) * (double)(r + bit) <= v)
			r += bit;
	return r;
}

uint64_t pingstat_mdev(const struct ping *p)
{
	double avg = (double)p->sum / (double)p->trips;

	return root(p->sum2 / (double)p->trips - avg * avg);
}

static void print_ms(const char *sep, uint64_t us)
{
	printf("%s%" PRIu64 ".%03" PRIu64, sep, us / 1000, us % 1000);
}

void pingstat_summary(const struct ping *p)
{
	uint64_t span = p->last > p->start ? p->last - p->start : 0;
	const char *comma = "";

	if (p->json) {
		pingjson_summary(p);
		return;
	}
	printf("\n--- %s ping statistics ---\n", p->target);
	printf("%" PRIu64 " packets transmitted, %" PRIu64 " received",
	    p->sent, p->received);
	if (p->duplicates)
		printf(", +%" PRIu64 " duplicates", p->duplicates);
	if (p->corrupted)
		printf(", +%" PRIu64 " corrupted", p->corrupted);
	if (p->errors)
		printf(", +%" PRIu64 " errors", p->errors);
	if (p->sent)
		printf(", %g%% packet loss, time %" PRIu64 "ms",
		    (double)(float)((double)((int64_t)p->sent -
		    (int64_t)p->received) * 100.0 / (double)p->sent),
		    (span + 500000) / 1000000);
	putchar('\n');
	if (p->received && p->trips) {
		print_ms("rtt min/avg/max/mdev = ", p->min);
		print_ms("/", p->sum / p->trips);
		print_ms("/", p->max);
		print_ms("/", pingstat_mdev(p));
		printf(" ms");
		comma = ", ";
	}
	if (p->pipe > 1) {
		printf("%spipe %d", comma, p->pipe);
		comma = ", ";
	}
	if (p->received && (!p->interval || p->flood) && p->sent > 1) {
		printf("%sipg/ewma ", comma);
		print_ms("", (span + 500) / 1000 / (p->sent - 1));
		print_ms("/", p->ewma / 8);
		printf(" ms");
	}
	putchar('\n');
	fflush(stdout);
}
