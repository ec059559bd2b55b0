/*
 * main.c: the control tool: finds the command by its name, or by the name
 * the program was called by (rump.ifconfig), and runs it.
 */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/wire/sys.h"

#ifndef SHMIF_VERSION
#define SHMIF_VERSION "unknown"
#endif

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *what;
};

static const struct command commands[] = {
	{ "arp", cmd_arp, "-an | -d ADDR | -d -a | -s ADDR MAC",
	    "IPv4 neighbours" },
	{ "bus", cmd_bus, "create PATH [size=N] [mtu=N] [subnet=NET/LEN] | "
	    "show PATH | list | remove PATH", "bus files" },
	{ "dump", cmd_dump, "[-fhx] [-c N] [-p FILE] [--json] BUS",
	    "the frames on a bus" },
	{ "halt", cmd_halt, "", "end the virtual host" },
	{ "help", cmd_help, "[COMMAND]", "this text" },
	{ "ifconfig", cmd_ifconfig, "[-adluv] [IF] [create | destroy | "
	    "linkstr PATH | -linkstr | inet ADDR/LEN | ...]", "interfaces" },
	{ "ndp", cmd_ndp, "-an | -d ADDR", "IPv6 neighbours" },
	{ "netstat", cmd_netstat, "[-ainrs] [-f inet|inet6] [-p tcp|udp]",
	    "sockets, routes, interfaces, statistics" },
	{ "ping", cmd_ping, "[-46bDfnOqv] [-c N] [-I IF] [-i SEC] [-l N] "
	    "[-M HOW] [-p HEX] [-s SIZE] [-t TTL] [-W SEC] [-w SEC] HOST",
	    "echo requests" },
	{ "ping6", cmd_ping6, "as ping -6", "echo requests over IPv6" },
	{ "replay", cmd_replay, "[-t] FILE BUS", "put a capture onto a bus" },
	{ "route", cmd_route, "[-n] show | add DEST GATEWAY | "
	    "add DEST -interface IF | delete DEST | get ADDR | flush",
	    "routes" },
	{ "sockstat", cmd_sockstat, "[-46cl]", "sockets and their owners" },
	{ "sysctl", cmd_sysctl, "[-anq] [NAME[=VALUE]]...",
	    "settings and statistics" },
	{ "traceroute", cmd_traceroute, "[-46In] [-f TTL] [-m TTL] [-q N] "
	    "[-w SEC] [-p PORT] HOST [SIZE]", "the path to a host" },
	{ "traceroute6", cmd_traceroute6, "as traceroute -6",
	    "the path to a host over IPv6" },
	{ "version", cmd_version, "", "the version of this program" },
	{ "wait", cmd_wait, "[-t SEC] NAME[:PORT] | ADDR[:PORT] | "
	    "[ADDR6]:PORT ...", "until hosts or their ports are there" },
};
#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static char prog[64] = "shmif";
static const struct command *current;

const char *ctl_prog(void)
{
	return prog;
}

/* One line, whatever happens: with the usage behind it if that is given. */
static void print_error(const char *fmt, va_list ap, const char *usage)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", prog);
	vfprintf(stderr, fmt, ap);
	if (usage)
		fprintf(stderr, "; usage: %s %s", prog, usage);
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

int ctl_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_error(fmt, ap, current ? current->args : NULL);
	va_end(ap);
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

static void print_help(FILE *to)
{
	fprintf(to, "usage: shmif [-s URL] COMMAND [ARGUMENT]...\n"
	    "The virtual host is the one at URL, or at $RUMP_SERVER.\n\n");
	for (size_t i = 0; i < NUM_COMMANDS; i++)
		fprintf(to, "  %-12s %s\n", commands[i].name,
		    commands[i].what);
	fprintf(to, "\nshmif help COMMAND tells how a command is used; "
	    "shmif(1) tells all.\n");
}

static int cmd_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_help(stdout);
		return CTL_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return ctl_usage("%s: no such command", argv[1]);
	printf("usage: shmif %s %s\n", c->name, c->args);
	return CTL_OK;
}

static int cmd_version(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return ctl_usage("no argument is taken");
	printf("shmif %s\n", SHMIF_VERSION);
	return CTL_OK;
}

/*
 * The preload library, which this program is linked with for ping's sake,
 * read RUMP_SERVER before main: start over when -s changes it.
 */
static int set_server(const char *url, char **argv, int skip)
{
	const char *old = getenv("RUMP_SERVER");

	if (old && !strcmp(old, url))
		return 0;
	if (setenv("RUMP_SERVER", url, 1))
		return ctl_fail("%s", strerror(errno));
	argv[skip] = argv[0];
	execv("/proc/self/exe", argv + skip);
	return 0;	/* no /proc: all but ping works without */
}

static int run(const struct command *c, int argc, char **argv)
{
	int status;

	current = c;
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		printf("usage: %s %s\n", prog, c->args);
		status = CTL_OK;
	} else {
		status = c->run(argc, argv);
	}
	errno = 0;
	if (!status && (fflush(stdout) || ferror(stdout)) && errno != EPIPE)
		return ctl_fail("standard output: %s",
		    errno ? strerror(errno) : "it cannot be written to");
	return status;
}

int main(int argc, char **argv)
{
	const struct command *c;
	const char *base;
	int i = 1;

	sys_fill_stdio();
	if (argc < 1)
		return CTL_USAGE;
	base = strrchr(argv[0], '/');
	base = base ? base + 1 : argv[0];
	if (!strncmp(base, "rump.", 5) && (c = find_command(base + 5))) {
		snprintf(prog, sizeof(prog), "%s", base);
		return run(c, argc, argv);
	}
	/* The launcher has us wait for it: its name is what the user called. */
	if (!strcmp(base, "shmhijack")) {
		snprintf(prog, sizeof(prog), "%s", base);
		return cmd_wait(argc, argv);
	}
	if (argc > i && !strcmp(argv[i], "-s")) {
		if (argc < i + 2)
			return ctl_usage("-s needs a URL");
		i += 2;
		if (set_server(argv[2], argv, 2))
			return CTL_FAILED;
	}
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
		return ctl_usage("%s: no such command; see shmif help",
		    argv[i]);
	snprintf(prog, sizeof(prog), "shmif %s", c->name);
	return run(c, argc - i, argv + i);
}
