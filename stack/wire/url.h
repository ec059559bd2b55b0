/*
 * url.h: where a virtual host is: unix://PATH, tcp://[NAME@]HOST:PORT/ or
 * ssh://[USER@]HOST[:PORT]/ABSOLUTE/PATH.  No allocation, no errno.
 */
#ifndef STACK_URL_H
#define STACK_URL_H

#include <stddef.h>

enum url_kind { URL_UNIX, URL_TCP, URL_SSH };

struct url {
	enum url_kind kind;
	char user[64];		/* NAME or USER, "" if there is none */
	char host[256];		/* without the brackets of IPv6 */
	char port[8];		/* "" if there is none */
	char path[108];		/* of a socket; ssh: absolute */
};

/*
 * Return: 0, or -EINVAL or -ENAMETOOLONG with a static line in *why.  The path
 * of unix:// is as it was given: see client_parse_url().
 */
int url_parse(const char *text, struct url *u, const char **why);

/*
 * The name of the socket where the near half of a relay serves a URL with a
 * key file (NULL or "": none), in the per-user directory.
 */
#define URL_SOCKLEN 32
void url_socket(const char *text, const char *key,
    char name[static URL_SOCKLEN]);

#endif
