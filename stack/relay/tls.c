/* tls.c: TLS with pre-shared keys; see tls.h. */
#include "stack/relay/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static ssize_t outcome(SSL *s, int r)
{
	switch (SSL_get_error(s, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		return -ECONNRESET;
	}
}

ssize_t tls_read(SSL *s, void *buf, size_t n)
{
	size_t got;
	int r = SSL_read_ex(s, buf, n, &got);

	return r > 0 ? (ssize_t)got : outcome(s, r);
}

ssize_t tls_write(SSL *s, const void *buf, size_t n)
{
	size_t put;
	int r = SSL_write_ex(s, buf, n, &put);

	return r > 0 ? (ssize_t)put : outcome(s, r);
}

bool tls_pending(SSL *s)
{
	return SSL_has_pending(s);
}

void tls_free(SSL *s)
{
	SSL_shutdown(s);
	ERR_clear_error();
	SSL_free(s);
}
