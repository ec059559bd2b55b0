/*
 * main.c: shmhijack: sets the environment that puts a program on a virtual
 * host, looks at the program, and executes it.
 */
#include "hijack/launcher/launcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"
#include "hijack/look/program.h"
#include "stack/wire/client.h"
#include "stack/wire/json.h"
#include "stack/wire/process.h"
#include "stack/wire/sys.h"
#include "stack/wire/url.h"
#include "stack/wire/usage.h"

#ifndef SHMIF_VERSION
#define SHMIF_VERSION "unknown"
#endif

/* As env(1) has them, behind our own 1 and 2. */
enum { FAILED = 1, USAGE = 2, NO_ANSWER = 125, CANNOT_EXECUTE = 126,
       NOT_FOUND = 127 };

struct options {
	const char *server, *bus, *gateway, *name, *host;
	char *hosts, *resolv;		/* files, absolute */
	char addrs[BUS_ADDRS * (INET6_ADDRSTRLEN + 5)];
	const char *wait[WAIT_MAX], *seconds;
	int num_wait;
	bool check, json, host_ok, strict, no_hijack, any;
	bool enter;		/* by the second entry: any, or it has to be */
	bool bare;		/* without the library in LD_PRELOAD */
	char path[PATH_MAX];	/* of the program */
};

static bool say_json;		/* --check --json: errors as well */

void say(const char *fmt, ...)
{
	va_list ap;

	if (say_json) {
		va_start(ap, fmt);
		json_error(program_invocation_short_name, fmt, ap);
		va_end(ap);
		return;
	}
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* What getopt(3) did not understand, which is at argv[optind - 1]. */
static int bad_option(char **argv, int c)
{
	const char *why = c == ':' ? "needs a value" : "unknown option", *meant;
	const char *word = argv[optind - 1];

	if (optopt && optopt < 256) {
		say("-%c: %s; see %s --help", optopt, why,
		    program_invocation_short_name);
		return USAGE;
	}
	meant = usage_nearest(shmhijack_usage,
	    usage_find(shmhijack_usage, NULL), word);
	if (meant)
		say("%s: %s; did you mean %s?", word, why, meant);
	else
		say("%s: %s; see %s --help", word, why,
		    program_invocation_short_name);
	return USAGE;
}

static int bad_usage(const char *why)
{
	char line[USAGE_LINELEN];

	usage_line(usage_find(shmhijack_usage, NULL), line);
	say("%s; usage: %s %s", why, program_invocation_short_name, line);
	return USAGE;
}

/* ADDR or ADDR/PLEN, of either family. */
static bool valid_address(const char *s, bool plen_allowed)
{
	char addr[INET6_ADDRSTRLEN];
	size_t n = strcspn(s, "/");
	uint8_t ip[16];
	char *end;
	long plen;
	int max;

	if (n >= sizeof(addr))
		return false;
	memcpy(addr, s, n);
	addr[n] = '\0';
	max = strchr(addr, ':') ? 128 : 32;
	if (inet_pton(max == 128 ? AF_INET6 : AF_INET, addr, ip) != 1)
		return false;
	if (!s[n])
		return true;
	if (!plen_allowed || s[n + 1] < '0' || s[n + 1] > '9')
		return false;
	plen = strtol(s + n + 1, &end, 10);
	return !*end && plen >= 1 && plen <= max;
}

static int add_address(struct options *o, const char *s)
{
	size_t n = strlen(o->addrs);

	if (!valid_address(s, true)) {
		say("-a %s: not an address like 10.0.0.2/24", s);
		return USAGE;
	}
	if (n + strlen(s) + 2 > sizeof(o->addrs)) {
		say("-a %s: at most %d addresses", s, BUS_ADDRS);
		return USAGE;
	}
	snprintf(o->addrs + n, sizeof(o->addrs) - n, "%s%s", n ? " " : "", s);
	return 0;
}

/* -o hosts=FILE or resolv=FILE */
static int add_file(struct options *o, const char *s)
{
	const char *file = strchr(s, '=');
	char **to = !file ? NULL : !strncmp(s, "hosts=", 6) ? &o->hosts :
	    !strncmp(s, "resolv=", 7) ? &o->resolv : NULL;

	if (!to) {
		say("-o %s: neither hosts=FILE nor resolv=FILE", s);
		return USAGE;
	}
	*to = realpath(file + 1, NULL);
	if (!*to || access(*to, R_OK)) {
		say("-o %s: %s", s, strerror(errno));
		return FAILED;
	}
	return 0;
}

static int add_wait(struct options *o, const char *s)
{
	if (o->num_wait == WAIT_MAX) {
		say("-w %s: at most %d hosts", s, WAIT_MAX);
		return USAGE;
	}
	o->wait[o->num_wait++] = s;
	return 0;
}

static bool valid_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < BUS_NAMELEN && s[0] != '-' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-._") == n;
}

static int check_options(const struct options *o)
{
	bool of_bus = o->addrs[0] || o->gateway || o->name || o->hosts ||
	    o->resolv;

	if (o->strict && o->host_ok) {
		say("--strict refuses what --host-ok lets out; say one");
		return USAGE;
	}
	if (o->json && !o->check) {
		say("--json is for --check");
		return USAGE;
	}
	if (o->any && o->host_ok) {
		say("--any takes the program in, which --host-ok lets out; say "
		    "one");
		return USAGE;
	}
	if (o->no_hijack && (o->server || o->bus || of_bus || o->strict ||
	    o->check || o->any)) {
		say("--no-hijack runs the program on this machine, not on a "
		    "virtual host; it goes with no other option");
		return USAGE;
	}
	if (o->server && (o->bus || of_bus)) {
		say("-s names a host that exists; -b, -a, -g, -n and -o are "
		    "for one of its own");
		return USAGE;
	}
	if (o->host && o->bus && strstr(o->bus, "://")) {
		say("-H %s: a host has a name on a bus, and %s is a VNL",
		    o->host, o->bus);
		return USAGE;
	}
	if (o->host && (!o->bus || of_bus)) {
		say("-H needs a bus, -b BUS, and takes none of -a, -g, -n and "
		    "-o: the host is there");
		return USAGE;
	}
	if (of_bus && !o->bus) {
		say("-a, -g, -n and -o need a bus: -b BUS");
		return USAGE;
	}
	if (o->gateway && !valid_address(o->gateway, false)) {
		say("-g %s: not an address", o->gateway);
		return USAGE;
	}
	if (o->name && !valid_name(o->name)) {
		say("-n %s: a host name has up to %d letters, digits, dots "
		    "and hyphens", o->name, BUS_NAMELEN - 1);
		return USAGE;
	}
	return 0;
}

/* Return: 0, an exit status, or -1 for --help and --version. */
static int parse(struct options *o, int argc, char **argv)
{
	enum { ANY = 256, CHECK, JSON, HOST_OK, NO_HIJACK, STRICT };
	static const struct option longs[] = {
		{ "any", no_argument, NULL, ANY },
		{ "check", no_argument, NULL, CHECK },
		{ "host-ok", no_argument, NULL, HOST_OK },
		{ "json", no_argument, NULL, JSON },
		{ "no-hijack", no_argument, NULL, NO_HIJACK },
		{ "strict", no_argument, NULL, STRICT },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "+:a:b:g:H:hn:o:s:t:Vw:", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'a':
			status = add_address(o, optarg);
			if (status)
				return status;
			break;
		case 'b':
			o->bus = optarg;
			break;
		case 'g':
			o->gateway = optarg;
			break;
		case 'H':
			o->host = optarg;
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'o':
			status = add_file(o, optarg);
			if (status)
				return status;
			break;
		case 's':
			o->server = optarg;
			break;
		case 't':
			o->seconds = optarg;
			break;
		case 'w':
			status = add_wait(o, optarg);
			if (status)
				return status;
			break;
		case ANY:
			o->any = true;
			break;
		case CHECK:
			o->check = true;
			break;
		case JSON:
			o->json = say_json = true;
			break;
		case HOST_OK:
			o->host_ok = true;
			break;
		case NO_HIJACK:
			o->no_hijack = true;
			break;
		case STRICT:
			o->strict = true;
			break;
		case 'h':
			usage_print(stdout, usage_find(shmhijack_usage, NULL),
			    program_invocation_short_name);
			return -1;
		case 'V':
			printf("%s %s\n", program_invocation_short_name,
			    SHMIF_VERSION);
			return -1;
		default:
			return bad_option(argv, c);
		}
	}
	if (optind >= argc)
		return bad_usage("run what?");
	return check_options(o);
}

/* RUMP_SERVER, made absolute so that it survives a change of directory. */
static int set_server(const char *url)
{
	struct sockaddr_un sun;
	char text[sizeof(sun.sun_path) + 8];
	const char *why;
	struct url u;

	if (url_parse(url, &u, &why) ||
	    (u.kind == URL_UNIX && client_parse_url(url, &sun, &why))) {
		say("%s: %s", url, why);
		return USAGE;
	}
	if (u.kind == URL_UNIX) {
		snprintf(text, sizeof(text), "unix://%s", sun.sun_path);
		url = text;
	}
	setenv("RUMP_SERVER", url, 1);
	unsetenv("SHMIF_BUS");
	unsetenv("SHMIF_ADDR");
	unsetenv("SHMIF_GATEWAY");
	unsetenv("SHMIF_NAME");
	unsetenv("SHMIF_HOSTS");
	unsetenv("SHMIF_RESOLV");
	unsetenv("SHMIF_HOLDER__");
	unsetenv("SHMIF_USER__");
	return 0;
}

static void set_or_unset(const char *var, const char *value)
{
	if (value && *value)
		setenv(var, value, 1);
	else
		unsetenv(var);
}

/*
 * SHMIF_BUS: a name stays one; a path is made absolute, and the same however
 * it was written, since the private host is found by it.
 */
static int set_bus_name(const char *bus)
{
	char *dir, *real, *path, named[PATH_MAX], err[BUS_ERRLEN];
	const char *slash = strrchr(bus, '/');
	int e;

	if (strstr(bus, "://")) {	/* a VNL, not a path */
		setenv("SHMIF_BUS", bus, 1);
		return 0;
	}
	if (!*bus || (slash && !slash[1])) {
		say("-b %s: not the name of a bus", bus);
		return USAGE;
	}
	if (strchr(bus, ',')) {
		say("-b %s: a bus for private hosts has no comma in its name",
		    bus);
		return USAGE;
	}
	if (!slash) {
		e = bus_path(named, sizeof(named), bus, false, err);
		if (e)
			say("%s", err);
		else
			setenv("SHMIF_BUS", bus, 1);
		return !e ? 0 : e == -EINVAL || e == -ENAMETOOLONG ? USAGE :
		    FAILED;
	}
	dir = strndup(bus, slash == bus ? 1 : (size_t)(slash - bus));
	real = dir ? realpath(dir, NULL) : NULL;
	if (!real || asprintf(&path, "%s%s", strcmp(real, "/") ? real : "",
	    slash) < 0) {
		say("%s: %s", dir ? dir : bus, strerror(errno));
		return FAILED;
	}
	setenv("SHMIF_BUS", path, 1);
	free(path);
	free(real);
	free(dir);
	return 0;
}

/* The program, which will be this process, keeps the private host. */
static void hold(void)
{
	char text[48];

	snprintf(text, sizeof(text), "%d %llu", getpid(),
	    process_start(getpid()));
	setenv("SHMIF_HOLDER__", text, 1);
}

/* -b: a host of its own, so nothing of an outer one may shine through. */
static int set_bus(const struct options *o)
{
	int status = set_bus_name(o->bus);

	if (status)
		return status;
	unsetenv("RUMP_SERVER");
	unsetenv("SHMIF_HOST__");
	unsetenv("SHMIF_USER__");
	hold();
	if (!strstr(o->bus, "://"))
		hint_bus(o->bus, o->addrs, o->name);
	set_or_unset("SHMIF_ADDR", o->addrs);
	set_or_unset("SHMIF_GATEWAY", o->gateway);
	set_or_unset("SHMIF_NAME", o->name);
	set_or_unset("SHMIF_HOSTS", o->hosts);
	set_or_unset("SHMIF_RESOLV", o->resolv);
	return 0;
}

/* -H: a host that is on the bus already. */
static int set_host(const struct options *o)
{
	char path[PATH_MAX], server[BUS_SERVERLEN], err[BUS_ERRLEN];
	char url[BUS_SERVERLEN + 8];
	struct bus *b;
	int e;

	if (bus_path(path, sizeof(path), o->bus, false, err) ||
	    bus_open(&b, path, BUS_OPEN_RDONLY, err)) {
		say("%s", err);
		return FAILED;
	}
	e = bus_find_server(b, o->host, server, err);
	bus_close(b);
	if (e) {
		say("%s", err);
		return FAILED;
	}
	snprintf(url, sizeof(url), "unix://%s", server);
	return set_server(url);
}

static int set_environment(const struct options *o)
{
	const char *server = getenv("RUMP_SERVER"), *bus = getenv("SHMIF_BUS");

	if (o->host)
		return set_host(o);
	if (o->bus)
		return set_bus(o);
	if (o->server)
		return set_server(o->server);
	if (server && *server)
		return set_server(server);
	if (bus && *bus) {
		if (!getenv("SHMIF_HOLDER__"))
			hold();		/* else the outer program does */
		return set_bus_name(bus);
	}
	return bad_usage("name a virtual host with -s URL, or a bus with "
	    "-b BUS");
}

/* What a program that the library cannot reach gets: SHMIF_ESCAPE. */
static void set_escape(const struct options *o)
{
	const char *old = getenv("SHMIF_ESCAPE");

	if (o->strict)
		setenv("SHMIF_ESCAPE", "deny", 1);
	else if (o->host_ok)
		setenv("SHMIF_ESCAPE", "allow", 1);
	else if (old && !strcmp(old, "host"))
		unsetenv("SHMIF_ESCAPE");	/* of an outer --no-hijack */
}

/* Why the second entry is closed to a program, or NULL. */
static const char *no_entry(const struct program *p, const char *entry)
{
	if (p->problem && !p->by_calls)
		return "its system calls are another machine's";
	if (!entry[0])
		return "shmif_entry, which would make its network calls, is "
		    "not beside this program";
	if (!sys_can_watch())
		return "this kernel does not tell of its system calls (that "
		    "takes Linux 5.19 with seccomp)";
	return NULL;
}

/* Return: 0 to go on, or an exit status. */
static int look(struct options *o, const char *name, const char *library,
    const char *entry)
{
	struct program_how how = { .search = getenv("PATH"), .shell = true };
	static struct program p;
	const char *why;
	int err = program_find(name, how.search, o->path, sizeof(o->path));

	if (!err)
		err = program_look(&p, o->path, &how);
	if (err) {
		say("%s: %s", name, strerror(-err));
		return err == -ENOENT ? NOT_FOUND : CANNOT_EXECUTE;
	}
	why = no_entry(&p, entry);
	if (o->check)
		return check_print(&p, library, why, o->json);
	o->bare = p.bare;
	if (sys_watched() || (!o->any && (!p.problem || o->host_ok)))
		return 0;
	o->enter = !why;
	if (!why)
		return 0;
	say("%s: %s%s%s; it would use this machine's network (--host-ok lets "
	    "it)", p.path, p.problem ? p.problem : "", p.problem ? ", and " :
	    "", why);
	return CANNOT_EXECUTE;
}

static int run(char **argv)
{
	int err;

	execvp(argv[0], argv);
	err = errno;
	say("%s: %s", argv[0], strerror(err));
	return err == ENOENT ? NOT_FOUND : CANNOT_EXECUTE;
}

static int enter(const struct options *o, char *entry, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 3, sizeof(*words));
	int status;

	if (!words) {
		say("%s", strerror(ENOMEM));
		return FAILED;
	}
	words[0] = entry;
	words[1] = (char *)(uintptr_t)o->path;
	memcpy(words + 2, argv, (size_t)argc * sizeof(*argv));
	status = run(words);
	free(words);
	return status;
}

/* The way out: the library, should it be in here, lets go by that word. */
static int run_on_machine(char **argv)
{
	setenv("SHMIF_ESCAPE", "host", 1);
	return library_drop() ? FAILED : run(argv);
}

int main(int argc, char **argv)
{
	static struct options o;
	char library[PATH_MAX], entry[PATH_MAX];
	int status;

	sys_fill_stdio();
	status = parse(&o, argc, argv);
	if (status)
		return status < 0 ? 0 : status;
	argv += optind;
	if (o.no_hijack)
		return run_on_machine(argv);
	if (library_find(library))
		return FAILED;
	if (!o.check) {
		status = set_environment(&o);
		if (status)
			return status;
		set_escape(&o);
	}
	entry_find(entry);
	status = look(&o, argv[0], library, entry);
	if (status || o.check)
		return status;
	if (o.num_wait)
		status = wait_for_hosts(o.wait, o.num_wait, o.seconds);
	if (status)
		return status == USAGE ? USAGE : NO_ANSWER;
	if (o.bare ? library_drop() : library_preload(library))
		return FAILED;
	if (o.enter)
		return enter(&o, entry, argc - optind, argv);
	return run(shell_mark_prompt(argv, o.name));
}
