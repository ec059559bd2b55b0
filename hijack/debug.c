/*
 * debug.c: SHMIF_DEBUG: where the lines go, and what is found out for each;
 * see debug.h.
 */
#include "hijack/debug.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hijack/debugtext.h"
#include "hijack/fd.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/clock.h"

bool debug_on;

/*
 * Programs close and reuse numbers they do not own: before each line the fd
 * must still be the file it was.
 */
static struct {
	char path[PATH_MAX];	/* "": stderr */
	int fd;
	dev_t dev;
	ino_t ino;
} out;

static bool same(int fd)
{
	struct stat st;

	return SYS2(SYS_fstat, fd, &st) == 0 && st.st_dev == out.dev &&
	    st.st_ino == out.ino;
}

/* Return: an fd high up, out of the program's way, or -errno. */
static int open_high(int floor)
{
	int fd = (int)SYS4(SYS_openat, AT_FDCWD, out.path, O_WRONLY | O_APPEND |
	    O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600), high;

	if (fd < 0)
		return fd;
	high = sys_fcntl(fd, F_DUPFD_CLOEXEC, floor);
	if (high < 0)
		return fd;
	sys_close(fd);
	return high;
}

static int out_fd(void)
{
	int fd = __atomic_load_n(&out.fd, __ATOMIC_RELAXED), neu;

	if (same(fd))
		return fd;
	if (!out.path[0])
		return -EBADF;
	/* In a vfork child the parent's number is free, and found again. */
	neu = open_high(fd);
	if (neu >= 0 && !same(neu)) {
		sys_close(neu);		/* another file has the name now */
		return -EBADF;
	}
	if (neu >= 0)
		__atomic_store_n(&out.fd, neu, __ATOMIC_RELAXED);
	return neu;
}

static void write_line(struct debug_line *l)
{
	int fd = out_fd();

	if (fd < 0)
		return;
	l->text[l->n++] = '\n';		/* debugtext.c leaves room for it */
	SYS3(SYS_write, fd, l->text, l->n);
}

/* Absolute, in the environment as well: it must outlive chdir(2) and exec. */
static const char *read_path(const char *val)
{
	size_t n = 0;

	if (val[0] != '/') {
		if (!getcwd(out.path, sizeof(out.path)))
			return "the current directory has no path";
		n = strlen(out.path);
		if (n + 1 + strlen(val) < sizeof(out.path))
			out.path[n++] = '/';
	}
	if (n + strlen(val) >= sizeof(out.path))
		return "the path is too long";
	strcpy(out.path + n, val);
	if (n)
		setenv("SHMIF_DEBUG", out.path, 1);
	return NULL;
}

void debug_start(void)
{
	const char *val = secure_getenv("SHMIF_DEBUG"), *why = NULL;
	struct stat st;

	if (!val || !*val || !strcmp(val, "0"))
		return;
	out.fd = 2;
	if (strcmp(val, "1")) {
		why = read_path(val);
		if (!why) {
			out.fd = open_high(fd_floor());
			if (out.fd < 0)
				why = strerrordesc_np(-out.fd);
		}
	}
	if (why) {
		hj_warn("SHMIF_DEBUG=", val, ": ", why, "; no trace", NULL);
		return;
	}
	if (SYS2(SYS_fstat, out.fd, &st) < 0)
		return;		/* started without stderr */
	out.dev = st.st_dev;
	out.ino = st.st_ino;
	debug_on = true;
}

static void put_head(struct debug_line *l)
{
	const char *name = program_invocation_short_name;

	l->n = 0;
	debug_str(l, name ? name : "?");
	debug_str(l, "[");
	debug_dec(l, SYS0(SYS_getpid));
	debug_str(l, "] ");
}

/*
 * "socket ID", or for one of the machine's "machine: " and why; "" for all
 * that is not of the Internet.  Return: is it a socket?
 */
static bool describe(int fd, char *about, size_t size)
{
	struct debug_line l = { .n = 0 };
	socklen_t len = sizeof(int);
	struct wire_id id;
	int domain;

	*about = '\0';
	if (client_id_of(fd, &id)) {
		if (id.domain == AF_NETLINK)
			debug_str(&l, "the virtual host's netlink");
		else
			debug_str(&l, "socket "), debug_hex(&l, id.sock);
	} else {
		if (sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
			return false;
		if (domain == AF_INET || domain == AF_INET6) {
			debug_str(&l, "machine: ");
			debug_str(&l, hj_why_not(domain));
		}
	}
	l.text[l.n] = '\0';
	hj_append(about, size, l.text);
	return true;
}

void debug_begin(struct debug *d, const char *name, const char *format,
    const long *arg)
{
	int keep = errno;
	bool is_socket;

	d->name = name;
	d->format = format;
	d->arg = arg;
	d->start = 0;
	d->about[0] = '\0';
	if (hj_sandboxed)
		return;
	if (format[2] == 'f' || format[2] == 'F') {
		is_socket = describe((int)arg[0], d->about, sizeof(d->about));
		if (format[2] == 'F' && !is_socket)
			return;
	}
	d->start = clock_ns();
	errno = keep;
}

static void put_result(struct debug_line *l, char kind, long r, int err)
{
	bool failed = kind == 'i' || kind == 'n' ? r == -1 :
	    kind == 'k' || kind == 'm' ? r < 0 :
	    kind == 'e' || kind == 'r' ? r : !r;

	if (failed && (kind == 'k' || kind == 'm')) {
		err = (int)-r;
		r = -1;
	}
	debug_str(l, ") = ");
	if (kind == 'p') {
		debug_str(l, r ? "0x" : "NULL");
		if (r)
			debug_hex(l, (unsigned long)r);
	} else {
		debug_dec(l, r);
	}
	if (kind == 'e' && failed) {
		debug_str(l, " ");
		debug_str(l, debug_eai((int)r) ? debug_eai((int)r) : "?");
	} else if (failed) {
		debug_errno(l, kind == 'r' ? (int)r : err);
	}
}

/* <0.0003>: seconds. */
static void put_time(struct debug_line *l, uint64_t ns)
{
	char buf[24];

	debug_str(l, " <");
	debug_dec(l, (long)(ns / 1000000000));
	debug_str(l, ".");
	/* The leading one keeps the zeros. */
	debug_str(l, hj_dec(buf, 10000 + ns % 1000000000 / 100000) + 1);
	debug_str(l, ">");
}

void debug_end(struct debug *d, long result)
{
	int keep = errno;
	uint64_t took = d->start ? clock_ns() - d->start : 0;
	struct debug_line l;

	/* After a filter was installed a write may be the end. */
	if (!d->start || hj_sandboxed)
		return;
	if ((*d->format == 'n' || *d->format == 'm') && result >= 0)
		describe((int)result, d->about, sizeof(d->about));
	put_head(&l);
	debug_str(&l, d->name);
	debug_str(&l, "(");
	debug_args(&l, d->format + 2, d->arg, result == -1);
	put_result(&l, *d->format, result, keep);
	put_time(&l, took);
	if (d->about[0]) {
		debug_str(&l, " [");
		debug_str(&l, d->about);
		debug_str(&l, "]");
	}
	write_line(&l);
	errno = keep;
}

void debug_note(const char *s)
{
	int keep = errno;
	struct debug_line l;

	if (!debug_on || hj_sandboxed)
		return;
	put_head(&l);
	debug_str(&l, s);
	write_line(&l);
	errno = keep;
}
