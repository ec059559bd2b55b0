/* task.c: the task that calls: its memory, its descriptors, its signals. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hijack/entry/entry.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define THREAD	O_EXCL		/* PIDFD_THREAD, since Linux 6.9 */
#define PAGE	4096

static int copy(const struct call *c, void *ours, uint64_t theirs, size_t n,
    bool put)
{
	struct iovec to = { ours, n }, from = { (void *)theirs, n };
	ssize_t got;

	if (!n)
		return 0;
	got = put ? process_vm_writev(c->task, &to, 1, &from, 1, 0) :
	    process_vm_readv(c->task, &to, 1, &from, 1, 0);
	return got == (ssize_t)n ? 0 : -EFAULT;
}

int task_get(const struct call *c, void *to, uint64_t from, size_t n)
{
	return copy(c, to, from, n, false);
}

int task_put(const struct call *c, uint64_t to, const void *from, size_t n)
{
	return copy(c, (void *)(uintptr_t)from, to, n, true);
}

/* Page by page: the next one may not be there, nor be needed. */
int task_string(const struct call *c, char *to, size_t size, uint64_t from)
{
	size_t at = 0;

	while (at < size) {
		size_t n = PAGE - (from + at) % PAGE;

		if (n > size - at)
			n = size - at;
		if (task_get(c, to + at, from + at, n))
			return -EFAULT;
		if (memchr(to + at, 0, n))
			return 0;
		at += n;
	}
	return -ENAMETOOLONG;
}

/* "Name:\tnumber" of a file, in that base. */
static bool field(const char *path, const char *name, int base,
    uint64_t *value)
{
	char text[4096], *at;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strstr(text, name);
	if (at)
		*value = strtoull(at + strlen(name), NULL, base);
	return at;
}

static bool status(pid_t task, const char *name, int base, uint64_t *value)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/status", task);
	return field(path, name, base, value);
}

/* The kernel's descriptors of threads are new; else the process has to do. */
static int open_task(pid_t task)
{
	int fd = (int)SYS2(SYS_pidfd_open, task, THREAD);
	uint64_t process;

	if (fd != -EINVAL)
		return fd;
	if (!status(task, "\nTgid:\t", 10, &process))
		return -ESRCH;
	return (int)SYS2(SYS_pidfd_open, process, 0);
}

int task_fd(const struct call *c, int number)
{
	int pidfd = open_task(c->task), fd;

	if (pidfd < 0)
		return pidfd;
	fd = (int)SYS3(SYS_pidfd_getfd, pidfd, number, 0);
	sys_close(pidfd);
	/* The library hears of the number's new meaning. */
	if (fd >= 0)
		dup2(fd, fd);
	return fd;
}

/* Its close-on-exec flag belongs to the number. */
int task_replace(const struct call *c, int number, int fd)
{
	struct seccomp_notif_addfd a = {
		.id = c->id, .flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd, .newfd = (uint32_t)number,
	};
	uint64_t flags;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", c->task, number);
	if (field(path, "\nflags:\t", 8, &flags) && flags & O_CLOEXEC)
		a.newfd_flags = O_CLOEXEC;
	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) < 0 ?
	    -errno : 0;
}

bool task_has_signal(const struct call *c)
{
	uint64_t own = 0, shared = 0, blocked = 0;

	if (!status(c->task, "\nSigPnd:\t", 16, &own) ||
	    !status(c->task, "\nShdPnd:\t", 16, &shared) ||
	    !status(c->task, "\nSigBlk:\t", 16, &blocked))
		return true;
	return (own | shared) & ~blocked;
}

void task_signal(const struct call *c, int sig)
{
	uint64_t process;

	if (status(c->task, "\nTgid:\t", 10, &process))
		SYS3(SYS_tgkill, process, c->task, sig);
}

bool task_waits(const struct call *c)
{
	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->id) == 0;
}

bool call_is_ours(struct call *c)
{
	struct wire_id id;
	int fl;

	c->fd = task_fd(c, (int)c->arg[0]);
	if (c->fd < 0 || !client_id_of(c->fd, &id))
		return false;
	c->type = id.type;
	fl = sys_fcntl(c->fd, F_GETFL, 0);
	c->nonblock = fl >= 0 && fl & O_NONBLOCK;
	return true;
}

long call_give(struct call *c, int fd, bool cloexec)
{
	struct seccomp_notif_addfd a = {
		.id = c->id, .flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};

	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) < 0 ?
	    -errno : CALL_GAVE_FD;
}
