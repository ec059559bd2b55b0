/* busall.c: shmif bus list and prune: all named buses. */
#include "stack/ctl/busall.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/ctl/buslist.h"
#include "stack/ctl/busshow.h"
#include "stack/ctl/ctl.h"
#include "stack/wire/json.h"

struct all {
	bool json;
	struct json j;
	unsigned buses, busy;	/* those with somebody on them */
	uint64_t bytes;		/* of memory or disk */
	int status;
};

static uint64_t taken(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

static void list_bus(void *arg, const char *name, const char *path,
    struct bus *b)
{
	struct all *a = arg;

	(void)name;
	a->buses++;
	a->busy += busshow_count(b) > 0;
	a->bytes += taken(path);
	if (a->json)
		busshow_json(&a->j, b, path, false);
	else
		busshow_print(b, path, false, false);
}

int bus_cmd_list(int argc, char **argv, bool json)
{
	struct all a = { .json = json };
	int status;

	(void)argv;
	if (argc != 1)
		return ctl_usage("list takes no argument");
	json_init(&a.j, stdout, false);
	if (json)
		json_array(&a.j, NULL);
	status = buslist_all(list_bus, &a);
	if (json)
		json_end(&a.j);
	else if (isatty(STDOUT_FILENO) && a.buses)
		printf("%u bus%s, %u in use, %.1f MB\n", a.buses,
		    a.buses == 1 ? "" : "es", a.busy, (double)a.bytes / 1e6);
	return status;
}

static void prune_bus(void *arg, const char *name, const char *path,
    struct bus *b)
{
	struct all *a = arg;
	uint64_t bytes = taken(path);
	char err[BUS_ERRLEN];

	(void)name;
	/* Who does not tell may be on it all the same. */
	if (busshow_count(b) || bus_geometry(b)->secret)
		return;
	if (bus_remove(path, err)) {
		a->status = ctl_fail("%s", err);
		return;
	}
	a->buses++;
	a->bytes += bytes;
	if (a->json) {
		json_string(&a->j, NULL, path);
		return;
	}
	printf("%s removed\n", path);
}

int bus_cmd_prune(int argc, char **argv, bool json)
{
	struct all a = { .json = json };
	int status;

	(void)argv;
	if (argc != 1)
		return ctl_usage("prune takes no argument");
	json_init(&a.j, stdout, false);
	if (json)
		json_array(&a.j, NULL);
	status = buslist_all(prune_bus, &a);
	if (json)
		json_end(&a.j);
	else
		printf("%u bus%s, %.1f MB\n", a.buses, a.buses == 1 ? "" :
		    "es", (double)a.bytes / 1e6);
	return status ? status : a.status;
}
