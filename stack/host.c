/* host.c: a virtual host inside this process; see host.h. */
#include "stack/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/shmif.h"
#include "stack/core/core.h"
#include "stack/core/loop.h"
#include "stack/core/trim.h"
#include "stack/dgram/dgram.h"
#include "stack/ip/autoconf.h"
#include "stack/ip/iface.h"
#include "stack/ip/ifconfig.h"
#include "stack/ip/route.h"
#include "stack/ip/rtadv.h"
#include "stack/ip/timers.h"
#include "stack/ip/unresolved.h"
#include "stack/packet/packet.h"
#include "stack/sock/error.h"
#include "stack/sock/sock.h"
#include "stack/spec.h"
#include "stack/stream/stream.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/thread.h"
#include "tap/vde.h"
#include "tap/virt.h"

#define HELLO_MS	10000	/* for the loop thread to answer */

static pid_t serving;		/* the process of host_start() */

int host_init(void)
{
	int e;

	gethostname(iface_hostname, sizeof(iface_hostname) - 1);
	core_init();
	e = loop_init();
	if (e)
		return e;
	core_lock();
	trim_init();
	timers_init();
	autoconf_init();
	rtadv_init();
	unresolved_init();
	sock_init();
	error_init();
	stream_init();
	dgram_init();
	packet_init();
	ifconfig_driver_add(&shmif_driver);
	ifconfig_driver_add(&virt_driver);
	ifconfig_driver_add(&vde_driver);
	e = ifconfig_init();
	core_unlock();
	return e;
}

static int explain(int e, char *err)
{
	if (e && !err[0])
		snprintf(err, IFACE_ERRLEN, "%s", strerror(-e));
	return e;
}

int host_interface(struct spec *s, char err[static IFACE_ERRLEN])
{
	int e;

	err[0] = '\0';
	core_lock();
	e = spec_apply(s, err);
	core_unlock();
	return explain(e, err);
}

int host_route(struct wire_route *r, char err[static IFACE_ERRLEN])
{
	int e;

	err[0] = '\0';
	core_lock();
	e = route_add(r);
	core_unlock();
	return explain(e, err);
}

/* Where others on the buses find us, the first of them; core lock held. */
static void announce(const struct sockaddr_un *sun)
{
	char *path = iface_server[0] ? NULL : realpath(sun->sun_path, NULL);

	if (path)
		iface_set_server(path);
	free(path);
}

int host_listen(const struct sockaddr_un *sun,
    char err[static CONTROL_ERRLEN])
{
	int e;

	core_lock();
	e = control_listen(sun, err);
	if (!e)
		announce(sun);
	core_unlock();
	return e;
}

int host_serve(int fd, const struct sockaddr_un *sun)
{
	int e;

	core_lock();
	e = control_serve(fd);
	if (!e)
		announce(sun);
	core_unlock();
	return e;
}

void host_run(void)
{
	loop_run();
}

void host_end(void)
{
	control_unlisten();
	core_lock();
	ifconfig_stop_all();
	core_drop();
}

bool host_is_here(void)
{
	return serving && getpid() == serving;
}

static void *serve(void *arg)
{
	(void)arg;
	loop_run();
	host_end();
	exit(0);
}

/* A program that ends by itself: the kernel does all but this. */
static void at_exit(void)
{
	if (host_is_here())
		control_unlisten();
}

/*
 * A forked child is a client of the host in its parent.  Nothing of the host
 * may live on in it: not the slot on a bus, not the listening socket, and
 * no end of a socket whose closing would then go unnoticed.
 */
static void in_child(void)
{
	sock_in_child();
	control_in_child();
	iface_in_child();
	loop_in_child();
	core_drop();
}

int host_start(void)
{
	int e;

	e = pthread_atfork(core_lock, core_drop, in_child);
	if (e)
		return -e;
	e = thread_start(NULL, serve, NULL);
	if (e)
		return e;
	serving = getpid();
	atexit(at_exit);
	return 0;
}

/* Away from the low numbers, if there are others. */
static int raise_fd(int fd, int min_fd)
{
	int high = fd < min_fd ? sys_fcntl(fd, F_DUPFD_CLOEXEC, min_fd) : fd;

	if (high < 0)
		return fd;
	if (high != fd)
		sys_close(fd);
	return high;
}

static int hello(int fd, uint64_t *server_id)
{
	struct wire_req req = { .op = WIRE_HELLO };
	struct wire_rep rep;
	int e;

	e = client_call(fd, &req, NULL, 0, &rep, NULL, HELLO_MS, false);
	if (!e)
		*server_id = rep.value;
	return e ? e : -rep.error;
}

int host_connect(int min_fd, uint64_t *server_id)
{
	int sv[2] = { -1, -1 }, e;

	if (!host_is_here())
		return -ENETDOWN;
	e = sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv);
	if (e)
		return e;
	sv[0] = raise_fd(sv[0], min_fd);
	sv[1] = raise_fd(sv[1], min_fd);
	core_lock();
	e = control_adopt(sv[1]);
	core_unlock();
	if (!e)
		e = hello(sv[0], server_id);
	if (e)
		sys_close(sv[0]);
	return e ? e : sv[0];
}
