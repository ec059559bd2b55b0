/* sysctl.c: shmif sysctl: the virtual host's settings and statistics. */
#include "stack/ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/wire/json.h"

struct sysctl {
	bool all, values_only, quiet, json;
	struct ctl_list list;
	struct json out;
};

static int load(struct sysctl *o)
{
	return o->list.rec ? 0 : ctl_dump(WIRE_DUMP_SYSCTL, &o->list);
}

static void print_one(struct sysctl *o, const char *name, const char *value)
{
	if (o->json)
		json_string(&o->out, name, value);
	else if (o->values_only)
		puts(value);
	else
		printf("%s = %s\n", name, value);
}

/* A name, or all below it. */
static bool matches(const char *name, const char *want)
{
	size_t n = strlen(want);

	while (n && want[n - 1] == '.')
		n--;
	return !strncmp(name, want, n) && (name[n] == '.' || !name[n] || !n);
}

/* One of Linux's names, which the list has not. */
static int show_linux(struct sysctl *o, const char *want)
{
	struct wire_req req = { .op = WIRE_SYSCTL };
	char value[WIRE_DATA + 1];
	struct wire_rep rep;

	req.len = (uint16_t)strnlen(want, WIRE_DATA);
	memcpy(req.data, want, req.len);
	if (ctl_call(&req, &rep, NULL, want))
		return CTL_FAILED;
	snprintf(value, sizeof(value), "%.*s", (int)rep.len,
	    (const char *)rep.data);
	print_one(o, want, value);
	return 0;
}

static int show(struct sysctl *o, const char *want)
{
	const struct wire_sysctl *s;
	size_t shown = 0;

	if (load(o))
		return CTL_FAILED;
	s = o->list.rec;
	for (size_t i = 0; i < o->list.n; i++)
		if (matches(s[i].name, want)) {
			print_one(o, s[i].name, s[i].value);
			shown++;
		}
	return shown || !*want ? 0 : show_linux(o, want);
}

static int set(struct sysctl *o, const char *word)
{
	struct wire_req req = { .op = WIRE_SYSCTL };
	size_t n = strlen(word), name = strcspn(word, "=");
	char what[WIRE_DATA + 1];
	struct wire_rep rep;

	if (n > WIRE_DATA)
		return ctl_fail("%.*s: the value is too long", (int)name, word);
	req.len = (uint16_t)n;
	memcpy(req.data, word, n);
	snprintf(what, sizeof(what), "%.*s", (int)name, word);
	if (ctl_call(&req, &rep, NULL, what))
		return CTL_FAILED;
	if (o->quiet)
		return 0;
	if (o->json)
		json_string(&o->out, what, word + name + 1);
	else if (o->values_only)
		puts(word + name + 1);
	else
		printf("%s: %.*s -> %s\n", what, (int)rep.len,
		    (const char *)rep.data, word + name + 1);
	return 0;
}

int cmd_sysctl(int argc, char **argv)
{
	struct sysctl o = { .json = ctl_take_json(&argc, argv) };
	int c, status = CTL_OK;

	opterr = 0;
	while ((c = getopt(argc, argv, "anqw")) != -1) {
		if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
		o.all |= c == 'a';
		o.values_only |= c == 'n';
		o.quiet |= c == 'q';
	}
	if (!o.all && optind == argc)
		return ctl_usage("name a setting, or -a for all");
	json_init(&o.out, stdout, false);
	if (o.json)
		json_object(&o.out, NULL);
	if (o.all)
		status = show(&o, "");
	for (; optind < argc; optind++)
		if (strchr(argv[optind], '=') ? set(&o, argv[optind]) :
		    show(&o, argv[optind]))
			status = CTL_FAILED;
	if (o.json)
		json_end(&o.out);
	free(o.list.rec);
	return status;
}
