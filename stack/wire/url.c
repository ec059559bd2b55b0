/* url.c: where a virtual host is; see url.h. */
#include "stack/wire/url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool cut(char *dst, size_t size, const char *from, const char *to)
{
	size_t n = (size_t)(to - from);

	if (n >= size)
		return false;
	memcpy(dst, from, n);
	dst[n] = '\0';
	return true;
}

/* What ssh or a shell would take for something else. */
static bool is_plain(const char *s)
{
	if (*s == '-')
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f ||
		    strchr("'\"\\$`;&|<>()*?!", *s))
			return false;
	return true;
}

static bool is_port(const char *p)
{
	unsigned v = 0;

	if (!*p)
		return false;
	for (; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (unsigned)(*p - '0');
		if (v > 65535)
			return false;
	}
	return v != 0;
}

/* [USER@]HOST[:PORT] */
static bool parse_authority(const char *p, const char *end, struct url *u)
{
	const char *at = memchr(p, '@', (size_t)(end - p)), *close;

	if (at && (at == p || !cut(u->user, sizeof(u->user), p, at)))
		return false;
	if (at)
		p = at + 1;
	if (*p == '[') {
		close = memchr(p, ']', (size_t)(end - p));
		if (!close || !cut(u->host, sizeof(u->host), p + 1, close))
			return false;
		p = close + 1;
	} else {
		close = memchr(p, ':', (size_t)(end - p));
		if (!close)
			close = end;
		if (!cut(u->host, sizeof(u->host), p, close))
			return false;
		p = close;
	}
	if (p != end && (*p != ':' || !cut(u->port, sizeof(u->port), p + 1,
	    end) || !is_port(u->port)))
		return false;
	return u->host[0] != '\0';
}

static int parse_tcp(const char *p, struct url *u, const char **why)
{
	const char *end = p + strcspn(p, "/");

	u->kind = URL_TCP;
	if (parse_authority(p, end, u) && u->port[0] &&
	    (!*end || !strcmp(end, "/")))
		return 0;
	*why = "not of the form tcp://[NAME@]HOST:PORT/, with an IPv6 address "
	    "in brackets";
	return -EINVAL;
}

static int parse_ssh(const char *p, struct url *u, const char **why)
{
	const char *end = p + strcspn(p, "/");

	u->kind = URL_SSH;
	*why = "not of the form ssh://[USER@]HOST[:PORT]/ABSOLUTE/PATH";
	if (!parse_authority(p, end, u) || !end[0] || !end[1])
		return -EINVAL;
	if (!cut(u->path, sizeof(u->path), end, end + strlen(end))) {
		*why = "the path is too long for a socket (107 bytes)";
		return -ENAMETOOLONG;
	}
	if (!is_plain(u->host) || !is_plain(u->user) || !is_plain(u->path)) {
		*why = "host, user and path must be without spaces and signs "
		    "that a shell has a use for";
		return -EINVAL;
	}
	return 0;
}

int url_parse(const char *text, struct url *u, const char **why)
{
	memset(u, 0, sizeof(*u));
	if (!strncmp(text, "tcp://", 6))
		return parse_tcp(text + 6, u, why);
	if (!strncmp(text, "ssh://", 6))
		return parse_ssh(text + 6, u, why);
	if (strncmp(text, "unix://", 7) || !text[7]) {
		*why = "not a URL of the form unix://path, "
		    "tcp://host:port/ or ssh://host/path";
		return -EINVAL;
	}
	if (!cut(u->path, sizeof(u->path), text + 7, text + strlen(text))) {
		*why = "the path is too long for a socket (107 bytes); use a "
		    "shorter directory";
		return -ENAMETOOLONG;
	}
	return 0;
}

static uint64_t hash(uint64_t h, const char *s)
{
	do {
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	} while (*s++);
	return h;
}

void url_socket(const char *text, const char *key,
    char name[static URL_SOCKLEN])
{
	uint64_t h = hash(hash(0xcbf29ce484222325ull, text), key ? key : "");

	for (int i = 0; i < 16; i++)
		name[i] = "0123456789abcdef"[h >> (60 - 4 * i) & 15];
	strcpy(name + 16, ".relay");
}
