/* arp.c: shmif arp: the IPv4 neighbours. */
#include "stack/ctl/ctl.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

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
		.family = AF_INET, .line = print_line,
	};
	bool all = false, del = false, set = false;
	bool json = ctl_take_json(&argc, argv);
	int c, n;

	opterr = 0;
	while ((c = getopt(argc, argv, "adnsv")) != -1) {
		if (c == 'a')
			all = true;
		else if (c == 'd')
			del = true;
		else if (c == 's')
			set = true;
		else if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
	}
	argv += optind;
	n = argc - optind;
	if (set && !del && !all && n == 2)
		return neigh_add(AF_INET, argv[0], argv[1]);
	if (del && !set && all && n == 0)
		return neigh_delete_all(AF_INET);
	if (del && !set && !all && n == 1)
		return neigh_delete(AF_INET, argv[0]);
	if (!del && !set && n <= 1 && all == !n)
		return neigh_show(&table, n ? argv[0] : NULL, json);
	return ctl_usage("name an address, or -a for all");
}
