/* bus.c: shmif bus: creates, shows, lists and removes buses. */
#include "bus/bus.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stack/ctl/busall.h"
#include "stack/ctl/busshow.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/join.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

/* What `bus create` is told. */
struct wish {
	struct bus_geometry geo;
	unsigned mode;
};

static int parse_mode(const char *value, unsigned *mode)
{
	char *end;
	unsigned long v = strtoul(value, &end, 8);

	*mode = (unsigned)v;
	if (*value < '0' || *value > '7' || *end || v > 0777 ||
	    !bus_mode_ok(*mode))
		return ctl_malformed("%s: not one of the modes 0600, 0640, "
		    "0644, 0660, 0664, 0666", value);
	return 0;
}

static int set_mode(struct wish *w, const char *value)
{
	return parse_mode(value, &w->mode);
}

static int set_size(struct wish *w, const char *value)
{
	uint64_t v;

	if (text_parse_size(value, BUS_SIZE_MIN, BUS_SIZE_MAX, &v) ||
	    v & (v - 1))
		return ctl_malformed("size=%s: not a power of two from %uk to "
		    "%uM", value, BUS_SIZE_MIN >> 10, BUS_SIZE_MAX >> 20);
	w->geo.size = (uint32_t)v;
	return 0;
}

static int set_mtu(struct wish *w, const char *value)
{
	uint64_t v;

	if (text_parse_size(value, BUS_MTU_MIN, BUS_MTU_MAX, &v))
		return ctl_malformed("mtu=%s: not a number from %d to %d",
		    value, BUS_MTU_MIN, BUS_MTU_MAX);
	w->geo.mtu = (uint32_t)v;
	return 0;
}

static int set_subnet(struct wish *w, const char *value)
{
	struct text_ip net;

	if (text_parse_net(value, AF_INET, &net) || net.plen < 8 ||
	    net.plen > 30 || text_host_bits(&net))
		return ctl_malformed("subnet=%s: not a network like "
		    "10.0.0.0/24 with a length of 8 to 30", value);
	memcpy(w->geo.subnet, net.ip, 4);
	w->geo.plen = (uint8_t)net.plen;
	return 0;
}

/* Looked for first: the others change what is usual in it. */
static int set_format(struct wish *w, const char *value)
{
	if (!bus_geometry_of(&w->geo, value))
		return ctl_malformed("format=%s: not native or rump", value);
	return 0;
}

static int skip(struct wish *w, const char *value)
{
	(void)w;
	(void)value;
	return 0;
}

static int find_format(struct wish *w, int argc, char **argv)
{
	int status = 0;

	bus_geometry_default(&w->geo);
	for (int i = 2; i < argc && !status; i++)
		if (!strncmp(argv[i], "format=", 7))
			status = set_format(w, argv[i] + 7);
	return status;
}

static int bus_cmd_create(int argc, char **argv, bool json)
{
	static const struct {
		const char *name;
		int (*set)(struct wish *w, const char *value);
	} settings[] = {
		{ "size=", set_size }, { "mtu=", set_mtu },
		{ "subnet=", set_subnet }, { "mode=", set_mode },
		{ "format=", skip },
	};
	const size_t known = sizeof(settings) / sizeof(settings[0]);
	char path[PATH_MAX], err[BUS_ERRLEN];
	struct wish w = { .mode = BUS_MODE_DEFAULT };
	int e;

	(void)json;
	if (argc < 2)
		return ctl_usage("create: name a bus");
	if (find_format(&w, argc, argv))
		return CTL_USAGE;
	for (int i = 2; i < argc; i++) {
		size_t s = 0;

		while (s < known && strncmp(argv[i], settings[s].name,
		    strlen(settings[s].name)))
			s++;
		if (s == known)
			return ctl_unknown("bus", argv[i],
			    "shmif bus --help");
		if (settings[s].set(&w, strchr(argv[i], '=') + 1))
			return CTL_USAGE;
	}
	if (ctl_bus_path(argv[1], true, path, sizeof(path)))
		return CTL_FAILED;
	e = bus_create(path, &w.geo, w.mode, err);
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

static int bus_cmd_chmod(int argc, char **argv, bool json)
{
	char path[PATH_MAX], err[BUS_ERRLEN];
	unsigned mode;

	(void)json;
	if (argc != 3)
		return ctl_usage("chmod: give a mode and name one bus");
	if (parse_mode(argv[1], &mode))
		return CTL_USAGE;
	if (ctl_bus_path(argv[2], false, path, sizeof(path)))
		return CTL_FAILED;
	return bus_chmod(path, mode, err) ? ctl_fail("%s", err) : CTL_OK;
}

static int bus_cmd_remove(int argc, char **argv, bool json)
{
	char path[PATH_MAX], err[BUS_ERRLEN];

	(void)json;
	if (argc != 2)
		return ctl_usage("remove: name one bus");
	if (ctl_bus_path(argv[1], false, path, sizeof(path)))
		return CTL_FAILED;
	return bus_remove(path, err) ? ctl_fail("%s", err) : CTL_OK;
}

static int bus_cmd_unlock(int argc, char **argv, bool json)
{
	char path[PATH_MAX], err[BUS_ERRLEN];

	(void)json;
	if (argc != 2)
		return ctl_usage("unlock: name one bus");
	if (ctl_bus_path(argv[1], false, path, sizeof(path)))
		return CTL_FAILED;
	if (bus_unlock_stuck(path, err))
		return ctl_fail("%s", err);
	printf("%s\n", err);
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
		{ "chmod", bus_cmd_chmod }, { "remove", bus_cmd_remove },
		{ "unlock", bus_cmd_unlock }, { "join", bus_cmd_join },
	};
	bool json = ctl_take_json(&argc, argv);

	if (argc < 2)
		return ctl_usage("what to do with a bus?");
	for (size_t i = 0; i < sizeof(sub) / sizeof(sub[0]); i++)
		if (!strcmp(sub[i].name, argv[1]))
			return sub[i].run(argc - 1, argv + 1, json);
	return ctl_unknown("bus", argv[1], "shmif bus --help");
}
