/*
 * calls.c: what the files of the preload library need to work in a program
 * that is a virtual host itself; see names.h.
 */
#include "hijack/hijack.h"

#include <sys/select.h>

#include "hijack/next.h"
#include "hijack/spawn.h"
#include "stack/host.h"
#include "stack/rump/rump.h"
#include "stack/wire/client.h"

/*
 * The host "of its own", as the private one of a program is, but in this
 * process: spawn_connect() finds it.
 */
struct hj_settings hj_set = {
	.families = HJ_INET | HJ_INET6 | HJ_ROUTE,
	.host = HJ_HOST_PRIVATE,
	.retry = HJ_RETRY_NEVER,
	.what = "rump",
};
bool hj_sandboxed;

/* What the host has not, the machine must not give instead. */
static int no_family(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return (int)hj_ret(-EAFNOSUPPORT);
}

static __attribute__((constructor)) void constructor(void)
{
	next.socket = no_family;
}

void hj_init(void)
{
}

bool hj_wants(int domain)
{
	return domain == AF_INET || domain == AF_INET6 ||
	    domain == AF_NETLINK;
}

/* System calls are made directly: nobody stands in front of us. */
void *hj_libc(const char *name)
{
	(void)name;
	return NULL;
}

/* errno says it all. */
void hj_warn(const char *s, ...)
{
	(void)s;
}

void hj_warn_once(bool *once, const char *s, ...)
{
	(void)once;
	(void)s;
}

int spawn_connect(int min_fd, struct client_hello *hello)
{
	hello->affinity_fd = -1;
	return host_connect(min_fd, &hello->server);
}

int rump_sys_select(int n, fd_set *r, fd_set *w, fd_set *e,
    struct timeval *timeout)
{
	return select(n, r, w, e, timeout);
}
