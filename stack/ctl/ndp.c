/* ndp.c: shmif ndp: the IPv6 neighbours. */
#include "stack/ctl/ctl.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

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
		.family = AF_INET6, .head = print_head, .line = print_line,
	};
	bool all = false, del = false, clear = false, set = false;
	bool json = ctl_take_json(&argc, argv);
	int c, n;

	opterr = 0;
	while ((c = getopt(argc, argv, "acdns")) != -1) {
		if (c == 'a')
			all = true;
		else if (c == 'c')
			clear = true;
		else if (c == 'd')
			del = true;
		else if (c == 's')
			set = true;
		else if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
	}
	argv += optind;
	n = argc - optind;
	if (clear && !all && !del && !set && n == 0)
		return neigh_delete_all(AF_INET6);
	if (set && !all && !del && n == 2)
		return neigh_add(AF_INET6, argv[0], argv[1]);
	if (del && !all && !set && n == 1)
		return neigh_delete(AF_INET6, argv[0]);
	if (!del && !set && !clear && n <= 1 && all == !n)
		return neigh_show(&table, n ? argv[0] : NULL, json);
	return ctl_usage("name an address, or -a for all");
}
