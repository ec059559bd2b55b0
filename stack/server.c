/* server.c: shmif_server, a virtual host as a process. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/api/allow.h"
#include "stack/api/names.h"
#include "stack/api/private.h"
#include "stack/core/log.h"
#include "stack/core/loop.h"
#include "stack/host.h"
#include "stack/oldopt.h"
#include "stack/remote.h"
#include "stack/service.h"
#include "stack/spec.h"
#include "stack/succeed.h"
#include "stack/wire/background.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/url.h"
#include "stack/wire/usage.h"
#include "stack/wire/wire.h"

#define MAX_SPECS	64
#define MAX_ROUTES	256
#define MAX_URLS	16
#define PRIVATE_GRACE	1000	/* ms without a client */
/* Another number of them, for tests, which slow machines have as well. */
#define PRIVATE_ENV	"SHMIF_GRACE__"

static struct {
	struct spec spec[MAX_SPECS];
	int nspec;
	struct wire_route route[MAX_ROUTES];
	const char *route_text[MAX_ROUTES];	/* as it was given */
	int nroute;
	bool front;		/* -s */
	bool private;		/* -P */
	struct sockaddr_un sun[MAX_URLS];	/* unix:// */
	int nsun;
	const char *remote[REMOTE_MAX];		/* tcp:// */
	int nremote;
	const char *key;	/* -k: for those */
	bool insecure;		/* none is needed */
	int passed;		/* a socket that listens already; -1 */
	struct sockaddr_un passed_at;
} cfg;

/* One line, and the end. */
static _Noreturn void bad_usage(const char *what, const char *why)
{
	char line[USAGE_LINELEN];

	usage_line(usage_find(shmif_server_usage, NULL), line);
	log_err("%s%s; usage: %s %s", what, why,
	    program_invocation_short_name, line);
	exit(2);
}

static _Noreturn void bad_option(int c, const char *word)
{
	const char *meant;
	char what[8];

	if (!optopt) {
		meant = usage_nearest(shmif_server_usage,
		    usage_find(shmif_server_usage, NULL), word);
		if (!meant)
			bad_usage(word, ": unknown option");
		log_err("%s: unknown option; did you mean %s?", word, meant);
		exit(2);
	}
	snprintf(what, sizeof(what), "-%c: ", optopt);
	bad_usage(what, c == ':' ? "needs a value" : "unknown option");
}

/* Nobody is to say this by accident, as getopt_long(3)'s --i would be. */
static void set_insecure(const char *word)
{
	if (strcmp(word, "--insecure")) {
		log_err("%s: only --insecure in full lets everybody in", word);
		exit(2);
	}
	cfg.insecure = true;
}

static void parse_url(const char *url)
{
	const char *why;
	struct url u;

	if (url_parse(url, &u, &why) == 0 && u.kind == URL_TCP) {
		if (cfg.nremote == REMOTE_MAX)
			bad_usage(url, ": too many URLs");
		if (u.user[0])
			bad_usage(url, ": a server is not told a name");
		cfg.remote[cfg.nremote++] = url;
		return;
	}
	if (cfg.nsun == MAX_URLS)
		bad_usage(url, ": too many URLs");
	if (client_parse_url(url, &cfg.sun[cfg.nsun++], &why)) {
		log_err("%s: %s", url, why);
		exit(2);
	}
}

static bool among_urls(const struct sockaddr_un *sun)
{
	for (int i = 0; i < cfg.nsun; i++)
		if (!strcmp(cfg.sun[i].sun_path, sun->sun_path))
			return true;
	return false;
}

/* A socket that was passed need not be named, but may be. */
static void take_passed(void)
{
	char err[SERVICE_ERRLEN];

	cfg.passed = service_socket(&cfg.passed_at, err);
	if (cfg.passed < -1) {
		log_err("%s", err);
		exit(2);
	}
	if (cfg.passed < 0 || among_urls(&cfg.passed_at))
		return;
	if (cfg.nsun == MAX_URLS)
		bad_usage("", "too many URLs");
	cfg.sun[cfg.nsun++] = cfg.passed_at;
}

/* The words behind the options. */
static void parse_urls(int n, char **urls)
{
	for (int i = 0; i < n; i++)
		parse_url(urls[i]);
	take_passed();
	if (!n && cfg.passed < 0)
		bad_usage("", "serve at which URL?");
	if (cfg.private && (n != 1 || cfg.nremote))
		bad_usage("", "-P is for one unix:// URL");
	if (cfg.nremote && !cfg.key && !cfg.insecure) {
		log_err("%s: whoever can reach it could do anything here; give "
		    "a file of keys with -k FILE (shmif key new -f FILE NAME "
		    "makes one), or --insecure", cfg.remote[0]);
		exit(2);
	}
	if (cfg.key && cfg.insecure)
		bad_usage("", "-k and --insecure exclude each other");
}

/* What is of the host as a whole. */
static int parse_setting(const char *text, char err[static IFACE_ERRLEN])
{
	if (!strncmp(text, "allow=", 6))
		return allow_add(text + 6, err);
	return names_option(text, err);
}

static void parse_args(int argc, char **argv)
{
	char err[IFACE_ERRLEN] = "";
	char letters[32];
	int c, e = 0;

	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "insecure", no_argument, NULL, 'I' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};

	snprintf(letters, sizeof(letters), "+:shvVPi:k:o:r:%s",
	    oldopt_letters(program_invocation_short_name));
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (oldopt_take(c, optarg))
			continue;
		switch (c) {
		case 's':
			cfg.front = true;
			break;
		case 'v':
			log_verbose = 1;
			break;
		case 'P':
			cfg.private = true;
			break;
		case 'I':
			set_insecure(argv[optind - 1]);
			break;
		case 'k':
			cfg.key = optarg;
			break;
		case 'i':
			e = cfg.nspec == MAX_SPECS ? -E2BIG :
			    spec_parse(&cfg.spec[cfg.nspec++], optarg, err);
			break;
		case 'r':
			if (cfg.nroute < MAX_ROUTES)
				cfg.route_text[cfg.nroute] = optarg;
			e = cfg.nroute == MAX_ROUTES ? -E2BIG :
			    spec_parse_route(&cfg.route[cfg.nroute++],
			    optarg, err);
			break;
		case 'o':
			e = parse_setting(optarg, err);
			break;
		case 'V':
			printf("%s %s\n", program_invocation_short_name,
			    SHMIF_VERSION);
			exit(0);
		case 'h':
			usage_print(stdout, usage_find(shmif_server_usage,
			    NULL), program_invocation_short_name);
			exit(0);
		default:
			bad_option(c, argv[optind - 1]);
		}
		if (e) {
			log_err("-%c %s", c, err[0] ? err : "too many");
			exit(2);
		}
	}
	/* What is in the environment of a private host is for its program. */
	service_init(cfg.private || !cfg.front);
	parse_urls(argc - optind, argv + optind);
	oldopt_tell();
}

/* Some texts begin with the interface, others with the bus. */
static void spec_failed(const char *iface, const char *why)
{
	bool named = !strncmp(why, iface, strlen(iface));

	log_err("%s%s%s", named ? "" : iface, named ? "" : ": ", why);
}

static int configure(void)
{
	char err[IFACE_ERRLEN];
	int e = 0, i;

	for (i = 0; !e && i < cfg.nspec; i++) {
		e = host_interface(&cfg.spec[i], err);
		if (e)
			spec_failed(cfg.spec[i].iface, err);
	}
	for (i = 0; !e && i < cfg.nroute; i++) {
		e = host_route(&cfg.route[i], err);
		if (e)
			log_err("-r %s: %s; its gateway must be on the "
			    "network of an interface (-i)", cfg.route_text[i],
			    err);
	}
	return e;
}

static void on_signal(int sig)
{
	(void)sig;
	loop_stop();
}

static void set_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	if (!cfg.front)
		sigaction(SIGHUP, &sa, NULL);
	else {
		sa.sa_handler = on_signal;
		sigaction(SIGHUP, &sa, NULL);
	}
}

/* One descriptor per socket: as many as we may have. */
static void raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

/* 0, or -errno, told. */
static int listen_all(void)
{
	char err[CONTROL_ERRLEN] = "";
	int e = 0;

	if (!cfg.nsun) {
		e = remote_socket(&cfg.sun[0], err);
		cfg.nsun++;
	}
	for (int i = 0; !e && i < cfg.nsun; i++)
		e = cfg.passed >= 0 && !strcmp(cfg.sun[i].sun_path,
		    cfg.passed_at.sun_path) ?
		    host_serve(cfg.passed, &cfg.sun[i]) :
		    host_listen(&cfg.sun[i], err);
	if (e)
		log_err("%s", err[0] ? err : strerror(-e));
	return e;
}

static unsigned private_grace(void)
{
	const char *ms = getenv(PRIVATE_ENV);

	return ms && atoi(ms) > 0 ? (unsigned)atoi(ms) : PRIVATE_GRACE;
}

int main(int argc, char **argv)
{
	int fd = -1, e;

	sys_fill_stdio();
	log_name(program_invocation_short_name);
	parse_args(argc, argv);
	raise_limit();
	if (!cfg.front) {
		fd = background_begin();
		if (fd < 0) {
			log_err("fork: %s", strerror(-fd));
			return 1;
		}
	}
	set_signals();
	e = host_init();
	if (e)
		log_err("start: %s", strerror(-e));
	if (!e && cfg.private && cfg.nspec)
		succeed(&cfg.spec[0], cfg.sun[0].sun_path);
	if (!e)
		e = configure();
	if (e)
		return 1;
	e = listen_all();
	if (!e && cfg.nremote && remote_start(cfg.remote, cfg.nremote, cfg.key,
	    cfg.insecure, &cfg.sun[0], false))
		e = -EIO;
	if (!e) {
		if (cfg.private)
			private_start(private_grace());
		if (fd >= 0)
			background_ready(fd, log_verbose);
		service_tell("READY=1\nSTATUS=Serving");
		host_run();
		service_tell("STOPPING=1");
	}
	host_end();
	return e ? 1 : 0;
}
