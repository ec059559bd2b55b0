/*
 * u_bridge.c: what bridges tell each other, as bytes; which MAC is where; guests
 * of a bus and whose they are; who is forgotten, and what is said of clashes;
 * segments that become a large one again.
 */
#include "tests/u_bus.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "bus/bridgehosts.h"
#include "bus/bridgemacs.h"
#include "bus/bridgemsg.h"
#include "bus/bridgeout.h"
#include "bus/gso.h"
#include "stack/wire/clock.h"

static struct bus_guest_info host(const char *name, const char *ip4)
{
	struct bus_guest_info h = { .addr[0] = { AF_INET, 24, { 0 } } };

	snprintf(h.name, sizeof(h.name), "%s", name);
	CHECK_EQ(inet_pton(AF_INET, ip4, h.addr[0].addr), 1);
	return h;
}

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

/* 256 hosts, in frames that each stand for themselves. */
static void test_message(void)
{
	struct bridgemsg m = { .id = 0x1122334455667788ull, .round = 7,
		.youngest = { 1, 42, 43 } };
	struct bus_guest_info all[256];
	static struct bridgemsg got;
	uint8_t frame[BRIDGEMSG_MAX];
	size_t from = 0, n, have = 0;
	char name[20], ip[20];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "host-%d.x", i);
		snprintf(ip, sizeof(ip), "10.1.2.%d", i);
		all[i] = host(name, ip);
		all[i].addr[1] = (struct bus_addr){ AF_INET6, 64,
		    { 0xfd, 0, [15] = 1 } };
	}
	while (from < 256) {
		n = bridgemsg_make(frame, &m, mac, all, 256, &from);
		CHECK(n <= BRIDGEMSG_MAX && bridgemsg_is(frame, n));
		CHECK(bridgemsg_parse(&got, frame, n));
		CHECK_EQ(got.id, m.id);
		CHECK_EQ(got.round, 7);
		CHECK(!memcmp(&got.youngest.since, &m.youngest.since, 16));
		for (unsigned i = 0; i < got.n; i++)
			CHECK(!memcmp(&got.host[i], &all[have++],
			    sizeof(all[0])));
	}
	CHECK_EQ(have, 256);
	bridgemsg_pass(frame, &(struct bridge_age){ 1, 41, 99 });
	CHECK(bridgemsg_parse(&got, frame, n));
	CHECK(got.hops == 1 && got.youngest.id == 43);
	bridgemsg_pass(frame, &(struct bridge_age){ 1, 42, 99 });
	CHECK(bridgemsg_parse(&got, frame, n));
	CHECK(got.hops == 2 && got.youngest.id == 99);
	bridgemsg_pass(frame, &(struct bridge_age){ 0, 1000, 1000 });
	CHECK(bridgemsg_parse(&got, frame, n));
	CHECK_EQ(got.youngest.id, 99);
}

/* Cut short, or with what no host would tell. */
static void test_hostile(void)
{
	struct bridgemsg m = { .id = 1 };
	struct bus_guest_info h = host("web", "10.0.0.1");
	static const struct { unsigned at; uint8_t is; } odd[] = {
		{ 14, 'S' }, { 18, 2 }, { 21, 2 }, { 21, 255 },
		{ 51, 64 }, { 51, 255 }, { 52, 9 }, { 52, 255 },
		{ 53, ' ' }, { 53, '-' }, { 53, 0 }, { 54, '/' }, { 54, 0xff },
		{ 56, 5 }, { 57, 33 }, { 58, 0 }, { 58, 127 }, { 58, 224 },
	};
	uint8_t frame[BRIDGEMSG_MAX], bad[BRIDGEMSG_MAX], *p;
	static struct bridgemsg got;
	uint64_t state = 1;
	size_t from = 0, n;

	n = bridgemsg_make(frame, &m, mac, &h, 1, &from);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		memcpy(bad, frame, n);
		bad[odd[i].at] = odd[i].is;
		CHECK(!bridgemsg_parse(&got, bad, n));
	}
	for (size_t len = 0; len < n; len++) {
		p = malloc(len + 1);
		memcpy(p, frame, len);
		CHECK(!bridgemsg_parse(&got, p, len));
		free(p);
	}
	for (int i = 0; i < 100000; i++) {
		memcpy(bad, frame, n);
		for (int k = 0; k < 4; k++)
			bad[18 + t_random(&state) % (n - 18)] =
			    (uint8_t)t_random(&state);
		if (!bridgemsg_parse(&got, bad, n))
			continue;
		for (unsigned k = 0; k < got.n; k++)
			CHECK(strlen(got.host[k].name) < BUS_NAMELEN);
	}
}

static void test_macs(void)
{
	static struct bridgemacs t;
	uint8_t m[6] = { 2 };
	uint64_t now = 5 * CLOCK_NS_S;
	unsigned known = 0;

	for (unsigned i = 0; i < 1000; i++) {
		memcpy(m + 2, &i, 4);
		CHECK_EQ(bridgemacs_find(&t, m, now), -1);
		bridgemacs_learn(&t, m, i % 2, now);
		CHECK_EQ(bridgemacs_find(&t, m, now), i % 2);
	}
	for (unsigned i = 0; i < 1000; i++) {
		memcpy(m + 2, &i, 4);
		known += bridgemacs_find(&t, m, now) == (int)(i % 2);
	}
	CHECK(known > 950);
	bridgemacs_learn(&t, m, 0, now);
	CHECK_EQ(bridgemacs_find(&t, m, now), 0);
	CHECK_EQ(bridgemacs_find(&t, m, now + 301 * CLOCK_NS_S), -1);
	m[0] = 3;
	bridgemacs_learn(&t, m, 0, now);
	CHECK_EQ(bridgemacs_find(&t, m, now), -1);
}

static unsigned guests(struct bus *b)
{
	struct bus_member m;
	unsigned n = 0;

	for (unsigned i = BUS_SLOTS; i < BUS_HOSTS; i++)
		n += bus_host(b, i, &m) == 1;
	return n;
}

/* Guests come and go with their bridge, and are found after members. */
static void test_guests(void)
{
	const struct bus_want want = { .name = "web" };
	struct bus_guest_info many[BUS_GUESTS + 9];
	struct bus *a, *b, *c;
	struct bus_addr addr = { AF_INET, 24, { 10, 0, 0, 77 } };
	struct bus_member m;
	char text[BUS_HOSTTEXT];
	int at;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	c = t_open(0);
	CHECK(!bus_bridged(a));
	bus_announce_bridge(b, 5, "far away");
	CHECK(bus_bridged(a) && !bus_bridged(b));
	CHECK_EQ(bus_member(a, (unsigned)bus_slot(b), &m), 1);
	CHECK(m.bridge && m.bridge_id == 5 && !strcmp(m.far, "far away"));
	CHECK_EQ(m.server[0], 0);
	for (unsigned i = 0; i < BUS_GUESTS + 9; i++) {
		many[i] = host("x", "10.0.0.77");
		snprintf(many[i].name, sizeof(many[i].name), "x%u", i);
		many[i].addr[0].addr[2] = (uint8_t)i;
	}
	CHECK_EQ(bus_put_guests(b, many, 3), 0);
	CHECK_EQ(guests(a), 3);
	CHECK_EQ(bus_check_addr(a, &addr, &at), -EADDRINUSE);
	bus_host_text(a, (unsigned)at, text);
	CHECK(strstr(text, "x0 beyond the bridge in slot"));
	CHECK_EQ(bus_put_guests(b, many + 2, 2), 0);
	CHECK_EQ(guests(a), 2);
	CHECK_EQ(bus_check_addr(a, &addr, &at), 0);
	CHECK_EQ(bus_put_guests(b, many, BUS_GUESTS + 9), 9);
	CHECK_EQ(guests(a), BUS_GUESTS);
	bus_leave(b);
	CHECK_EQ(guests(a), 0);
	CHECK(!bus_bridged(a));
	/* Who gets its slot is no bridge. */
	CHECK(bus_join(c, &want, t_err) >= 0);
	CHECK_EQ(bus_member(a, (unsigned)bus_slot(c), &m), 1);
	CHECK(!m.bridge);
	CHECK_EQ(guests(a), 0);
	bus_close(a);
	bus_close(b);
	bus_close(c);
}

/* A bridge is left alone by what members send each other. */
static void test_quiet(void)
{
	struct bus *a, *b, *br;
	uint8_t buf[2000];
	uint8_t frame[100] = { 0 };

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	b = t_member();
	br = t_member();
	bus_announce_bridge(br, 5, "x");
	bus_set_promisc(br, true);
	memcpy(frame, bus_mac(b), 6);
	memcpy(frame + 6, bus_mac(a), 6);
	CHECK_EQ(t_send(a, frame, sizeof(frame)), 0);
	CHECK_EQ(bus_peek(br), 0);
	CHECK_EQ(bus_peek(b), sizeof(frame));
	frame[0] = 2;				/* a stranger's */
	CHECK_EQ(t_send(a, frame, sizeof(frame)), 0);
	CHECK_EQ(bus_take(br, buf, sizeof(buf), &t_unit), sizeof(frame));
	memset(frame, 0xff, 6);
	CHECK_EQ(t_send(a, frame, sizeof(frame)), 0);
	CHECK_EQ(bus_take(br, buf, sizeof(buf), &t_unit), sizeof(frame));
	memcpy(frame, bus_mac(br), 6);
	CHECK_EQ(t_send(a, frame, sizeof(frame)), 0);
	CHECK_EQ(bus_take(br, buf, sizeof(buf), &t_unit), sizeof(frame));
	bus_close(a);
	bus_close(b);
	bus_close(br);
}

static unsigned said;
static char line[BUS_ERRLEN];

static void say(const char *text)
{
	said++;
	snprintf(line, sizeof(line), "%s", text);
}

static void test_hosts(void)
{
	static const char *const name[2] = { "left", "right" };
	static struct bridgehosts h;
	static struct bridgemsg m = { .id = 9, .round = 1, .n = 2 };
	static struct bus_guest_info all[BUS_SLOTS + BRIDGEHOSTS_HEARD];
	uint64_t now = CLOCK_NS_S;

	m.host[0] = host("web", "10.0.0.1");
	m.host[1] = host("db", "10.0.0.2");
	CHECK(bridgehosts_hear(&h, 0, &m, now));
	CHECK(!bridgehosts_hear(&h, 0, &m, now));
	CHECK_EQ(bridgehosts_all(&h, 0, all), 2);
	m.n = 1;
	m.round = 2;
	bridgehosts_hear(&h, 0, &m, now);
	CHECK_EQ(bridgehosts_all(&h, 0, all), 2);
	m.round = 3;
	CHECK(bridgehosts_hear(&h, 0, &m, now));	/* db is gone */
	CHECK_EQ(bridgehosts_all(&h, 0, all), 1);
	m.id = 10;
	m.host[0] = host("web", "10.0.0.3");
	bridgehosts_hear(&h, 1, &m, now);
	bridgehosts_clashes(&h, name, now, say);
	CHECK_EQ(said, 0);
	bridgehosts_clashes(&h, name, now + CLOCK_NS_S, say);
	CHECK_EQ(said, 1);
	CHECK(strstr(line, "web: 10.0.0.1 on left and 10.0.0.3 on right"));
	m.host[0] = host("other", "10.0.0.1");
	bridgehosts_hear(&h, 1, &m, now);
	for (int i = 0; i < 5; i++)
		bridgehosts_clashes(&h, name, now + 9 * i * CLOCK_NS_S, say);
	CHECK_EQ(said, 2);
	CHECK(strstr(line, "10.0.0.1: web on left and other on right"));
	bridgehosts_expire(&h, now + 4 * CLOCK_NS_S);
	CHECK_EQ(h.num_heard[0] + h.num_heard[1], 0);
	/* A stranger who tells of ever more hosts. */
	for (int i = 0; i < 1000; i++) {
		m.id = (uint64_t)i + 1;
		bridgehosts_hear(&h, 0, &m, now);
	}
	CHECK_EQ(h.num_heard[0], BRIDGEHOSTS_HEARD);
	CHECK(h.crowded[0]);
}

static uint64_t words(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (unsigned)p[i] << 8;
	return sum;
}

static void put_sum(uint8_t *p, uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p[0] = (uint8_t)(~sum >> 8);
	p[1] = (uint8_t)~sum;
}

/* A segment of a stream, its sums by the letter of RFC 1071. */
static size_t segment(uint8_t *f, unsigned seq, unsigned payload)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1,
		8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 0, 81, 0, 0, 0, 0,
		0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0 };

	memcpy(f, head, sizeof(head));
	f[16] = (uint8_t)((40 + payload) >> 8);
	f[17] = (uint8_t)(40 + payload);
	f[19] = (uint8_t)(seq / 1000);		/* IP's id */
	f[40] = (uint8_t)(seq >> 8);
	f[41] = (uint8_t)seq;
	for (unsigned i = 0; i < payload; i++)
		f[54 + i] = (uint8_t)(seq + i);
	put_sum(f + 24, words(f + 14, 20));
	put_sum(f + 50, words(f + 26, 8) + 6 + 20 + payload +
	    words(f + 34, 20 + payload));
	return 54 + payload;
}

#define SEGMENTS 9

/* From a plug to a bus: what is read there, cut, is what was put in. */
static unsigned through(struct bridge_out *o, struct bus *reader,
    uint8_t (*f)[1100], const size_t *len)
{
	static uint8_t buf[GSO_MAX], one[1100];
	unsigned records = 0, at = 0;
	uint32_t seg_size;
	struct gso_cut c;
	ssize_t n;

	for (unsigned i = 0; i < SEGMENTS; i++)
		bridgeout_hold(o, f[i], len[i]);
	bridgeout_flush(o);
	while (bus_peek(reader) > 0) {
		n = bus_take(reader, buf, sizeof(buf), &seg_size);
		records++;
		gso_open(&c, buf, (size_t)n, seg_size);
		for (unsigned i = 0; i < c.n; i++, at++) {
			CHECK_EQ(gso_frame(&c, i, one, sizeof(one)), len[at]);
			CHECK(!memcmp(one, f[at], len[at]));
		}
	}
	CHECK_EQ(at, SEGMENTS);
	return records;
}

static void test_segments(void)
{
	struct bridge_side plug = { 0 }, to = { 0 };
	static uint8_t f[SEGMENTS][1100];
	static struct bridge_out o;
	size_t len[SEGMENTS];
	struct bus *reader;

	t_create(BUS_SIZE_MIN, 1500);
	to.bus = t_member();
	reader = t_member();
	bus_set_promisc(reader, true);
	pthread_mutex_init(&to.send, NULL);
	CHECK_EQ(bridgeout_init(&o, &plug, &to), 0);
	for (unsigned i = 0; i < SEGMENTS; i++)
		len[i] = segment(f[i], i * 1000, i == 8 ? 300 : 1000);
	CHECK_EQ(through(&o, reader, f, len), 1);
	f[4][200] ^= 1;				/* a sum is wrong: alone */
	CHECK_EQ(through(&o, reader, f, len), 3);
	f[4][200] ^= 1;
	len[4] = segment(f[4], 4000, 998);	/* the last of a large one */
	CHECK_EQ(through(&o, reader, f, len), 2);
	len[4] = segment(f[4], 4000, 0);	/* no payload */
	CHECK_EQ(through(&o, reader, f, len), 3);
	bridgeout_free(&o);
	bus_close(to.bus);
	bus_close(reader);
}

int main(void)
{
	t_start();
	test_message();
	test_hostile();
	test_macs();
	test_guests();
	test_quiet();
	test_hosts();
	test_segments();
	return 0;
}
