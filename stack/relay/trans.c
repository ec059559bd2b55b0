/* trans.c: the bytes of a connection; see trans.h. */
#include "stack/relay/trans.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/relay/relay.h"
#include "stack/relay/tls.h"

/*
 * What waits in the kernel is ahead of the next request: so much keeps a fast
 * way busy, and a slow one from being late.
 */
#define NOTSENT	(256 << 10)	/* bytes */

ssize_t trans_read(struct trans *t, void *buf, size_t n)
{
	ssize_t r;

	if (t->tls)
		return tls_read(t->tls, buf, n);
	r = read(t->in, buf, n);
	return r < 0 ? (errno == EINTR ? -EAGAIN : -errno) : r;
}

ssize_t trans_write(struct trans *t, const void *buf, size_t n)
{
	ssize_t r;

	if (t->tls)
		return tls_write(t->tls, buf, n);
	r = write(t->out, buf, n);
	return r < 0 ? (errno == EINTR ? -EAGAIN : -errno) : r;
}

int trans_flush(struct trans *t)
{
	return t->tls ? tls_flush(t->tls) : 0;
}

void trans_close(struct trans *t)
{
	if (t->tls)
		tls_free(t->tls);
	t->tls = NULL;
	if (t->out >= 0 && t->out != t->in)
		close(t->out);
	if (t->in >= 0)
		close(t->in);
	t->in = t->out = -1;
}

void trans_tune(int fd)
{
	int one = 1, notsent = NOTSENT;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent,
	    sizeof(notsent));
}

static const char *abi(void)
{
	static const uint16_t probe = 1;
	static char text[8];

	snprintf(text, sizeof(text), "%ce%zu",
	    *(const uint8_t *)&probe ? 'l' : 'b', 8 * sizeof(long));
	return text;
}

size_t trans_hello(char line[static 256], uint32_t link)
{
	return (size_t)snprintf(line, RELAY_LINE, RELAY_HELLO
	    " %d %x %s %x\n", RELAY_VERSION, WIRE_MAGIC, abi(), link);
}

int trans_check(const char *line, uint32_t *link, char why[static TRANS_WHY])
{
	unsigned version, magic, number;
	char kind[8];

	if (!strncmp(line, "error ", 6)) {
		snprintf(why, TRANS_WHY, "%.150s", line + 6);
		for (char *p = why; *p; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f)
				*p = '?';
		return -EPROTO;
	}
	if (sscanf(line, RELAY_HELLO " %u %x %7s %x", &version, &magic, kind,
	    &number) != 4) {
		snprintf(why, TRANS_WHY, "what answers there is no "
		    "shmif_server");
		return -EPROTO;
	}
	if (version != RELAY_VERSION || magic != WIRE_MAGIC ||
	    strcmp(kind, abi())) {
		snprintf(why, TRANS_WHY, "the other side is another version "
		    "(relay %u %x %s, here %d %x %s); install the same on "
		    "both machines", version, magic, kind, RELAY_VERSION,
		    WIRE_MAGIC, abi());
		return -EPROTO;
	}
	*link = number;
	return 0;
}
