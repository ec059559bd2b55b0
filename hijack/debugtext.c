/* debugtext.c: the text of a call; see debugtext.h. */
#include "hijack/debugtext.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#define STRING_MAX	128	/* bytes of a string, or a path, shown */
#define VALUE_MAX	16	/* bytes of an option's value */

static void put(struct debug_line *l, const char *s, size_t n)
{
	/* The newline always has its place. */
	if (n > sizeof(l->text) - 1 - l->n)
		n = sizeof(l->text) - 1 - l->n;
	memcpy(l->text + l->n, s, n);
	l->n += n;
}

void debug_str(struct debug_line *l, const char *s)
{
	put(l, s, strlen(s));
}

void debug_dec(struct debug_line *l, long v)
{
	char buf[24];

	if (v < 0)
		debug_str(l, "-");
	debug_str(l, hj_dec(buf, v < 0 ? -(unsigned long)v :
	    (unsigned long)v));
}

void debug_hex(struct debug_line *l, unsigned long v)
{
	char buf[17], *p = buf + 16;

	*p = '\0';
	do {
		*--p = "0123456789abcdef"[v & 15];
	} while (v >>= 4);
	debug_str(l, p);
}

void debug_errno(struct debug_line *l, int err)
{
	const char *name = err > 0 ? strerrorname_np(err) : NULL;

	if (name) {
		debug_str(l, " ");
		debug_str(l, name);
	}
}

/* A constant by its name, or as a number. */
static void put_name(struct debug_line *l, const char *name, long v)
{
	if (name)
		debug_str(l, name);
	else
		debug_dec(l, v);
}

static void put_flag(struct debug_line *l, long v, long flag, const char *name)
{
	if (v & flag) {
		if (l->text[l->n - 1] != '(' && l->text[l->n - 1] != ' ')
			debug_str(l, "|");
		debug_str(l, name);
	}
}

static void put_sock_flags(struct debug_line *l, long v)
{
	put_flag(l, v, SOCK_CLOEXEC, "SOCK_CLOEXEC");
	put_flag(l, v, SOCK_NONBLOCK, "SOCK_NONBLOCK");
}

static void put_type(struct debug_line *l, long v)
{
	int type = (int)v & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);

	put_name(l, debug_type(type), type);
	put_sock_flags(l, v);
}

/* What does not print, and the quote itself, as octal. */
static void put_quoted(struct debug_line *l, const char *s, size_t n)
{
	debug_str(l, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char oct[4] = { '\\', (char)('0' + (c >> 6)),
			(char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7)) };

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			put(l, oct, sizeof(oct));
		else
			put(l, s + i, 1);
	}
	debug_str(l, "\"");
}

static void put_string(struct debug_line *l, const char *user)
{
	char c, text[STRING_MAX];
	size_t n = 0;

	if (!user) {
		debug_str(l, "NULL");
		return;
	}
	while (n < sizeof(text) && !hj_copy_in(&c, user + n, 1) && c)
		text[n++] = c;
	put_quoted(l, text, n);
	if (n == sizeof(text))
		debug_str(l, "...");
}

static void put_ip4(struct debug_line *l, const uint8_t *ip)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			debug_str(l, ".");
		debug_dec(l, ip[i]);
	}
}

/* The longest run of two or more zeros. Return: where it ends. */
static int zeros(const uint8_t *ip, int *start)
{
	int best = 1, end = -1;

	*start = -1;
	for (int i = 0, n = 0; i < 8; i++) {
		n = ip[2 * i] | ip[2 * i + 1] ? 0 : n + 1;
		if (n > best) {
			best = n;
			end = i + 1;
			*start = end - n;
		}
	}
	return end;
}

/* inet_ntop(3) goes through stdio. */
static void put_ip6(struct debug_line *l, const uint8_t *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	int start, end = zeros(ip, &start);

	if (!memcmp(ip, mapped, sizeof(mapped))) {
		debug_str(l, "::ffff:");
		put_ip4(l, ip + 12);
		return;
	}
	for (int i = 0; i < 8; i++) {
		if (i == start) {
			debug_str(l, "::");
			i = end - 1;
			continue;
		}
		if (i && i != end)
			debug_str(l, ":");
		debug_hex(l, (unsigned long)ip[2 * i] << 8 | ip[2 * i + 1]);
	}
}

static void put_port(struct debug_line *l, in_port_t port)
{
	debug_str(l, ":");
	debug_dec(l, ntohs(port));
}

static void put_unix(struct debug_line *l, const struct sockaddr_un *sun,
    size_t len)
{
	size_t n = len - offsetof(struct sockaddr_un, sun_path);

	if (len <= offsetof(struct sockaddr_un, sun_path)) {
		debug_str(l, "AF_UNIX");
		return;
	}
	if (sun->sun_path[0] == '\0') {
		debug_str(l, "@");
		put_quoted(l, sun->sun_path + 1, n - 1);
	} else {
		put_quoted(l, sun->sun_path, strnlen(sun->sun_path, n));
	}
}

static void put_addr(struct debug_line *l, const void *user, size_t len)
{
	union {
		struct sockaddr_storage ss;
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} u;

	memset(&u, 0, sizeof(u));
	if (len > sizeof(u))
		len = sizeof(u);
	if (!user || hj_copy_in(&u, user, len)) {
		debug_str(l, user ? "0x" : "NULL");
		if (user)
			debug_hex(l, (unsigned long)user);
	} else if (u.sa.sa_family == AF_INET && len >= sizeof(u.in)) {
		put_ip4(l, (const uint8_t *)&u.in.sin_addr);
		put_port(l, u.in.sin_port);
	} else if (u.sa.sa_family == AF_INET6 &&
	    len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		debug_str(l, "[");
		put_ip6(l, u.in6.sin6_addr.s6_addr);
		if (u.in6.sin6_scope_id) {
			debug_str(l, "%");
			debug_dec(l, u.in6.sin6_scope_id);
		}
		debug_str(l, "]");
		put_port(l, u.in6.sin6_port);
	} else if (u.sa.sa_family == AF_UNIX) {
		put_unix(l, &u.un, len);
	} else {
		put_name(l, debug_domain(u.sa.sa_family), u.sa.sa_family);
	}
}

static size_t length_at(const void *user)
{
	socklen_t len;

	return hj_copy_in(&len, user, sizeof(len)) || (int)len < 0 ? 0 : len;
}

static void put_bytes(struct debug_line *l, const uint8_t *p, size_t n)
{
	debug_str(l, "\"");
	for (size_t i = 0; i < n; i++) {
		char hex[4] = { '\\', 'x', "0123456789abcdef"[p[i] >> 4],
			"0123456789abcdef"[p[i] & 15] };

		put(l, hex, sizeof(hex));
	}
	debug_str(l, "\"");
}

/* An option's value: mostly an int; two words of a time-out or linger. */
static void put_value(struct debug_line *l, int level, int name,
    const void *user, size_t len)
{
	union {
		uint8_t bytes[VALUE_MAX];
		int i[2];
		struct timeval tv;
	} v;
	size_t n = len < sizeof(v) ? len : sizeof(v);

	if (!user || hj_copy_in(&v, user, n)) {
		debug_str(l, user ? "EFAULT" : "NULL");
		return;
	}
	debug_str(l, "[");
	if (level == SOL_SOCKET && name == SO_ERROR && len == sizeof(int) &&
	    v.i[0] && strerrorname_np(v.i[0])) {
		debug_str(l, strerrorname_np(v.i[0]));
	} else if (len == sizeof(int)) {
		debug_dec(l, v.i[0]);
	} else if (level == SOL_SOCKET && name == SO_LINGER &&
	    len == sizeof(struct linger)) {
		debug_dec(l, v.i[0]);
		debug_str(l, ", ");
		debug_dec(l, v.i[1]);
	} else if (level == SOL_SOCKET && len == sizeof(v.tv) &&
	    (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
		debug_dec(l, v.tv.tv_sec);
		debug_str(l, " s, ");
		debug_dec(l, v.tv.tv_usec);
		debug_str(l, " us");
	} else {
		put_bytes(l, v.bytes, n);
		if (len > n)
			debug_str(l, "...");
	}
	debug_str(l, "]");
}

static void put_option(struct debug_line *l, const long *arg, bool get,
    bool failed)
{
	int level = (int)arg[0], name = (int)arg[1];
	const void *val = (const void *)arg[2];

	put_name(l, debug_level(level), level);
	debug_str(l, ", ");
	put_name(l, debug_option(level, name), name);
	if (get && failed)
		return;
	debug_str(l, ", ");
	put_value(l, level, name, val, get ? length_at((const void *)arg[3]) :
	    (size_t)arg[3]);
}

static void put_how(struct debug_line *l, int how)
{
	static const char *const names[] = {
		[SHUT_RD] = "SHUT_RD", [SHUT_WR] = "SHUT_WR",
		[SHUT_RDWR] = "SHUT_RDWR",
	};

	put_name(l, how >= SHUT_RD && how <= SHUT_RDWR ? names[how] : NULL,
	    how);
}

/* One letter's arguments. Return: how many there were. */
static int put_arg(struct debug_line *l, char letter, const long *arg,
    bool failed)
{
	int v = (int)arg[0];

	switch (letter) {
	case 'f':
	case 'F':
	case 'd':
		debug_dec(l, v);
		return 1;
	case 'u':
		debug_dec(l, (unsigned)v);
		return 1;
	case 's':
		put_string(l, (const char *)arg[0]);
		return 1;
	case 'D':
		put_name(l, debug_domain(v), v);
		return 1;
	case 'T':
		put_type(l, v);
		return 1;
	case 'S':
		put_sock_flags(l, v);
		if (!(v & (SOCK_CLOEXEC | SOCK_NONBLOCK)))
			debug_dec(l, v);
		return 1;
	case 'H':
		put_how(l, v);
		return 1;
	case 'C':
		put_name(l, debug_fcntl(v), v);
		return 1;
	case 'R':
		if (debug_ioctl((unsigned long)arg[0]))
			debug_str(l, debug_ioctl((unsigned long)arg[0]));
		else
			debug_str(l, "0x"), debug_hex(l, (unsigned)v);
		return 1;
	case 'a':
		put_addr(l, (const void *)arg[0], (socklen_t)arg[1]);
		return 2;
	case 'A':
		if (failed || !arg[0])
			debug_str(l, arg[0] ? "..." : "NULL");
		else
			put_addr(l, (const void *)arg[0],
			    length_at((const void *)arg[1]));
		return 2;
	case 'o':
	case 'O':
		put_option(l, arg, letter == 'O', failed);
		return 4;
	default:
		return 1;
	}
}

void debug_args(struct debug_line *l, const char *format, const long *arg,
    bool failed)
{
	bool first = true;

	for (; *format; format++) {
		if (*format != '_' && !first)
			debug_str(l, ", ");
		first &= *format == '_';
		arg += put_arg(l, *format, arg, failed);
	}
}
