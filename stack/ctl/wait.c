/*
 * wait.c: shmif wait: waits until hosts are there, or until something listens
 * on their ports, as seen from the virtual host.
 */
#include "stack/ctl/wait.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/ping.h"
#include "stack/ctl/text.h"
#include "stack/wire/clock.h"
#include "stack/wire/client.h"

#define WAIT_DEFAULT	10000000000ull	/* ns */
#define ROUND		20		/* ms at most between two looks */
#define ADDRS		8		/* of one name */
#define LOOKUP		5000		/* ms for the virtual host to answer */

struct target {
	const char *text;	/* as the user wrote it */
	char name[256], port[6];	/* port "": only the host */
	struct wait_probe probe[ADDRS];
	unsigned n;		/* 0: the name is not known yet */
};

/* NAME, ADDR, NAME:PORT, ADDR:PORT, ADDR6, [ADDR6] or [ADDR6]:PORT. */
static int parse_target(struct target *t, const char *text)
{
	const char *host = text, *end, *port = NULL;
	uint64_t n;

	memset(t, 0, sizeof(*t));
	t->text = text;
	if (*text == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return ctl_usage("%s: not of the form [ADDR6]:PORT",
			    text);
		port = end[1] ? end + 2 : NULL;
	} else {
		end = strchr(text, ':');
		if (end && !strchr(end + 1, ':'))
			port = end + 1;
		else
			end = text + strlen(text);
	}
	if (end == host || (size_t)(end - host) >= sizeof(t->name))
		return ctl_usage("%s: not the name or address of a host", text);
	if (port && text_parse_u64(port, 1, 65535, &n))
		return ctl_usage("%s: a port is a number from 1 to 65535",
		    text);
	memcpy(t->name, host, (size_t)(end - host));
	if (port)
		snprintf(t->port, sizeof(t->port), "%u", (unsigned)n);
	return 0;
}

static void add(struct target *t, const struct sockaddr *sa, socklen_t len)
{
	struct wait_probe *p = &t->probe[t->n];

	if (t->n == ADDRS || len > sizeof(p->to))
		return;
	memcpy(&p->to, sa, len);
	p->len = len;
	t->n++;
}

/* A numeric address, or a name that the machine's resolver may know. */
static void look_up(struct target *t, int flags)
{
	struct addrinfo hints = {
		.ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM,
	}, *list;

	if (getaddrinfo(t->name, t->port[0] ? t->port : NULL, &hints, &list))
		return;
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next)
		add(t, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(list);
}

/* Is there a member of the bus of that name now? */
static bool on_bus(const char *name)
{
	struct wire_req req = { .op = WIRE_RESOLVE };
	struct wire_rep rep;
	size_t n = strlen(name);

	if (n > sizeof(req.data))
		return false;
	memcpy(req.data, name, n);
	req.len = (uint16_t)n;
	return !client_call(ctl_fd(), &req, NULL, 0, &rep, NULL, LOOKUP,
	    false) && !rep.error && rep.len;
}

/*
 * The addresses of the target.  A name without a dot is that of a member of
 * the bus, which may be yet to come: a name server is not asked each time.
 */
static void resolve(struct target *t)
{
	look_up(t, AI_NUMERICHOST);
	if (!t->n && (on_bus(t->name) || strchr(t->name, '.') ||
	    !strcmp(t->name, "localhost")))
		look_up(t, 0);
}

static bool is_up(struct target *t)
{
	if (!t->n)
		resolve(t);
	for (unsigned i = 0; i < t->n; i++)
		if (waitnet_ask(&t->probe[i]) == WAIT_UP)
			return true;
	return false;
}

/* Sleep until something comes in, and at most for a round. */
static void pause_for(struct target *t)
{
	struct pollfd pfd[ADDRS];
	unsigned n = 0;

	for (unsigned i = 0; i < t->n; i++)
		if (t->probe[i].open)
			pfd[n++] = (struct pollfd){
				.fd = t->probe[i].fd, .events = POLLIN,
			};
	poll(pfd, n, ROUND);
}

static int too_late(const struct target *t, uint64_t limit)
{
	double s = (double)limit / 1e9;
	bool refused = false;

	for (unsigned i = 0; i < t->n; i++)
		refused |= t->probe[i].answer == WAIT_REFUSED;
	if (!t->n)
		return ctl_fail("%s: no host %s within %g s; give it that name "
		    "(-n), or wait longer (-t)", t->text, t->name, s);
	if (refused)
		return ctl_fail("%s: the host is there, but nothing listened "
		    "on port %s within %g s", t->text, t->port, s);
	return ctl_fail("%s: no answer within %g s; start it, or wait longer "
	    "(-t)", t->text, s);
}

static int wait_for(struct target *t, uint64_t start, uint64_t limit)
{
	bool up;

	while (!(up = is_up(t)) && clock_ns() - start < limit)
		pause_for(t);
	for (unsigned i = 0; i < t->n; i++)
		if (t->probe[i].open)
			waitnet_close(&t->probe[i]);
	return up ? CTL_OK : too_late(t, limit);
}

int cmd_wait(int argc, char **argv)
{
	uint64_t limit = WAIT_DEFAULT, start = clock_ns();
	struct target t;
	int c, status = 0;

	opterr = 0;
	while ((c = getopt(argc, argv, "+:t:")) != -1) {
		if (c != 't')
			return ctl_usage(c == ':' ? "-%c needs a value" :
			    "-%c: unknown option", optopt);
		if (text_parse_seconds(optarg, &limit))
			return ctl_usage("-t %s: not a number of seconds",
			    optarg);
	}
	if (optind == argc)
		return ctl_usage("wait for which host?");
	for (int i = optind; i < argc && !status; i++)
		status = parse_target(&t, argv[i]);
	if (!status)
		status = ctl_connect();
	for (int i = optind; i < argc && !status; i++) {
		parse_target(&t, argv[i]);
		status = wait_for(&t, start, limit);
	}
	return status;
}
