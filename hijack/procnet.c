/*
 * procnet.c: the text of the files of /proc/net that ifconfig(8), route(8),
 * arp(8) and netstat(8) read, made from the virtual host's tables.
 */
#include "hijack/procnet.h"

#include <linux/memfd.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "hijack/hostname.h"
#include "hijack/procgroup.h"
#include "hijack/procroute.h"
#include "hijack/proctext.h"
#include "stack/wire/sys.h"

static void put_dev(struct text *t, int arg)
{
	struct wire_link l;
	struct rows rows = rows_of(t, WIRE_DUMP_LINK);

	(void)arg;
	text_put(t, 0, "Inter-|   Receive                            "
	    "                    |  Transmit\n");
	text_put(t, 0, " face |bytes    packets errs drop fifo frame "
	    "compressed multicast|bytes    packets errs drop fifo colls "
	    "carrier compressed\n");
	while (rows_next(&rows, &l, sizeof(l))) {
		l.name[sizeof(l.name) - 1] = '\0';
		text_put(t, 0, "%6s: %7llu %7llu %4llu %4llu    0     0       "
		    "   0 %9llu %8llu %7llu %4llu %4llu    0     0       0"
		    "          0\n", l.name,
		    (unsigned long long)l.rx_bytes,
		    (unsigned long long)l.rx_packets,
		    (unsigned long long)l.rx_errors,
		    (unsigned long long)l.rx_dropped,
		    (unsigned long long)l.rx_multicast,
		    (unsigned long long)l.tx_bytes,
		    (unsigned long long)l.tx_packets,
		    (unsigned long long)l.tx_errors,
		    (unsigned long long)l.tx_dropped);
	}
}

static void put_if_inet6(struct text *t, int arg)
{
	struct wire_ifaddr a;
	unsigned scope;
	struct rows rows = rows_of(t, WIRE_DUMP_ADDR);

	(void)arg;
	while (rows_next(&rows, &a, sizeof(a))) {
		if (a.family != AF_INET6)
			continue;
		a.ifname[sizeof(a.ifname) - 1] = '\0';
		scope = a.scope == 254 ? 0x10 : a.scope == 253 ? 0x20 : 0;
		text_hex(t, a.ip, "");
		text_put(t, 0, " %02x %02x %02x %02x %8s\n", a.ifindex, a.plen,
		    scope, (a.flags & WIRE_ADDR_AUTO ? 0 : 0x80) |
		    (a.flags & WIRE_ADDR_TENTATIVE ? 0x40 : 0), a.ifname);
	}
}

static void put_arp(struct text *t, int arg)
{
	struct wire_neigh n;
	unsigned flags;
	char ip[16];
	struct rows rows = rows_of(t, WIRE_DUMP_NEIGH);

	(void)arg;
	text_put(t, 0, "IP address       HW type     Flags       HW address"
	    "            Mask     Device\n");
	while (rows_next(&rows, &n, sizeof(n))) {
		if (n.family != AF_INET)
			continue;
		n.ifname[sizeof(n.ifname) - 1] = '\0';
		flags = n.state & (NUD_INCOMPLETE | NUD_FAILED) ? 0 : ATF_COM |
		    (n.state & NUD_PERMANENT ? ATF_PERM : 0);
		snprintf(ip, sizeof(ip), "%u.%u.%u.%u", n.ip[0], n.ip[1],
		    n.ip[2], n.ip[3]);
		text_put(t, 0, "%-16s 0x%-10x0x%-10x%02x:%02x:%02x:%02x:%02x:"
		    "%02x     *        %s\n", ip, ARPHRD_ETHER, flags, n.mac[0],
		    n.mac[1], n.mac[2], n.mac[3], n.mac[4], n.mac[5],
		    n.ifname);
	}
}

/* Sockets: tcp, udp and raw, for each family. */

enum { SOCKS_V6 = 0x1000 };	/* beside SOCK_STREAM... and the protocol */
#define SOCKS(type, protocol)	((type) << 16 | (protocol))

#define END_LEN	48

/* An address and a port as that family has them; IPv4 on IPv6 is mapped. */
static const char *end_text(char out[static END_LEN],
    const struct wire_addr *a, bool v6, unsigned port)
{
	uint8_t ip[16] = { 0 };

	if (!v6) {
		snprintf(out, END_LEN, "%08X:%04X", text_word(a->ip), port);
		return out;
	}
	if (a->family == AF_INET6) {
		memcpy(ip, a->ip, 16);
	} else if (a->family == AF_INET) {
		ip[10] = ip[11] = 0xff;
		memcpy(ip + 12, a->ip, 4);
	}
	snprintf(out, END_LEN, "%08X%08X%08X%08X:%04X", text_word(ip),
	    text_word(ip + 4), text_word(ip + 8), text_word(ip + 12), port);
	return out;
}

/* Linux lists a socket from the moment it has a port. */
static bool listed(const struct wire_sock *s, int arg)
{
	int type = arg >> 16, protocol = arg & 0xfff;
	int domain = arg & SOCKS_V6 ? AF_INET6 : AF_INET;

	if (s->domain != domain || s->type != type ||
	    (protocol && s->protocol != protocol))
		return false;
	if (type == SOCK_STREAM)
		return s->state && s->state != TCP_CLOSE;
	return type == SOCK_RAW || s->local.port;
}

/* Lines of IPv4 sockets are filled up to this, those of IPv6 are not. */
static size_t row_width(int arg)
{
	return arg & SOCKS_V6 ? 0 : arg >> 16 == SOCK_STREAM ? 149 :
	    arg >> 16 == SOCK_DGRAM ? 127 : 0;
}

static void put_sock(struct text *t, const struct wire_sock *s, unsigned row,
    int arg)
{
	char local[END_LEN], peer[END_LEN];
	bool v6 = arg & SOCKS_V6;
	unsigned port = ntohs(s->local.port);

	if (s->type == SOCK_RAW)
		port = (unsigned)s->protocol & 0xffff;
	/* No timer is known, and the inode only to the program itself. */
	text_row(t, row_width(arg), "%*u: %s %s %02X %08X:%08X 00:00000000 "
	    "00000000 %5u        0 0 2 0000000000000000%s",
	    s->type == SOCK_DGRAM ? 5 : 4, row,
	    end_text(local, &s->local, v6, port),
	    end_text(peer, &s->peer, v6, ntohs(s->peer.port)),
	    s->state & 0xff, s->sendq, s->recvq, s->uid,
	    s->type != SOCK_STREAM ? " 0" :
	    s->state == TCP_LISTEN ? " 100 0 0 10 0" : " 20 4 0 10 -1");
}

static void put_socks(struct text *t, int arg)
{
	struct rows rows = rows_of(t, WIRE_DUMP_SOCK);
	struct wire_sock s;
	unsigned row = 0;

	text_row(t, row_width(arg), "  sl  local_address %sst tx_queue rx_queue"
	    " tr tm->when retrnsmt   uid  timeout inode%s", arg & SOCKS_V6 ?
	    "                        remote_address                        " :
	    "rem_address   ", arg >> 16 == SOCK_STREAM ? "" :
	    " ref pointer drops");
	while (rows_next(&rows, &s, sizeof(s)))
		if (listed(&s, arg))
			put_sock(t, &s, row++, arg);
}

/* Counters: a field of snmp, and the setting of the host that has it. */
static const struct counter {
	const char *field;	/* with a blank: a new group */
	const char *name;	/* NULL: not counted */
} snmp[] = {
	{ "Ip: Forwarding", "net.inet.ip.forwarding" },
	{ "DefaultTTL", "net.inet.ip.ttl" },
	{ "InReceives", "net.inet.ip.stats.recv" },
	{ "InHdrErrors", "net.inet.ip.stats.chkerr" },
	{ "InAddrErrors", NULL },
	{ "ForwDatagrams", "net.inet.ip.stats.fw" },
	{ "InUnknownProtos", "net.inet.ip.stats.proterr" },
	{ "InDiscards", "net.inet.ip.stats.drop" },
	{ "InDelivers", "net.inet.ip.stats.recv" },
	{ "OutRequests", "net.inet.ip.stats.xmit" },
	{ "OutDiscards", "net.inet.ip.stats.memerr" },
	{ "OutNoRoutes", "net.inet.ip.stats.rterr" },
	{ "Icmp: InMsgs", "net.inet.icmp.stats.recv" },
	{ "InErrors", "net.inet.icmp.stats.drop" },
	{ "InCsumErrors", "net.inet.icmp.stats.chkerr" },
	{ "OutMsgs", "net.inet.icmp.stats.xmit" },
	{ "OutErrors", "net.inet.icmp.stats.memerr" },
	{ "Tcp: InSegs", "net.inet.tcp.stats.recv" },
	{ "OutSegs", "net.inet.tcp.stats.xmit" },
	{ "RetransSegs", NULL },
	{ "InErrs", "net.inet.tcp.stats.drop" },
	{ "InCsumErrors", "net.inet.tcp.stats.chkerr" },
	{ "Udp: InDatagrams", "net.inet.udp.stats.recv" },
	{ "NoPorts", "net.inet.udp.stats.proterr" },
	{ "InErrors", "net.inet.udp.stats.drop" },
	{ "OutDatagrams", "net.inet.udp.stats.xmit" },
	{ "InCsumErrors", "net.inet.udp.stats.chkerr" },
}, snmp6[] = {
	{ "Ip6InReceives", "net.inet.ip6.stats.recv" },
	{ "Ip6InDiscards", "net.inet.ip6.stats.drop" },
	{ "Ip6OutRequests", "net.inet.ip6.stats.xmit" },
	{ "Ip6OutNoRoutes", "net.inet.ip6.stats.rterr" },
	{ "Icmp6InMsgs", "net.inet.icmp6.stats.recv" },
	{ "Icmp6InErrors", "net.inet.icmp6.stats.drop" },
	{ "Icmp6OutMsgs", "net.inet.icmp6.stats.xmit" },
};
#define COUNT(v)	(sizeof(v) / sizeof((v)[0]))

/* The values of a list of counters; 0 where the host has none. */
static void read_counters(struct text *t, const struct counter *c, size_t n,
    unsigned long *val)
{
	struct wire_sysctl s;
	struct rows rows = rows_of(t, WIRE_DUMP_SYSCTL);

	memset(val, 0, n * sizeof(*val));
	while (rows_next(&rows, &s, sizeof(s))) {
		s.name[sizeof(s.name) - 1] = '\0';
		for (size_t i = 0; i < n; i++) {
			if (!c[i].name || strcmp(c[i].name, s.name))
				continue;
			val[i] = 0;
			for (size_t j = 0; j < 10 && s.value[j] >= '0' &&
			    s.value[j] <= '9'; j++)
				val[i] = val[i] * 10 +
				    (unsigned long)(s.value[j] - '0');
		}
	}
}

/* One line of names and one of numbers for each group. */
static void put_snmp(struct text *t, int arg)
{
	unsigned long val[COUNT(snmp)];
	size_t n, end;

	(void)arg;
	read_counters(t, snmp, COUNT(snmp), val);
	val[0] = val[0] ? 1 : 2;	/* 2: no router */
	for (n = 0; n < COUNT(snmp); n = end) {
		int head = (int)strcspn(snmp[n].field, " ");

		text_put(t, 0, "%s", snmp[n].field);
		for (end = n + 1; end < COUNT(snmp) &&
		    !strchr(snmp[end].field, ' '); end++)
			text_put(t, 0, " %s", snmp[end].field);
		text_put(t, 0, "\n%.*s", head, snmp[n].field);
		for (; n < end; n++)
			text_put(t, 0, " %lu", val[n]);
		text_put(t, 0, "\n");
	}
}

static void put_snmp6(struct text *t, int arg)
{
	unsigned long val[COUNT(snmp6)];

	(void)arg;
	read_counters(t, snmp6, COUNT(snmp6), val);
	for (size_t n = 0; n < COUNT(snmp6); n++)
		text_put(t, 0, "%-32s\t%lu\n", snmp6[n].field, val[n]);
}

/* Tables that the virtual host does not keep, and must not be the host's. */
static const char *const heads[] = {
	"",
	("Iface\tDestination\tGateway \tFlags\t\tRefCnt\tUse\tMetric\tSource\t"
	    "\tMTU\tWindow\tIRTT\tTOS\tHHRef\tHHUptod\tSpecDst\n"),
};

static void put_head(struct text *t, int arg)
{
	text_put(t, 0, "%s", heads[arg]);
}

static void put_hostname(struct text *t, int arg)
{
	char name[HOSTNAME_SIZE];

	(void)arg;
	if (hostname_given(name))
		text_put(t, 0, "%s\n", name);
}

static const struct table {
	const char *name;
	int family;
	void (*put)(struct text *t, int arg);
	int arg;
} tables[] = {
	{ "dev", AF_INET, put_dev, 0 },
	{ "route", AF_INET, procroute4, 0 },
	{ "arp", AF_INET, put_arp, 0 },
	{ "if_inet6", AF_INET6, put_if_inet6, 0 },
	{ "ipv6_route", AF_INET6, procroute6, 0 },
	{ "tcp", AF_INET, put_socks, SOCKS(SOCK_STREAM, 0) },
	{ "tcp6", AF_INET6, put_socks, SOCKS(SOCK_STREAM, SOCKS_V6) },
	{ "udp", AF_INET, put_socks, SOCKS(SOCK_DGRAM, IPPROTO_UDP) },
	{ "udp6", AF_INET6, put_socks,
	    SOCKS(SOCK_DGRAM, IPPROTO_UDP | SOCKS_V6) },
	{ "udplite", AF_INET, put_socks, SOCKS(SOCK_DGRAM, IPPROTO_UDPLITE) },
	{ "udplite6", AF_INET6, put_socks,
	    SOCKS(SOCK_DGRAM, IPPROTO_UDPLITE | SOCKS_V6) },
	{ "icmp", AF_INET, put_socks, SOCKS(SOCK_DGRAM, IPPROTO_ICMP) },
	{ "icmp6", AF_INET6, put_socks,
	    SOCKS(SOCK_DGRAM, IPPROTO_ICMPV6 | SOCKS_V6) },
	{ "raw", AF_INET, put_socks, SOCKS(SOCK_RAW, 0) },
	{ "raw6", AF_INET6, put_socks, SOCKS(SOCK_RAW, SOCKS_V6) },
	{ "snmp", AF_INET, put_snmp, 0 },
	{ "snmp6", AF_INET6, put_snmp6, 0 },
	{ "netstat", AF_INET, put_head, 0 },
	{ "rt_cache", AF_INET, put_head, 1 },
	{ "igmp", AF_INET, procgroup_igmp, 0 },
	{ "igmp6", AF_INET6, procgroup_igmp6, 0 },
	{ "mcfilter", AF_INET, procgroup_filter, AF_INET },
	{ "mcfilter6", AF_INET6, procgroup_filter, AF_INET6 },
	{ "dev_mcast", AF_INET, procgroup_dev, 0 },
	{ PROCNET_HOSTNAME, AF_UNSPEC, put_hostname, 0 },
};

static const struct table *find(const char *name)
{
	if (hj_sandboxed)
		return NULL;
	for (size_t i = 0; i < COUNT(tables); i++)
		if (!strcmp(tables[i].name, name))
			return (!tables[i].family ||
			    hj_wants(tables[i].family)) &&
			    hj_set.host != HJ_HOST_NONE ? &tables[i] : NULL;
	return NULL;
}

bool procnet_has(const char *name)
{
	return find(name) != NULL;
}

int procnet_make(const char *name)
{
	const struct table *f = find(name);
	struct text t = { 0 };

	if (!f)
		return -ENOENT;
	t.fd = (int)SYS2(SYS_memfd_create, "procnet", MFD_CLOEXEC);
	if (t.fd < 0)
		return t.fd;
	f->put(&t, f->arg);
	text_flush(&t);
	if (!t.err)
		t.err = (int)SYS3(SYS_lseek, t.fd, 0, SEEK_SET);
	if (!t.err)
		return t.fd;
	sys_close(t.fd);
	return t.err;
}
