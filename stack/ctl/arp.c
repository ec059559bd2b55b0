/* arp.c: shmif arp: the IPv4 neighbours. */
#include "stack/ctl/ctl.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <sys/socket.h>

#include "stack/ctl/neigh.h"
#include "stack/ctl/text.h"

static void print_line(const struct wire_neigh *n)
{
	char ip[TEXT_IPLEN], mac[TEXT_MACLEN];

	printf("? (%s) at ", text_ip(ip, AF_INET, n->ip));
	if (n->state & (NUD_INCOMPLETE | NUD_FAILED))
		printf("(incomplete)");
	else
		printf("%s", text_mac(mac, n->mac));
	printf(" on %s%s\n", n->ifname,
	    n->state & NUD_PERMANENT ? " permanent" : "");
}

int cmd_arp(int argc, char **argv)
{
	static const struct neigh_table table = {
		.family = AF_INET, .options = "adnsv",
		.line = print_line,
	};

	return neigh_command(&table, argc, argv);
}
