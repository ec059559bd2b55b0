/* u_name.c: a socket's name is read as it was written, and nothing else is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "stack/wire/client.h"

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			exit(1);					\
		}							\
	} while (0)

/* What a socket of that name is taken for; false: for no virtual one. */
static bool known_as(const struct sockaddr_un *sun, socklen_t len,
    struct wire_id *id)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool known;

	CHECK(fd >= 0 && !bind(fd, (const struct sockaddr *)sun, len));
	known = client_id_of(fd, id);
	close(fd);
	return known;
}

static socklen_t named(struct wire_id *id, struct sockaddr_un *sun)
{
	struct wire_id back;
	socklen_t len = sizeof(*sun);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	client_id_new(id);
	CHECK(fd >= 0 && !client_id_bind(fd, id) && client_id_of(fd, &back));
	CHECK(back.server == id->server && back.sock == id->sock &&
	    back.salt == id->salt && back.domain == id->domain &&
	    back.type == id->type && back.protocol == id->protocol &&
	    back.fd == fd);
	CHECK(!getsockname(fd, (struct sockaddr *)sun, &len));
	close(fd);
	return len;
}

/* Any byte in the place of a digit: right only if it is one. */
static void digits(const struct sockaddr_un *sun, socklen_t len)
{
	static const char digit[] = "0123456789abcdef";
	struct sockaddr_un other;
	struct wire_id id;

	for (int at = 7; at < 7 + 16; at++)
		for (int c = 0; c < 256; c++) {
			other = *sun;
			other.sun_path[at] = (char)c;
			CHECK(known_as(&other, len, &id) ==
			    (c && strchr(digit, c)));
		}
}

int main(void)
{
	struct wire_id id = {
		.server = 0x0123456789abcdef, .domain = AF_INET,
		.type = SOCK_STREAM, .protocol = 6,
	}, back;
	struct sockaddr_un sun;
	socklen_t len;

	for (int i = 0; i < 1000; i++) {
		len = named(&id, &sun);
		id.server = id.server << 7 ^ id.sock;
	}
	digits(&sun, len);
	for (socklen_t n = 3; n < len; n++)
		CHECK(!known_as(&sun, n, &back));
	return 0;
}
