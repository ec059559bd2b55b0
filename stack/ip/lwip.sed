# lwip.sed: what ip4_frag() and ip6_frag() do not do right.  A fragment is the
# last one if all that is left is in it; ip4_frag() says so of two where the MTU
# is not a multiple of eight.  Both go on when an interface has no room, as if the
# first fragment had been sent.  The Makefile checks that all found its place.
s/^    last = (left <= netif->mtu - IP_HLEN);$/    last = (left <= nfb * 8);/
s/^    \(netif->output[_ip6]*(netif, rambuf, dest)\);$/    if (\1 == ERR_WOULDBLOCK) { pbuf_free(rambuf); return ERR_WOULDBLOCK; }/
