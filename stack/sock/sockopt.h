/* sockopt.h: socket options as a program set them, and what they begin as. */
#ifndef STACK_SOCKOPT_H
#define STACK_SOCKOPT_H

#include <stdbool.h>
#include <stdint.h>

/* All at once; api/opt.c has the table that reads and shows them. */
struct sock_opts {
	/* SOL_SOCKET */
	int reuseaddr, reuseport, keepalive, broadcast, oobinline, dontroute;
	int linger_on, linger_s;
	int sndbuf, rcvbuf;		/* as reported: doubled */
	int sndbuf_set;			/* by the program: it does not grow */
	int rcvlowat, priority, mark, timestamp, timestampns, no_check;
	int rxq_ovfl;
	int debug, wifi_status, nofcs, lock_filter, busy_poll;	/* no effect */
	int select_err_queue, incoming_cpu, incoming_napi_id;	/* nor these */
	int peek_off, zerocopy;		/* only ever off */
	int bound_if;			/* SO_BINDTODEVICE, ifindex */
	/* IPPROTO_TCP, IPPROTO_UDP */
	int nodelay, cork, keepidle, keepintvl, keepcnt, maxseg, syncnt;
	int user_timeout, defer_accept, quickack, linger2, window_clamp;
	int thin_lto, thin_dupack, notsent_lowat;
	int no_check6_tx, no_check6_rx;
	int udp_cork, udp_segment, udp_gro;
	char congestion[16];
	/* IPPROTO_IP */
	int ttl, tos, mtu_discover, pktinfo, recvttl, recvtos, recverr;
	int recvopts, retopts, mc_ttl, mc_loop, mc_if, mc_all, hdrincl;
	int freebind, transparent, router_alert, minttl, recvorigdst;
	int bind_noport, passsec, checksum, nodefrag, recvfragsize;
	int unicast_if;			/* ifindex, network byte order */
	uint8_t mc_if_addr[4];
	/* IPPROTO_IPV6 */
	int v6only, hops, tclass, recvpktinfo6, recvhoplimit, recvtclass;
	int recverr6, mtu_discover6, mc_hops, mc_loop6, mc_if6, mc_all6;
	int checksum6, autoflowlabel, dontfrag, minhops, unicast_if6, mtu6;
	int addr_prefs, recvhopopts, recvrthdr, recvdstopts, recvpathmtu;
	int recvorigdst6;
	int src_if6;			/* IPV6_PKTINFO: send from here */
	uint8_t src_addr6[16];
	uint32_t icmp_filter;
	uint32_t icmp6_filter[8];
};

/* What a new socket begins with where sysctl has a say in it. */
extern struct sockopt_default {
	int ttl, hops;
	int keepidle, keepintvl, keepcnt, syncnt;	/* s, s, tries, tries */
	int nodelay;
	char congestion[16];
} sockopt_default;

/* sysctl: the most that SO_RCVBUF gives, bytes before they are doubled. */
extern int sockopt_rmem_max;

/* Is there a TCP_CONGESTION of that name? */
bool sockopt_is_congestion(const char *name);

/* What a new socket of that kind begins with, as on Linux. */
void sockopt_init(struct sock_opts *o, int domain, int type, int protocol);

#endif
