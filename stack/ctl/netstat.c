/* netstat.c: shmif netstat: sockets, interfaces, routes and statistics. */
#include "stack/ctl/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/ctl/ifshow.h"
#include "stack/ctl/rtshow.h"
#include "stack/ctl/socktext.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

struct netstat {
	bool all, routes, interfaces, statistics, json;
	int family;		/* 0: both */
	const char *proto;	/* NULL: all */
};

static bool wanted(const struct netstat *o, const struct wire_sock *s)
{
	const char *proto = socktext_proto(s);

	if (o->family && s->domain != o->family)
		return false;
	/* -p tcp means tcp6 as well */
	if (o->proto && strncmp(proto, o->proto, strlen(o->proto)))
		return false;
	return o->all || !socktext_listening(s);
}

static void print_sockets(const struct netstat *o, const struct ctl_list *list,
    int family)
{
	const struct wire_sock *s = list->rec;
	char local[SOCKTEXT_ADDR], peer[SOCKTEXT_ADDR];
	int wide = family == AF_INET ? 22 : 39;
	bool any = false;

	for (size_t i = 0; i < list->n; i++) {
		if (s[i].domain != family || !wanted(o, &s[i]))
			continue;
		if (!any)
			printf("Active Internet%s connections%s\n%-5s %6s %6s  "
			    "%-*s %-*s %s\n", family == AF_INET ? "" : "6",
			    o->all ? " (including servers)" : "", "Proto",
			    "Recv-Q", "Send-Q", wide, "Local Address", wide,
			    "Foreign Address", "State");
		any = true;
		printf("%-5s %6u %6u  %-*s %-*s %s\n", socktext_proto(&s[i]),
		    s[i].recvq, s[i].sendq, wide,
		    socktext_addr(local, &s[i].local), wide,
		    socktext_addr(peer, &s[i].peer), socktext_state(&s[i]));
	}
}

static int show_sockets(const struct netstat *o)
{
	const struct wire_sock *s;
	struct ctl_list list;
	struct json j;

	if (ctl_dump(WIRE_DUMP_SOCK, &list))
		return CTL_FAILED;
	s = list.rec;
	if (o->json) {
		json_init(&j, stdout, false);
		json_array(&j, NULL);
		for (size_t i = 0; i < list.n; i++)
			if (wanted(o, &s[i])) {
				json_object(&j, NULL);
				socktext_json(&j, &s[i]);
				json_end(&j);
			}
		json_end(&j);
	} else {
		print_sockets(o, &list, AF_INET);
		print_sockets(o, &list, AF_INET6);
	}
	free(list.rec);
	return CTL_OK;
}

#define IF_LINE	"%-8s %-6s %-18s %-24s %10s %5s %10s %5s %5s\n"

static void print_if_line(const struct wire_link *l, const char *net,
    const char *addr)
{
	char mtu[12], ip[24], ie[24], op[24], oe[24];

	snprintf(mtu, sizeof(mtu), "%u", l->mtu);
	snprintf(ip, sizeof(ip), "%" PRIu64, l->rx_packets);
	snprintf(ie, sizeof(ie), "%" PRIu64, l->rx_errors + l->rx_dropped);
	snprintf(op, sizeof(op), "%" PRIu64, l->tx_packets);
	snprintf(oe, sizeof(oe), "%" PRIu64, l->tx_errors + l->tx_dropped);
	printf(IF_LINE, l->name, mtu, net, addr, ip, ie, op, oe, "0");
}

static void print_if_addrs(const struct netstat *o, const struct wire_link *l,
    const struct ctl_list *addrs)
{
	const struct wire_ifaddr *a = addrs->rec;
	char net[TEXT_IPLEN], ip[TEXT_IPLEN];
	struct text_ip n;

	for (size_t i = 0; i < addrs->n; i++) {
		if (a[i].ifindex != l->ifindex ||
		    (o->family && o->family != a[i].family))
			continue;
		n = (struct text_ip){
			.family = a[i].family, .plen = a[i].plen,
		};
		memcpy(n.ip, a[i].ip, sizeof(n.ip));
		text_clear_host_bits(&n);
		print_if_line(l, text_net(net, n.family, n.ip, a[i].plen),
		    text_ip(ip, a[i].family, a[i].ip));
	}
}

static int show_interfaces(const struct netstat *o)
{
	struct ctl_list links, addrs = { NULL, 0 };
	const struct wire_link *l;
	char mac[TEXT_MACLEN];

	if (o->json)
		return ifshow_print(&(struct ifshow){
		    .json = true, .family = o->family });
	if (ctl_dump(WIRE_DUMP_LINK, &links))
		return CTL_FAILED;
	if (ctl_dump(WIRE_DUMP_ADDR, &addrs)) {
		free(links.rec);
		return CTL_FAILED;
	}
	printf(IF_LINE, "Name", "Mtu", "Network", "Address", "Ipkts", "Ierrs",
	    "Opkts", "Oerrs", "Colls");
	l = links.rec;
	for (size_t i = 0; i < links.n; i++) {
		text_mac(mac, l[i].mac);
		print_if_line(&l[i], "<Link>",
		    strcmp(mac, "00:00:00:00:00:00") ? mac : "");
		print_if_addrs(o, &l[i], &addrs);
	}
	free(links.rec);
	free(addrs.rec);
	return CTL_OK;
}

/*
 * net.inet.tcp.stats.sent is statistic "sent" of "tcp".  Return: whether it is
 * one; the protocol is copied to proto.
 */
static bool statistic(const char *name, char *proto, size_t size,
    const char **stat)
{
	const char *dot = strstr(name, ".stats."), *start;

	if (!dot)
		return false;
	for (start = dot; start > name && start[-1] != '.'; start--)
		;
	snprintf(proto, size, "%.*s", (int)(dot - start), start);
	*stat = dot + strlen(".stats.");
	return true;
}

/* Each reason to drop a packet, with the name that shmif trace gives it. */
static int show_counters(const struct netstat *o, struct json *j)
{
	const struct wire_counter *c;
	struct ctl_list list;
	size_t n = o->proto ? strlen(o->proto) : 0;

	if (ctl_dump(WIRE_DUMP_COUNTER, &list))
		return CTL_FAILED;
	c = list.rec;
	if (o->json)
		json_object(j, "drops");
	else
		printf("drops:\n");
	for (size_t i = 0; i < list.n; i++) {
		if (n && (strncmp(c[i].name, o->proto, n) ||
		    c[i].name[n] != '.'))
			continue;
		if (o->json)
			json_uint(j, c[i].name, c[i].n);
		else
			printf("\t%" PRIu64 " %s\n", c[i].n, c[i].name);
	}
	if (o->json)
		json_end(j);
	free(list.rec);
	return CTL_OK;
}

static int show_statistics(const struct netstat *o)
{
	int status;
	char proto[64], last[64] = "";
	const struct wire_sysctl *s;
	struct ctl_list list;
	const char *stat;
	struct json j;

	if (ctl_dump(WIRE_DUMP_SYSCTL, &list))
		return CTL_FAILED;
	s = list.rec;
	json_init(&j, stdout, false);
	if (o->json)
		json_object(&j, NULL);
	for (size_t i = 0; i < list.n; i++) {
		if (!statistic(s[i].name, proto, sizeof(proto), &stat) ||
		    (o->proto && strcmp(o->proto, proto)))
			continue;
		if (o->json && *last && strcmp(proto, last))
			json_end(&j);
		if (strcmp(proto, last)) {
			if (o->json)
				json_object(&j, proto);
			else
				printf("%s:\n", proto);
			strcpy(last, proto);
		}
		if (o->json)
			json_uint(&j, stat, strtoull(s[i].value, NULL, 10));
		else
			printf("\t%s %s\n", s[i].value, stat);
	}
	if (o->json && *last)
		json_end(&j);
	free(list.rec);
	status = show_counters(o, &j);
	if (o->json)
		json_end(&j);
	return status;
}

static int parse(struct netstat *o, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, ":af:inp:rs")) != -1) {
		switch (c) {
		case 'a':
			o->all = true;
			break;
		case 'f':
			o->family = !strcmp(optarg, "inet") ? AF_INET :
			    !strcmp(optarg, "inet6") ? AF_INET6 : -1;
			if (o->family < 0)
				return ctl_usage("-f %s: inet or inet6",
				    optarg);
			break;
		case 'i':
			o->interfaces = true;
			break;
		case 'n':
			break;	/* there are no names */
		case 'p':
			o->proto = optarg;
			break;
		case 'r':
			o->routes = true;
			break;
		case 's':
			o->statistics = true;
			break;
		case ':':
			return ctl_usage("-%c needs an argument", optopt);
		default:
			return ctl_usage("-%c: unknown option", optopt);
		}
	}
	if (optind < argc)
		return ctl_usage("%s: one word too many", argv[optind]);
	return 0;
}

int cmd_netstat(int argc, char **argv)
{
	struct netstat o = { .json = ctl_take_json(&argc, argv) };
	int status = parse(&o, argc, argv);

	if (status)
		return status;
	if (o.routes)
		return rtshow_print(o.family, o.json);
	if (o.interfaces)
		return show_interfaces(&o);
	if (o.statistics)
		return show_statistics(&o);
	return show_sockets(&o);
}
