/*
 * procnet.c: the text of the files of /proc/net that ifconfig(8), route(8),
 * arp(8) and netstat(8) read, made from the virtual host's tables.
 */
#include "hijack/procnet.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "hijack/dump.h"
#include "stack/sys.h"

#define LINE	320	/* bytes, the longest line there is */

__attribute__((format(printf, 2, 3)))
static void put(int fd, const char *fmt, ...)
{
	char line[LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		SYS3(SYS_write, fd, line, n < LINE ? n : LINE - 1);
}

static uint32_t word(const uint8_t ip[4])
{
	uint32_t w;

	memcpy(&w, ip, sizeof(w));
	return w;
}

static const char *hex(char buf[static 33], const uint8_t ip[16])
{
	for (int i = 0; i < 16; i++)
		sprintf(buf + i * 2, "%02x", ip[i]);
	return buf;
}

static void put_dev(int fd, const void *rec)
{
	const struct wire_link *l = rec;

	put(fd, "%6.15s: %7lu %7lu %4lu %4lu    0     0          0 %9lu "
	    "%8lu %7lu %4lu %4lu    0     0       0          0\n", l->name,
	    l->rx_bytes, l->rx_packets, l->rx_errors, l->rx_dropped,
	    l->rx_multicast, l->tx_bytes, l->tx_packets, l->tx_errors,
	    l->tx_dropped);
}

static void put_if_inet6(int fd, const void *rec)
{
	const struct wire_ifaddr *a = rec;
	char ip[33];

	if (a->family != AF_INET6)
		return;
	put(fd, "%s %02x %02x %02x %02x %8.15s\n", hex(ip, a->ip), a->ifindex,
	    a->plen, a->scope == 253 ? 0x20 : a->scope == 254 ? 0x10 : 0,
	    a->flags & WIRE_ADDR_AUTO ? 0 : 0x80, a->ifname);
}

static unsigned rtf(const struct wire_route *r)
{
	unsigned full = r->family == AF_INET ? 32 : 128;

	return RTF_UP | (r->flags & WIRE_RT_GATEWAY ? RTF_GATEWAY : 0) |
	    (r->plen == full ? RTF_HOST : 0) |
	    (r->flags & WIRE_RT_REJECT ? RTF_REJECT : 0) |
	    (r->flags & WIRE_RT_AUTO && full == 128 ? RTF_ADDRCONF : 0);
}

static void put_route(int fd, const void *rec)
{
	const struct wire_route *r = rec;
	char line[129];

	if (r->family != AF_INET)
		return;
	snprintf(line, sizeof(line), "%.15s\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X"
	    "\t%u\t0\t0", r->flags & WIRE_RT_REJECT ? "*" : r->ifname,
	    word(r->dst), r->flags & WIRE_RT_GATEWAY ? word(r->gw) : 0, rtf(r),
	    r->metric, r->plen ? htonl(~0u << (32 - r->plen)) : 0, r->mtu);
	put(fd, "%-127s\n", line);
}

static void put_ipv6_route(int fd, const void *rec)
{
	static const uint8_t none[16];
	const struct wire_route *r = rec;
	char dst[33], src[33], gw[33];

	if (r->family != AF_INET6)
		return;
	put(fd, "%s %02x %s 00 %s %08x 00000001 00000000 %08x %8.15s\n",
	    hex(dst, r->dst), r->plen, hex(src, none),
	    hex(gw, r->flags & WIRE_RT_GATEWAY ? r->gw : none),
	    r->metric ? r->metric : r->flags & WIRE_RT_CONNECTED ? 256 : 1024,
	    rtf(r), r->ifname);
}

static void put_arp(int fd, const void *rec)
{
	const struct wire_neigh *n = rec;
	char ip[INET_ADDRSTRLEN];
	unsigned flags = n->state & NUD_PERMANENT ? ATF_COM | ATF_PERM :
	    n->state & (NUD_INCOMPLETE | NUD_FAILED) ? 0 : ATF_COM;

	if (n->family != AF_INET)
		return;
	inet_ntop(AF_INET, n->ip, ip, sizeof(ip));
	put(fd, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:%02x     *"
	    "        %.15s\n", ip, ARPHRD_ETHER, flags, n->mac[0], n->mac[1],
	    n->mac[2], n->mac[3], n->mac[4], n->mac[5], n->ifname);
}

/* As the kernel writes them: in words of its own byte order. */
static const char *endpoint(char buf[static 48], int domain,
    const struct wire_addr *a)
{
	int n = 0;

	for (int i = 0; i < (domain == AF_INET ? 4 : 16); i += 4)
		n += sprintf(buf + n, "%08X", word(a->ip + i));
	sprintf(buf + n, ":%04X", ntohs(a->port));
	return buf;
}

static void put_sock(int fd, const void *rec, int domain, int type,
    int protocol)
{
	const struct wire_sock *s = rec;
	char local[48], peer[48];

	if (s->domain != domain || s->type != type ||
	    (protocol && s->protocol != protocol))
		return;
	put(fd, "%4u: %s %s %02X %08X:%08X 00:00000000 00000000 %5u        0 "
	    "%lu 1 0000000000000000 100 0 0 10 0\n", (unsigned)s->id & 0xfff,
	    endpoint(local, domain, &s->local),
	    endpoint(peer, domain, &s->peer), s->state, s->sendq, s->recvq,
	    s->uid, (unsigned long)(s->id & 0xffffffff));
}

#define SOCKS(name, domain, type, protocol)				\
	static void put_##name(int fd, const void *rec)			\
	{								\
		put_sock(fd, rec, domain, type, protocol);		\
	}
SOCKS(tcp, AF_INET, SOCK_STREAM, 0)
SOCKS(tcp6, AF_INET6, SOCK_STREAM, 0)
SOCKS(udp, AF_INET, SOCK_DGRAM, IPPROTO_UDP)
SOCKS(udp6, AF_INET6, SOCK_DGRAM, IPPROTO_UDP)
SOCKS(raw, AF_INET, SOCK_RAW, 0)
SOCKS(raw6, AF_INET6, SOCK_RAW, 0)
#undef SOCKS

#define SOCK_HEAD "  sl  local_address rem_address   st tx_queue rx_queue " \
	"tr tm->when retrnsmt   uid  timeout inode\n"

static const struct file {
	const char *name;
	const char *head;
	enum wire_dump what;
	size_t size;		/* of a record */
	void (*put)(int fd, const void *rec);
} files[] = {
	{ "dev", "Inter-|   Receive                                        "
	    "        |  Transmit\n face |bytes    packets errs drop fifo frame "
	    "compressed multicast|bytes    packets errs drop fifo colls "
	    "carrier compressed\n", WIRE_DUMP_LINK, sizeof(struct wire_link),
	    put_dev },
	{ "if_inet6", "", WIRE_DUMP_ADDR, sizeof(struct wire_ifaddr),
	    put_if_inet6 },
	{ "route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\t"
	    "Mask\t\tMTU\tWindow\tIRTT\n", WIRE_DUMP_ROUTE,
	    sizeof(struct wire_route), put_route },
	{ "ipv6_route", "", WIRE_DUMP_ROUTE, sizeof(struct wire_route),
	    put_ipv6_route },
	{ "arp", "IP address       HW type     Flags       HW address        "
	    "    Mask     Device\n", WIRE_DUMP_NEIGH,
	    sizeof(struct wire_neigh), put_arp },
#define SOCKS(name) \
	{ #name, SOCK_HEAD, WIRE_DUMP_SOCK, sizeof(struct wire_sock), \
	    put_##name }
	SOCKS(tcp), SOCKS(tcp6), SOCKS(udp), SOCKS(udp6), SOCKS(raw),
	SOCKS(raw6),
#undef SOCKS
};

static void fill(int fd, const struct file *f, int list, unsigned count)
{
	union {
		struct wire_link l;
		struct wire_ifaddr a;
		struct wire_route r;
		struct wire_neigh n;
		struct wire_sock s;
	} rec;

	put(fd, "%s", f->head);
	for (unsigned i = 0; i < count && dump_get(list, i, &rec, f->size); i++)
		f->put(fd, &rec);
	SYS3(SYS_lseek, fd, 0, SEEK_SET);
}

int procnet_make(const char *name)
{
	const struct file *f;
	unsigned count;
	int list, fd;

	for (f = files; f < files + sizeof(files) / sizeof(files[0]); f++)
		if (!strcmp(f->name, name))
			break;
	if (f == files + sizeof(files) / sizeof(files[0]))
		return -ENOENT;
	list = dump_open(f->what, &count);
	if (list < 0)
		return list;
	fd = (int)SYS2(SYS_memfd_create, "procnet", MFD_CLOEXEC);
	if (fd >= 0)
		fill(fd, f, list, count);
	sys_close(list);
	return fd;
}
