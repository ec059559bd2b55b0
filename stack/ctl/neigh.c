/* neigh.c: the table of neighbours, for arp and ndp. */
#include "stack/ctl/neigh.h"

#include <linux/neighbour.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

const char *neigh_state(unsigned state)
{
	return state & NUD_PERMANENT ? "permanent" :
	    state & NUD_REACHABLE ? "reachable" :
	    state & NUD_STALE ? "stale" :
	    state & NUD_DELAY ? "delay" :
	    state & NUD_PROBE ? "probe" :
	    state & NUD_INCOMPLETE ? "incomplete" :
	    state & NUD_FAILED ? "failed" : "none";
}

static void json_line(struct json *j, const struct wire_neigh *n)
{
	char ip[TEXT_IPLEN], mac[TEXT_MACLEN];

	json_object(j, NULL);
	json_string(j, "address", text_ip(ip, n->family, n->ip));
	json_string(j, "lladdr", text_mac(mac, n->mac));
	json_string(j, "interface", n->ifname);
	json_string(j, "state", neigh_state(n->state));
	json_uint(j, "age", n->age);
	json_end(j);
}

static int show(const struct neigh_table *t, const char *addr, bool json)
{
	const struct wire_neigh *n;
	struct text_ip want;
	struct ctl_list list;
	struct json j;
	size_t shown = 0;

	if (addr && text_parse_ip(addr, t->family, &want))
		return ctl_fail("%s: not an address", addr);
	if (ctl_dump(WIRE_DUMP_NEIGH, &list))
		return CTL_FAILED;
	n = list.rec;
	json_init(&j, stdout, false);
	if (json)
		json_array(&j, NULL);
	else if (t->head)
		t->head();
	for (size_t i = 0; i < list.n; i++) {
		if (n[i].family != t->family ||
		    (addr && memcmp(want.ip, n[i].ip,
		    t->family == AF_INET ? 4 : 16)))
			continue;
		if (json)
			json_line(&j, &n[i]);
		else
			t->line(&n[i]);
		shown++;
	}
	if (json)
		json_end(&j);
	free(list.rec);
	if (addr && !shown)
		return ctl_fail("%s: no entry", addr);
	return CTL_OK;
}

static int request(enum wire_table_op op, const struct wire_neigh *n,
    const char *what)
{
	struct wire_req req = {
		.op = WIRE_NEIGH, .a = (int)op, .len = sizeof(*n),
	};
	struct wire_rep rep;

	memcpy(req.data, n, sizeof(*n));
	return ctl_call(&req, &rep, NULL, what);
}

static int fill(int family, const char *addr, struct wire_neigh *n)
{
	struct text_ip ip;

	memset(n, 0, sizeof(*n));
	if (text_parse_ip(addr, family, &ip) || ip.plen >= 0)
		return ctl_fail("%s: not an %s address", addr,
		    family == AF_INET ? "inet" : "inet6");
	n->family = ip.family;
	memcpy(n->ip, ip.ip, sizeof(n->ip));
	snprintf(n->ifname, sizeof(n->ifname), "%s", ip.scope);
	return 0;
}

static int add(int family, const char *addr, const char *mac)
{
	struct wire_neigh n;

	if (fill(family, addr, &n))
		return CTL_FAILED;
	if (text_parse_mac(mac, n.mac))
		return ctl_fail("%s: not a link-layer address like "
		    "b2:a0:00:00:00:01", mac);
	n.state = NUD_PERMANENT;
	return request(WIRE_TABLE_ADD, &n, addr);
}

static int delete(int family, const char *addr)
{
	struct wire_neigh n;

	if (fill(family, addr, &n) || request(WIRE_TABLE_DEL, &n, addr))
		return CTL_FAILED;
	printf("%s deleted\n", addr);
	return CTL_OK;
}

static int delete_all(int family)
{
	const struct wire_neigh *n;
	struct ctl_list list;
	char ip[TEXT_IPLEN];
	int status = CTL_OK;

	if (ctl_dump(WIRE_DUMP_NEIGH, &list))
		return CTL_FAILED;
	n = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (n[i].family != family)
			continue;
		text_ip(ip, family, n[i].ip);
		if (request(WIRE_TABLE_DEL, &n[i], ip))
			status = CTL_FAILED;
		else
			printf("%s deleted\n", ip);
	}
	free(list.rec);
	return status;
}

int neigh_command(const struct neigh_table *t, int argc, char **argv)
{
	bool all = false, del = false, clear = false, set = false;
	bool json = ctl_take_json(&argc, argv);
	int c, n;

	opterr = 0;
	while ((c = getopt(argc, argv, t->options)) != -1) {
		if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
		all |= c == 'a';
		clear |= c == 'c';
		del |= c == 'd';
		set |= c == 's';
	}
	argv += optind;
	n = argc - optind;
	if (n == 0 && !set && (clear ? !all && !del :
	    all && del && t->family == AF_INET))
		return delete_all(t->family);
	if (n == 2 && set && !all && !clear && !del)
		return add(t->family, argv[0], argv[1]);
	if (n == 1 && del && !all && !clear && !set)
		return delete(t->family, argv[0]);
	if (n <= 1 && !clear && !del && !set && all == !n)
		return show(t, n ? argv[0] : NULL, json);
	return ctl_usage("name an address, or -a for all");
}
