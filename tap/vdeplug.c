/* vdeplug.c: plugs by libvdeplug, which is loaded when needed; see vdeplug.h. */
#include "tap/vdeplug.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap/vdegrams.h"

#define LIBRARY		"libvdeplug.so.2"
#define INTERFACE	1	/* LIBVDEPLUG_INTERFACE_VERSION */
#define KIND		32	/* bytes of a plug-in's name */
#define ROOM		(4 << 20)	/* bytes: some hundred large frames */
#define FRAME_CAP	(64u << 10)	/* bytes that one may have */
#define BATCH		(4 * FRAME_CAP)	/* received, one frame after another */

/* The library's whole interface: libvdeplug(3). */
static struct {
	void *(*open)(char *vnl, char *descr, int interface, void *args);
	ssize_t (*recv)(void *conn, void *buf, size_t n, int flags);
	ssize_t (*send)(void *conn, const void *buf, size_t n, int flags);
	int (*datafd)(void *conn);
	int (*ctlfd)(void *conn);
	int (*close)(void *conn);
} lib;

struct vdeplug {
	void *conn;
	int fd, ctlfd;
	ino_t file;		/* behind fd */
	struct vdegrams *grams;	/* NULL: the library's calls are to be used */
	uint8_t *buf;		/* BATCH bytes, or NULL */
	/* vxlan has what it sends in static variables: one at a time. */
	bool alone;
};

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t send_lock = PTHREAD_MUTEX_INITIALIZER;

static bool find_all(void *so)
{
	const struct {
		const char *name;
		void *fn;
	} wanted[] = {
		{ "vde_recv", &lib.recv }, { "vde_send", &lib.send },
		{ "vde_datafd", &lib.datafd }, { "vde_ctlfd", &lib.ctlfd },
		{ "vde_close", &lib.close }, { "vde_open_real", &lib.open },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		void *sym = dlsym(so, wanted[i].name);

		if (!sym)
			return false;
		memcpy(wanted[i].fn, &sym, sizeof(sym));
	}
	return true;
}

static int load(char *err, size_t errlen)
{
	void *so;
	int e = 0;

	pthread_mutex_lock(&load_lock);
	so = lib.open ? NULL : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib.open && !so) {
		snprintf(err, errlen, LIBRARY " is missing; install the "
		    "package libvdeplug2");
		e = -ENOPKG;
	} else if (so && !find_all(so)) {
		snprintf(err, errlen, LIBRARY " is not the one of VDE; "
		    "install the package libvdeplug2");
		dlclose(so);
		e = -ENOPKG;
	}
	pthread_mutex_unlock(&load_lock);
	return e;
}

/* "slirp" of "slirp://"; what is only a path is a switch's. */
static void kind_of(const char *vnl, char kind[static KIND])
{
	const char *colon = strstr(vnl, "://");

	if (colon && colon - vnl < KIND)
		snprintf(kind, KIND, "%.*s", (int)(colon - vnl), vnl);
	else
		snprintf(kind, KIND, "%s", colon ? "" : "vde");
}

static void explain(int e, const char *vnl, char *err, size_t errlen)
{
	char kind[KIND];

	kind_of(vnl, kind);
	if (!kind[0])
		snprintf(err, errlen, "%s: not of the form KIND://...", vnl);
	else if (e == -EPROTONOSUPPORT)
		snprintf(err, errlen, "%s: libvdeplug has no plug-in \"%s\"; "
		    "is there a package libvdeplug-%s to install?", vnl, kind,
		    kind);
	else if (e == -ENOENT && !strcmp(kind, "vde"))
		snprintf(err, errlen, "%s: no switch there; start one with "
		    "vde_switch -s PATH", vnl);
	else if (e == -ECONNREFUSED && !strcmp(kind, "vde"))
		snprintf(err, errlen, "%s: its switch has ended; start it "
		    "again with vde_switch -s PATH", vnl);
	else if ((e == -ECONNABORTED || e == -EBADF) && !strcmp(kind, "udp"))
		snprintf(err, errlen, "%s: an address in it is unknown, or "
		    "its port in use", vnl);
	else
		snprintf(err, errlen, "%s: %s; see libvdeplug_%s(1) for what "
		    "it can be", vnl, strerror(-e), kind);
}

/*
 * A peer that is quick sends more at a time than the kernel's default holds,
 * and TCP takes for a loss what did not fit.  What is no socket has no such
 * buffer; without root the machine's net.core.rmem_max is the bound.
 */
static void make_room(int fd)
{
	int n = ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof(n)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

static ino_t file_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* The path in it that is looked at from here; NULL: there is none. */
static const char *path_in(const char *vnl)
{
	const char *path = !strncmp(vnl, "vde://", 6) ? vnl + 6 :
	    strstr(vnl, "://") ? NULL : vnl;

	while (path && path[0] == '.' && path[1] == '/')
		path += 2;
	/* "vde://" is the switch that libvdeplug(3) takes. */
	return path && *path ? path : NULL;
}

int vdeplug_name(char *dst, size_t size, const char *vnl, char *err)
{
	const char *path = path_in(vnl);
	char cwd[PATH_MAX] = "";
	int n = -1;

	if (!*vnl) {
		snprintf(err, VDEPLUG_ERRLEN, "'': not a VNL, such as "
		    "slirp:// or vde:///PATH");
		return -EINVAL;
	}
	if (!path)
		n = snprintf(dst, size, "%s", vnl);
	else if (*path == '/' || getcwd(cwd, sizeof(cwd)))
		n = snprintf(dst, size, "vde://%s%s%s", cwd, *cwd ? "/" : "",
		    path);
	if (n >= 0 && (size_t)n < size)
		return 0;
	snprintf(err, VDEPLUG_ERRLEN, "%.64s...: %s", vnl,
	    strerror(n < 0 ? errno : E2BIG));
	return n < 0 ? -errno : -E2BIG;
}

/* The library's own errno is not always set. */
static int open_errno(void)
{
	return errno ? -errno : -EINVAL;
}

/*
 * vxlan, as of 4.0.1, learns where a frame came from off a variable that it
 * has not set, and then sends to nowhere.  With no table it asks the group.
 */
static char *own_copy(const char *vnl)
{
	char *copy;

	if (strncmp(vnl, "vxlan:", 6) || strstr(vnl, "hashsize="))
		return strdup(vnl);
	return asprintf(&copy, "%s/hashsize=0", vnl) < 0 ? NULL : copy;
}

int vdeplug_open(struct vdeplug **out, const char *vnl, const char *descr,
    char *err, size_t errlen)
{
	struct vdeplug *v;
	char *name = NULL;
	int e = load(err, errlen);

	if (e)
		return e;
	v = calloc(1, sizeof(*v));
	name = own_copy(vnl);	/* plug-ins write into it */
	if (v)
		v->buf = malloc(BATCH);
	if (!v || !v->buf || !name) {
		snprintf(err, errlen, "%s: %s", vnl, strerror(ENOMEM));
		e = -ENOMEM;
		goto fail;
	}
	errno = 0;
	v->conn = lib.open(name, (char *)descr, INTERFACE, NULL);
	if (!v->conn) {
		e = open_errno();
		explain(e, vnl, err, errlen);
		goto fail;
	}
	free(name);
	v->alone = !strncmp(vnl, "vxlan:", 6);
	v->fd = lib.datafd(v->conn);
	make_room(v->fd);
	v->grams = vdegrams_new(vnl, v->fd);
	v->file = file_of(v->fd);
	v->ctlfd = lib.ctlfd(v->conn);
	/* That of a tap is not. */
	fcntl(v->fd, F_SETFD, FD_CLOEXEC);
	*out = v;
	return 0;
fail:
	free(name);
	if (v)
		free(v->buf);
	free(v);
	return e;
}

void vdeplug_close(struct vdeplug *v)
{
	lib.close(v->conn);
	vdegrams_free(v->grams);
	free(v->buf);
	free(v);
}

int vdeplug_fd(const struct vdeplug *v)
{
	return v->fd;
}

int vdeplug_ctlfd(const struct vdeplug *v)
{
	return v->ctlfd;
}

/*
 * After an empty read, which can also be an empty datagram of a stranger's.
 * Where a command has ended, cmd:// puts a pipe that echoes in its place.
 */
static bool ended(const struct vdeplug *v)
{
	struct pollfd p = { .fd = v->fd };

	return file_of(v->fd) != v->file ||
	    (poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLNVAL));
}

static bool readable(const struct vdeplug *v)
{
	struct pollfd p = { .fd = v->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* One after another, as long as there is one and room for it. */
static int recv_each(struct vdeplug *v, struct iovec *frame, int max)
{
	size_t used = 0;
	ssize_t r;
	int n = 0;

	while (n < max && used <= BATCH - FRAME_CAP && readable(v)) {
		r = lib.recv(v->conn, v->buf + used, FRAME_CAP, 0);
		if (r < 0)
			return n ? n : -errno;
		if (r == 0)
			return n ? n : ended(v) ? -EPIPE : 0;
		if (r < VDEGRAMS_MIN)
			continue;
		frame[n++] = (struct iovec){ v->buf + used, (size_t)r };
		used += (size_t)r;
	}
	return n;
}

int vdeplug_recv(struct vdeplug *v, struct iovec *frame, int max)
{
	return v->grams ? vdegrams_recv(v->grams, frame, max) :
	    recv_each(v, frame, max);
}

static int send_one(struct vdeplug *v, const struct iovec *frame)
{
	ssize_t r;
	int e;

	if (v->alone)
		pthread_mutex_lock(&send_lock);
	r = lib.send(v->conn, frame->iov_base, frame->iov_len, 0);
	e = r < 0 ? -errno : 0;
	if (v->alone)
		pthread_mutex_unlock(&send_lock);
	return e;
}

int vdeplug_send(struct vdeplug *v, const struct iovec *frame, int n)
{
	int lost = 0, e;

	for (int i = 0; i < n;) {
		if (v->grams)
			i += vdegrams_send(v->grams, frame + i, n - i, &lost);
		if (i == n)
			break;
		e = send_one(v, &frame[i++]);
		if (e == -EPIPE)
			return e;
		lost += e != 0;
	}
	return lost;
}
