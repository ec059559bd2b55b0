/* h_conform_raw.c: raw and ping sockets. */
#include "tests/h_conform.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

static bool six(void)
{
	return fam == AF_INET6;
}

static int echo_proto(void)
{
	return six() ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

static uint16_t sum16(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint32_t s = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)(b[i] << 8 | b[i + 1]);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

/* An echo request of 16 bytes; ident and sum are left out for ping sockets. */
static void request(uint8_t p[static 16], int ident)
{
	memset(p, 0, 16);
	p[0] = six() ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	p[4] = (uint8_t)(ident >> 8);
	p[5] = (uint8_t)ident;
	p[7] = 1;
	memcpy(p + 8, "conform!", 8);
	if (!six() && ident) {
		uint16_t s = sum16(p, 16);

		memcpy(p + 2, &s, 2);
	}
}

static void ping(void)
{
	int fd = (int)NEED(socket(fam, SOCK_DGRAM, echo_proto()));
	union any_addr a = addr_of(fam, NULL, 0), from;
	socklen_t len = sizeof(from);
	uint8_t p[16], b[64];
	ssize_t n;

	show_ready("fresh", fd);
	say("name", "%s", name_text(fd));
	request(p, 0);
	CALL("no address", send(fd, p, 16, 0));
	CALL("sendto", sendto(fd, p, 16, 0, &a.sa, size_of(fam)));
	say("reply", "%d", wait_for(fd, POLLIN));
	say("name then", "%s", name_text(fd));
	n = recvfrom(fd, b, sizeof(b), 0, &from.sa, &len);
	say("length", "%s", result(n));
	say("from", "%s", addr_text(&from, len));
	say("type", "%d code %d", b[0], b[1]);
	say("data", "%.8s", (char *)b + 8);
	p[0] = six() ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	CALL("send a reply", sendto(fd, p, 16, 0, &a.sa, size_of(fam)));
	CALL("too short", sendto(fd, p, 4, 0, &a.sa, size_of(fam)));
	request(p, 0);
	p[1] = 1;
	CALL("code 1", sendto(fd, p, 16, 0, &a.sa, size_of(fam)));
	CALL("bind", bind_to(fd, fam, NULL, 0));
	CALL("connect", connect_to(fd, fam, NULL, 0));
	say("peer", "%s", peer_text(fd));
	request(p, 0);
	CALL("send", send(fd, p, 16, 0));
	say("reply 2", "%d", wait_for(fd, POLLIN));
	CALL("recv", recv(fd, b, sizeof(b), MSG_DONTWAIT));
	CALL("listen", listen(fd, 1));
	CALL("accept", accept(fd, NULL, NULL));
	close(fd);
	fd = (int)NEED(socket(fam, SOCK_DGRAM, echo_proto()));
	CALL("bind an identifier", bind_to(fd, fam, NULL, 4321));
	say("it is the port", "%d", port_of(fd) == 4321);
	CALL("bound, sendto", sendto(fd, p, 16, 0, &a.sa, size_of(fam)));
	wait_for(fd, POLLIN);
	CALL("bound, recv", recv(fd, b, sizeof(b), MSG_DONTWAIT));
	say("identifier", "%d", b[4] << 8 | b[5]);
	CALL("the same again", bind_to((int)socket(fam, SOCK_DGRAM,
	    echo_proto()), fam, NULL, 4321));
}

static void raw_echo(void)
{
	int fd = (int)NEED(socket(fam, SOCK_RAW, echo_proto()));
	union any_addr a = addr_of(fam, NULL, 0), from;
	socklen_t len = sizeof(from);
	uint8_t p[16], b[128];
	int seen = 0;
	ssize_t n;

	show_ready("fresh", fd);
	request(p, 0x1234);
	CALL("no address", send(fd, p, 16, 0));
	CALL("sendto", sendto(fd, p, 16, 0, &a.sa, size_of(fam)));
	/* The request itself arrives as well, on the loopback. */
	for (long end = now_ms() + 1000; seen < 2 && now_ms() < end;) {
		if (!(poll_fd(fd, POLLIN, 100) & POLLIN))
			continue;
		n = recvfrom(fd, b, sizeof(b), 0, &from.sa, &len);
		say(seen++ ? "second" : "first", "%zd bytes type %d", n,
		    six() ? b[0] : b[20]);
	}
	say("from", "%s", addr_text(&from, len));
	if (!six())
		say("header", "version %d length %d proto %d total %d",
		    b[0] >> 4, b[0] & 15, b[9], b[2] << 8 | b[3]);
	CALL("bind", bind_to(fd, fam, NULL, 0));
	say("name", "%s", name_text(fd));
	CALL("bind foreign", bind_to((int)socket(fam, SOCK_RAW, echo_proto()),
	    fam, six() ? "2001:db8::1" : "192.0.2.1", 0));
	CALL("connect", connect_to(fd, fam, NULL, 0));
	say("peer", "%s", peer_text(fd));
	CALL("send connected", send(fd, p, 16, 0));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("listen", listen(fd, 1));
	CALL("accept", accept(fd, NULL, NULL));
	CALL("shutdown", shutdown(fd, SHUT_WR));
	CALL("send then", send(fd, p, 16, MSG_NOSIGNAL));
}

static void raw_other(void)
{
	int fd = (int)NEED(socket(fam, SOCK_RAW, 253)), two;
	union any_addr a = addr_of(fam, NULL, 0);
	uint8_t b[64];

	two = (int)NEED(socket(fam, SOCK_RAW, 253));
	CALL("sendto", sendto(fd, "hello", 5, 0, &a.sa, size_of(fam)));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("recv", recv(fd, b, sizeof(b), MSG_DONTWAIT));
	say("the other too", "%d", wait_for(two, POLLIN));
	CALL("its recv", recv(two, b, sizeof(b), MSG_DONTWAIT));
	a = addr_of(fam, NULL, 99);
	CALL("with a port", sendto(fd, "hello", 5, 0, &a.sa, size_of(fam)));
	CALL("empty", sendto(fd, "", 0, 0, &a.sa, size_of(fam)));
	CALL("short address", sendto(fd, "x", 1, 0, &a.sa, 4));
}

static void header_included(void)
{
	int fd = (int)NEED(socket(AF_INET, SOCK_RAW, IPPROTO_RAW)), r;
	union any_addr a = addr_of(AF_INET, NULL, 0);
	struct { struct ip ip; char data[4]; } __attribute__((packed)) p;
	uint8_t b[64];

	r = (int)NEED(socket(AF_INET, SOCK_RAW, 253));
	memset(&p, 0, sizeof(p));
	p.ip.ip_v = 4;
	p.ip.ip_hl = 5;
	p.ip.ip_ttl = 9;
	p.ip.ip_p = 253;
	p.ip.ip_dst = a.in.sin_addr;
	memcpy(p.data, "data", 4);
	CALL("sendto", sendto(fd, &p, sizeof(p), 0, &a.sa, sizeof(a.in)));
	say("comes", "%d", wait_for(r, POLLIN));
	CALL("recv", recv(r, b, sizeof(b), MSG_DONTWAIT));
	say("header", "total %d ttl %d proto %d source %d.%d.%d.%d",
	    b[2] << 8 | b[3], b[8], b[9], b[12], b[13], b[14], b[15]);
	CALL("never receives", recv(fd, b, sizeof(b), MSG_DONTWAIT));
	CALL("too short", sendto(fd, &p, 10, 0, &a.sa, sizeof(a.in)));
	p.ip.ip_v = 6;
	CALL("version 6", sendto(fd, &p, sizeof(p), 0, &a.sa, sizeof(a.in)));
}

static void filtered(void)
{
	int fd = (int)NEED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	union any_addr a = addr_of(AF_INET, NULL, 0);
	uint32_t only = ~(1u << ICMP_ECHOREPLY);
	uint8_t p[16], b[64];

	fam = AF_INET;
	NEED(setsockopt(fd, SOL_RAW, 1, &only, sizeof(only)));
	request(p, 0x2345);
	CALL("send", sendto(fd, p, 16, 0, &a.sa, sizeof(a.in)));
	say("comes", "%d", wait_for(fd, POLLIN));
	CALL("recv", recv(fd, b, sizeof(b), MSG_DONTWAIT));
	say("type", "%d", b[20]);
	settle();
	CALL("nothing else", recv(fd, b, sizeof(b), MSG_DONTWAIT));
}

static const struct conform_case cases[] = {
	{ "ping", ping, false },
	{ "echo", raw_echo, false },
	{ "other", raw_other, false },
	{ "hdrincl", header_included, true },
	{ "filter", filtered, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
