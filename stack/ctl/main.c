/*
 * main.c: the control tool: finds the command by its name, or by the name
 * the program was called by (rump.ifconfig), and runs it.
 */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "stack/ctl/extcap.h"
#include "stack/wire/json.h"
#include "stack/wire/sys.h"
#include "stack/wire/usage.h"

#ifndef SHMIF_VERSION
#define SHMIF_VERSION "unknown"
#endif

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

/* What each does and takes is in shmif.usage, which has a block for each. */
static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "arp", cmd_arp },
	{ "bus", cmd_bus },
	{ "dump", cmd_dump },
	{ "halt", cmd_halt },
	{ "help", cmd_help },
	{ "hosts", cmd_hosts },
	{ "ifconfig", cmd_ifconfig },
	{ "link", cmd_link },
	{ "key", cmd_key },
	{ "log", cmd_log },
	{ "ndp", cmd_ndp },
	{ "netstat", cmd_netstat },
	{ "ping", cmd_ping },
	{ "ping6", cmd_ping6 },
	{ "replay", cmd_replay },
	{ "route", cmd_route },
	{ "sockstat", cmd_sockstat },
	{ "sysctl", cmd_sysctl },
	{ "trace", cmd_trace },
	{ "top", cmd_top },
	{ "traceroute", cmd_traceroute },
	{ "traceroute6", cmd_traceroute6 },
	{ "version", cmd_version },
	{ "wait", cmd_wait },
};
#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What NetBSD calls them. */
static const char *const others[][2] = {
	{ "shmif_dumpbus", "dump" },
	{ "shmif_pcapin", "replay" },
};

static char program[32] = "shmif";	/* as it was called */
static char prog[64] = "shmif";		/* with the command */
static bool json_errors;		/* --json was given */
static const char *current;		/* the command's block of usage */

const char *ctl_prog(void)
{
	return prog;
}

/* One line, whatever happens: with the usage behind it if that is given. */
static void print_error(const char *fmt, va_list ap, const char *block)
{
	char line[USAGE_LINELEN];

	fflush(stdout);
	if (json_errors) {
		json_error(prog, fmt, ap);
		return;
	}
	fprintf(stderr, "%s: ", prog);
	vfprintf(stderr, fmt, ap);
	if (block) {
		usage_line(block, line);
		fprintf(stderr, "; usage: %s %s", prog, line);
	}
	fputc('\n', stderr);
}

int ctl_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_error(fmt, ap, NULL);
	va_end(ap);
	return CTL_FAILED;
}

int ctl_malformed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_error(fmt, ap, NULL);
	va_end(ap);
	return CTL_USAGE;
}

int ctl_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_error(fmt, ap, current);
	va_end(ap);
	return CTL_USAGE;
}

/* Is there a program of that name, which somebody means to run there? */
static bool is_program(const char *word)
{
	const char *dir = getenv("PATH");
	char path[PATH_MAX];
	size_t n;

	for (; dir && *dir && !strchr(word, '/'); dir += n + (dir[n] == ':')) {
		n = strcspn(dir, ":");
		if (snprintf(path, sizeof(path), "%.*s/%s", (int)n, dir,
		    word) < (int)sizeof(path) && !access(path, X_OK))
			return true;
	}
	return false;
}

int ctl_unknown(const char *command, const char *word, const char *see)
{
	const char *meant = usage_nearest(shmif_usage, command ?
	    usage_find(shmif_usage, command) : NULL, word);

	if (meant)
		ctl_fail("%s: not known; did you mean %s?", word, meant);
	else if (!command && is_program(word))
		ctl_fail("%s: not known; shmhijack %s runs that program on "
		    "the host", word, word);
	else
		ctl_fail("%s: not known; see %s", word, see);
	return CTL_USAGE;
}

bool ctl_take_json(int *argc, char **argv)
{
	bool found = false;
	int to = 1;

	for (int i = 1; i < *argc; i++) {
		if (!strcmp(argv[i], "--json"))
			found = true;
		else
			argv[to++] = argv[i];
	}
	*argc = to;
	argv[to] = NULL;
	return found;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* The command of a program's name, rump.ifconfig or one of NetBSD's. */
static const struct command *find_called(const char *name)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strcmp(name, others[i][0])) {
			ctl_buses_are_files();
			return find_command(others[i][1]);
		}
	}
	return strncmp(name, "rump.", 5) ? NULL : find_command(name + 5);
}

static void print_help(FILE *to)
{
	usage_print(to, usage_find(shmif_usage, NULL), prog);
	fprintf(to, "\nCommands:\n");
	usage_commands(to, shmif_usage);
	fprintf(to, "\n%s help COMMAND tells how a command is used; "
	    "shmif(1) tells all.\n", prog);
}

static int cmd_help(int argc, char **argv)
{
	const char *block;
	char called[64];

	strcpy(prog, program);
	if (argc < 2) {
		print_help(stdout);
		return CTL_OK;
	}
	block = usage_find(shmif_usage, argv[1]);
	if (!block)
		return ctl_unknown(NULL, argv[1], "shmif help");
	snprintf(called, sizeof(called), "%s %s", prog, argv[1]);
	usage_print(stdout, block, called);
	return CTL_OK;
}

static int cmd_version(int argc, char **argv)
{
	bool json = ctl_take_json(&argc, argv);
	struct json j;

	if (argc > 1)
		return ctl_usage("no argument is taken");
	if (!json) {
		printf("%s %s\n", program, SHMIF_VERSION);
		return CTL_OK;
	}
	json_init(&j, stdout, true);
	json_object(&j, NULL);
	json_string(&j, "name", "shmhijack");
	json_string(&j, "version", SHMIF_VERSION);
	json_end(&j);
	return CTL_OK;
}

/*
 * What every command understands.  -h is so only where it stands alone: it
 * means other things to some.
 */
static bool common_option(int argc, char **argv)
{
	if (argc < 2)
		return false;
	if (!strcmp(argv[1], "--help") ||
	    (argc == 2 && !strcmp(argv[1], "-h"))) {
		usage_print(stdout, current, prog);
		return true;
	}
	if (strcmp(argv[1], "--version"))
		return false;
	printf("%s %s\n", program, SHMIF_VERSION);
	return true;
}

static int run(const struct command *c, int argc, char **argv)
{
	int status = CTL_OK;

	current = usage_find(shmif_usage, c->name);
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		json_errors |= !strcmp(argv[i], "--json");
	if (!common_option(argc, argv))
		status = c->run(argc, argv);
	errno = 0;
	if (!status && (fflush(stdout) || ferror(stdout)) && errno != EPIPE)
		return ctl_fail("standard output: %s",
		    errno ? strerror(errno) : "it cannot be written to");
	return status;
}

/* Options before the command.  Return: 0 and where it is, or a status. */
static int parse(int argc, char **argv, int *at)
{
	const char *url = NULL, *bus = NULL, *host = NULL, **value;
	int i;

	for (i = 1; i < argc; i += 2) {
		value = !strcmp(argv[i], "-s") ? &url :
		    !strcmp(argv[i], "-b") ? &bus :
		    !strcmp(argv[i], "-H") ? &host : NULL;
		if (!value)
			break;
		if (i + 1 == argc)
			return ctl_usage("%s needs a value", argv[i]);
		*value = argv[i + 1];
	}
	*at = i;
	if (!url && !bus && !host)
		return 0;
	if (url ? bus || host : !bus)
		return ctl_usage("say where the host is by -s URL, -b BUS, or "
		    "-b BUS -H NAME");
	return url ? ctl_use_url(url, argv, i) :
	    ctl_use_bus(bus, host, argv, i);
}

static void set_names(const char *called)
{
	const char *base = strrchr(called, '/');

	base = base ? base + 1 : called;
	snprintf(program, sizeof(program), "%s", base);
	strcpy(prog, program);
}

int main(int argc, char **argv)
{
	const struct command *c;
	int i = 1, status;

	sys_fill_stdio();
	if (argc < 1)
		return CTL_USAGE;
	/* Executed once more it would be "exe" in the host's log. */
	prctl(PR_SET_NAME, "shmif");
	set_names(argv[0]);
	c = find_called(prog);
	if (c)
		return run(c, argc, argv);
	if (argc > 3 && !strcmp(argv[1], "--as")) {
		/* shmhijack -w: what the user called is not us. */
		snprintf(prog, sizeof(prog), "%s", argv[2]);
		return cmd_wait(argc - 3, argv + 3);
	}
	if (extcap_called(argc, argv))
		return extcap_main(argc, argv);
	status = parse(argc, argv, &i);
	if (status)
		return status;
	if (argc <= i) {
		print_help(stderr);
		return CTL_USAGE;
	}
	if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V"))
		argv[i] = (char *)"version";
	if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
		argv[i] = (char *)"help";
	c = find_command(argv[i]);
	if (!c)
		return ctl_unknown(NULL, argv[i], "shmif help");
	snprintf(prog, sizeof(prog), "%s %s", program, c->name);
	return run(c, argc - i, argv + i);
}
