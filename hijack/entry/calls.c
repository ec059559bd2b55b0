/*
 * calls.c: calls that are not about data.  Each makes the call that the task
 * wanted by the name that the library stands in front of.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hijack/entry/entry.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/wire.h"

#define OPTION_MAX	WIRE_DATA	/* bytes of an option's value */

static long done(long r)
{
	return r < 0 ? -errno : r;
}

/* The program in whose name it is used, for sockstat. */
static void tell_owner(const struct call *c, int fd)
{
	const int task = c->task;

	setsockopt(fd, SOL_SHMIF, SHMIF_OWNER, &task, sizeof(task));
}

static long give_new(struct call *c, int fd, int flags)
{
	long r;

	tell_owner(c, fd);
	r = call_give(c, fd, flags & SOCK_CLOEXEC);
	close(fd);
	return r;
}

static long do_socket(struct call *c)
{
	struct wire_id id;
	int type = (int)c->arg[1];
	int fd = socket((int)c->arg[0], type, (int)c->arg[2]);

	if (fd < 0)
		return -errno;
	if (!client_id_of(fd, &id)) {
		close(fd);
		return CALL_CONTINUE;
	}
	return give_new(c, fd, type);
}

/* A sockaddr of the task's.  Return: its length, or -errno. */
static long get_address(const struct call *c, struct sockaddr_storage *ss,
    uint64_t from, int len)
{
	if (len < 0 || (size_t)len > sizeof(*ss))
		return -EINVAL;
	memset(ss, 0, sizeof(*ss));
	return task_get(c, ss, from, (size_t)len) ? -EFAULT : len;
}

static long do_bind(struct call *c)
{
	struct sockaddr_storage ss;
	long n = get_address(c, &ss, c->arg[1], (int)c->arg[2]);

	return n < 0 ? n : done(bind(c->fd, (struct sockaddr *)&ss,
	    (socklen_t)n));
}

static uint64_t cookie(int fd)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t id = 0;

	sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &id, &len);
	return id;
}

/*
 * A call that is to wait is made as one that does not: the socket's
 * description is the task's, and is as it was a moment later.
 */
static long connect_now(struct call *c, const struct sockaddr_storage *ss,
    socklen_t n)
{
	int fl = fcntl(c->fd, F_GETFL), r;

	if (c->nonblock || c->type != SOCK_STREAM)
		return done(connect(c->fd, (const struct sockaddr *)ss, n));
	fcntl(c->fd, F_SETFL, fl | O_NONBLOCK);
	r = connect(c->fd, (const struct sockaddr *)ss, n);
	r = r < 0 ? -errno : 0;
	fcntl(c->fd, F_SETFL, fl);
	if (r != -EINPROGRESS && r != -EALREADY)
		return r;
	if (!c->late)
		c->late = r;
	c->events = POLLOUT;
	return CALL_WAIT;
}

/* To begin anew the library puts another socket in the place of one. */
static long put_back(const struct call *c, uint64_t was, long r)
{
	int err = 0;

	if (cookie(c->fd) != was) {
		tell_owner(c, c->fd);
		err = task_replace(c, (int)c->arg[0], c->fd);
	}
	return err < 0 ? err : r;
}

static long do_connect(struct call *c)
{
	const int on = 1, off = 0;
	struct sockaddr_storage ss;
	long n = get_address(c, &ss, c->arg[1], (int)c->arg[2]), r;
	bool bare = n >= (long)sizeof(sa_family_t) &&
	    ss.ss_family != AF_UNSPEC;
	uint64_t was = cookie(c->fd);

	if (n < 0)
		return n;
	r = put_back(c, was, connect_now(c, &ss, (socklen_t)n));
	/* A plain read(2) is to find the payload alone. */
	if (!r && c->type == SOCK_DGRAM)
		setsockopt(c->fd, SOL_SHMIF, SHMIF_BARE, bare ? &on : &off,
		    sizeof(int));
	return r;
}

static long give_address(const struct call *c, const struct sockaddr_storage *ss,
    socklen_t n, uint64_t to, uint64_t to_len)
{
	socklen_t room;

	if (task_get(c, &room, to_len, sizeof(room)))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	if (task_put(c, to, ss, n < room ? n : room) ||
	    task_put(c, to_len, &n, sizeof(n)))
		return -EFAULT;
	return 0;
}

/*
 * Connections that a task at its limit of descriptors could not take; the
 * next one that accepts there gets them.
 */
static struct kept {
	uint64_t listener;	/* its cookie; 0: nothing is kept here */
	struct sockaddr_storage peer;
	socklen_t len;
	int fd;
} kept[16];
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static bool take_kept(struct kept *to, uint64_t listener)
{
	bool found = false;

	pthread_mutex_lock(&kept_lock);
	for (size_t i = 0; !found && i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i].listener == listener) {
			*to = kept[i];
			kept[i].listener = 0;
			found = true;
		}
	pthread_mutex_unlock(&kept_lock);
	return found;
}

static void keep(const struct kept *k)
{
	bool done_ = false;

	pthread_mutex_lock(&kept_lock);
	for (size_t i = 0; !done_ && i < sizeof(kept) / sizeof(kept[0]); i++)
		if (!kept[i].listener) {
			kept[i] = *k;
			done_ = true;
		}
	pthread_mutex_unlock(&kept_lock);
	if (!done_)
		close(k->fd);
}

static int accept_now(const struct call *c, struct kept *k, int flags)
{
	int fl = fcntl(c->fd, F_GETFL), err;

	k->listener = cookie(c->fd);
	if (take_kept(k, k->listener))
		return 0;
	k->len = sizeof(k->peer);
	if (!c->nonblock)
		fcntl(c->fd, F_SETFL, fl | O_NONBLOCK);
	k->fd = accept4(c->fd, (struct sockaddr *)&k->peer, &k->len, flags);
	err = k->fd < 0 ? -errno : 0;
	if (!c->nonblock)
		fcntl(c->fd, F_SETFL, fl);
	return err;
}

static long do_accept(struct call *c)
{
	int flags = c->nr == SYS_accept4 ? (int)c->arg[3] : 0, err;
	struct kept k;
	long r = 0;

	err = accept_now(c, &k, flags);
	if (err == -EAGAIN && !c->nonblock) {
		c->events = POLLIN;
		return CALL_WAIT;
	}
	if (err)
		return err;
	if (c->arg[1])
		r = give_address(c, &k.peer, k.len, c->arg[1], c->arg[2]);
	if (!r) {
		tell_owner(c, k.fd);
		r = call_give(c, k.fd, flags & SOCK_CLOEXEC);
	}
	if (r == -EMFILE)
		keep(&k);
	else
		close(k.fd);
	return r;
}

static long do_name(struct call *c)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	int r = c->nr == SYS_getsockname ?
	    getsockname(c->fd, (struct sockaddr *)&ss, &n) :
	    getpeername(c->fd, (struct sockaddr *)&ss, &n);

	return r ? -errno : give_address(c, &ss, n, c->arg[1], c->arg[2]);
}

static long do_setsockopt(struct call *c)
{
	uint8_t value[OPTION_MAX];
	int len = (int)c->arg[4];

	if (len < 0 || (size_t)len > sizeof(value))
		return -EINVAL;
	if (c->arg[3] && task_get(c, value, c->arg[3], (size_t)len))
		return -EFAULT;
	return done(setsockopt(c->fd, (int)c->arg[1], (int)c->arg[2],
	    c->arg[3] ? value : NULL, (socklen_t)len));
}

static long do_listen(struct call *c)
{
	const int on = 1;

	if (listen(c->fd, (int)c->arg[1]))
		return -errno;
	setsockopt(c->fd, SOL_SHMIF, SHMIF_TAIL, &on, sizeof(on));
	return 0;
}

/*
 * What the kernel knows of a stream's end a read(2) may have told, and what is
 * told here read(2) is not to tell again.
 */
static bool error_is_told(const struct call *c)
{
	int knows = 0, ended = 0;
	socklen_t len = sizeof(int);

	if (c->type != SOCK_STREAM || c->arg[1] != SOL_SOCKET ||
	    c->arg[2] != SO_ERROR)
		return false;
	sys_getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &knows, &len);
	return !knows && !getsockopt(c->fd, SOL_SHMIF, SHMIF_TAIL, &ended,
	    &len) && ended;
}

static long do_getsockopt(struct call *c)
{
	uint8_t value[OPTION_MAX];
	socklen_t len, room;
	bool told;

	if (task_get(c, &room, c->arg[4], sizeof(room)))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	len = room < sizeof(value) ? room : sizeof(value);
	/* Some are asked with a value. */
	if (task_get(c, value, c->arg[3], len))
		return -EFAULT;
	told = error_is_told(c);
	if (getsockopt(c->fd, (int)c->arg[1], (int)c->arg[2], value, &len))
		return -errno;
	if (told)
		memset(value, 0, len);
	if (task_put(c, c->arg[3], value, len < room ? len : room) ||
	    task_put(c, c->arg[4], &len, sizeof(len)))
		return -EFAULT;
	return 0;
}

/* A list of interfaces has a list behind it. */
static long do_ifconf(struct call *c)
{
	char list[16384];
	struct ifconf conf;
	char *theirs;

	if (task_get(c, &conf, c->arg[2], sizeof(conf)))
		return -EFAULT;
	theirs = conf.ifc_buf;
	if (conf.ifc_len < 0)
		return -EINVAL;
	if ((size_t)conf.ifc_len > sizeof(list))
		conf.ifc_len = sizeof(list);
	conf.ifc_buf = theirs ? list : NULL;
	if (ioctl(c->fd, SIOCGIFCONF, &conf))
		return -errno;
	if (theirs && task_put(c, (uintptr_t)theirs, list,
	    (size_t)conf.ifc_len))
		return -EFAULT;
	conf.ifc_buf = theirs;
	return task_put(c, c->arg[2], &conf, sizeof(conf));
}

/* What a request is about; most have a struct ifreq. */
union ioctl_arg {
	int number;
	struct ifreq ifreq;
	struct rtentry route;
	struct arpreq neighbour;
};

static size_t ioctl_size(unsigned long request)
{
	switch (request) {
	case FIONREAD:
	case TIOCOUTQ:
	case SIOCATMARK:
	case SIOCOUTQNSD:
	case FIOSETOWN ... SIOCGPGRP:
		return sizeof(int);
	case SIOCADDRT:
	case SIOCDELRT:
		return sizeof(struct rtentry);
	case SIOCGARP:
	case SIOCSARP:
	case SIOCDARP:
		return sizeof(struct arpreq);
	default:
		return sizeof(struct ifreq);
	}
}

static long do_ioctl(struct call *c)
{
	size_t n = ioctl_size(c->arg[1]);
	char device[IFNAMSIZ] = "";
	union ioctl_arg arg;
	char *theirs = NULL;
	long r;

	if (c->arg[1] == SIOCGIFCONF)
		return do_ifconf(c);
	if (c->arg[2] && task_get(c, &arg, c->arg[2], n))
		return -EFAULT;
	/* A route's interface stands elsewhere in the task. */
	if (c->arg[2] && n == sizeof(arg.route) && arg.route.rt_dev) {
		theirs = arg.route.rt_dev;
		if (task_string(c, device, sizeof(device), (uintptr_t)theirs))
			return -EFAULT;
		arg.route.rt_dev = device;
	}
	r = ioctl(c->fd, (unsigned long)c->arg[1], c->arg[2] ? &arg : NULL);
	if (r < 0)
		return -errno;
	if (theirs)
		arg.route.rt_dev = theirs;
	return c->arg[2] && task_put(c, c->arg[2], &arg, n) ? -EFAULT : r;
}

#define SYSNET	"/proc/sys/net/"

/* Files that the host has in place of the machine's; see hijack/open.c. */
static bool is_redirected(const char *path)
{
	static const char *const trees[] = {
		"/proc/net/", "/proc/self/net/", SYSNET,
	};

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (!strncmp(path, trees[i], strlen(trees[i])))
			return true;
	return !strcmp(path, "/etc/hosts") || !strcmp(path, "/etc/resolv.conf");
}

/* Never one of the machine's, which the task itself may not be let write. */
static bool is_setting(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static long do_open(struct call *c)
{
	bool plain = c->nr == SYS_openat;
	uint64_t where = c->arg[1];
	int flags = (int)c->arg[2], fd;
	struct open_how how;
	char path[128];
	long r;

#ifdef SYS_open
	if (c->nr == SYS_open) {
		plain = true;
		where = c->arg[0];
		flags = (int)c->arg[1];
	}
#endif
	if (task_string(c, path, sizeof(path), where) || !is_redirected(path))
		return CALL_CONTINUE;
	if (!plain) {
		if (task_get(c, &how, c->arg[2], sizeof(how.flags)))
			return -EFAULT;
		flags = (int)how.flags;
	}
	if ((flags & O_ACCMODE) != O_RDONLY &&
	    strncmp(path, SYSNET, strlen(SYSNET)))
		return CALL_CONTINUE;
	fd = open(path, flags & ~(O_CREAT | O_TRUNC), 0);
	if (fd < 0)
		return -errno;
	r = (flags & O_ACCMODE) == O_RDONLY || is_setting(fd) ?
	    call_give(c, fd, flags & O_CLOEXEC) : CALL_CONTINUE;
	close(fd);
	return r;
}

/*
 * A process that may not be looked into: its sockets are nobody's but its own,
 * but the queues are the kernel's, and of files as well.  Interfaces are asked
 * for on sockets of the machine, too.
 */
static long call_not_ours(struct call *c)
{
	uint32_t request = (uint32_t)c->arg[1];
	socklen_t len = sizeof(int);
	int domain = 0;

	if (c->nr == SYS_ioctl && (request == FIONREAD || request == TIOCOUTQ))
		return CALL_CONTINUE;
	if (c->fd < 0)
		return c->fd == -EPERM ? -EPERM : CALL_CONTINUE;
	if (c->nr != SYS_ioctl || request < SIOCADDRT ||
	    request > SIOCSIFMAP || sys_getsockopt(c->fd, SOL_SOCKET,
	    SO_DOMAIN, &domain, &len) || domain != AF_UNIX)
		return CALL_CONTINUE;
	return do_ioctl(c);
}

long call_make(struct call *c)
{
	switch (c->nr) {
	case SYS_socket:
		return do_socket(c);
#ifdef SYS_open
	case SYS_open:
#endif
	case SYS_openat:
	case SYS_openat2:
		return do_open(c);
	}
	if (c->fd < 0 && !call_is_ours(c))
		return call_not_ours(c);
	switch (c->nr) {
	case SYS_bind:
		return do_bind(c);
	case SYS_connect:
		return do_connect(c);
	case SYS_listen:
		return do_listen(c);
	case SYS_accept:
	case SYS_accept4:
		return do_accept(c);
	case SYS_getsockname:
	case SYS_getpeername:
		return do_name(c);
	case SYS_setsockopt:
		return do_setsockopt(c);
	case SYS_getsockopt:
		return do_getsockopt(c);
	case SYS_shutdown:
		return done(shutdown(c->fd, (int)c->arg[1]));
	case SYS_ioctl:
		return do_ioctl(c);
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_sendmmsg:
		return data_send(c);
	default:
		return data_recv(c);
	}
}
