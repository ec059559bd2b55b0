/* frame.c: one line of text about an Ethernet frame; see frame.h. */
#include "stack/ctl/frame.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "stack/ctl/text.h"

#define ETH_LEN		14
#define TYPE_IP4	0x0800
#define TYPE_ARP	0x0806
#define TYPE_IP6	0x86dd

/* The text being written, and the bytes not yet looked at. */
struct line {
	char *dst;
	size_t size, used;
	const uint8_t *p;
	size_t n;
};

static void put(struct line *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->dst + l->used, l->size - l->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->used += (size_t)n < l->size - l->used ? (size_t)n :
		    l->size - l->used - 1;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put_ip(struct line *l, int family, const uint8_t *ip)
{
	char buf[TEXT_IPLEN];

	put(l, "%s", text_ip(buf, family, ip));
}

static void arp(struct line *l)
{
	char mac[TEXT_MACLEN];
	const uint8_t *p = l->p;

	if (l->n < 28 || get16(p + 2) != TYPE_IP4) {
		put(l, "arp");
		return;
	}
	if (get16(p + 6) == 1) {
		put(l, "arp who-has ");
		put_ip(l, AF_INET, p + 24);
		put(l, " tell ");
		put_ip(l, AF_INET, p + 14);
	} else {
		put(l, "arp reply ");
		put_ip(l, AF_INET, p + 14);
		put(l, " is-at %s", text_mac(mac, p + 8));
	}
}

/* payload: what the IP header says follows the TCP header, and more. */
static void tcp(struct line *l, size_t payload)
{
	static const char names[] = "FSRPAU";	/* from the lowest bit */
	const uint8_t *p = l->p;
	size_t head;
	char flags[8];
	int n = 0;

	if (l->n < 20)
		return;
	for (int i = 0; names[i]; i++)
		if (p[13] >> i & 1)
			flags[n++] = names[i];
	flags[n] = '\0';
	head = (size_t)(p[12] >> 4) * 4;
	put(l, " %s seq %u ack %u win %u data %zu", n ? flags : "-",
	    get32(p + 4), get32(p + 8), get16(p + 14),
	    payload > head ? payload - head : 0);
}

static void icmp(struct line *l, bool six)
{
	static const struct {
		uint8_t type4, type6;
		const char *name;
	} types[] = {
		{ 8, 128, "echo-request" }, { 0, 129, "echo-reply" },
		{ 3, 1, "unreachable" }, { 11, 3, "time-exceeded" },
		{ 255, 2, "packet-too-big" }, { 255, 133, "router-solicit" },
		{ 255, 134, "router-advert" }, { 255, 135, "neighbor-solicit" },
		{ 255, 136, "neighbor-advert" }, { 5, 137, "redirect" },
		{ 255, 130, "mld-query" }, { 255, 131, "mld-report" },
		{ 255, 132, "mld-done" }, { 255, 143, "mld-report2" },
	};
	const uint8_t *p = l->p;

	if (l->n < 8)
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (p[0] == (six ? types[i].type6 : types[i].type4)) {
			put(l, " %s", types[i].name);
			if (i < 2)
				put(l, " id %u seq %u", get16(p + 4),
				    get16(p + 6));
			return;
		}
	put(l, " type %u code %u", p[0], p[1]);
}

/* What an IP header announces; l->p is behind that header. */
static void transport(struct line *l, int family, const uint8_t *src,
    const uint8_t *dst, unsigned proto, bool first, size_t payload)
{
	bool ports = first && l->n >= 4 && (proto == 6 || proto == 17);

	put(l, "%s ", proto == 6 ? "tcp" : proto == 17 ? "udp" :
	    proto == 1 ? "icmp" : proto == 58 ? "icmp6" :
	    proto == 2 ? "igmp" : "ip");
	put_ip(l, family, src);
	if (ports)
		put(l, ".%u", get16(l->p));
	put(l, " > ");
	put_ip(l, family, dst);
	if (ports)
		put(l, ".%u", get16(l->p + 2));
	if (!first)
		put(l, " fragment");
	else if (proto == 6)
		tcp(l, payload);
	else if (proto == 17 && l->n >= 8)
		put(l, " data %u", get16(l->p + 4) >= 8 ?
		    get16(l->p + 4) - 8 : 0);
	else if (proto == 1 || proto == 58)
		icmp(l, proto == 58);
	else if (proto != 2)
		put(l, " proto %u", proto);
}

static void ip4(struct line *l)
{
	const uint8_t *p = l->p;
	size_t head, total;

	head = l->n >= 20 ? (size_t)(p[0] & 15) * 4 : 0;
	if (head < 20 || head > l->n || p[0] >> 4 != 4) {
		put(l, "ip malformed");
		return;
	}
	total = get16(p + 2);
	l->p += head;
	l->n -= head;
	transport(l, AF_INET, p + 12, p + 16, p[9],
	    (get16(p + 6) & 0x1fff) == 0, total > head ? total - head : 0);
}

static void ip6(struct line *l)
{
	const uint8_t *p = l->p;
	unsigned next;
	size_t payload;
	bool first = true;

	if (l->n < 40 || p[0] >> 4 != 6) {
		put(l, "ip6 malformed");
		return;
	}
	next = p[6];
	payload = get16(p + 4);
	l->p += 40;
	l->n -= 40;
	/* Hop-by-hop, routing, destination and fragment headers; each takes
	 * at least 8 bytes, so this ends. */
	while ((next == 0 || next == 43 || next == 60 || next == 44) &&
	    l->n >= 8) {
		size_t n = next == 44 ? 8 : (size_t)l->p[1] * 8 + 8;

		if (n > l->n)
			break;
		if (next == 44 && get16(l->p + 2) & 0xfff8)
			first = false;
		next = l->p[0];
		payload -= n < payload ? n : payload;
		l->p += n;
		l->n -= n;
	}
	transport(l, AF_INET6, p + 8, p + 24, next, first, payload);
}

void frame_describe(char *dst, size_t size, const uint8_t *p, size_t n,
    size_t len)
{
	struct line l = { .dst = dst, .size = size };
	char to[TEXT_MACLEN], from[TEXT_MACLEN];

	dst[0] = '\0';
	if (n < ETH_LEN) {
		put(&l, "runt, length %zu", len);
		return;
	}
	put(&l, "%s > %s ", text_mac(from, p + 6), text_mac(to, p));
	l.p = p + ETH_LEN;
	l.n = n - ETH_LEN;
	switch (get16(p + 12)) {
	case TYPE_ARP:
		arp(&l);
		break;
	case TYPE_IP4:
		ip4(&l);
		break;
	case TYPE_IP6:
		ip6(&l);
		break;
	default:
		put(&l, "ethertype 0x%04x", get16(p + 12));
	}
	put(&l, ", length %zu", len);
}
