/* halt.c: shmif halt: ends a virtual host and waits until it is gone. */
#include "stack/ctl/ctl.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/clock.h"

#define HALT_LIMIT	10000	/* ms */

/* The server closes all connections when it ends. */
static bool wait_hangup(long until)
{
	struct pollfd p = { .fd = ctl_fd(), .events = 0 };
	long left;

	for (;;) {
		left = until - (long)(clock_ns() / CLOCK_NS_MS);
		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) > 0)
			return true;
	}
}

/* Another one may have taken the place at once: an inode tells them apart. */
static bool wait_unlinked(const char *path, ino_t ino, long until)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	struct stat st;

	while (!stat(path, &st) && st.st_ino == ino) {
		if ((long)(clock_ns() / CLOCK_NS_MS) >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int cmd_halt(int argc, char **argv)
{
	struct wire_req req = { .op = WIRE_HALT };
	struct wire_rep rep;
	struct sockaddr_un sun;
	struct stat st = { .st_ino = 0 };
	const char *why;
	long until;

	(void)argv;
	if (argc > 1)
		return ctl_usage("no argument is taken");
	if (ctl_connect())
		return CTL_FAILED;
	/* Of one on another machine nothing is left to see but the end. */
	if (client_parse_url(ctl_url(), &sun, &why) ||
	    stat(sun.sun_path, &st))
		st.st_ino = 0;
	if (ctl_call(&req, &rep, NULL, ctl_url()))
		return CTL_FAILED;
	until = (long)(clock_ns() / CLOCK_NS_MS) + HALT_LIMIT;
	if (!wait_hangup(until) ||
	    !wait_unlinked(sun.sun_path, st.st_ino, until))
		return ctl_fail("%s: it does not end", ctl_url());
	return CTL_OK;
}
