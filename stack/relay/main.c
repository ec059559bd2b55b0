/*
 * main.c: shmif_relay: a half of the way between programs and a virtual host on
 * another machine; rump_sp(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/relay/dial.h"
#include "stack/relay/far.h"
#include "stack/relay/near.h"
#include "stack/relay/serve.h"
#include "stack/wire/background.h"
#include "stack/wire/client.h"
#include "stack/wire/keyfile.h"
#include "stack/wire/sys.h"
#include "stack/wire/usage.h"

#define PROGRAM		"shmif_relay"
#define URLS_MAX	16

static struct {
	bool stdio, listen, insecure;
	const char *key;
	const char *text[URLS_MAX];
	struct url url[URLS_MAX];
	int n;
	struct sockaddr_un sun;
} cfg;

static _Noreturn void die(int status, const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s%s%s\n", what, *what ? ": " : "", why);
	exit(status);
}

static _Noreturn void bad_usage(void)
{
	char line[USAGE_LINELEN];

	usage_line(usage_find(shmif_relay_usage, NULL), line);
	fprintf(stderr, "usage: " PROGRAM " %s\n", line);
	exit(2);
}

/* Near half. */

static int ready_fd = -1;

static void to_null(int fd)
{
	int null = sys_null(O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, fd);
	if (null != fd)
		close(null);
}

static void near_ready(void)
{
	background_ready(ready_fd, false);
}

static int near_half(void)
{
	char err[DIAL_ERRLEN];
	struct dialled d;

	ready_fd = background_begin();
	if (ready_fd < 0)
		die(1, "fork", strerror(-ready_fd));
	if (dial(&cfg.url[0], cfg.key, &d, err))
		die(1, cfg.text[0], err);
	return near_run(&d.trans, d.number, d.ahead, d.n, &cfg.sun,
	    near_ready);
}

/* Far half. */

static bool settle(void)
{
	bool more = far_settle();

	if (cfg.stdio && !far_count())
		watch_stop();
	return more;
}

static void tick(void)
{
	far_tick();
	if (cfg.listen)
		serve_tick();
}

/* By ssh: the other half is at standard input and output. */
static int far_half(void)
{
	struct trans t = { .in = 0, .out = 1 };
	char line[RELAY_LINE], why[TRANS_WHY];
	size_t n = 0;
	uint32_t number;

	while (n < sizeof(line) - 1 && (!n || line[n - 1] != '\n'))
		if (read(0, line + n++, 1) != 1)
			return 1;
	line[n - 1] = '\0';
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
	fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
	if (trans_check(line, &number, why)) {
		far_refuse(&t, why);
		return 1;
	}
	if (far_start(&t, &cfg.sun, NULL, NULL, 0))
		return 1;
	watch_run(settle, tick);
	return 0;
}

static void host_gone(struct watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	watch_stop();
}

/* A connection on which nothing is said: it ends with the host, and we do. */
static int watch_host(void)
{
	static struct watch w = { .fn = host_gone };

	w.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (w.fd < 0 || connect(w.fd, (struct sockaddr *)&cfg.sun,
	    sizeof(cfg.sun)) < 0)
		return -errno;
	return watch_add(&w, EPOLLIN | EPOLLRDHUP);
}

/* Started by a host: it is told on standard output when we serve. */
static int far_halves(void)
{
	char err[SERVE_ERRLEN], bad[KEYFILE_ERRLEN];
	int e = watch_host();

	if (e)
		die(1, cfg.sun.sun_path, strerror(-e));
	if (cfg.key && keyfile_check(cfg.key, bad))
		die(1, "", bad);
	if (cfg.key)
		cfg.key = realpath(cfg.key, NULL);	/* for ever */
	for (int i = 0; i < cfg.n; i++)
		if (serve_listen(&cfg.url[i], cfg.key, &cfg.sun, err))
			die(1, cfg.text[i], err);
	if (cfg.insecure)
		fprintf(stderr, PROGRAM ": %s: --insecure: whoever can reach "
		    "this address has all rights on this virtual host\n",
		    cfg.text[0]);
	if (write(1, "", 1) != 1)
		return 1;
	for (int fd = 0; fd < 3; fd++)
		to_null(fd);
	watch_run(settle, tick);
	return 0;
}

static void add_url(const char *text)
{
	const char *why = "";
	struct url u;

	if (url_parse(text, &u, &why))
		die(2, text, why);
	if (u.kind == URL_UNIX) {
		if (client_parse_url(text, &cfg.sun, &why))
			die(2, text, why);
		return;
	}
	if (cfg.n == URLS_MAX)
		die(2, text, "too many URLs");
	cfg.url[cfg.n] = u;
	cfg.text[cfg.n++] = text;
}

static void parse_args(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "insecure", no_argument, NULL, 'I' },
		{ "listen", no_argument, NULL, 'l' },
		{ "stdio", no_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+hVk:", longs, NULL)) != -1) {
		switch (c) {
		case 'h':
			usage_print(stdout, usage_find(shmif_relay_usage,
			    NULL), PROGRAM);
			exit(0);
		case 'V':
			printf(PROGRAM " " SHMIF_VERSION "\n");
			exit(0);
		case 'I':
			cfg.insecure = !strcmp(argv[optind - 1], "--insecure");
			break;
		case 'l':
			cfg.listen = true;
			break;
		case 's':
			cfg.stdio = true;
			break;
		case 'k':
			cfg.key = optarg;
			break;
		default:
			bad_usage();
		}
	}
	for (int i = optind; i < argc; i++)
		add_url(argv[i]);
	if (cfg.listen && !cfg.key == !cfg.insecure)
		bad_usage();
	if (!cfg.sun.sun_path[0] || (cfg.stdio ? cfg.n != 0 : cfg.listen ?
	    cfg.n == 0 : cfg.n != 1))
		bad_usage();
}

/* One descriptor for a socket, and more. */
static void raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static void on_signal(int sig)
{
	(void)sig;
	watch_stop();
}

int main(int argc, char **argv)
{
	int e;

	sys_fill_stdio();
	parse_args(argc, argv);
	raise_limit();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (!cfg.stdio && !cfg.listen && !cfg.key)
		cfg.key = getenv("RUMP_SERVER_KEY");
	e = watch_init();
	if (e)
		die(1, "epoll", strerror(-e));
	if (cfg.stdio)
		return far_half();
	return cfg.listen ? far_halves() : near_half();
}
