/*
 * remote.h: clients on other machines.  They come to a process of its own,
 * shmif_relay, which is then a client of this host; rump_sp(7).
 */
#ifndef STACK_REMOTE_H
#define STACK_REMOTE_H

#include <stdbool.h>
#include <sys/un.h>

#define REMOTE_MAX	16	/* tcp:// URLs of a host */

/*
 * Let clients in at n tcp:// URLs, by the keys in the file key, or, if insecure,
 * whoever comes.  sun: where this host listens already.  The relay says on
 * standard error what is wrong, unless it is to be quiet, and ends with the host.
 * Return: 0 or -1.
 */
int remote_start(const char *const *urls, int n, const char *key,
    bool insecure, const struct sockaddr_un *sun, bool quiet);

/*
 * A socket in the per-user directory, for a host that has no unix:// URL.
 * Return: 0, or -errno with a line in err.
 */
int remote_socket(struct sockaddr_un *sun, char *err);

#endif
