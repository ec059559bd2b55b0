/* init.c: rump_init and the interfaces that are made by number; rump(3). */
#include "stack/rump/rump.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/bus.h"
#include "hijack/rpc.h"
#include "stack/core/core.h"
#include "stack/core/log.h"
#include "stack/host.h"
#include "stack/ip/ifconfig.h"
#include "stack/remote.h"
#include "stack/rump/report.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/url.h"

static bool verbose(void)
{
	const char *env = getenv("RUMP_VERBOSE");

	return env && *env && *env != '0';
}

int rump_report(int e, const char *what, const char *err)
{
	if (e && verbose())
		log_err("%s: %s", what, *err ? err : strerror(-e));
	return -e;
}

/* The control connection is there before any fork, and answers. */
static int first_call(void)
{
	struct wire_req req = { .op = WIRE_HELLO };
	struct wire_rep rep;

	return rpc_call(&req, NULL, 0, &rep, NULL);
}

static int result;	/* of make(), which cannot be tried again */

static void make(void)
{
	sys_fill_stdio();
	log_name(program_invocation_short_name);
	result = host_init();
	if (!result)
		result = host_start();
	if (!result)
		result = first_call();
}

int rump_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make);
	return rump_report(result, "rump_init", "");
}

/* A relay lets clients in, which is one of ours, at a socket of its own. */
static int serve_tcp(const char *url)
{
	static struct sockaddr_un sun;
	char err[CONTROL_ERRLEN] = "";
	const char *key = getenv("RUMP_SERVER_KEY");
	int e = 0;

	if (!key || !*key)
		return rump_report(-EACCES, url, "set RUMP_SERVER_KEY to a file "
		    "of keys (shmif key new -f FILE NAME makes one)");
	if (!sun.sun_path[0]) {
		e = remote_socket(&sun, err);
		if (!e)
			e = host_listen(&sun, err);
		if (e)
			sun.sun_path[0] = '\0';
	}
	if (!e && remote_start(&url, 1, key, false, &sun, !verbose()))
		e = -EIO;
	return rump_report(e, url, err);
}

int rump_init_server(const char *url)
{
	char err[CONTROL_ERRLEN] = "";
	struct sockaddr_un sun;
	const char *why = "";
	struct url u;
	int e;

	if (url_parse(url, &u, &why) == 0 && u.kind == URL_TCP) {
		if (u.user[0])
			return rump_report(-EINVAL, url, "a server is not told "
			    "a name");
		return host_is_here() ? serve_tcp(url) : ENXIO;
	}
	e = client_parse_url(url, &sun, &why);
	if (e)
		return rump_report(e, url, why);
	if (!host_is_here())
		return ENXIO;
	return rump_report(host_listen(&sun, err), "server", err);
}

int rump_pub_shmif_create(const char *path, int *ifnum)
{
	char err[IFACE_ERRLEN] = "", ignored[IFACE_ERRLEN], bus[512];
	struct iface *f = NULL;
	int e;

	if (!path || !host_is_here())
		return path ? ENXIO : EINVAL;
	e = bus_path(bus, sizeof(bus), path, true, err);
	if (e)
		return rump_report(e, "shmif", err);
	core_lock();
	e = ifconfig_create("shmif", &f, err);
	if (!e) {
		e = ifconfig_link(f, bus, err);
		if (e)
			ifconfig_destroy(f, ignored);
		else if (ifnum)
			*ifnum = (int)f->unit;
	}
	core_unlock();
	return rump_report(e, "shmif", err);
}

int rump_pub_virtif_create(int num)
{
	char name[WIRE_NAMELEN];

	if (num < 0 || num > 9999)
		return EINVAL;
	snprintf(name, sizeof(name), "virt%d", num);
	return rump_pub_netconfig_ifcreate(name);
}
