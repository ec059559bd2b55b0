/* topshow.c: what shmif top has seen, as text and as JSON; see top.h. */
#include "stack/ctl/top.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "stack/ctl/socktext.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

#define LINE_MAX_LEN	512

static int lines_left, width;

/* A line, cut to the terminal's width.  Return: whether there was room. */
static bool put(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static bool put(const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;

	if (lines_left == 0)
		return false;
	if (lines_left > 0)
		lines_left--;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	printf("%.*s%s\n", width ? width : LINE_MAX_LEN, line,
	    width ? "\033[K" : "");
	return true;
}

/* 1.2k, 34M: four figures at most. */
static const char *short_number(char buf[static 16], double v)
{
	static const char units[] = " kMGTP";
	int u = 0;

	while (v >= 1000 && units[u + 1]) {
		v /= 1000;
		u++;
	}
	snprintf(buf, 16, u && v < 10 ? "%.1f%c" : "%.0f%c", v,
	    u ? units[u] : '\0');
	return buf;
}

static const char *first_address(char buf[static TEXT_IPLEN],
    const struct bus_member *m)
{
	for (int i = 0; i < BUS_ADDRS; i++)
		if (m->addr[i].family)
			return text_ip(buf, m->addr[i].family,
			    m->addr[i].addr);
	return "-";
}

static bool print_host(const struct top_host *h)
{
	char n[6][16], ip[TEXT_IPLEN];

	return put("%-10.10s %3u %-14.14s %-15s %6s %6s %6s %6s %6s %5" PRIu64
	    "%s", h->bus, h->m.slot, h->m.name[0] ? h->m.name : "-",
	    first_address(ip, &h->m), short_number(n[0], h->tx_bytes),
	    short_number(n[1], h->rx_bytes), short_number(n[2], h->tx_frames),
	    short_number(n[3], h->rx_frames),
	    short_number(n[4], (double)h->m.rx_lost), h->m.tx_full,
	    h->busy ? " does not answer" : "");
}

static bool print_conn(const struct top_conn *c)
{
	char local[SOCKTEXT_ADDR], peer[SOCKTEXT_ADDR], program[40];

	snprintf(program, sizeof(program), c->s.pid > 0 ? "%s[%d]" : "-",
	    c->s.comm, c->s.pid);
	return put("%-14.14s %-22.22s %-5s %-21s %-21s %-11s %6u %6u", c->host,
	    program, socktext_proto(&c->s), socktext_addr(local, &c->s.local),
	    socktext_addr(peer, &c->s.peer), socktext_state(&c->s),
	    c->s.recvq, c->s.sendq);
}

static void print_head(const struct top_look *l, enum top_order order)
{
	static const char *const names[TOP_NUM_ORDERS] = {
		"traffic", "loss", "name", "slot",
	};
	double bytes = 0, lost = 0;
	time_t now = time(NULL);
	struct tm tm;
	char n[2][16], clock[16] = "";

	for (size_t i = 0; i < l->num_hosts; i++) {
		bytes += l->host[i].tx_bytes;
		lost += l->host[i].lost;
	}
	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	put("shmif top - %s  %u bus%s, %zu members, %zu connections, %sB/s, "
	    "%s lost/s; by %s", clock, l->buses, l->buses == 1 ? "" : "es",
	    l->num_hosts, l->num_conns, short_number(n[0], bytes),
	    short_number(n[1], lost), names[order]);
}

void top_print(const struct top_look *l, enum top_order order, int lines,
    int columns, bool conns)
{
	size_t i;

	lines_left = lines ? lines : -1;
	width = columns;
	print_head(l, order);
	put("%s", "");
	put("%-10s %3s %-14s %-15s %6s %6s %6s %6s %6s %5s", "BUS", "NO",
	    "NAME", "ADDRESS", "TX B/s", "RX B/s", "TX/s", "RX/s", "LOST",
	    "FULL");
	for (i = 0; i < l->num_hosts && print_host(&l->host[i]); i++)
		;
	if (conns && l->num_conns) {
		put("%s", "");
		put("%-14s %-22s %-5s %-21s %-21s %-11s %6s %6s", "HOST",
		    "PROGRAM", "PROTO", "LOCAL", "PEER", "STATE", "RECV-Q",
		    "SEND-Q");
		for (i = 0; i < l->num_conns && print_conn(&l->conn[i]); i++)
			;
	}
	fflush(stdout);
}

static void json_host(struct json *j, const struct top_host *h)
{
	char ip[TEXT_IPLEN];

	json_object(j, NULL);
	json_string(j, "bus", h->bus);
	json_uint(j, "slot", h->m.slot);
	json_string(j, "name", h->m.name);
	json_string(j, "address", first_address(ip, &h->m));
	json_uint(j, "pid", h->m.pid);
	json_uint(j, "tx_bytes_per_s", (uint64_t)h->tx_bytes);
	json_uint(j, "rx_bytes_per_s", (uint64_t)h->rx_bytes);
	json_uint(j, "tx_frames_per_s", (uint64_t)h->tx_frames);
	json_uint(j, "rx_frames_per_s", (uint64_t)h->rx_frames);
	json_uint(j, "rx_lost_per_s", (uint64_t)h->lost);
	json_uint(j, "rx_lost", h->m.rx_lost);
	json_uint(j, "tx_full", h->m.tx_full);
	json_uint(j, "behind", h->m.behind);
	json_end(j);
}

void top_json(const struct top_look *l)
{
	struct json j;

	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_array(&j, "members");
	for (size_t i = 0; i < l->num_hosts; i++)
		json_host(&j, &l->host[i]);
	json_end(&j);
	json_array(&j, "connections");
	for (size_t i = 0; i < l->num_conns; i++) {
		const struct top_conn *c = &l->conn[i];

		json_object(&j, NULL);
		json_string(&j, "host", c->host);
		json_string(&j, "program", c->s.comm);
		json_int(&j, "pid", c->s.pid);
		socktext_json(&j, &c->s);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}
