# lwip.sed: what is changed in lwIP's icmp.c, ip4_frag() and ip6_frag() when they
# are built; the Makefile counts the edits.  An ICMP error has as much of what
# it is about as Linux sends (RFC 1812 4.3.2.3), not eight bytes.  A fragment is the last one if all that
# is left is in it; ip4_frag() says so of two where the MTU is not a multiple of
# eight.  Both go on when an interface has no room, as if the first fragment had
# been sent.  Fragments that gave way to others are counted (held.h), and no
# ICMP error tells of them, whoever their sender was.  Errors have a rate
# (icmprate.h), those of icmp6.c as well; etharp.c and nd6.c tell when a
# neighbour gives way to another, or there is no room for what a router
# advertises (held.h).  Before lwIP looks at a header,
# all of it is there.  A frame of a header alone is no error of ARP's.
s|^    last = (left <= netif->mtu - IP_HLEN);$|    last = (left <= nfb * 8); /* lwip.sed */|
s|^    \(netif->output[_ip6]*(netif, rambuf, dest)\);$|    if (\1 == ERR_WOULDBLOCK) { pbuf_free(rambuf); return ERR_WOULDBLOCK; } /* lwip.sed */|
/^icmp6*_send_response\(_with_addrs_and_netif\)*(/,/^}/ s|^  struct pbuf \*q;$|  struct pbuf *q; if (icmprate_exceeded()) return; /* lwip.sed */|
/^nd6_new_router(/,/^}/ s|^  /\* Could not create a router entry\. \*/$|  held_advertised_full(); /* lwip.sed */|
/^nd6_new_onlink_prefix(/,/^}/ s|^  /\* Entry not available\. \*/$|  held_advertised_full(); /* lwip.sed */|
s|^    return; /\* no address slots available.*|    held_advertised_full(); return; /* lwip.sed */|
s|^        ip4_input(p, netif);$|        if (p->len < IP_HLEN) { IP_STATS_INC(ip.lenerr); IP_STATS_INC(ip.drop); goto free_and_return; } /* lwip.sed */\
&|
s|^        ip6_input(p, netif);$|        if (p->len < IP6_HLEN) { IP6_STATS_INC(ip6.lenerr); IP6_STATS_INC(ip6.drop); goto free_and_return; } /* lwip.sed */\
&|
/^ethernet_input(/,/^}/ {
/^    ETHARP_STATS_INC(etharp.proterr);$/ {
N
s|.*|    held_short(); /* lwip.sed */|
}
}
/^etharp_input(/,/^}/ s|^  hdr = (struct etharp_hdr \*)p->payload;$|&\
  if (p->len < SIZEOF_ETHARP_HDR) { /* lwip.sed */\
    ETHARP_STATS_INC(etharp.lenerr);\
    ETHARP_STATS_INC(etharp.drop);\
    pbuf_free(p);\
    return;\
  }|
s|^  /\* We need to recycle an entry\..*|  held_replaced6(); /* lwip.sed */|
s|^    /\* { empty or recyclable entry found } \*/$|    held_replaced4(); /* lwip.sed */|
s|^#define ICMP_DEST_UNREACH_DATASIZE 8$|#define ICMP_DEST_UNREACH_DATASIZE 528 /* lwip.sed */|
s|^      \(pbufs_freed_current = ip_reass_free_complete_datagram(oldest, oldest_prev);\)$|      held_frag4_dropped(); ((struct ip_reass_helper *)oldest->p->payload)->start = 1; \1 /* lwip.sed */|
s|^      \(ip6_reass_free_complete_datagram(oldest);\)$|      held_frag6_dropped(); ((struct ip6_reass_helper *)oldest->p->payload)->start = 1; \1 /* lwip.sed */|
