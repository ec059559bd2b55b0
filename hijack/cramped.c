/*
 * cramped.c: a request of a program that has no fd number left: it is made in a
 * child with a table of fds of its own but our memory.
 */
#include "hijack/cramped.h"

#include "hijack/aside.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

struct call {
	int ctl;
	struct wire_req *req;
	const int *fds;
	int nfds;
	struct wire_rep *rep;
	int timeout;
	int err;
};

/* Numbers are freed there that the request does not need. */
static int call(void *arg)
{
	struct call *c = arg;
	int freed = 0;

	for (int fd = 0; freed < 3 && fd < 64; fd++) {
		bool used = fd == c->ctl;

		for (int i = 0; i < c->nfds; i++)
			used |= c->fds[i] == fd;
		if (!used && sys_close(fd) == 0)
			freed++;
	}
	c->err = client_call(c->ctl, c->req, c->fds, c->nfds, c->rep, NULL,
	    c->timeout, false);
	return 0;
}

int cramped_call(int ctl, struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int timeout)
{
	struct call c = { ctl, req, fds, nfds, rep, timeout, -EMFILE };

	return aside_run(call, &c) == 0 ? c.err : -EMFILE;
}
