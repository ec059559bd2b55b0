/* join.c: shmif bus join: makes one Ethernet of two. */
#include "stack/ctl/join.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus/bridge.h"
#include "bus/bus.h"
#include "stack/ctl/ctl.h"
#include "stack/wire/background.h"

#define END_S	2		/* after SIGTERM, whatever hangs */

struct join {
	struct bus_ends ends;
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

static int run(struct join *j, bool background)
{
	char err[BUS_ERRLEN];
	int status = CTL_OK;

	if (bus_bridge_open(&bridge, &j->ends, err))
		return ctl_fail("%s", err);
	if (background)
		j->ready_fd = background_begin();
	if (background && j->ready_fd < 0)
		return ctl_fail("cannot go to the background: %s",
		    strerror(-j->ready_fd));
	catch_signals();
	if (bus_bridge_run(bridge, ready, j, err))
		status = ctl_fail("%s", err);
	if (!bus_bridge_close(bridge))
		_exit(status);
	return status;
}

int bus_cmd_join(int argc, char **argv, bool json)
{
	struct join j = { .ends = { .say = say }, .ready_fd = -1 };
	bool background = argc > 1 && !strcmp(argv[1], "-d");
	int status;

	(void)json;
	if (argc - background != 3)
		return ctl_usage("join: name a bus, and what to join it with");
	status = open_bus(&j, 0, argv[1 + background]);
	if (!status)
		status = open_bus(&j, 1, argv[2 + background]);
	if (!status)
		status = run(&j, background);
	bus_close(j.ends.bus[0]);
	bus_close(j.ends.bus[1]);
	return status;
}
