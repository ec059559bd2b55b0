/* ifshow.c: the interfaces as ifconfig(8) shows them; see ifshow.h. */
#include "stack/ctl/ifshow.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

/* NetBSD's names and bits for Linux's bits. */
static const struct {
	unsigned bit;		/* Linux */
	unsigned bsd;
	const char *name;
} flags[] = {
	{ IFF_UP, 0x1, "UP" },
	{ IFF_BROADCAST, 0x2, "BROADCAST" },
	{ IFF_LOOPBACK, 0x8, "LOOPBACK" },
	{ IFF_POINTOPOINT, 0x10, "POINTOPOINT" },
	{ IFF_RUNNING, 0x40, "RUNNING" },
	{ IFF_NOARP, 0x80, "NOARP" },
	{ IFF_PROMISC, 0x100, "PROMISC" },
	{ IFF_ALLMULTI, 0x200, "ALLMULTI" },
	{ IFF_MULTICAST, 0x8000, "MULTICAST" },
};
#define NUM_FLAGS (sizeof(flags) / sizeof(flags[0]))

/* IN6_IFF_ bits of NetBSD */
#define BSD_TENTATIVE	0x2
#define BSD_AUTOCONF	0x40

static void print_flags(unsigned f)
{
	unsigned bsd = 0;
	const char *sep = "<";

	for (size_t i = 0; i < NUM_FLAGS; i++)
		if (f & flags[i].bit)
			bsd |= flags[i].bsd;
	printf("flags=0x%x", bsd);
	for (size_t i = 0; i < NUM_FLAGS; i++)
		if (f & flags[i].bit) {
			printf("%s%s", sep, flags[i].name);
			sep = ",";
		}
	if (*sep == ',')
		putchar('>');
}

static void print_addr(const struct wire_link *l, const struct wire_ifaddr *a)
{
	char ip[TEXT_IPLEN];
	unsigned bsd = 0;

	if (a->flags & WIRE_ADDR_TENTATIVE)
		bsd |= BSD_TENTATIVE;
	if (a->flags & WIRE_ADDR_AUTO)
		bsd |= BSD_AUTOCONF;
	printf("\t%s %s/%u", a->family == AF_INET ? "inet" : "inet6",
	    text_ip_if(ip, a->family, a->ip, l->name), a->plen);
	if (a->family == AF_INET && l->flags & IFF_BROADCAST)
		printf(" broadcast %s", text_ip(ip, AF_INET, a->bcast));
	printf(" flags 0x%x", bsd);
	if (bsd)
		printf("<%s%s%s>", bsd & BSD_TENTATIVE ? "TENTATIVE" : "",
		    bsd == (BSD_TENTATIVE | BSD_AUTOCONF) ? "," : "",
		    bsd & BSD_AUTOCONF ? "AUTOCONF" : "");
	if (strchr(text_ip_if(ip, a->family, a->ip, l->name), '%'))
		printf(" scopeid 0x%x", l->ifindex);
	putchar('\n');
}

static void print_count(const char *sep, uint64_t n, const char *what)
{
	printf("%s%" PRIu64 " %s%s", sep, n, what, n == 1 ? "" : "s");
}

static void print_counters(const struct wire_link *l)
{
	print_count("\tinput: ", l->rx_packets, "packet");
	print_count(", ", l->rx_bytes, "byte");
	if (l->rx_multicast)
		print_count(", ", l->rx_multicast, "multicast");
	if (l->rx_errors)
		print_count(", ", l->rx_errors, "error");
	if (l->rx_dropped)
		print_count(", ", l->rx_dropped, "drop");
	print_count("\n\toutput: ", l->tx_packets, "packet");
	print_count(", ", l->tx_bytes, "byte");
	if (l->tx_errors)
		print_count(", ", l->tx_errors, "error");
	if (l->tx_dropped)
		print_count(", ", l->tx_dropped, "queue drop");
	putchar('\n');
}

/* An interface without a bus has none yet. */
static bool has_mac(const struct wire_link *l)
{
	static const uint8_t none[6];

	return memcmp(l->mac, none, sizeof(none)) != 0;
}

static void print_link(const struct ifshow *show, const struct wire_link *l,
    const struct ctl_list *addrs)
{
	const struct wire_ifaddr *a = addrs->rec;
	char mac[TEXT_MACLEN];

	printf("%s: ", l->name);
	print_flags(l->flags);
	printf(" mtu %u\n", l->mtu);
	if (l->linkstr[0])
		printf("\tlinkstr: %s\n", l->linkstr);
	if (!(l->flags & IFF_LOOPBACK)) {
		if (has_mac(l))
			printf("\taddress: %s\n", text_mac(mac, l->mac));
		printf("\tmedia: Ethernet none\n\tstatus: %s\n",
		    l->flags & IFF_RUNNING ? "active" : "no carrier");
	}
	for (size_t i = 0; i < addrs->n; i++)
		if (a[i].ifindex == l->ifindex &&
		    (!show->family || show->family == a[i].family))
			print_addr(l, &a[i]);
	if (show->verbose)
		print_counters(l);
}

static void json_addr(struct json *j, const struct wire_link *l,
    const struct wire_ifaddr *a)
{
	char ip[TEXT_IPLEN];

	json_object(j, NULL);
	json_string(j, "family", a->family == AF_INET ? "inet" : "inet6");
	json_string(j, "address", text_ip(ip, a->family, a->ip));
	json_uint(j, "prefixlen", a->plen);
	if (a->family == AF_INET && l->flags & IFF_BROADCAST)
		json_string(j, "broadcast", text_ip(ip, AF_INET, a->bcast));
	if (a->flags & WIRE_ADDR_TENTATIVE)
		json_bool(j, "tentative", true);
	if (a->flags & WIRE_ADDR_AUTO)
		json_bool(j, "autoconf", true);
	json_end(j);
}

static void json_counters(struct json *j, const struct wire_link *l)
{
	json_object(j, "input");
	json_uint(j, "packets", l->rx_packets);
	json_uint(j, "bytes", l->rx_bytes);
	json_uint(j, "multicasts", l->rx_multicast);
	json_uint(j, "errors", l->rx_errors);
	json_uint(j, "drops", l->rx_dropped);
	json_end(j);
	json_object(j, "output");
	json_uint(j, "packets", l->tx_packets);
	json_uint(j, "bytes", l->tx_bytes);
	json_uint(j, "errors", l->tx_errors);
	json_uint(j, "drops", l->tx_dropped);
	json_end(j);
}

static void json_link(struct json *j, const struct ifshow *show,
    const struct wire_link *l, const struct ctl_list *addrs)
{
	const struct wire_ifaddr *a = addrs->rec;
	char mac[TEXT_MACLEN];

	json_object(j, NULL);
	json_string(j, "name", l->name);
	json_uint(j, "index", l->ifindex);
	json_array(j, "flags");
	for (size_t i = 0; i < NUM_FLAGS; i++)
		if (l->flags & flags[i].bit)
			json_string(j, NULL, flags[i].name);
	json_end(j);
	json_uint(j, "mtu", l->mtu);
	if (l->linkstr[0])
		json_string(j, "linkstr", l->linkstr);
	if (l->slot >= 0)
		json_int(j, "slot", l->slot);
	if (!(l->flags & IFF_LOOPBACK)) {
		if (has_mac(l))
			json_string(j, "address", text_mac(mac, l->mac));
		json_string(j, "status",
		    l->flags & IFF_RUNNING ? "active" : "no carrier");
	}
	json_array(j, "addresses");
	for (size_t i = 0; i < addrs->n; i++)
		if (a[i].ifindex == l->ifindex &&
		    (!show->family || show->family == a[i].family))
			json_addr(j, l, &a[i]);
	json_end(j);
	json_counters(j, l);
	json_end(j);
}

static bool wanted(const struct ifshow *show, const struct wire_link *l)
{
	if (show->ifname && strcmp(show->ifname, l->name))
		return false;
	if (show->only_up && !(l->flags & IFF_UP))
		return false;
	return !show->only_down || !(l->flags & IFF_UP);
}

static size_t print_all(const struct ifshow *show, const struct ctl_list *links,
    const struct ctl_list *addrs)
{
	const struct wire_link *l = links->rec;
	struct json j;
	size_t shown = 0;

	json_init(&j, stdout, false);
	if (show->json)
		json_array(&j, NULL);
	for (size_t i = 0; i < links->n; i++) {
		if (!wanted(show, &l[i]))
			continue;
		if (show->json)
			json_link(&j, show, &l[i], addrs);
		else if (show->names)
			printf("%s%s", shown ? " " : "", l[i].name);
		else
			print_link(show, &l[i], addrs);
		shown++;
	}
	if (show->json)
		json_end(&j);
	else if (show->names)
		putchar('\n');
	return shown;
}

int ifshow_print(const struct ifshow *show)
{
	struct ctl_list links = { NULL, 0 }, addrs = { NULL, 0 };
	const struct wire_link *l;
	int status = CTL_FAILED;
	bool found = !show->ifname;

	if (ctl_dump(WIRE_DUMP_LINK, &links) ||
	    ctl_dump(WIRE_DUMP_ADDR, &addrs))
		goto out;
	l = links.rec;
	for (size_t i = 0; i < links.n; i++)
		found |= show->ifname && !strcmp(l[i].name, show->ifname);
	if (!found) {
		ctl_fail("%s: no such interface; shmif ifconfig -l lists them",
		    show->ifname);
		goto out;
	}
	print_all(show, &links, &addrs);
	status = CTL_OK;
out:
	free(links.rec);
	free(addrs.rec);
	return status;
}
