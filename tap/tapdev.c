/*
 * tapdev.c: the host's tap device behind a virt interface; see tapdev.h.
 *
 * By system calls of our own: the process may run under the preload library,
 * and the host's devices are meant, not the virtual ones.
 */
#include "tap/tapdev.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stack/wire/sys.h"

#define TUN	"/dev/net/tun"

static int dev_ioctl(unsigned long req, struct ifreq *ifr)
{
	int fd = (int)SYS3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return fd;
	r = (int)SYS3(SYS_ioctl, fd, req, ifr);
	sys_close(fd);
	return r;
}

static void set_name(struct ifreq *ifr, const char *name)
{
	memset(ifr, 0, sizeof(*ifr));
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
}

static bool exists(const char *name)
{
	struct ifreq ifr;

	set_name(&ifr, name);
	return dev_ioctl(SIOCGIFINDEX, &ifr) == 0;
}

/* Who is to own the tap, as ip(8) takes it. */
static const char *user_name(char buf[static 64])
{
	const struct passwd *pw = getpwuid(geteuid());

	if (pw)
		snprintf(buf, 64, "%s", pw->pw_name);
	else
		snprintf(buf, 64, "%u", geteuid());
	return buf;
}

static int no_device(int e, char *err, size_t errlen)
{
	switch (e) {
	case -EACCES:
	case -EPERM:
		snprintf(err, errlen, "no permission to open " TUN "; let "
		    "users do so with: sudo chmod 666 " TUN);
		break;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		snprintf(err, errlen, "there is no " TUN "; load its driver "
		    "with: sudo modprobe tun");
		break;
	default:
		snprintf(err, errlen, TUN ": %s", strerror(-e));
	}
	return e;
}

static int no_tap(int e, const char *name, char *err, size_t errlen)
{
	char user[64];

	switch (e) {
	case -EPERM:
	case -EACCES:
		snprintf(err, errlen, "%s %s; make one with: "
		    "%s%s%ssudo ip tuntap add dev %s mode tap user %s", name,
		    exists(name) ? "belongs to another user" :
		    "does not exist, and making one needs a privilege",
		    exists(name) ? "sudo ip tuntap del dev " : "",
		    exists(name) ? name : "",
		    exists(name) ? " mode tap && " : "", name,
		    user_name(user));
		break;
	case -EBUSY:
		snprintf(err, errlen, "%s is in use by another program; end "
		    "that, or take another number", name);
		break;
	case -EINVAL:
		snprintf(err, errlen, "%s exists and is no plain tap; take "
		    "another number, or make it one with: sudo ip link del "
		    "%s && sudo ip tuntap add dev %s mode tap user %s", name,
		    name, name, user_name(user));
		break;
	default:
		snprintf(err, errlen, "%s: %s", name, strerror(-e));
	}
	return e;
}

static int attach(struct tapdev *t)
{
	struct ifreq ifr;
	int e;

	set_name(&ifr, t->name);
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	e = (int)SYS3(SYS_ioctl, t->fd, TUNSETIFF, &ifr);
	if (e)
		return e;
	/* Long known to the kernel, but not to old headers. */
	set_name(&ifr, t->name);
	e = (int)SYS3(SYS_ioctl, t->fd, TUNGETIFF, &ifr);
	t->persistent = !e && ifr.ifr_flags & IFF_PERSIST;
	return e;
}

/* Nobody else can: it exists only as long as we do. */
static void set_up(const char *name)
{
	struct ifreq ifr;

	set_name(&ifr, name);
	if (dev_ioctl(SIOCGIFFLAGS, &ifr) < 0)
		return;
	ifr.ifr_flags |= IFF_UP;
	dev_ioctl(SIOCSIFFLAGS, &ifr);
}

static int describe(struct tapdev *t)
{
	struct ifreq ifr;
	int e;

	set_name(&ifr, t->name);
	e = dev_ioctl(SIOCGIFHWADDR, &ifr);
	if (e)
		return e;
	memcpy(t->mac, ifr.ifr_hwaddr.sa_data, 6);
	set_name(&ifr, t->name);
	e = dev_ioctl(SIOCGIFMTU, &ifr);
	if (e)
		return e;
	t->mtu = ifr.ifr_mtu > TAPDEV_MTU_MAX ? TAPDEV_MTU_MAX :
	    (uint32_t)ifr.ifr_mtu;
	return 0;
}

int tapdev_open(struct tapdev *t, unsigned unit, char *err, size_t errlen)
{
	int e;

	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "tap%u", unit);
	t->fd = (int)SYS4(SYS_openat, AT_FDCWD, TUN,
	    O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
	if (t->fd < 0)
		return no_device(t->fd, err, errlen);
	e = attach(t);
	if (!e)
		e = describe(t);
	if (e) {
		no_tap(e, t->name, err, errlen);
		sys_close(t->fd);
		t->fd = -1;
		return e;
	}
	if (!t->persistent)
		set_up(t->name);
	return 0;
}

ssize_t tapdev_read(struct tapdev *t, void *frame, size_t n)
{
	return SYS3(SYS_read, t->fd, frame, n);
}

int tapdev_write(struct tapdev *t, const void *frame, size_t n)
{
	long r = SYS3(SYS_write, t->fd, frame, n);

	return r < 0 ? (int)r : 0;
}
