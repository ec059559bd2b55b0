/* log.c: shmif log: what has happened on the virtual host. */
#include "stack/ctl/ctl.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stack/wire/json.h"

#define FOLLOW	200	/* ms between two looks */

/* Local time, as the server's own log on stderr has it. */
static void print_line(const struct wire_log *l)
{
	time_t s = (time_t)(l->when_ns / 1000000000);
	struct tm tm;
	char when[32];

	localtime_r(&s, &tm);
	strftime(when, sizeof(when), "%FT%T", &tm);
	printf("%s.%03u %s %s\n", when,
	    (unsigned)(l->when_ns % 1000000000 / 1000000), l->kind, l->text);
}

/* One object a line, so that -f can be read as it comes. */
static void json_line(const struct wire_log *l)
{
	struct json j;

	json_init(&j, stdout, true);
	json_object(&j, NULL);
	json_uint(&j, "number", l->number);
	json_uint(&j, "time_ns", l->when_ns);
	json_string(&j, "kind", l->kind);
	json_string(&j, "text", l->text);
	json_end(&j);
}

/* Return: 0 with *last moved on, or CTL_FAILED. */
static int show(uint64_t *last, bool json)
{
	const struct wire_log *l;
	struct ctl_list list;

	if (ctl_dump_after(WIRE_DUMP_LOG, *last, &list))
		return CTL_FAILED;
	l = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (json)
			json_line(&l[i]);
		else
			print_line(&l[i]);
		*last = l[i].number;
	}
	free(list.rec);
	return 0;
}

/* Wait for a moment. Return: is somebody still reading? */
static bool pause_follow(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, FOLLOW) <= 0;
}

int cmd_log(int argc, char **argv)
{
	bool json = ctl_take_json(&argc, argv), follow = false;
	uint64_t last = 0;
	int c, status;

	opterr = 0;
	while ((c = getopt(argc, argv, "f")) != -1) {
		if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
		follow = true;
	}
	if (optind < argc)
		return ctl_usage("%s: one word too many", argv[optind]);
	do {
		status = show(&last, json);
	} while (!status && follow && !fflush(stdout) && pause_follow());
	return status;
}
