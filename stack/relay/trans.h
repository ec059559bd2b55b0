/*
 * trans.h: the bytes of a connection between two halves: a TCP connection,
 * with TLS or without, or the pipes of an ssh.
 */
#ifndef RELAY_TRANS_H
#define RELAY_TRANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;

struct trans {
	int in, out;		/* not blocking; mostly the same */
	struct ssl_st *tls;	/* NULL: plain */
};

/* Return: bytes, 0: the end, -EAGAIN: none now, -errno. */
ssize_t trans_read(struct trans *t, void *buf, size_t n);
ssize_t trans_write(struct trans *t, const void *buf, size_t n);
/* What was written may still be here. Return: 0: it is not, -EAGAIN, -errno. */
int trans_flush(struct trans *t);
void trans_close(struct trans *t);
/* Small writes at once, and little that waits in the kernel. */
void trans_tune(int fd);

/*
 * The hello lines, see relay.h.  put: this half's, with the link number (near:
 * 0).  check: the other's, without its end.  Return: 0, or -EPROTO with a line
 * for the user in why.
 */
#define TRANS_WHY 200
size_t trans_hello(char line[static 256], uint32_t link);
int trans_check(const char *line, uint32_t *link, char why[static TRANS_WHY]);

#endif
