/* resvport.c: bindresvport(3), whose own bind libc would not show us. */
#include "hijack/hijack.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "hijack/calls.h"
#include "stack/wire/client.h"

#define PORT_FIRST	600
#define PORT_LAST	1023

HOOK(int, bindresvport, int fd, struct sockaddr_in *sin)
{
	int (*libc)(int, struct sockaddr_in *);
	struct sockaddr_in any;
	struct wire_id id;
	int port, r = -1;

	if (hj_sandboxed || !client_id_of(fd, &id)) {
		*(void **)&libc = hj_libc("bindresvport");
		return libc ? libc(fd, sin) : (int)hj_ret(-ENOSYS);
	}
	if (!sin) {
		memset(&any, 0, sizeof(any));
		any.sin_family = AF_INET;
		sin = &any;
	} else if (sin->sin_family != AF_INET) {
		return (int)hj_ret(-EAFNOSUPPORT);
	}
	/* From a number of its own, so that programs rarely collide. */
	port = getpid() % (PORT_LAST - PORT_FIRST + 1);
	for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
		sin->sin_port = htons((uint16_t)(PORT_FIRST + port));
		port = (port + 1) % (PORT_LAST - PORT_FIRST + 1);
		r = hook_bind(fd, (const struct sockaddr *)sin, sizeof(*sin));
		if (r == 0 || errno != EADDRINUSE)
			break;
	}
	return r;
}
