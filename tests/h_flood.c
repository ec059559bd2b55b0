/*
 * h_flood.c: a stranger on the bus who makes a host keep things: crafted
 * frames at full speed from a member of the bus that has no host.
 *
 * usage: h_flood BUS IP PORT KIND COUNT
 *
 * The table below has the kinds.  Prints "ready" once its frames are out; then
 * it answers ARP until it is ended, so that connections stay.
 */
#include <time.h>

#include "tests/frames.h"

#define MANY	100		/* connections, where one is not enough */
#define FIRST	4000		/* the port of the first of them */

static uint16_t port;
static uint32_t acks[MANY];	/* what each of them has to acknowledge */
static uint32_t ends[MANY];	/* what has come, as far as it goes */
static unsigned mss;		/* that we say; 0: none, and no SACK either */
static uint8_t f[14 + 40 + 8192];

/* Of a SYN|ACK: which port it is for, and its sequence number.  0: it is none. */
static unsigned syn_ack(const uint8_t *p, size_t n, uint32_t *seq)
{
	if (n < 54 || p[12] != 8 || p[13] != 0 || p[23] != 6 ||
	    (p[47] & (SYN | ACK)) != (SYN | ACK))
		return 0;
	*seq = get32(p + 38);
	return (unsigned)p[36] << 8 | p[37];
}

/* Every SYN|ACK that is there is answered, with a byte of data. */
static void complete(void)
{
	const uint8_t *p;
	uint32_t seq;
	size_t n;

	while ((n = take(&p))) {
		struct segment s = { .dport = port, .flags = ACK | PSH,
		    .seq = 1000, .n = 1 };

		s.sport = syn_ack(p, n, &seq);
		s.ack = seq + 1;
		if (s.sport)
			put_tcp(my_ip, &s);
	}
}

static void drain(void)
{
	const uint8_t *p;

	while (take(&p))
		;
}

static void shake_hands(unsigned i)
{
	const uint8_t sack[] = { 2, 4, 0, (uint8_t)mss, 4, 2, 1, 3, 3, 7, 1, 1 };
	struct segment s = { .sport = FIRST + i, .dport = port, .seq = 999,
	    .flags = SYN, .opts = mss ? sack : NULL, .nopts = sizeof(sack) };
	time_t end = time(NULL) + 10;
	const uint8_t *p;
	uint32_t seq;
	size_t n;

	put_tcp(my_ip, &s);
	do {
		if (time(NULL) > end)
			die("no answer to SYN");
		n = take(&p);
		if (!n)
			bus_wait(bus, 100);
	} while (!n || syn_ack(p, n, &seq) != s.sport);
	s.flags = ACK;
	s.opts = NULL;
	s.seq = 1000;
	s.ack = acks[i] = ends[i] = seq + 1;
	put_tcp(my_ip, &s);
}

static void connect_one(void)
{
	shake_hands(0);
}

static void connect_many(void)
{
	for (unsigned i = 0; i < MANY; i++)
		shake_hands(i);
}

/* How far comes what each connection is sent? */
static void heed(void)
{
	const uint8_t *p;
	uint32_t end;
	unsigned i;
	size_t n;

	while ((n = take(&p))) {
		if (n < 54 || p[12] != 8 || p[13] != 0 || p[23] != 6)
			continue;
		i = ((unsigned)p[36] << 8 | p[37]) - FIRST;
		end = get32(p + 38) + (uint32_t)n - AT4 - (p[46] >> 4) * 4u;
		if (i < MANY && (int32_t)(end - ends[i]) > 0)
			ends[i] = end;
	}
}

static void heed_for(unsigned ms)
{
	for (; ms; ms--) {
		heed();
		bus_wait(bus, 1);
	}
}

/*
 * 20 connections with as many segments on their way as a peer can have there:
 * all is acknowledged until the window has grown, and then nothing.
 */
#define FEW		20
#define SMALLEST	48

static void connect_sacks(void)
{
	mss = SMALLEST;
	for (unsigned i = 0; i < FEW; i++)
		shake_hands(i);
	for (unsigned round = 0; round < 40; round++) {
		heed_for(20);
		for (unsigned i = 0; i < FEW; i++) {
			acks[i] = ends[i];
			put_tcp(my_ip, &(struct segment){ .sport = FIRST + i,
			    .dport = port, .seq = 1000, .ack = acks[i],
			    .flags = ACK });
		}
	}
	heed_for(200);
}

/* Each second segment of a connection has come: from the last to the first. */
static void sacks(unsigned long n)
{
	unsigned i = n % FEW;
	uint32_t sent = (ends[i] - acks[i]) / SMALLEST, at;
	uint8_t o[] = { 1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0 };

	if (sent < 4)
		return;
	at = sent - 1 - (uint32_t)(n / FEW * 2) % (sent - 2);
	put32(o + 4, acks[i] + at * SMALLEST);
	put32(o + 8, acks[i] + at * SMALLEST + SMALLEST);
	put_tcp(my_ip, &(struct segment){ .sport = FIRST + i, .dport = port,
	    .seq = 1000, .ack = acks[i], .flags = ACK, .opts = o,
	    .nopts = sizeof(o) });
}

/* Data of connection i, `at` bytes behind those that are due. */
static void put_data(unsigned i, uint32_t at, size_t n)
{
	put_tcp(my_ip, &(struct segment){ .sport = FIRST + i, .dport = port,
	    .flags = ACK | PSH, .seq = 1000 + at, .ack = acks[i], .n = n });
}

/* An address whose last bytes are a number. */
static const uint8_t *numbered(const uint8_t *like, size_t len, unsigned long i)
{
	static uint8_t a[16];

	memcpy(a, like, len);
	put16(a + len - 2, i & 0xffff);
	a[len - 3] = (uint8_t)(i >> 16);
	return a;
}

/* 150 neighbours of 10.0.0.0/24 that are not there. */
static const uint8_t *absent(unsigned long i)
{
	static uint8_t a[4];

	memcpy(a, my_ip, 4);
	a[3] = (uint8_t)(100 + i % 150);
	return a;
}

static void syn(unsigned long i)
{
	put_tcp(absent(i / 60000), &(struct segment){ .dport = port,
	    .sport = 1024 + i % 60000, .seq = (uint32_t)i, .flags = SYN });
}

static void accepted(unsigned long i)
{
	put_tcp(my_ip, &(struct segment){ .sport = 1024 + i % 60000,
	    .dport = port, .seq = 999, .flags = SYN });
	/* So slowly that they are not taken for SYNs without an end. */
	if (i % 32 == 0)
		bus_wait(bus, 2);
}

static void bytes(unsigned long i)
{
	put_data(0, (uint32_t)i, 1);
}

static void holes(unsigned long i)
{
	put_data(0, 1 + 2 * (uint32_t)i, 1);
}

/* A window of 4 MiB of each connection, without its first segment. */
static void reorder(unsigned long i)
{
	put_data(i % MANY, 1460 * (1 + (uint32_t)(i / MANY) % 2800), 1460);
}

static void fragments(unsigned long i)
{
	put_ip(f, my_ip, 17, 0x2000, i & 0xffff, 1024);
}

static void fragments6(unsigned long i)
{
	uint8_t *h = f + AT6;

	h[0] = 17;
	put16(h + 2, 1);
	put32(h + 4, (uint32_t)i);
	put_ip6(f, my_ip6, 44, 8 + 1024);
}

static void neighbours(unsigned long i)
{
	f[AT4] = 8;
	put_icmp(f, absent(i), 8000);
}

static void neighbours6(unsigned long i)
{
	f[AT6] = 128;
	put_icmp6(f, numbered(my_ip6, 16, i % 1000), 8000);
}

static void arp(unsigned long i)
{
	put_arp(1, numbered(my_ip, 4, 65536 + i));
}

static void solicit(unsigned long i)
{
	uint8_t *m = f + AT6;

	m[0] = 135;
	memcpy(m + 8, ip6, 16);
	m[24] = 1;		/* my MAC address */
	m[25] = 1;
	memcpy(m + 26, my_mac, 6);
	put_icmp6(f, numbered(my_ip6, 16, i), 32);
}

static void datagrams(unsigned long i)
{
	put_udp(f, my_ip, 9, port + i % 40, 1000);
}

/* "Packet too big", about one of PORT's to somebody else each time. */
static void too_big(unsigned long i)
{
	uint8_t *m = f + AT4, *q = m + 8;

	m[0] = 3;
	m[1] = 4;
	put16(m + 6, 600);
	q[0] = 0x45;
	put16(q + 2, 1000);
	q[9] = 17;
	memcpy(q + 12, ip, 4);
	memcpy(q + 16, numbered(my_ip, 4, i), 4);
	put16(q + 20, port);
	put_icmp(f, my_ip, 8 + 28);
}

/* The same of IPv6, about an answer to a ping. */
static void too_big6(unsigned long i)
{
	uint8_t *m = f + AT6, *q = m + 8;

	m[0] = 2;
	put32(m + 4, 1300);
	q[0] = 0x60;
	put16(q + 4, 1400);
	q[6] = 58;
	memcpy(q + 8, ip6, 16);
	memcpy(q + 24, numbered(my_ip6, 16, i), 16);
	q[40] = 129;
	put_icmp6(f, my_ip6, 8 + 40 + 8);
}

/* A router each time, and its network, where hosts make their addresses. */
static void routers(unsigned long i)
{
	uint8_t *m = f + AT6, *o = m + 16;

	m[0] = 134;
	put16(m + 6, 9000);		/* s */
	o[0] = 3;
	o[1] = 4;
	o[2] = 64;
	o[3] = 0xc0;
	put32(o + 4, 9000);
	put32(o + 8, 9000);
	put32(o + 16, 0x20010db8);
	put32(o + 20, (uint32_t)i);
	put_icmp6(f, numbered(my_ip6, 16, i), 16 + 32);
}

/* "Who is a member of which groups?", of both families. */
static void queries(unsigned long i)
{
	uint8_t *m = f + (i & 1 ? AT6 : AT4);

	memset(m, 0, 24);
	m[0] = i & 1 ? 130 : 0x11;
	if (i & 1) {
		put_icmp6(f, my_ip6, 24);
		return;
	}
	m[1] = 100;		/* tenths of a second */
	set_sum(m + 2, stack_chksum(m, 8));
	put_ip(f, my_ip, 2, 0, 0, 8);
}

static const struct kind {
	const char *name;
	void (*begin)(void);
	void (*one)(unsigned long i);
} kinds[] = {
	/* SYNs, of many addresses, that are never completed */
	{ "syn", NULL, syn },
	/* connections that are completed; at most 60,000 are different ones */
	{ "accepted", NULL, accepted },
	/* one connection, segments of one byte: in order, none in order */
	{ "bytes", connect_one, bytes },
	{ "holes", connect_one, holes },
	/* 100 connections, full segments, none in order */
	{ "reorder", connect_many, reorder },
	/* 20 connections, PORT sends: one segment told of at a time */
	{ "sacks", connect_sacks, sacks },
	/* first fragments of datagrams that never get complete */
	{ "fragments", NULL, fragments },
	{ "fragments6", NULL, fragments6 },
	/* large echo requests of addresses that nobody has: answers wait */
	{ "neighbours", NULL, neighbours },
	{ "neighbours6", NULL, neighbours6 },
	/* "who has your address?", each from another address */
	{ "arp", NULL, arp },
	{ "solicit", NULL, solicit },
	/* datagrams to PORT and the 39 after it, by turns */
	{ "datagrams", NULL, datagrams },
	{ "too_big", NULL, too_big },
	{ "too_big6", NULL, too_big6 },
	{ "routers", NULL, routers },
	{ "queries", NULL, queries },
};

/* As fast as the target takes it: what is lost does no harm. */
static void keep_pace(void (*look)(void))
{
	struct bus_member m;

	while (bus_member(bus, slot, &m) == 1 && m.behind > 1 << 20) {
		look();
		bus_wait(bus, 1);
	}
}

static void flood(const struct kind *k, unsigned long count)
{
	void (*look)(void) = k->one == accepted ? complete :
	    k->one == sacks ? heed : drain;

	if (k->begin)
		k->begin();
	for (unsigned long i = 0; i < count; i++) {
		k->one(i);
		look();
		if (i % 256 == 0)
			keep_pace(look);
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		bus_wait(bus, 1000);
		look();
	}
}

int main(int argc, char **argv)
{
	if (argc != 6)
		die("usage: h_flood BUS IP PORT KIND COUNT");
	join(argv[1], argv[2]);
	port = (uint16_t)atoi(argv[3]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, argv[4]))
			flood(&kinds[i], strtoul(argv[5], NULL, 10));
	die("no such kind");
}
