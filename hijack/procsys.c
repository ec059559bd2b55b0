/*
 * procsys.c: /proc/sys/net; see procsys.h.
 *
 * Which files the host has, and what they hold, only the host knows.  One that
 * is open for writing is an end of a pair whose other end the host looks at;
 * its name waits in its own queue.  write(2) takes it from there and asks, so
 * that the answer is the call's.
 */
#include "hijack/procsys.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hijack/debug.h"
#include "hijack/dump.h"
#include "hijack/fd.h"
#include "hijack/rpc.h"
#include "stack/wire/sys.h"

#define NAME	256	/* bytes of a name, with its slash and NUL */

/* Is the network of that part of the tree the virtual host's? */
static bool wanted(const char *file)
{
	hj_init();
	if (hj_sandboxed || hj_set.host == HJ_HOST_NONE)
		return false;
	if (!strncmp(file, "unix/", 5))
		return false;
	if (!strncmp(file, "ipv4/", 5))
		return hj_wants(AF_INET);
	if (!strncmp(file, "ipv6/", 5))
		return hj_wants(AF_INET6);
	return hj_wants(AF_INET) || hj_wants(AF_INET6);
}

/* The request for it; false: the name is too long. */
static bool request(struct wire_req *req, const char *file)
{
	size_t n = strlen(file);

	*req = (struct wire_req){ .op = WIRE_SYSCTL };
	if (n + 2 > NAME)
		return false;
	req->data[0] = '/';
	memcpy(req->data + 1, file, n);
	req->len = (uint16_t)(n + 1);
	return true;
}

/* Where the name of an interface stands, behind "ipv4/conf/", or NULL. */
static const char *interface_in(const char *file)
{
	if (strncmp(file, "ipv4/", 5) && strncmp(file, "ipv6/", 5))
		return NULL;
	if (strncmp(file + 5, "conf/", 5) && strncmp(file + 5, "neigh/", 6))
		return NULL;
	file = strchr(file + 5, '/') + 1;
	return *file && *file != '/' ? file : NULL;
}

/* Is it there on every machine? */
static bool is_common(const char *name, size_t n)
{
	return (n == 2 && !strncmp(name, "lo", 2)) ||
	    (n == 3 && !strncmp(name, "all", 3)) ||
	    (n == 7 && !strncmp(name, "default", 7));
}

/* What stands behind SYSNET in a path, where the host has a say in it. */
static const char *file_in(const char *path)
{
	const char *file = procsys_below(path);

	return file && wanted(file) ? file : NULL;
}

bool procsys_is_interface(const char *path)
{
	const char *file = file_in(path);

	return file && interface_in(file);
}

bool procsys_lists_interfaces(const char *path)
{
	const char *file = file_in(path);

	if (!file || (strncmp(file, "ipv4/", 5) && strncmp(file, "ipv6/", 5)))
		return false;
	file += 5;
	return !strcmp(file, "conf") || !strcmp(file, "conf/") ||
	    !strcmp(file, "neigh") || !strcmp(file, "neigh/");
}

int procsys_path(const char *file, char out[static PROCSYS_PATH])
{
	const char *name = interface_in(file), *rest;
	char ifname[WIRE_NAMELEN] = "";
	struct wire_link l;
	size_t n;

	out[0] = '\0';
	hj_append(out, PROCSYS_PATH, SYSNET);
	rest = name ? name + strcspn(name, "/") : NULL;
	n = name ? (size_t)(rest - name) : 0;
	if (!name || is_common(name, n) || !wanted(file)) {
		hj_append(out, PROCSYS_PATH, file);
		return 0;
	}
	if (n >= sizeof(ifname))
		return -ENOENT;
	memcpy(ifname, name, n);
	if (dump_link(ifname, 0, &l))
		return -ENOENT;
	n = strlen(out) + (size_t)(name - file);
	hj_append(out, PROCSYS_PATH, file);
	out[n < PROCSYS_PATH ? n : PROCSYS_PATH - 1] = '\0';
	/* A namespace has no neigh/default. */
	hj_append(out, PROCSYS_PATH, file[5] == 'n' ? "lo" : "default");
	hj_append(out, PROCSYS_PATH, rest);
	return 0;
}

static bool machine_has(const char *file)
{
	char path[PROCSYS_PATH];

	return !procsys_path(file, path) &&
	    SYS3(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

/* The host has no such setting; its interfaces are its own all the same. */
static int open_default(const char *file, int flags)
{
	char path[PROCSYS_PATH];

	if (!interface_in(file))
		return -ERESTART;
	if (procsys_path(file, path))
		return -ENOENT;
	return (int)SYS4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

static int open_text(const char *file, int flags)
{
	struct wire_req req;
	struct wire_rep rep;
	int fd, err;

	if (!request(&req, file))
		return -ENOENT;
	err = rpc_call(&req, NULL, 0, &rep, NULL);
	if (err)
		return err == -ENOENT ? open_default(file, flags) : err;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (rep.len >= sizeof(rep.data))
		return -EIO;
	rep.data[rep.len++] = '\n';
	fd = (int)SYS2(SYS_memfd_create, "sysctl", MFD_CLOEXEC);
	if (fd < 0)
		return fd;
	if (SYS4(SYS_pwrite64, fd, rep.data, rep.len, 0) == (long)rep.len)
		return fd;
	sys_close(fd);
	return -EIO;
}

/* Give the host its end. */
static int announce(const char *file, const int sv[2])
{
	int fds[1] = { sv[1] };
	struct wire_req req;
	struct wire_rep rep;
	long n;

	if (!request(&req, file))
		return -ENOENT;
	n = SYS6(SYS_sendto, sv[1], req.data, req.len, MSG_NOSIGNAL, NULL, 0);
	if (n < 0)
		return (int)n;
	req.a = WIRE_SYSCTL_FILE;
	return rpc_call(&req, fds, 1, &rep, NULL);
}

static int open_write(const char *file)
{
	int sv[2], err = sys_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, sv);

	if (err < 0)
		return err;
	err = announce(file, sv);
	sys_close(sv[1]);
	if (!err) {
		fd_mark_set(sv[0], MARK_NETLINK | MARK_SETTING);
		return sv[0];
	}
	sys_close(sv[0]);
	if (err == -ENOENT)	/* the machine's is not to be changed */
		return machine_has(file) ? -EROFS : -ENOENT;
	return err == -EPERM ? -EACCES : err;
}

static int open_either(const char *file, int flags)
{
	return (flags & O_ACCMODE) == O_RDONLY ? open_text(file, flags) :
	    open_write(file);
}

int procsys_open(const char *file, int flags)
{
	if (!wanted(file) || flags & O_PATH)
		return -ERESTART;
	DEBUG_RETURN("open", "k:s", open_either, file, flags);
}

/* The path of fd below /proc/sys/net, wherever that is mounted, or NULL. */
static const char *file_of(int fd, char *path, size_t size)
{
	char link[48] = "/proc/self/fd/", dec[24], *file;
	struct statfs fs;
	long n;

	if (SYS2(SYS_fstatfs, fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return NULL;
	hj_append(link, sizeof(link), hj_dec(dec, (unsigned long)fd));
	n = SYS4(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	file = strstr(path, "/sys/net/");
	return file ? file + strlen("/sys/net/") : NULL;
}

int procsys_guard(int fd, int flags)
{
	char path[NAME + 64];
	const char *file;
	int other;
	long r;

	if (hj_sandboxed || hj_set.host == HJ_HOST_NONE)
		return fd;
	file = file_of(fd, path, sizeof(path));
	if (likely(!file))
		return fd;
	other = procsys_open(file, flags);
	if (other < 0)
		return other == -ERESTART ? fd : other;
	r = SYS3(SYS_dup3, other, fd, flags & O_CLOEXEC);
	sys_close(other);
	fd_forget(fd);
	return (int)r;
}

int procsys_access(const char *file, int how)
{
	struct wire_req req;
	struct wire_rep rep;
	int err;

	if (!wanted(file) || !request(&req, file))
		return -ERESTART;
	err = rpc_call(&req, NULL, 0, &rep, NULL);
	if (!err)
		return how & X_OK ? -EACCES : 0;
	if (!machine_has(file))
		return -ENOENT;
	return how & W_OK ? -EROFS : interface_in(file) ? 0 : -ERESTART;
}

/* What a call writes, behind what the request has. Return: bytes or -errno. */
static long gather(struct wire_req *req, const struct msghdr *m)
{
	size_t done = 0;
	struct iovec v;

	for (size_t i = 0; i < (size_t)m->msg_iovlen; i++) {
		if (hj_copy_in(&v, &m->msg_iov[i], sizeof(v)))
			return -EFAULT;
		if (v.iov_len > sizeof(req->data) - 1 - req->len)
			return -EINVAL;
		if (hj_copy_in(req->data + req->len, v.iov_base, v.iov_len))
			return -EFAULT;
		req->len = (uint16_t)(req->len + v.iov_len);
		done += v.iov_len;
	}
	return (long)done;
}

static int set(const char *text, struct wire_req *req)
{
	struct wire_rep rep;

	(void)text;
	return rpc_call(req, NULL, 0, &rep, NULL);
}

static int set_shown(const char *text, struct wire_req *req)
{
	DEBUG_RETURN("sysctl", "k:s_", set, text, req);
}

long procsys_write(int fd, const struct msghdr *m)
{
	struct wire_req req = { .op = WIRE_SYSCTL };
	long n = SYS6(SYS_recvfrom, fd, req.data, NAME,
	    MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
	int err;

	if (n <= 0 || n >= NAME)
		return n < 0 ? n : -EIO;
	req.data[n] = '=';
	req.len = (uint16_t)(n + 1);
	n = gather(&req, m);
	if (n <= 0)
		return n;
	req.data[req.len] = '\0';
	err = set_shown((const char *)req.data, &req);
	return err ? err : n;
}
