/* hosts.c: shmif hosts: who is on the named buses, and where each serves. */
#include "stack/ctl/ctl.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bus/bus.h"
#include "stack/ctl/buslist.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

struct hosts {
	bool json, first;
	struct json j;
};

static void print_host(const char *bus, const struct bus_member *m, bool ours)
{
	char text[TEXT_IPLEN] = "-";

	for (int i = 0; i < BUS_ADDRS && !strcmp(text, "-"); i++)
		if (m->addr[i].family)
			text_ip(text, m->addr[i].family, m->addr[i].addr);
	if (m->guest)
		printf("%-12s %-15s %-15s %7s  beyond a bridge\n", bus,
		    m->name[0] ? m->name : "-", text, "-");
	else
		printf("%-12s %-15s %-15s %7u  %s%s\n", bus,
		    m->name[0] ? m->name : "-", text, m->pid,
		    ours ? "unix://" : "-", ours ? m->server : "");
}

static void json_host(struct json *j, const char *bus,
    const struct bus_member *m, bool ours)
{
	char text[TEXT_IPLEN];

	json_object(j, NULL);
	json_string(j, "bus", bus);
	json_string(j, "name", m->name);
	json_uint(j, m->guest ? "via" : "slot", m->slot);
	json_uint(j, "pid", m->pid);
	json_array(j, "addresses");
	for (int i = 0; i < BUS_ADDRS; i++)
		if (m->addr[i].family)
			json_string(j, NULL, text_ip(text, m->addr[i].family,
			    m->addr[i].addr));
	json_end(j);
	if (ours) {
		char url[BUS_SERVERLEN + 8];

		snprintf(url, sizeof(url), "unix://%s", m->server);
		json_string(j, "url", url);
	} else {
		json_null(j, "url");
	}
	json_end(j);
}

/* The members of one bus. */
static void each_bus(void *arg, const char *name, const char *path,
    struct bus *b)
{
	struct hosts *h = arg;
	struct bus_member m;

	(void)path;
	for (unsigned i = 0; i < BUS_HOSTS; i++) {
		bool ours;

		if (bus_host(b, i, &m) != 1 || m.bridge)
			continue;
		ours = bus_server_ours(m.server);
		if (h->json) {
			json_host(&h->j, name, &m, ours);
			continue;
		}
		if (!h->first)
			printf("%-12s %-15s %-15s %7s  %s\n", "bus", "name",
			    "address", "pid", "url");
		h->first = true;
		print_host(name, &m, ours);
	}
}

int cmd_hosts(int argc, char **argv)
{
	struct hosts h = { .json = ctl_take_json(&argc, argv) };
	int status;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return ctl_usage(argc > 2 ? "name one bus" :
		    "%s: unknown option", argv[1]);
	json_init(&h.j, stdout, false);
	if (h.json)
		json_array(&h.j, NULL);
	status = argc == 2 ? buslist_one(argv[1], each_bus, &h) :
	    buslist_all(each_bus, &h);
	if (h.json)
		json_end(&h.j);
	return status;
}
