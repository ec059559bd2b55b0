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

/*
 * Step over the IP header at *p and n bytes, and what stands between it and the
 * next protocol's.  Return: false if that is malformed.
 */
static bool ip4(struct frame_ip *ip, const uint8_t *p, size_t n)
{
	size_t head = n >= 20 ? (size_t)(p[0] & 15) * 4 : 0;
	size_t total;

	if (head < 20 || head > n || p[0] >> 4 != 4)
		return false;
	total = get16(p + 2);
	*ip = (struct frame_ip){
		.family = AF_INET, .src = p + 12, .dst = p + 16,
		.proto = p[9], .first = (get16(p + 6) & 0x1fff) == 0,
		.p = p + head, .n = n - head,
		.payload = total > head ? total - head : 0,
	};
	return true;
}

static bool ip6(struct frame_ip *ip, const uint8_t *p, size_t n)
{
	if (n < 40 || p[0] >> 4 != 6)
		return false;
	*ip = (struct frame_ip){
		.family = AF_INET6, .src = p + 8, .dst = p + 24,
		.proto = p[6], .first = true, .p = p + 40, .n = n - 40,
		.payload = get16(p + 4),
	};
	/* Hop-by-hop, routing, destination and fragment headers; each takes
	 * at least 8 bytes, so this ends. */
	while ((ip->proto == 0 || ip->proto == 43 || ip->proto == 60 ||
	    ip->proto == 44) && ip->n >= 8) {
		size_t len = ip->proto == 44 ? 8 : (size_t)ip->p[1] * 8 + 8;

		if (len > ip->n)
			break;
		if (ip->proto == 44 && get16(ip->p + 2) & 0xfff8)
			ip->first = false;
		ip->proto = ip->p[0];
		ip->payload -= len < ip->payload ? len : ip->payload;
		ip->p += len;
		ip->n -= len;
	}
	return true;
}

bool frame_ip(struct frame_ip *ip, const uint8_t *p, size_t n)
{
	if (n < ETH_LEN)
		return false;
	switch (get16(p + 12)) {
	case TYPE_IP4:
		return ip4(ip, p + ETH_LEN, n - ETH_LEN);
	case TYPE_IP6:
		return ip6(ip, p + ETH_LEN, n - ETH_LEN);
	default:
		return false;
	}
}

static void transport(struct line *l, const struct frame_ip *ip)
{
	unsigned proto = ip->proto;
	bool ports = frame_has_ports(ip);

	l->p = ip->p;
	l->n = ip->n;
	put(l, "%s ", proto == 6 ? "tcp" : proto == 17 ? "udp" :
	    proto == 1 ? "icmp" : proto == 58 ? "icmp6" :
	    proto == 2 ? "igmp" : "ip");
	put_ip(l, ip->family, ip->src);
	if (ports)
		put(l, ".%u", get16(l->p));
	put(l, " > ");
	put_ip(l, ip->family, ip->dst);
	if (ports)
		put(l, ".%u", get16(l->p + 2));
	if (!ip->first)
		put(l, " fragment");
	else if (proto == 6)
		tcp(l, ip->payload);
	else if (proto == 17 && l->n >= 8)
		put(l, " data %u", get16(l->p + 4) >= 8 ?
		    get16(l->p + 4) - 8 : 0);
	else if (proto == 1 || proto == 58)
		icmp(l, proto == 58);
	else if (proto != 2)
		put(l, " proto %u", proto);
}

void frame_describe(char *dst, size_t size, const uint8_t *p, size_t n,
    size_t len)
{
	struct line l = { .dst = dst, .size = size };
	char to[TEXT_MACLEN], from[TEXT_MACLEN];
	struct frame_ip ip;

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
	case TYPE_IP6:
		if (frame_ip(&ip, p, n))
			transport(&l, &ip);
		else
			put(&l, "%s malformed", get16(p + 12) == TYPE_IP4 ?
			    "ip" : "ip6");
		break;
	default:
		put(&l, "ethertype 0x%04x", get16(p + 12));
	}
	put(&l, ", length %zu", len);
}
