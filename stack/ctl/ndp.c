/* ndp.c: shmif ndp: the IPv6 neighbours. */
#include "stack/ctl/ctl.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <sys/socket.h>

#include "stack/ctl/neigh.h"
#include "stack/ctl/text.h"

#define LINE	"%-31s %-17s %6s %-9s %1s %5s\n"

static void print_head(void)
{
	printf(LINE, "Neighbor", "Linklayer Address", "Netif", "Expire", "S",
	    "Flags");
}

static void print_line(const struct wire_neigh *n)
{
	char ip[TEXT_IPLEN], mac[TEXT_MACLEN], age[16];
	const char *state = n->state & NUD_REACHABLE ? "R" :
	    n->state & NUD_STALE ? "S" : n->state & NUD_DELAY ? "D" :
	    n->state & NUD_PROBE ? "P" : n->state & NUD_INCOMPLETE ? "I" :
	    n->state & NUD_PERMANENT ? "R" : "N";

	snprintf(age, sizeof(age), "%us", n->age);
	printf(LINE, text_ip_if(ip, AF_INET6, n->ip, n->ifname),
	    n->state & (NUD_INCOMPLETE | NUD_FAILED) ? "(incomplete)" :
	    text_mac(mac, n->mac), n->ifname,
	    n->state & NUD_PERMANENT ? "permanent" : age, state, "");
}

int cmd_ndp(int argc, char **argv)
{
	static const struct neigh_table table = {
		.family = AF_INET6, .options = "acdns",
		.head = print_head, .line = print_line,
	};

	return neigh_command(&table, argc, argv);
}
