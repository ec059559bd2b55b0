/*
 * hostname.c: gethostname(2) and uname(2): a host that was given a name is
 * called by it.  sethostname(2) gives it another; the machine keeps its own.
 *
 * Shells ask when they start.  So this neither starts a private host nor waits
 * for one that is gone, as calls about sockets do.
 */
#include "hijack/hostname.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "hijack/fd.h"
#include "hijack/next.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define ASK_MS	1000	/* for the host to say its name */

static bool ask(char name[static HOSTNAME_SIZE])
{
	struct client_hello hello = { .timeout = ASK_MS };
	int fd = client_connect(&hj_set.sun, program_invocation_short_name,
	    fd_floor(), &hello);

	if (fd < 0)
		return false;
	sys_close(fd);
	memcpy(name, hello.host, sizeof(hello.host));
	return hello.named;
}

/* Is the machine that a program sees, by its name, the virtual host? */
static bool is_virtual(void)
{
	hj_init();
	return hj_set.host != HJ_HOST_NONE && !hj_set.machine_name &&
	    (hj_wants(AF_INET) || hj_wants(AF_INET6));
}

bool hostname_given(char name[static HOSTNAME_SIZE])
{
	if (!is_virtual() || hj_sandboxed)
		return false;
	if (hj_set.host == HJ_HOST_URL)
		return ask(name);
	name[0] = '\0';
	hj_append(name, HOSTNAME_SIZE, hj_set.name);
	return name[0];
}

HOOK(int, uname, struct utsname *u)
{
	char name[HOSTNAME_SIZE];
	long r = SYS1(SYS_uname, u);

	if (!r && hostname_given(name))
		strcpy(u->nodename, name);
	return (int)hj_ret(r);
}

HOOK(int, gethostname, char *buf, size_t size)
{
	struct utsname u;
	size_t n;

	if (hook_uname(&u) < 0)
		return -1;
	n = strlen(u.nodename) + 1;
	memcpy(buf, u.nodename, size < n ? size : n);
	return (int)hj_ret(size < n ? -ENAMETOOLONG : 0);
}

HOOK(int, __gethostname_chk, char *buf, size_t size, size_t room)
{
	if (size > room)
		hj_chk_fail();
	return hook_gethostname(buf, size);
}

/* A private host keeps its name: those who join it find it by that. */
HOOK(int, sethostname, const char *name, size_t size)
{
	struct wire_ifreq ifr = { .name = "" };
	struct wire_req req = {
		.op = WIRE_IF, .a = WIRE_IF_HOSTNAME, .len = sizeof(ifr),
	};
	struct wire_rep rep;

	if (!is_virtual())
		return (int)hj_ret(SYS2(SYS_sethostname, name, size));
	if (size >= HOSTNAME_SIZE || size >= sizeof(ifr.str))
		return (int)hj_ret(-EINVAL);
	if (hj_sandboxed || hj_set.host != HJ_HOST_URL)
		return (int)hj_ret(-EPERM);
	memcpy(ifr.str, name, size);
	memcpy(req.data, &ifr, sizeof(ifr));
	return (int)hj_ret(rpc_call(&req, NULL, 0, &rep, NULL));
}
