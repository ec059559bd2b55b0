/* bus.c: shmif bus: creates, shows, lists and removes bus files. */
#include "bus/bus.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/ctl/busall.h"
#include "stack/ctl/busshow.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/json.h"
#include "stack/ctl/text.h"

static int set_size(struct bus_geometry *g, const char *value)
{
	uint64_t v;

	if (text_parse_size(value, BUS_SIZE_MIN, BUS_SIZE_MAX, &v) ||
	    v & (v - 1))
		return ctl_fail("size=%s: not a power of two from %uk to %uM",
		    value, BUS_SIZE_MIN >> 10, BUS_SIZE_MAX >> 20);
	g->size = (uint32_t)v;
	return 0;
}

static int set_mtu(struct bus_geometry *g, const char *value)
{
	uint64_t v;

	if (text_parse_size(value, BUS_MTU_MIN, BUS_MTU_MAX, &v))
		return ctl_fail("mtu=%s: not a number from %d to %d", value,
		    BUS_MTU_MIN, BUS_MTU_MAX);
	g->mtu = (uint32_t)v;
	return 0;
}

static int set_subnet(struct bus_geometry *g, const char *value)
{
	struct text_ip net;

	if (text_parse_net(value, AF_INET, &net) || net.plen < 8 ||
	    net.plen > 30 || text_host_bits(&net))
		return ctl_fail("subnet=%s: not a network like 10.0.0.0/24 "
		    "with a length of 8 to 30", value);
	memcpy(g->subnet, net.ip, 4);
	g->plen = (uint8_t)net.plen;
	return 0;
}

static int bus_cmd_create(int argc, char **argv, bool json)
{
	static const struct {
		const char *name;
		int (*set)(struct bus_geometry *g, const char *value);
	} settings[] = {
		{ "size=", set_size }, { "mtu=", set_mtu },
		{ "subnet=", set_subnet },
	};
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct bus_geometry g;
	int e;

	(void)json;
	if (argc < 2)
		return ctl_usage("create: name a bus");
	bus_geometry_default(&g);
	for (int i = 2; i < argc; i++) {
		size_t s = 0;

		while (s < 3 && strncmp(argv[i], settings[s].name,
		    strlen(settings[s].name)))
			s++;
		if (s == 3)
			return ctl_usage("%s: not one of size=, mtu=, subnet=",
			    argv[i]);
		if (settings[s].set(&g, strchr(argv[i], '=') + 1))
			return CTL_FAILED;
	}
	if (ctl_bus_path(argv[1], true, path, sizeof(path)))
		return CTL_FAILED;
	e = bus_create(path, &g, err);
	return e ? ctl_fail("%s", err) : CTL_OK;
}

static int bus_cmd_show(int argc, char **argv, bool json)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct bus *b;

	if (argc != 2)
		return ctl_usage("show: name one bus");
	if (ctl_bus_path(argv[1], false, path, sizeof(path)))
		return CTL_FAILED;
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	busshow_print(b, path, json, true);
	bus_close(b);
	return CTL_OK;
}

static int bus_cmd_remove(int argc, char **argv, bool json)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct bus *b;
	unsigned n;

	(void)json;
	if (argc != 2)
		return ctl_usage("remove: name one bus");
	if (ctl_bus_path(argv[1], false, path, sizeof(path)))
		return CTL_FAILED;
	/* Only what is a bus is removed: a slip of the hand costs no file. */
	if (bus_open(&b, path, BUS_OPEN_RDONLY, err))
		return ctl_fail("%s", err);
	n = busshow_count(b);
	bus_close(b);
	if (n)
		return ctl_fail("%s: %u member%s on it; shmif bus show %s "
		    "lists them", path, n, n == 1 ? " is" : "s are", path);
	if (unlink(path))
		return ctl_fail("%s: %s", path, strerror(errno));
	return CTL_OK;
}

int cmd_bus(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv, bool json);
	} sub[] = {
		{ "create", bus_cmd_create }, { "show", bus_cmd_show },
		{ "list", bus_cmd_list }, { "prune", bus_cmd_prune },
		{ "remove", bus_cmd_remove },
	};
	bool json = ctl_take_json(&argc, argv);

	if (argc < 2)
		return ctl_usage("what to do with a bus?");
	for (size_t i = 0; i < sizeof(sub) / sizeof(sub[0]); i++)
		if (!strcmp(sub[i].name, argv[1]))
			return sub[i].run(argc - 1, argv + 1, json);
	return ctl_unknown("bus", argv[1], "shmif bus --help");
}
