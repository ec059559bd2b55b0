/* debugname.c: names of the constants that calls are made of. */
#include "hijack/debugtext.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>

#ifndef IPV6_UNICAST_IF
#define IPV6_UNICAST_IF	76	/* younger than the headers may be */
#endif

struct constant {
	const char *name;
	unsigned long v;
};
#define C(name)	{ #name, name }

static const char *find(const struct constant *c, size_t n, unsigned long v)
{
	for (size_t i = 0; i < n; i++)
		if (c[i].v == v)
			return c[i].name;
	return NULL;
}
#define FIND(table, v)	\
	find(table, sizeof(table) / sizeof((table)[0]), (unsigned long)(v))

static const struct constant socket_options[] = {
	C(SO_DEBUG), C(SO_REUSEADDR), C(SO_TYPE), C(SO_ERROR),
	C(SO_DONTROUTE), C(SO_BROADCAST), C(SO_SNDBUF), C(SO_RCVBUF),
	C(SO_KEEPALIVE), C(SO_OOBINLINE), C(SO_NO_CHECK), C(SO_PRIORITY),
	C(SO_LINGER), C(SO_REUSEPORT), C(SO_PASSCRED), C(SO_PEERCRED),
	C(SO_RCVLOWAT), C(SO_SNDLOWAT), C(SO_RCVTIMEO), C(SO_SNDTIMEO),
	C(SO_BINDTODEVICE), C(SO_ATTACH_FILTER), C(SO_DETACH_FILTER),
	C(SO_TIMESTAMP), C(SO_ACCEPTCONN), C(SO_PEERSEC), C(SO_SNDBUFFORCE),
	C(SO_RCVBUFFORCE), C(SO_TIMESTAMPNS), C(SO_MARK), C(SO_TIMESTAMPING),
	C(SO_PROTOCOL), C(SO_DOMAIN), C(SO_RXQ_OVFL), C(SO_PEEK_OFF),
	C(SO_BUSY_POLL), C(SO_INCOMING_CPU), C(SO_COOKIE), C(SO_ZEROCOPY),
};

static const struct constant ip_options[] = {
	C(IP_TOS), C(IP_TTL), C(IP_HDRINCL), C(IP_OPTIONS), C(IP_RECVOPTS),
	C(IP_RETOPTS), C(IP_PKTINFO), C(IP_MTU_DISCOVER), C(IP_RECVERR),
	C(IP_RECVTTL), C(IP_RECVTOS), C(IP_MTU), C(IP_FREEBIND),
	C(IP_TRANSPARENT), C(IP_RECVORIGDSTADDR), C(IP_MINTTL),
	C(IP_BIND_ADDRESS_NO_PORT), C(IP_MULTICAST_IF), C(IP_MULTICAST_TTL),
	C(IP_MULTICAST_LOOP), C(IP_MULTICAST_ALL), C(IP_ADD_MEMBERSHIP),
	C(IP_DROP_MEMBERSHIP), C(IP_ADD_SOURCE_MEMBERSHIP),
	C(IP_DROP_SOURCE_MEMBERSHIP), C(IP_UNBLOCK_SOURCE),
	C(IP_BLOCK_SOURCE), C(IP_MSFILTER), C(IP_UNICAST_IF),
	C(MCAST_JOIN_GROUP), C(MCAST_LEAVE_GROUP),
	C(MCAST_JOIN_SOURCE_GROUP), C(MCAST_LEAVE_SOURCE_GROUP),
};

static const struct constant ip6_options[] = {
	C(IPV6_V6ONLY), C(IPV6_UNICAST_HOPS), C(IPV6_MULTICAST_IF),
	C(IPV6_MULTICAST_HOPS), C(IPV6_MULTICAST_LOOP), C(IPV6_JOIN_GROUP),
	C(IPV6_LEAVE_GROUP), C(IPV6_MTU_DISCOVER), C(IPV6_MTU),
	C(IPV6_RECVERR), C(IPV6_RECVPKTINFO), C(IPV6_PKTINFO),
	C(IPV6_RECVHOPLIMIT), C(IPV6_HOPLIMIT), C(IPV6_RECVTCLASS),
	C(IPV6_TCLASS), C(IPV6_CHECKSUM), C(IPV6_HDRINCL),
	C(IPV6_TRANSPARENT), C(IPV6_UNICAST_IF), C(MCAST_JOIN_GROUP),
	C(MCAST_LEAVE_GROUP), C(MCAST_JOIN_SOURCE_GROUP),
	C(MCAST_LEAVE_SOURCE_GROUP),
};

static const struct constant tcp_options[] = {
	C(TCP_NODELAY), C(TCP_MAXSEG), C(TCP_CORK), C(TCP_KEEPIDLE),
	C(TCP_KEEPINTVL), C(TCP_KEEPCNT), C(TCP_SYNCNT), C(TCP_LINGER2),
	C(TCP_DEFER_ACCEPT), C(TCP_WINDOW_CLAMP), C(TCP_INFO),
	C(TCP_QUICKACK), C(TCP_CONGESTION), C(TCP_MD5SIG),
	C(TCP_USER_TIMEOUT), C(TCP_FASTOPEN), C(TCP_TIMESTAMP),
	C(TCP_NOTSENT_LOWAT), C(TCP_ULP), C(TCP_FASTOPEN_CONNECT),
};

const char *debug_domain(int v)
{
	static const struct constant table[] = {
		C(AF_UNSPEC), C(AF_UNIX), C(AF_INET), C(AF_INET6),
		C(AF_NETLINK), C(AF_PACKET), C(AF_VSOCK), C(AF_ALG),
	};

	return FIND(table, v);
}

static const struct constant udp_options[] = {
	C(UDP_CORK), C(UDP_SEGMENT), C(UDP_GRO), C(UDP_NO_CHECK6_TX),
	C(UDP_NO_CHECK6_RX),
};

const char *debug_type(int v)
{
	static const struct constant table[] = {
		C(SOCK_STREAM), C(SOCK_DGRAM), C(SOCK_RAW), C(SOCK_SEQPACKET),
		C(SOCK_PACKET),
	};

	return FIND(table, v);
}

const char *debug_level(int v)
{
	static const struct constant table[] = {
		C(SOL_SOCKET), C(IPPROTO_IP), C(IPPROTO_IPV6), C(IPPROTO_TCP),
		C(IPPROTO_UDP), C(IPPROTO_ICMP), C(IPPROTO_ICMPV6),
		C(IPPROTO_RAW), C(SOL_NETLINK),
	};

	return FIND(table, v);
}

const char *debug_option(int level, int v)
{
	switch (level) {
	case SOL_SOCKET:
		return FIND(socket_options, v);
	case IPPROTO_IP:
		return FIND(ip_options, v);
	case IPPROTO_IPV6:
		return FIND(ip6_options, v);
	case IPPROTO_TCP:
		return FIND(tcp_options, v);
	case IPPROTO_UDP:
		return FIND(udp_options, v);
	default:
		return NULL;
	}
}

const char *debug_fcntl(int v)
{
	static const struct constant table[] = {
		C(F_DUPFD), C(F_DUPFD_CLOEXEC), C(F_GETFD), C(F_SETFD),
		C(F_GETFL), C(F_SETFL), C(F_SETOWN), C(F_GETOWN), C(F_SETSIG),
		C(F_GETSIG),
	};

	return FIND(table, v);
}

const char *debug_ioctl(unsigned long v)
{
	static const struct constant table[] = {
		C(FIONREAD), C(FIONBIO), C(FIOASYNC), C(TIOCOUTQ),
		C(SIOCATMARK), C(SIOCOUTQNSD), C(SIOCADDRT), C(SIOCDELRT),
		C(SIOCGIFNAME), C(SIOCGIFCONF), C(SIOCGIFFLAGS),
		C(SIOCSIFFLAGS), C(SIOCGIFADDR), C(SIOCSIFADDR),
		C(SIOCDIFADDR), C(SIOCGIFDSTADDR), C(SIOCSIFDSTADDR),
		C(SIOCGIFBRDADDR), C(SIOCSIFBRDADDR), C(SIOCGIFNETMASK),
		C(SIOCSIFNETMASK), C(SIOCGIFMETRIC), C(SIOCGIFMTU),
		C(SIOCSIFMTU), C(SIOCSIFNAME), C(SIOCSIFHWADDR),
		C(SIOCGIFHWADDR), C(SIOCGIFINDEX), C(SIOCGIFTXQLEN),
		C(SIOCGIFMAP), C(SIOCETHTOOL), C(SIOCGARP), C(SIOCSARP),
		C(SIOCDARP),
	};

	return FIND(table, v);
}

const char *debug_eai(int v)
{
	static const struct constant table[] = {
		C(EAI_AGAIN), C(EAI_BADFLAGS), C(EAI_FAIL), C(EAI_FAMILY),
		C(EAI_MEMORY), C(EAI_NONAME), C(EAI_SERVICE), C(EAI_SOCKTYPE),
		C(EAI_SYSTEM), C(EAI_OVERFLOW), C(EAI_NODATA),
		C(EAI_ADDRFAMILY),
	};

	return FIND(table, v);
}
