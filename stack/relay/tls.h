/* tls.h: TLS 1.3 with pre-shared keys, by OpenSSL. */
#ifndef RELAY_TLS_H
#define RELAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;

/* As trans_read() and trans_write(). */
ssize_t tls_read(struct ssl_st *s, void *buf, size_t n);
ssize_t tls_write(struct ssl_st *s, const void *buf, size_t n);
bool tls_pending(struct ssl_st *s);
void tls_free(struct ssl_st *s);

#endif
