/* warn.c: one line on stderr, without stdio or memory allocation. */
#include "hijack/hijack.h"

#include <stdarg.h>
#include <string.h>

#include "stack/wire/client.h"
#include "stack/wire/sys.h"

/* A connection, as inetd's programs have it there: it is its peer's. */
bool hj_stderr_is_virtual(void)
{
	struct wire_id id;

	return !hj_sandboxed && client_id_of(2, &id);
}

/* As syslog(3) does, daemon.warning. */
static void put_log(const char *line, size_t n)
{
	static const char level[] = "<28>";
	struct sockaddr_un sun = { AF_UNIX, "/dev/log" };
	struct iovec iov[2] = {
		{ (void *)level, sizeof(level) - 1 }, { (void *)line, n },
	};
	struct msghdr m = {
		.msg_name = &sun, .msg_namelen = sizeof(sun),
		.msg_iov = iov, .msg_iovlen = 2,
	};
	int fd = (int)SYS3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	sys_sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	sys_close(fd);
}

static void put_line(const char *s, va_list ap)
{
	static const char tag[] = "libshmhijack: ";
	char line[512];
	size_t n = sizeof(tag) - 1;

	memcpy(line, tag, n);
	for (; s; s = va_arg(ap, const char *)) {
		size_t len = strlen(s);

		if (len > sizeof(line) - 1 - n)
			len = sizeof(line) - 1 - n;
		memcpy(line + n, s, len);
		n += len;
	}
	line[n++] = '\n';
	if (hj_stderr_is_virtual())
		put_log(line, n - 1);
	else
		SYS3(SYS_write, 2, line, n);
}

void hj_warn(const char *s, ...)
{
	va_list ap;

	va_start(ap, s);
	put_line(s, ap);
	va_end(ap);
}

void hj_warn_once(bool *once, const char *s, ...)
{
	va_list ap;

	if (__atomic_exchange_n(once, true, __ATOMIC_RELAXED))
		return;
	va_start(ap, s);
	put_line(s, ap);
	va_end(ap);
}
