/*
 * lwipopts.h: how lwIP is built here: raw API under one lock of our own, all
 * memory from malloc, windows for a fast bus, real checksums.
 */
#ifndef STACK_LWIPOPTS_H
#define STACK_LWIPOPTS_H

/* No threads of lwIP's: core/core.c holds the lock and runs the timers. */
#define NO_SYS				1
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_NETCONN			0
#define LWIP_SOCKET			0
#define LWIP_TIMERS			0	/* core_timer_add() */
#define LWIP_HOOK_FILENAME		"stack/ip/hooks.h"
#ifdef NDEBUG
#define LWIP_NOASSERT
#endif

/* Memory */
#define MEM_LIBC_MALLOC			1
#define MEMP_MEM_MALLOC			1
#define MEM_ALIGNMENT			8
#define LWIP_PBUF_REF_T			u16_t
#define LWIP_SUPPORT_CUSTOM_PBUF	1
#define PBUF_POOL_SIZE			4096
/*
 * Of a packet that goes out: it is a TCP segment that the interface cuts to
 * frames with so much payload (bus/gso.h); 0: a packet like others.
 */
#define LWIP_PBUF_CUSTOM_DATA		u16_t seg_size;
#define LWIP_PBUF_CUSTOM_DATA_INIT(p)	((p)->seg_size = 0)
#define PBUF_POOL_BUFSIZE		2048

/* Ethernet */
#define LWIP_ARP			1
#define LWIP_ETHERNET			1
#define ETH_PAD_SIZE			0
#define ARP_TABLE_SIZE			512
#define ARP_QUEUEING			1
#define ARP_QUEUE_LEN			512	/* some datagrams in fragments */
#define ETHARP_SUPPORT_STATIC_ENTRIES	1
#define ETHARP_TABLE_MATCH_NETIF	0	/* aliases share their table */
#define LWIP_NETIF_HWADDRHINT		1
#define LWIP_NETIF_LOOPBACK		1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_HAVE_LOOPIF		0	/* lo is stack/ip/iface.c's */
#define LWIP_LOOPIF_MULTICAST		1
#define LWIP_NUM_NETIF_CLIENT_DATA	0
#define LWIP_NETIF_STATUS_CALLBACK	0

/* IPv4 */
#define LWIP_IPV4			1
#define IP_FORWARD			1	/* hooks.h says when */
#define IP_FORWARD_ALLOW_TX_ON_RX_NETIF	1
#define IP_REASSEMBLY			1
#ifndef IP_REASS_MAX_PBUFS	/* it is bytes: ip/held.h */
#define IP_REASS_MAX_PBUFS		4096
#endif
#define MEMP_NUM_REASSDATA		256
#define IP_FRAG				1
#define IP_DEFAULT_TTL			64
#define IP_SOF_BROADCAST		1
#define IP_SOF_BROADCAST_RECV		0
#define LWIP_ICMP			1
#define LWIP_RAW			1
#define LWIP_BROADCAST_PING		0
#ifndef LWIP_MULTICAST_PING		/* for ICMPv6 only, as Linux does */
#define LWIP_MULTICAST_PING		0
#endif
#define LWIP_IGMP			1
#define LWIP_MULTICAST_TX_OPTIONS	1
#define LWIP_DHCP			0
/* None by its port; but who has no address yet may ask a DHCP server. */
#define LWIP_IP_ACCEPT_UDP_PORT(port)	0
#define LWIP_AUTOIP			0
#define LWIP_ACD			0
#define LWIP_DNS			0

/* IPv6 */
#define LWIP_IPV6			1
#define LWIP_IPV6_NUM_ADDRESSES		8
#define LWIP_IPV6_FORWARD		0	/* forward6.c does */
#define LWIP_IPV6_FRAG			1
#define LWIP_IPV6_REASS			1
#define IPV6_FRAG_COPYHEADER		1	/* pointers are 64 bits wide */
#define LWIP_IPV6_MLD			1
#define MEMP_NUM_MLD6_GROUP		1024
#define LWIP_IPV6_AUTOCONFIG		1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT	1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS	0	/* static addresses work at once */
#define LWIP_ICMP6			1
#define LWIP_ICMP6_HL			64
#define LWIP_ND6_NUM_NEIGHBORS		127
#define LWIP_ND6_NUM_DESTINATIONS	127
#define LWIP_ND6_QUEUEING		1
/* Bounded by ip/held.h; lwIP counts those it had no memory for, too. */
#define MEMP_NUM_ND6_QUEUE		65536
#define LWIP_ND6_ALLOW_RA_UPDATES	1

/* UDP, TCP */
#define LWIP_UDP			1
#define LWIP_NETBUF_RECVINFO		1
#define SO_REUSE			1
#define SO_REUSE_RXTOALL		1
#define LWIP_TCP			1
#define TCP_TTL				64
#undef TCP_MSS			/* netinet/tcp.h has one of its own */
#define TCP_MSS				65461	/* the netif's MTU bounds it */
#define TCP_OVERSIZE			0
#define LWIP_WND_SCALE			1
#define TCP_RCV_SCALE			7
#define TCP_WND				(4u << 20)
#define TCP_SND_BUF			(2u << 20)
#define TCP_SND_QUEUELEN		16384
#define TCP_SNDLOWAT			(64u << 10)
#define TCP_SNDQUEUELOWAT		256
#define TCP_QUEUE_OOSEQ			1
/* pbufs of a connection; what comes after them is dropped */
#define TCP_OOSEQ_PBUFS_LIMIT(pcb)	reass_limit()
#define LWIP_TCP_SACK_OUT		1
#define LWIP_TCP_TIMESTAMPS		1
#define TCP_LISTEN_BACKLOG		0	/* accept.c has it */
#define LWIP_TCP_KEEPALIVE		1
#define LWIP_TCP_RTO_TIME		1000	/* ms, RFC 6298 */
#define TCP_MSL				1000UL	/* ms; TIME_WAIT is twice this */
#define TCP_MAXRTX			12
#define TCP_SYNMAXRTX			6
#define TCP_CALCULATE_EFF_SEND_MSS	1
#define LWIP_TCP_PCB_NUM_EXT_ARGS	3	/* stack/tcp/args.h */
#define TCP_WND_UPDATE_THRESHOLD	(256u << 10)

/* Frames on a bus are seen by others: the sums are real, and checked. */
#define LWIP_CHKSUM			stack_chksum
#define LWIP_CHKSUM_ALGORITHM		2
#define LWIP_CHECKSUM_ON_COPY		0

#define LWIP_STATS			1
#define LWIP_STATS_LARGE		1
#define MEM_STATS			0
#define MEMP_STATS			0
#define SYS_STATS			0
#define LWIP_STATS_DISPLAY		0
#define MIB2_STATS			0

/* The questions lwIP leaves to us; prototypes in hooks.h. */
#define LWIP_HOOK_IP4_ROUTE_SRC(src, dst)	route_ip4(src, dst)
#define LWIP_HOOK_ETHARP_GET_GW(nif, dst)	route_ip4_gw(nif, dst)
#define LWIP_HOOK_IP4_CANFORWARD(p, dst)	forward_ip4(p, dst)
#define LWIP_HOOK_IP6_ROUTE(src, dst)		route_ip6(src, dst)
#define LWIP_HOOK_ND6_GET_GW(nif, dst)		route_ip6_gw(nif, dst)
#define LWIP_HOOK_UNKNOWN_ETH_PROTOCOL(p, nif)	input_other(p, nif)
#define LWIP_HOOK_IP4_INPUT(p, nif)		input_ip4(p, nif)
#define LWIP_HOOK_IP6_INPUT(p, nif)		input_ip6(p, nif)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, len, len1, opt2, p) \
	(hops_admit(pcb) != ERR_OK || \
	rec_input(pcb, hdr, len, len1, opt2, p) != ERR_OK ? ERR_VAL : \
	(pcb)->state == LISTEN ? accept_admit(pcb, hdr) : \
	(pcb)->state < ESTABLISHED ? connect_crossed(pcb, hdr) : \
	TCPH_FLAGS(hdr) & TCP_URG ? urgent_came(pcb, hdr) : ERR_OK)
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, hdr, pcb, opts) \
	(rec_header(pcb, p, hdr), urgent_point(pcb, hdr, opts))
#define LWIP_HOOK_TCP_ISN(l, lp, r, rp)		stream_isn(l, lp, r, rp)


#define LWIP_DISABLE_TCP_SANITY_CHECKS	1	/* they assume 16-bit windows */

#endif
