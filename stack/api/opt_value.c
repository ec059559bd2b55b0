/* opt_value.c: what the number that is given to an option stands for. */
#include "stack/api/opt_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "stack/api/opt_special.h"
#include "stack/ip/iface.h"
#include "stack/sock/sock.h"

/* Seconds as Linux keeps them: so many tries, each twice as long, 1 to 120. */
static int whole_tries(int seconds)
{
	int period = 0, step = 1;

	for (int tries = 0; tries < 255 && period < seconds; tries++) {
		period += step;
		step = step * 2 > 120 ? 120 : step * 2;
	}
	return period;
}

/* Of each pair of opposites at most one; shown with what is the default. */
static int address_preferences(int *v)
{
	enum { TMP = 1, PUBLIC = 2, COA = 4, CGA = 8, EITHER = 0x100,
	       HOME = 0x400, NONCGA = 0x800 };
	int temp = *v & (TMP | PUBLIC | EITHER);

	if ((temp & (temp - 1)) || (*v & (COA | HOME)) == (COA | HOME) ||
	    (*v & (CGA | NONCGA)) == (CGA | NONCGA))
		return -EINVAL;
	*v = (temp ? temp : EITHER) | (*v & COA ? COA : HOME);
	return 0;
}

/* An index in network byte order, or 0: none. */
static int unicast_if(size_t len, int v)
{
	if (len != sizeof(v))
		return -EINVAL;
	return v && !iface_by_index(ntohl((uint32_t)v)) ? -EADDRNOTAVAIL : 0;
}

static int value6(const struct sock *s, int name, size_t len, int *v)
{
	switch (name) {
	case IPV6_UNICAST_HOPS:
		*v = *v == -1 ? 64 : *v;
		return 0;
	case IPV6_MULTICAST_HOPS:
		*v = *v == -1 ? 1 : *v;
		return 0;
	case IPV6_TCLASS:
		if (*v == -1)
			*v = 0;
		if (*v >= 0 && *v <= 255 && s->type == SOCK_STREAM)
			*v &= ~3;	/* the ECN bits are TCP's */
		return 0;
	case IPV6_ADDR_PREFERENCES:
		return address_preferences(v);
	case IPV6_UNICAST_IF:
		return unicast_if(len, *v);
	}
	return 0;
}

int opt_value(const struct sock *s, int level, int name, size_t len, int *v)
{
	if (level == IPPROTO_IPV6)
		return value6(s, name, len, v);
	if (level == SOL_SOCKET && name == SO_RCVBUF &&
	    (*v < 0 || *v > sockopt_rmem_max))
		*v = sockopt_rmem_max;
	if (level == IPPROTO_TCP && name == TCP_DEFER_ACCEPT)
		*v = whole_tries(*v);
	if (level != IPPROTO_IP)
		return 0;
	switch (name) {
	case IP_TTL:
		*v = *v == -1 ? 64 : *v;
		return 0;
	case IP_MULTICAST_TTL:
		*v = *v == -1 ? 1 : *v;
		return 0;
	case IP_TOS:
		*v &= s->type == SOCK_STREAM ? 0xfc : 0xff;
		return 0;
	case IP_UNICAST_IF:
		return unicast_if(len, *v);
	}
	return 0;
}
