/* halt.c: shmif halt: ends a virtual host and waits until it is gone. */
#include "stack/ctl/ctl.h"

#include <poll.h>
#include <stdbool.h>

#include "stack/wire/clock.h"

#define HALT_LIMIT	10000	/* ms */

/*
 * Its connections end with the process: by then the socket's file is gone, if
 * it was its own.
 */
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

int cmd_halt(int argc, char **argv)
{
	struct wire_req req = { .op = WIRE_HALT };
	struct wire_rep rep;

	(void)argv;
	if (argc > 1)
		return ctl_usage("no argument is taken");
	if (ctl_connect())
		return CTL_FAILED;
	if (ctl_call(&req, &rep, NULL, ctl_url()))
		return CTL_FAILED;
	if (!wait_hangup((long)(clock_ns() / CLOCK_NS_MS) + HALT_LIMIT))
		return ctl_fail("%s: it does not end", ctl_url());
	return CTL_OK;
}
