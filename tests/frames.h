/*
 * frames.h: a member of a bus without a host, which makes its frames by itself.
 *
 * What it is, and whom it sends to, is said once; packets are built in place,
 * their payload behind the room for the headers, and sent.
 */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cc.h"
#include "bus/bus.h"

#define UNUSED	__attribute__((unused))

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { AT4 = 14 + 20, AT6 = 14 + 40 };	/* where a payload begins */

static struct bus *bus;
static uint8_t my_mac[6], my_ip[4], mac[6], ip[4];
static uint8_t my_ip6[16], ip6[16];	/* link-local */
static unsigned slot;			/* of the target */
static unsigned seg_size;		/* what a frame says of itself, gso.h */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "stranger: %s\n", what);
	exit(1);
}

static UNUSED void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static UNUSED void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static UNUSED uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | p[2] << 8 | p[3];
}

static UNUSED void set_sum(uint8_t *at, uint32_t sum)
{
	uint16_t w;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	w = (uint16_t)~sum;
	memcpy(at, &w, 2);
}

static void put_frame(uint8_t *f, size_t len)
{
	struct iovec iov = { f, len };
	int e;

	while ((e = bus_send(bus, &iov, 1, seg_size)) == -EAGAIN)
		bus_wait(bus, 100);
	if (e)
		die(strerror(-e));
}

static void put_ether(uint8_t *f, const uint8_t *to, unsigned type)
{
	memcpy(f, to, 6);
	memcpy(f + 6, my_mac, 6);
	put16(f + 12, type);
}

/* An IPv4 packet whose payload of n bytes is at AT4. */
static UNUSED void put_ip(uint8_t *f, const uint8_t *from, unsigned proto,
    unsigned frag, unsigned id, size_t n)
{
	uint8_t *h = f + 14;

	put_ether(f, mac, 0x0800);
	memset(h, 0, 20);
	h[0] = 0x45;
	put16(h + 2, (unsigned)n + 20);
	put16(h + 4, id);
	put16(h + 6, frag);
	h[8] = 64;
	h[9] = (uint8_t)proto;
	memcpy(h + 12, from, 4);
	memcpy(h + 16, ip, 4);
	set_sum(h + 10, stack_chksum(h, 20));
	put_frame(f, n + AT4);
}

/* The same of IPv6, at AT6; hop limit 255, as neighbour discovery wants it. */
static UNUSED void put_ip6(uint8_t *f, const uint8_t *from, unsigned next,
    size_t n)
{
	put_ether(f, mac, 0x86dd);
	memset(f + 14, 0, 8);
	f[14] = 0x60;
	put16(f + 18, (unsigned)n);
	f[20] = (uint8_t)next;
	f[21] = 255;
	memcpy(f + 22, from, 16);
	memcpy(f + 38, ip6, 16);
	put_frame(f, n + AT6);
}

/* The message's checksum as well. */
static UNUSED void put_icmp(uint8_t *f, const uint8_t *from, size_t n)
{
	memset(f + AT4 + 2, 0, 2);
	set_sum(f + AT4 + 2, stack_chksum(f + AT4, (int)n));
	put_ip(f, from, 1, 0, 0, n);
}

static UNUSED void put_icmp6(uint8_t *f, const uint8_t *from, size_t n)
{
	uint8_t pseudo[40] = { 0 };

	memcpy(pseudo, from, 16);
	memcpy(pseudo + 16, ip6, 16);
	put16(pseudo + 34, (unsigned)n);
	pseudo[39] = 58;
	memset(f + AT6 + 2, 0, 2);
	set_sum(f + AT6 + 2, (uint32_t)stack_chksum(f + AT6, (int)n) +
	    stack_chksum(pseudo, 40));
	put_ip6(f, from, 58, n);
}

static UNUSED void put_udp(uint8_t *f, const uint8_t *from, unsigned sport,
    unsigned dport, size_t n)
{
	put16(f + AT4, sport);
	put16(f + AT4 + 2, dport);
	put16(f + AT4 + 4, (unsigned)n + 8);
	put16(f + AT4 + 6, 0);		/* no checksum */
	put_ip(f, from, 17, 0, 0, n + 8);
}

struct segment {
	unsigned sport, dport, flags;
	uint32_t seq, ack;
	size_t n;		/* bytes, all of them x; at most 1460 */
	bool closed;		/* a window of zero */
	const uint8_t *opts;	/* options, and how many bytes; NULL: */
	size_t nopts;		/* a SYN's, that windows are in units of 128 */
};

static UNUSED void put_tcp(const uint8_t *from, const struct segment *s)
{
	static const uint8_t scale[] = { 1, 3, 3, 7 };
	uint8_t f[AT4 + 60 + 1460] = { 0 }, *t = f + AT4, pseudo[12] = { 0 };
	const uint8_t *opts = s->opts ? s->opts : scale;
	size_t nopts = s->opts ? s->nopts : s->flags & SYN ? 4 : 0;
	size_t h = 20 + nopts;

	put16(t, s->sport);
	put16(t + 2, s->dport);
	put32(t + 4, s->seq);
	put32(t + 8, s->ack);
	t[12] = (uint8_t)(h / 4 << 4);
	t[13] = (uint8_t)s->flags;
	put16(t + 14, s->closed ? 0 : 65535);
	memcpy(t + 20, opts, nopts);
	memset(t + h, 'x', s->n);
	memcpy(pseudo, from, 4);
	memcpy(pseudo + 4, ip, 4);
	pseudo[9] = 6;
	put16(pseudo + 10, (unsigned)(h + s->n));
	set_sum(t + 16, (uint32_t)stack_chksum(t, (int)(h + s->n)) +
	    stack_chksum(pseudo, 12));
	put_ip(f, from, 6, 0, 0, h + s->n);
}

/* An ARP packet: 1 asks for the target, 2 answers it. */
static UNUSED void put_arp(unsigned op, const uint8_t *from)
{
	uint8_t f[60] = { 0 };

	put_ether(f, mac, 0x0806);
	put16(f + 14, 1);
	put16(f + 16, 0x0800);
	f[18] = 6;
	f[19] = 4;
	put16(f + 20, op);
	memcpy(f + 22, my_mac, 6);
	memcpy(f + 28, from, 4);
	memcpy(f + 32, mac, 6);
	memcpy(f + 38, ip, 4);
	put_frame(f, sizeof(f));
}

/* A frame that came, if any; answers to ARP's questions are given.  0: none. */
static UNUSED size_t take(const uint8_t **frame)
{
	static uint8_t f[70000];
	uint32_t size;
	ssize_t n = bus_peek(bus);

	if (n <= 0)
		return 0;
	n = bus_take(bus, f, sizeof(f), &size);
	if (n < 14)
		return 0;
	if (n >= 42 && f[12] == 8 && f[13] == 6 && f[21] == 1 &&
	    !memcmp(f + 38, my_ip, 4))
		put_arp(2, my_ip);
	*frame = f;
	return (size_t)n;
}

/* fe80:: and what a MAC address makes of the rest (RFC 4291 A). */
static void link_local(uint8_t *to, const uint8_t *m)
{
	memset(to, 0, 16);
	to[0] = 0xfe;
	to[1] = 0x80;
	memcpy(to + 8, m, 3);
	to[8] ^= 2;
	to[11] = 0xff;
	to[12] = 0xfe;
	memcpy(to + 13, m + 3, 3);
}

/* The member that announces the address. */
static void find_target(void)
{
	struct bus_member m;

	for (unsigned s = 0; s < BUS_SLOTS; s++) {
		if (bus_member(bus, s, &m) != 1 ||
		    m.addr[0].family != AF_INET ||
		    memcmp(m.addr[0].addr, ip, 4))
			continue;
		memcpy(mac, m.mac, 6);
		slot = s;
		return;
	}
	die("nobody on the bus has that address");
}

static UNUSED void join(const char *path, const char *target)
{
	struct bus_want want = { .name = "stranger" };
	char err[BUS_ERRLEN] = "";

	if (inet_pton(AF_INET, target, ip) != 1)
		die("no IPv4 address");
	if (bus_open(&bus, path, 0, err) || bus_join(bus, &want, err) < 0)
		die(err);
	memcpy(my_mac, bus_mac(bus), 6);
	bus_slot_ip4(bus, bus_slot(bus), my_ip);
	find_target();
	link_local(my_ip6, my_mac);
	link_local(ip6, mac);
}

#endif
