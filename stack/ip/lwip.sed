# lwip.sed: what is changed in lwIP's icmp.c, ip4_frag() and ip6_frag() when they
# are built; the Makefile counts the edits.  An ICMP error has as much of what
# it is about as Linux sends (RFC 1812 4.3.2.3), not eight bytes.  A fragment is the last one if all that
# is left is in it; ip4_frag() says so of two where the MTU is not a multiple of
# eight.  Both go on when an interface has no room, as if the first fragment had
# been sent.  Fragments that gave way to others are counted (held.h), and no
# ICMP error tells of them, whoever their sender was.
s|^    last = (left <= netif->mtu - IP_HLEN);$|    last = (left <= nfb * 8); /* lwip.sed */|
s|^    \(netif->output[_ip6]*(netif, rambuf, dest)\);$|    if (\1 == ERR_WOULDBLOCK) { pbuf_free(rambuf); return ERR_WOULDBLOCK; } /* lwip.sed */|
s|^#define ICMP_DEST_UNREACH_DATASIZE 8$|#define ICMP_DEST_UNREACH_DATASIZE 528 /* lwip.sed */|
s|^      \(pbufs_freed_current = ip_reass_free_complete_datagram(oldest, oldest_prev);\)$|      held_frag4_dropped(); ((struct ip_reass_helper *)oldest->p->payload)->start = 1; \1 /* lwip.sed */|
s|^      \(ip6_reass_free_complete_datagram(oldest);\)$|      held_frag6_dropped(); ((struct ip6_reass_helper *)oldest->p->payload)->start = 1; \1 /* lwip.sed */|
