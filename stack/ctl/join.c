/* join.c: shmif bus join: makes one Ethernet of two. */
#include "stack/ctl/join.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bridge.h"
#include "bus/bus.h"
#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/background.h"
#include "tap/vdeplug.h"

#define PLUG_FRAME	9216	/* bytes that all of VDE takes */
#define PLUG_MTU	1500	/* what every kind of plug takes */
#define NO_HOST		"socket=all:noinet:noinet6:nolocal:noother:" \
	"noroute"
#define END_S	2		/* after SIGTERM, whatever hangs */

struct join {
	struct bus_ends ends;
	struct bus_plug plug;
	struct vdeplug *vde;	/* or NULL */
	char path[2][PATH_MAX];
	int ready_fd;		/* who waits for us to serve, or -1 */
};

static struct bus_bridge *bridge;	/* for the signal handler */

static void on_signal(int sig)
{
	(void)sig;
	alarm(END_S);
	bus_bridge_stop(bridge);
}

static void on_alarm(int sig)
{
	(void)sig;
	_exit(CTL_OK);
}

static void catch_signals(void)
{
	struct sigaction end = { .sa_handler = on_signal };
	struct sigaction late = { .sa_handler = on_alarm };

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGALRM, &late, NULL);
}

static void say(const char *line)
{
	fprintf(stderr, "%s: %s\n", ctl_prog(), line);
}

static void ready(void *arg)
{
	struct join *j = arg;

	if (j->ready_fd >= 0)
		background_ready(j->ready_fd, !isatty(STDERR_FILENO));
	j->ready_fd = -1;
}

static int open_bus(struct join *j, int i, const char *name)
{
	char err[BUS_ERRLEN];

	if (ctl_bus_path(name, true, j->path[i], sizeof(j->path[i])))
		return CTL_FAILED;
	j->ends.name[i] = j->path[i];
	if (bus_open(&j->ends.bus[i], j->path[i], BUS_OPEN_CREATE, err))
		return ctl_fail("%s", err);
	return CTL_OK;
}

static int plug_recv(void *arg, struct iovec *frame, int max)
{
	return vdeplug_recv(arg, frame, max);
}

static int plug_send(void *arg, const struct iovec *frame, int n)
{
	return vdeplug_send(arg, frame, n);
}

/* What is a datagram socket, and no other program's, does not block. */
static bool blocks(const char *vnl)
{
	return strncmp(vnl, "udp://", 6) && strncmp(vnl, "vxlan://", 8) &&
	    strncmp(vnl, "vxvde://", 8);
}

static int open_plug(struct join *j, const char *vnl)
{
	char descr[PATH_MAX + 32], err[BUS_ERRLEN];

	snprintf(descr, sizeof(descr), "shmif bus join %s", j->path[0]);
	if (vdeplug_open(&j->vde, vnl, descr, err, sizeof(err)))
		return ctl_fail("%s", err);
	j->plug.arg = j->vde;
	j->plug.recv = plug_recv;
	j->plug.send = plug_send;
	j->plug.fd = vdeplug_fd(j->vde);
	j->plug.end_fd = vdeplug_ctlfd(j->vde);
	j->plug.frame_max = PLUG_FRAME;
	j->plug.blocks = blocks(vnl);
	j->ends.plug = &j->plug;
	j->ends.name[1] = vnl;
	return CTL_OK;
}

static int run(struct join *j)
{
	char err[BUS_ERRLEN];
	int status = CTL_OK;

	if (bus_bridge_open(&bridge, &j->ends, err))
		return ctl_fail("%s", err);
	catch_signals();
	if (bus_bridge_run(bridge, ready, j, err))
		status = ctl_fail("%s", err);
	if (!bus_bridge_close(bridge))
		_exit(status);
	return status;
}

/*
 * What a plug-in opens are the machine's sockets, but the preload library, which
 * this tool is linked with, would take them for a host's, as it has read its
 * settings before main: so the tool is started over with others.
 */
static void leave_host(int argc, char **argv)
{
	const char *now = getenv("RUMPHIJACK");
	char *again[argc + 3];

	if (now && !strcmp(now, NO_HOST)) {
		unsetenv("RUMPHIJACK");		/* a command's own affair */
		return;
	}
	again[0] = (char *)"shmif";
	again[1] = (char *)"bus";
	memcpy(again + 2, argv, (size_t)(argc + 1) * sizeof(*argv));
	setenv("RUMPHIJACK", NO_HOST, 1);
	execv("/proc/self/exe", again);
}

static int open_both(struct join *j, const char *bus, const char *what)
{
	int status = open_bus(j, 0, bus);

	if (status)
		return status;
	return strstr(what, "://") ? open_plug(j, what) : open_bus(j, 1, what);
}

static int options(struct join *j, int argc, char **argv, bool *background)
{
	uint64_t mtu;
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+:dm:")) != -1) {
		if (c == 'd')
			*background = true;
		else if (c == ':')
			return ctl_usage("join: -%c needs a value", optopt);
		else if (c == '?')
			return ctl_usage("join: -%c: unknown option", optopt);
		else if (text_parse_size(optarg, BUS_MTU_MIN,
		    PLUG_FRAME - BUS_ETH_HDR, &mtu))
			return ctl_malformed("-m %s: not a number from %d to "
			    "%d", optarg, BUS_MTU_MIN,
			    PLUG_FRAME - BUS_ETH_HDR);
		else
			j->plug.mtu = (unsigned)mtu;
	}
	if (argc - optind != 2)
		return ctl_usage("join: name a bus, and what to join it with");
	return CTL_OK;
}

int bus_cmd_join(int argc, char **argv, bool json)
{
	struct join j = { .ends = { .say = say }, .ready_fd = -1,
	    .plug = { .mtu = PLUG_MTU, .end_fd = -1 } };
	bool background = false;
	int status = options(&j, argc, argv, &background);

	(void)json;
	if (status)
		return status;
	if (strstr(argv[optind + 1], "://"))
		leave_host(argc, argv);
	/* First: plug-ins have threads, which do not survive it. */
	if (background)
		j.ready_fd = background_begin();
	if (background && j.ready_fd < 0)
		return ctl_fail("cannot go to the background: %s",
		    strerror(-j.ready_fd));
	status = open_both(&j, argv[optind], argv[optind + 1]);
	if (!status)
		status = run(&j);
	bus_close(j.ends.bus[0]);
	bus_close(j.ends.bus[1]);
	/* The plug ends with us: to close it may take as long as a command. */
	return status;
}
