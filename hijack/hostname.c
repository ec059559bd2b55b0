/*
 * hostname.c: gethostname(2) and uname(2): a host that was given a name is
 * called by it.
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

bool hostname_given(char name[static HOSTNAME_SIZE])
{
	hj_init();
	if (hj_sandboxed || hj_set.machine_name || (!hj_wants(AF_INET) &&
	    !hj_wants(AF_INET6)))
		return false;
	switch (hj_set.host) {
	case HJ_HOST_URL:
		return ask(name);
	case HJ_HOST_PRIVATE:
		name[0] = '\0';
		hj_append(name, HOSTNAME_SIZE, hj_set.name);
		return name[0];
	default:
		return false;
	}
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
