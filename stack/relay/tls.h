/*
 * tls.h: TLS 1.3 with pre-shared keys, by OpenSSL.  There are no certificates:
 * who has not the key gets nowhere, on either side.
 */
#ifndef RELAY_TLS_H
#define RELAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "stack/wire/keyfile.h"

struct ssl_st;

/* Whose it is: names and rights, as the file of keys has them. */
struct tls_peer {
	char name[WIRE_KEYLEN];
	char rights[128];
};

/* For the halves. Return: NULL: no memory.  path is kept. */
struct ssl_st *tls_server(int fd, const char *path);
struct ssl_st *tls_client(int fd, const struct keyfile_key *k);

enum tls_result { TLS_DONE, TLS_AGAIN, TLS_WRONG_KEY, TLS_NOT_TLS };
/* As far as it goes now. */
enum tls_result tls_handshake(struct ssl_st *s);
/* Of a server's connection that is TLS_DONE; *who is its own. */
const struct tls_peer *tls_peer_of(struct ssl_st *s);

/* As trans_read() and trans_write(). */
ssize_t tls_read(struct ssl_st *s, void *buf, size_t n);
ssize_t tls_write(struct ssl_st *s, const void *buf, size_t n);
/* Write what tls_write() has left. Return: 0, or -EAGAIN, or -errno. */
int tls_flush(struct ssl_st *s);
void tls_free(struct ssl_st *s);

#endif
