/* rtshow.c: the routing table as route(8) of NetBSD shows it. */
#include "stack/ctl/rtshow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

static const struct {
	uint16_t bit;
	char letter;
	const char *name;
} flags[] = {
	{ WIRE_RT_GATEWAY, 'G', "gateway" },
	{ WIRE_RT_HOST, 'H', "host" },
	{ WIRE_RT_REJECT, 'R', "reject" },
	{ WIRE_RT_BLACKHOLE, 'B', "blackhole" },
	{ WIRE_RT_PROHIBIT, 'P', "prohibit" },
	{ WIRE_RT_THROW, 'T', "throw" },
	{ WIRE_RT_AUTO, 'D', "dynamic" },
	{ WIRE_RT_CONNECTED, 'C', "connected" },
};
#define NUM_FLAGS (sizeof(flags) / sizeof(flags[0]))

static const char *flag_letters(unsigned f)
{
	static char text[NUM_FLAGS + 3];
	int n = 0;

	text[n++] = 'U';
	for (size_t i = 0; i < NUM_FLAGS; i++)
		if (f & flags[i].bit)
			text[n++] = flags[i].letter;
	if (!(f & (WIRE_RT_CONNECTED | WIRE_RT_AUTO)))
		text[n++] = 'S';
	text[n] = '\0';
	return text;
}

static const char *gateway_text(const struct wire_route *r,
    char buf[static TEXT_IPLEN])
{
	if (r->flags & WIRE_RT_GATEWAY)
		return text_ip_if(buf, r->family, r->gw, r->ifname);
	snprintf(buf, TEXT_IPLEN, "link#%u", r->ifindex);
	return buf;
}

static void print_family(const struct ctl_list *list, int family)
{
	const struct wire_route *r = list->rec;
	char dst[TEXT_IPLEN], gw[TEXT_IPLEN], mtu[16];
	int wide = family == AF_INET ? 18 : 34;
	bool any = false;

	for (size_t i = 0; i < list->n; i++) {
		if (r[i].family != family)
			continue;
		if (!any)
			printf("\n%s:\n%-*s %-*s %-6s %6s %8s %6s %s\n",
			    family == AF_INET ? "Internet" : "Internet6",
			    wide, "Destination", wide, "Gateway", "Flags",
			    "Refs", "Use", "Mtu", "Interface");
		any = true;
		snprintf(mtu, sizeof(mtu), "%u", r[i].mtu);
		printf("%-*s %-*s %-6s %6s %8s %6s %s\n", wide,
		    text_net(dst, family, r[i].dst, r[i].plen), wide,
		    gateway_text(&r[i], gw), flag_letters(r[i].flags), "-",
		    "-", r[i].mtu ? mtu : "-", r[i].ifname);
	}
}

static void print_json(const struct ctl_list *list, int family)
{
	const struct wire_route *r = list->rec;
	char text[TEXT_IPLEN];
	struct json j;

	json_init(&j, stdout, false);
	json_array(&j, NULL);
	for (size_t i = 0; i < list->n; i++) {
		if (family && r[i].family != family)
			continue;
		json_object(&j, NULL);
		json_string(&j, "family",
		    r[i].family == AF_INET ? "inet" : "inet6");
		json_string(&j, "destination",
		    text_ip(text, r[i].family, r[i].dst));
		json_uint(&j, "prefixlen", r[i].plen);
		if (r[i].flags & WIRE_RT_GATEWAY)
			json_string(&j, "gateway",
			    text_ip(text, r[i].family, r[i].gw));
		else
			json_null(&j, "gateway");
		json_string(&j, "interface", r[i].ifname);
		json_array(&j, "flags");
		for (size_t k = 0; k < NUM_FLAGS; k++)
			if (r[i].flags & flags[k].bit)
				json_string(&j, NULL, flags[k].name);
		json_end(&j);
		json_uint(&j, "metric", r[i].metric);
		json_uint(&j, "mtu", r[i].mtu);
		json_end(&j);
	}
	json_end(&j);
}

int rtshow_print(int family, bool json)
{
	struct ctl_list list;

	if (ctl_dump(WIRE_DUMP_ROUTE, &list))
		return CTL_FAILED;
	if (json) {
		print_json(&list, family);
	} else {
		printf("Routing tables\n");
		if (!family || family == AF_INET)
			print_family(&list, AF_INET);
		if (!family || family == AF_INET6)
			print_family(&list, AF_INET6);
	}
	free(list.rec);
	return CTL_OK;
}
