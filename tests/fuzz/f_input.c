/*
 * f_input.c: frames from a stranger, to a host with a real connection, a
 * listener, and sockets of other kinds.  The input is a list of frames; most
 * get headers and sums that hold, so that what is behind them is reached.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"
#include "lwip/mld6.h"
#include "lwip/priv/tcp_priv.h"
#include "stack/core/core.h"
#include "stack/core/loop.c"
#include "stack/host.h"
#include "stack/ip/addr.h"
#include "stack/ip/ifconfig.h"
#include "stack/sock/sock.h"
#include "tests/fuzz/fuzz.h"

/*
 * lwIP keeps pointers in packets that it has in hand, where they are not
 * aligned: memory that is only waiting would be called lost.
 */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 2 };
static struct iface *f;
static uint32_t seq, ack;	/* of the stranger's end of the connection */
static uint16_t sport;
static int ends[8], nends;

static err_t output(struct netif *nif, struct pbuf *p)
{
	uint8_t b[54];

	(void)nif;
	/* What the host says last of its numbers. */
	if (pbuf_copy_partial(p, b, sizeof(b), 0) == sizeof(b) &&
	    b[12] == 8 && !b[13] && b[23] == IP_PROTO_TCP && b[47] & TCP_SYN) {
		memcpy(&ack, b + 38, 4);
		ack = ntohl(ack) + 1;
	}
	return ERR_OK;
}

static int attach(struct iface *new, char err[static IFACE_ERRLEN])
{
	(void)err;
	new->nif.hwaddr_len = 6;
	memcpy(new->nif.hwaddr, mac, 6);
	new->nif.mtu = new->nif.mtu6 = 1500;
	new->nif.linkoutput = output;
	new->nif.flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
	    NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	netif_set_link_up(&new->nif);
	return 0;
}

static void detach(struct iface *old)
{
	(void)old;
}

static const struct iface_driver driver = {
	.kind = "fuzz", .attach = attach, .detach = detach,
};

static void add_socket(int type, int protocol, uint16_t port)
{
	static const struct sock_owner owner = { .affinity = -1 };
	static struct wire_made made;
	struct wire_addr a = { .family = AF_INET, .port = htons(port) };
	struct sock *s;
	int sv[2];

	must(socketpair(AF_UNIX, type == SOCK_STREAM ? SOCK_STREAM :
	    SOCK_SEQPACKET, 0, sv) == 0, "no pair");
	ends[nends++] = sv[1];
	made.id++;
	must(sock_new(&s, &made, AF_INET, type, protocol, sv[0], &owner) == 0,
	    "no socket");
	if (port)
		must(s->ops->bind(s, &a) == 0, "no port");
	if (type == SOCK_STREAM)
		must(s->ops->listen(s, 64) == 0, "no listener");
}

static void start(void)
{
	static struct wire_ifaddr a4 = { .family = AF_INET, .plen = 24,
	    .ip = { 10, 0, 0, 1 } };
	static struct wire_ifaddr a6 = { .family = AF_INET6, .plen = 64,
	    .ip = { 0xfd, [15] = 1 } };
	static const uint8_t peer[4] = { 10, 0, 0, 2 };
	char err[IFACE_ERRLEN];
	struct eth_addr eth;
	ip6_addr_t ip6;
	ip4_addr_t ip;

	must(host_init() == 0, "no host");
	core_lock();
	ifconfig_driver_add(&driver);
	must(ifconfig_create("fuzz0", &f, err) == 0, err);
	must(ifconfig_addr_add(f, &a4, err) == 0, err);
	must(ifconfig_addr_add(f, &a6, err) == 0, err);
	memcpy(&ip.addr, peer, 4);
	memcpy(eth.addr, peer_mac, 6);
	etharp_add_static_entry(&ip, &eth);
	IP4_ADDR(&ip, 239, 1, 1, 1);
	igmp_joingroup_netif(&f->nif, &ip);
	IP6_ADDR(&ip6, PP_HTONL(0xff020000), 0, 0, PP_HTONL(0x10001));
	ip6_addr_assign_zone(&ip6, IP6_MULTICAST, &f->nif);
	mld6_joingroup_netif(&f->nif, &ip6);
	add_socket(SOCK_STREAM, 0, 80);
	add_socket(SOCK_DGRAM, 0, 53);
	add_socket(SOCK_RAW, IPPROTO_ICMP, 0);
	add_socket(SOCK_RAW, IPPROTO_UDP, 0);
	core_unlock();
}

static void give(const uint8_t *frame, size_t n)
{
	/* As long as the frame is, so that a byte behind it is noticed. */
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM);

	if (!p)
		return;
	pbuf_take(p, frame, (u16_t)n);
	if (f->nif.input(p, &f->nif) != ERR_OK)
		pbuf_free(p);
}

/* An IPv4 packet of protocol, whose n bytes of payload stand at 34. */
static void give_ip4(uint8_t *b, uint8_t protocol, size_t n, uint16_t frag)
{
	static const uint8_t addrs[8] = { 10, 0, 0, 2, 10, 0, 0, 1 };
	uint16_t len = htons((uint16_t)(n + 20)), sum;

	memcpy(b, mac, 6);
	memcpy(b + 6, peer_mac, 6);
	b[12] = 8;
	b[13] = 0;
	memset(b + 14, 0, 20);
	b[14] = 0x45;
	memcpy(b + 16, &len, 2);
	frag = htons(frag);
	memcpy(b + 20, &frag, 2);
	b[22] = 64;
	b[23] = protocol;
	memcpy(b + 26, addrs, 8);
	sum = inet_chksum(b + 14, 20);
	memcpy(b + 24, &sum, 2);
	give(b, n + 34);
}

/* A message of ICMP or IGMP whose sum holds. */
static void give_message(uint8_t *b, uint8_t protocol, size_t n)
{
	uint16_t sum;

	if (n >= 4) {
		memset(b + 36, 0, 2);
		sum = inet_chksum(b + 34, (u16_t)n);
		memcpy(b + 36, &sum, 2);
	}
	give_ip4(b, protocol, n, 0);
}

/* The same of ICMPv6, at 54, behind headers that are there. */
static void sum_message6(uint8_t *b, size_t n)
{
	struct pbuf p = { .payload = b + 54, .len = (u16_t)n,
	    .tot_len = (u16_t)n };
	ip6_addr_t from = { 0 }, to = { 0 };
	uint16_t sum;

	if (n < 4)
		return;
	memcpy(from.addr, b + 22, 16);
	memcpy(to.addr, b + 38, 16);
	memset(b + 56, 0, 2);
	sum = ip6_chksum_pseudo(&p, IP6_NEXTH_ICMP6, (u16_t)n, &from, &to);
	memcpy(b + 56, &sum, 2);
}

static uint16_t tcp_sum(const uint8_t *seg, size_t n)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM);
	ip4_addr_t from, to;
	uint16_t sum;

	must(p != NULL, "no memory");
	pbuf_take(p, seg, (u16_t)n);
	IP4_ADDR(&from, 10, 0, 0, 2);
	IP4_ADDR(&to, 10, 0, 0, 1);
	sum = inet_chksum_pseudo(p, IP_PROTO_TCP, (u16_t)n, &from, &to);
	pbuf_free(p);
	return sum;
}

/* options and payload stand behind the header; the rest is made here. */
static void give_tcp(uint8_t *b, uint8_t flags, unsigned options, size_t n,
    int off)
{
	uint8_t *t = b + 34;
	uint32_t v;
	uint16_t w;

	memset(t, 0, 20);
	t[0] = (uint8_t)(sport >> 8);
	t[1] = (uint8_t)sport;
	t[3] = 80;
	v = htonl(seq + (uint32_t)off);
	memcpy(t + 4, &v, 4);
	v = htonl(ack);
	memcpy(t + 8, &v, 4);
	t[12] = (uint8_t)((5 + options) << 4);
	t[13] = flags;
	t[14] = 0x20;
	w = tcp_sum(t, n + 20);
	memcpy(t + 16, &w, 2);
	give_ip4(b, IP_PROTO_TCP, n + 20, 0);
}

static void connect_anew(void)
{
	uint8_t b[34 + 20];

	sport = sport < 1024 || sport > 60000 ? 1024 : (uint16_t)(sport + 1);
	seq = 1000;
	give_tcp(b, TCP_SYN, 0, 0, 0);
	core_settle();
	seq++;
	give_tcp(b, TCP_ACK, 0, 0, 0);
	core_settle();
}

static void one(struct input *in)
{
	uint8_t b[34 + 20 + 1500], what = take8(in);
	int off = (int16_t)take16(in);
	size_t n;

	switch (what % 6) {
	case 0:
		give(b, take_bytes(in, b, 1514));
		break;
	case 1:
		n = take_bytes(in, b + 34, 1480);
		give_ip4(b, (uint8_t)off, n, what & 8 ? (uint16_t)off : 0);
		break;
	case 2:
		n = take_bytes(in, b + 54, 1400);
		memcpy(b, "\x33\x33\0\0\0\1", 6);
		memcpy(b + 6, peer_mac, 6);
		memcpy(b + 12, "\x86\xdd\x60\0\0", 5);
		b[17] = 0;
		b[18] = (uint8_t)(n >> 8);
		b[19] = (uint8_t)n;
		b[20] = (uint8_t)off;
		b[21] = what & 8 ? 255 : 64;
		memset(b + 22, 0, 32);
		/* Routers and groups are told of from link-local addresses. */
		memcpy(b + 22, what & 32 ? "\xfe\x80" : "\xfd\0", 2);
		b[37] = 2;
		memcpy(b + 38, what & 16 ? "\xff\2" : "\xfd\0", 2);
		b[53] = 1;
		if (b[20] == IP6_NEXTH_ICMP6)
			sum_message6(b, n);
		give(b, n + 54);
		break;
	case 3:
		n = take_bytes(in, b + 34, 1480);
		give_message(b, what & 8 ? IP_PROTO_IGMP : IP_PROTO_ICMP, n);
		break;
	default:
		n = take_bytes(in, b + 54, 1440);
		give_tcp(b, take8(in), what >> 4, n, off);
		if (what & 8)
			seq += (uint32_t)n;
	}
	core_settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t sink[1 << 16];
	struct input in = { p, n };

	if (!f)
		start();
	core_lock();
	connect_anew();
	while (in.n)
		one(&in);
	core_run_timers();
	core_settle();
	bury();
	core_unlock();
	for (int i = 0; i < nends; i++)
		while (recv(ends[i], sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
	return 0;
}
