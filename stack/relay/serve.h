/*
 * serve.h: far halves for who comes by TCP.  Who is not let in costs little: a
 * descriptor and a time limit, of GUESTS at once.
 */
#ifndef RELAY_SERVE_H
#define RELAY_SERVE_H

#include <sys/un.h>

#include "stack/wire/url.h"

#define SERVE_ERRLEN 300

/*
 * Listen at a tcp:// URL; host "0" or "*" is any address.  key: a file of keys,
 * or NULL: whoever comes is let in.  Return: 0, or -1 with a line in err.
 */
int serve_listen(const struct url *u, const char *key,
    const struct sockaddr_un *sun, char err[static SERVE_ERRLEN]);
void serve_tick(void);

#endif
