/* note.c: who was not let in; see note.h. */
#include "stack/relay/note.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/clock.h"

#define SOURCES		256	/* that are remembered */
#define MINUTE_NS	(60 * CLOCK_NS_S)
#define HELLO_MS	2000

/* Was nothing said of this source for a minute? */
static bool may_log(const char *who)
{
	static struct {
		char who[64];
		uint64_t when;
	} seen[SOURCES];
	static unsigned oldest;
	uint64_t now = clock_ns();
	unsigned i;

	for (i = 0; i < SOURCES && strcmp(seen[i].who, who); i++)
		;
	if (i == SOURCES) {
		i = oldest++ % SOURCES;
		snprintf(seen[i].who, sizeof(seen[i].who), "%s", who);
		seen[i].when = 0;
	}
	if (seen[i].when && now - seen[i].when < MINUTE_NS)
		return false;
	seen[i].when = now;
	return true;
}

void note(const struct sockaddr_un *host, enum wire_note what,
    const char *who)
{
	struct wire_req req = { .op = WIRE_NOTE, .a = what };
	struct client_hello hello = { .timeout = HELLO_MS };
	static int fd = -1;

	if (may_log(who)) {
		req.len = (uint16_t)strlen(who);
		memcpy(req.data, who, req.len);
	}
	for (int tries = 0; tries < 2; tries++) {
		if (fd < 0)
			fd = client_connect(host, "shmif_relay", 3, &hello);
		if (fd < 0 || client_post(fd, &req, NULL, 0) == 0)
			return;
		close(fd);
		fd = -1;
	}
}
