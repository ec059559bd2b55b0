/* busshow.c: what an open bus looks like; see busshow.h. */
#include "stack/ctl/busshow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bus/bus.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

unsigned busshow_count(struct bus *b)
{
	struct bus_member m;
	unsigned n = 0;

	for (unsigned i = 0; i < BUS_SLOTS; i++)
		n += bus_member(b, i, &m) == 1;
	return n;
}

static void json_addrs(struct json *j, const struct bus_member *m)
{
	char text[TEXT_IPLEN];

	json_array(j, "addresses");
	for (int i = 0; i < BUS_ADDRS; i++) {
		const struct bus_addr *a = &m->addr[i];

		if (!a->family)
			continue;
		json_object(j, NULL);
		json_string(j, "family",
		    a->family == AF_INET ? "inet" : "inet6");
		json_string(j, "address", text_ip(text, a->family, a->addr));
		json_uint(j, "prefixlen", a->plen);
		json_end(j);
	}
	json_end(j);
}

static void json_member(struct json *j, const struct bus_member *m)
{
	char mac[TEXT_MACLEN];

	json_object(j, NULL);
	json_uint(j, "slot", m->slot);
	json_string(j, "address", text_mac(mac, m->mac));
	json_string(j, "name", m->name);
	json_uint(j, "pid", m->pid);
	json_bool(j, "promiscuous", m->promisc);
	if (m->bridge) {
		json_string(j, "bridge_to", m->far);
		json_uint(j, "malformed", m->malformed);
	}
	json_addrs(j, m);
	json_uint(j, "tx_frames", m->tx_frames);
	json_uint(j, "tx_bytes", m->tx_bytes);
	json_uint(j, "tx_full", m->tx_full);
	json_uint(j, "rx_frames", m->rx_frames);
	json_uint(j, "rx_bytes", m->rx_bytes);
	json_uint(j, "rx_lost", m->rx_lost);
	json_uint(j, "behind", m->behind);
	json_end(j);
}

/* Those beyond bridges; "via" is the bridge's slot. */
static void json_guests(struct json *j, struct bus *b)
{
	struct bus_member m;

	json_array(j, "beyond");
	for (unsigned i = BUS_SLOTS; i < BUS_HOSTS; i++) {
		if (bus_host(b, i, &m) != 1)
			continue;
		json_object(j, NULL);
		json_string(j, "name", m.name);
		json_uint(j, "via", m.slot);
		json_addrs(j, &m);
		json_end(j);
	}
	json_end(j);
}

void busshow_json(struct json *j, struct bus *b, const char *path,
    bool members)
{
	const struct bus_geometry *g = bus_geometry(b);
	struct bus_member m;
	char text[TEXT_IPLEN], state[BUS_SHOWLEN];

	json_object(j, NULL);
	json_string(j, "path", path);
	json_uint(j, "size", g->size);
	json_string(j, "format", bus_format(b));
	json_uint(j, "mtu", g->mtu);
	if (g->plen) {
		json_string(j, "subnet", text_ip(text, AF_INET, g->subnet));
		json_uint(j, "prefixlen", g->plen);
	}
	if (g->secret) {
		bus_show(b, state);
		json_string(j, "state", state);
	} else {
		json_uint(j, "slots", BUS_SLOTS);
		json_uint(j, "live", busshow_count(b));
	}
	if (members) {
		json_array(j, "members");
		for (unsigned i = 0; i < BUS_SLOTS; i++)
			if (bus_member(b, i, &m) == 1)
				json_member(j, &m);
		json_end(j);
		json_guests(j, b);
	}
	json_end(j);
}

static void print_who(const struct bus_member *m)
{
	char text[TEXT_IPLEN];

	if (m->bridge)
		printf("bridge to %s", m->far);
	else
		printf("%s", m->name[0] ? m->name : "-");
	for (int i = 0; i < BUS_ADDRS; i++)
		if (m->addr[i].family)
			printf(" %s/%u", text_ip(text, m->addr[i].family,
			    m->addr[i].addr), m->addr[i].plen);
}

static void print_guests(struct bus *b)
{
	struct bus_member m;

	for (unsigned i = BUS_SLOTS; i < BUS_HOSTS; i++) {
		if (bus_host(b, i, &m) != 1)
			continue;
		printf("   -  beyond the bridge in %3u          ", m.slot);
		print_who(&m);
		putchar('\n');
	}
}

static void print_member(const struct bus_member *m)
{
	char mac[TEXT_MACLEN];

	printf("%4u  %s  %6u  ", m->slot, text_mac(mac, m->mac), m->pid);
	print_who(m);
	if (m->promisc && !m->bridge)
		printf(" promisc");
	printf("\n      sent %" PRIu64 " frames, %" PRIu64 " bytes, %" PRIu64
	    " times no room; received %" PRIu64 " frames, %" PRIu64
	    " bytes, %" PRIu64 " lost; %" PRIu64 " bytes behind",
	    m->tx_frames, m->tx_bytes, m->tx_full, m->rx_frames, m->rx_bytes,
	    m->rx_lost, m->behind);
	if (m->malformed)
		printf("; %" PRIu64 " malformed announcements", m->malformed);
	putchar('\n');
}

static void print_size(uint32_t size)
{
	if (size >= 1u << 20 && size % (1u << 20) == 0)
		printf("%uM", size >> 20);
	else
		printf("%uk", size >> 10);
}

void busshow_print(struct bus *b, const char *path, bool json, bool members)
{
	const struct bus_geometry *g = bus_geometry(b);
	struct bus_member m;
	char text[TEXT_IPLEN], state[BUS_SHOWLEN];
	unsigned n = busshow_count(b);
	struct json j;

	if (json) {
		json_init(&j, stdout, false);
		busshow_json(&j, b, path, members);
		return;
	}
	printf("%s: size ", path);
	print_size(g->size);
	if (g->secret) {
		bus_show(b, state);
		printf(", mtu %u, format %s, %s\n", g->mtu, bus_format(b),
		    state);
		return;
	}
	printf(", mtu %u, subnet %s/%u, %u of %d slots taken%s", g->mtu,
	    text_ip(text, AF_INET, g->subnet), g->plen, n, BUS_SLOTS,
	    members || !n ? "" : ":");
	for (unsigned i = 0; i < BUS_SLOTS && !members; i++)
		if (bus_member(b, i, &m) == 1)
			printf(" %s", m.name[0] ? m.name : m.bridge ?
			    "(bridge)" : "-");
	putchar('\n');
	if (!members || !n)
		return;
	printf("slot  address               pid  name and addresses\n");
	for (unsigned i = 0; i < BUS_SLOTS; i++)
		if (bus_member(b, i, &m) == 1)
			print_member(&m);
	print_guests(b);
}
