/*
 * h_flood.c: a stranger on the bus who makes a host keep things: crafted
 * frames at full speed from a member of the bus that has no host.
 *
 * usage: h_flood BUS IP PORT KIND COUNT
 *
 * syn		COUNT SYNs, of many addresses, that are never completed
 * bytes	one connection, COUNT segments of one byte in order
 * holes	one connection, COUNT segments of one byte, none in order
 * fragments	first fragments of COUNT datagrams that never get complete
 * 6fragments	the same of IPv6, to the link-local address of its MAC address
 * neighbours	COUNT large echo requests of addresses that nobody has, so
 *		that the answers wait for them
 *
 * Prints "ready" once its frames are out; then it answers ARP until it is
 * ended, so that the connection stays.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/cc.h"
#include "bus/bus.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static struct bus *bus;
static uint8_t my_mac[6], my_ip[4], mac[6], ip[4];
static unsigned slot;		/* of the target */
static uint16_t port;
static uint32_t my_seq, ack;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "h_flood: %s\n", what);
	exit(1);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void set_sum(uint8_t *at, uint32_t sum)
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

	while ((e = bus_send(bus, &iov, 1, 0)) == -EAGAIN)
		bus_wait(bus, 100);
	if (e)
		die(strerror(-e));
}

/* An IPv4 packet whose payload of n bytes is in place. */
static void put_ip(uint8_t *f, const uint8_t *from, unsigned proto,
    unsigned frag, unsigned id, size_t n)
{
	memcpy(f, mac, 6);
	memcpy(f + 6, my_mac, 6);
	put16(f + 12, 0x0800);
	f += 14;
	memset(f, 0, 20);
	f[0] = 0x45;
	put16(f + 2, (unsigned)n + 20);
	put16(f + 4, id);
	put16(f + 6, frag);
	f[8] = 64;
	f[9] = (uint8_t)proto;
	memcpy(f + 12, from, 4);
	memcpy(f + 16, ip, 4);
	set_sum(f + 10, stack_chksum(f, 20));
	put_frame(f - 14, n + 34);
}

static void put_tcp(const uint8_t *from, unsigned sport, uint32_t seq,
    unsigned flags, size_t n)
{
	uint8_t f[14 + 20 + 20 + 64] = { 0 }, *t = f + 34, pseudo[12] = { 0 };

	put16(t, sport);
	put16(t + 2, port);
	put32(t + 4, seq);
	put32(t + 8, flags & ACK ? ack : 0);
	t[12] = 5 << 4;
	t[13] = (uint8_t)flags;
	put16(t + 14, 65535);
	memset(t + 20, 'x', n);
	memcpy(pseudo, from, 4);
	memcpy(pseudo + 4, ip, 4);
	pseudo[9] = 6;
	put16(pseudo + 10, 20 + (unsigned)n);
	set_sum(t + 16, (uint32_t)stack_chksum(t, 20 + (int)n) +
	    stack_chksum(pseudo, 12));
	put_ip(f, from, 6, 0, 0, 20 + n);
}

static void answer_arp(const uint8_t *q)
{
	uint8_t f[60] = { 0 };

	memcpy(f, q + 6, 6);
	memcpy(f + 6, my_mac, 6);
	memcpy(f + 12, q + 12, 8);
	put16(f + 20, 2);
	memcpy(f + 22, my_mac, 6);
	memcpy(f + 28, my_ip, 4);
	memcpy(f + 32, q + 22, 10);
	put_frame(f, sizeof(f));
}

/* One frame, if there is one; true: a SYN|ACK for our port. */
static bool look(unsigned sport)
{
	static uint8_t f[70000];
	uint32_t seg_size;
	ssize_t n = bus_peek(bus);

	if (n <= 0)
		return false;
	n = bus_take(bus, f, sizeof(f), &seg_size);
	if (n >= 42 && f[12] == 8 && f[13] == 6 && f[21] == 1 &&
	    !memcmp(f + 38, my_ip, 4))
		answer_arp(f);
	if (n < 54 || f[12] != 8 || f[13] != 0 || f[23] != 6 ||
	    f[36] << 8 != (int)(sport & 0xff00) || f[37] != (sport & 0xff) ||
	    (f[47] & (SYN | ACK)) != (SYN | ACK))
		return false;
	ack = get32(f + 38) + 1;
	return true;
}

static void shake_hands(unsigned sport)
{
	time_t end = time(NULL) + 10;

	my_seq = 1000;
	put_tcp(my_ip, sport, my_seq++, SYN, 0);
	while (!look(sport)) {
		if (time(NULL) > end)
			die("no answer to SYN");
		bus_wait(bus, 100);
	}
	put_tcp(my_ip, sport, my_seq, ACK, 0);
}

/* As fast as the target takes it: what is lost does no harm. */
static void keep_pace(void)
{
	struct bus_member m;

	while (bus_member(bus, slot, &m) == 1 && m.behind > 1 << 20) {
		while (bus_peek(bus) > 0)
			look(0);
		bus_wait(bus, 1);
	}
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

static void put_fragment6(uint8_t *f, uint32_t id, size_t n)
{
	memcpy(f, mac, 6);
	memcpy(f + 6, my_mac, 6);
	put16(f + 12, 0x86dd);
	f[14] = 0x60;
	put16(f + 18, (unsigned)n + 8);
	f[20] = 44;
	f[21] = 64;
	link_local(f + 22, my_mac);
	link_local(f + 38, mac);
	f[54] = 17;
	put16(f + 56, 1);
	put32(f + 58, id);
	put_frame(f, 62 + n);
}

static void put_echo(uint8_t *f, const uint8_t *from, size_t n)
{
	f[34] = 8;
	memset(f + 36, 0, 2);
	set_sum(f + 36, stack_chksum(f + 34, (int)n));
	put_ip(f, from, 1, 0, 0, n);
}

static void flood(const char *how, unsigned long count)
{
	static uint8_t f[34 + 8192];
	uint8_t from[4];

	memcpy(from, my_ip, 4);
	if (*how == 'b' || *how == 'h')
		shake_hands(4000);
	for (unsigned long i = 0; i < count; i++) {
		switch (*how) {
		case 's':
			from[3] = (uint8_t)(100 + i / 60000 % 150);
			put_tcp(from, 1024 + i % 60000, (uint32_t)i, SYN, 0);
			break;
		case 'b':
			put_tcp(my_ip, 4000, my_seq++, ACK | PSH, 1);
			break;
		case 'h':
			put_tcp(my_ip, 4000, my_seq + 1 + 2 * (uint32_t)i,
			    ACK | PSH, 1);
			break;
		case 'f':
			put_ip(f, my_ip, 17, 0x2000, i & 0xffff, 1024);
			break;
		case '6':
			put_fragment6(f, (uint32_t)i, 1024);
			break;
		case 'n':
			from[3] = (uint8_t)(100 + i % 150);
			put_echo(f, from, 8000);
			break;
		default:
			die("what to do?");
		}
		while (bus_peek(bus) > 0)
			look(0);
		if (i % 256 == 0)
			keep_pace();
	}
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

int main(int argc, char **argv)
{
	struct bus_want want = { .name = "stranger" };
	char err[BUS_ERRLEN] = "";

	if (argc != 6 || inet_pton(AF_INET, argv[2], ip) != 1)
		die("usage: h_flood BUS IP PORT KIND COUNT");
	port = (uint16_t)atoi(argv[3]);
	if (bus_open(&bus, argv[1], 0, err) || bus_join(bus, &want, err) < 0)
		die(err);
	memcpy(my_mac, bus_mac(bus), 6);
	bus_slot_ip4(bus, bus_slot(bus), my_ip);
	find_target();
	flood(argv[4], strtoul(argv[5], NULL, 10));
	puts("ready");
	fflush(stdout);
	for (;;) {
		bus_wait(bus, 1000);
		while (bus_peek(bus) > 0)
			look(0);
	}
}
