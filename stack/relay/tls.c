/* tls.c: TLS with pre-shared keys; see tls.h. */
#include "stack/relay/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/relay/bytes.h"

#define READ_AHEAD	(128 << 10)	/* bytes */

/* TLS_AES_128_GCM_SHA256, the one that all have, and whose hash keys use. */
static const unsigned char CIPHER[2] = { 0x13, 0x01 };

/* What belongs to a connection. */
struct side {
	int fd;
	struct bytes out;		/* records that are to be written */
	const char *path;		/* a server's */
	struct keyfile_key key;		/* a client's */
	struct tls_peer peer;
};

static SSL_CTX *contexts[2];		/* client, server */

static SSL_SESSION *session_of(SSL *s, const uint8_t *secret, size_t n)
{
	SSL_SESSION *ss = SSL_SESSION_new();
	const SSL_CIPHER *c = SSL_CIPHER_find(s, CIPHER);

	if (ss && c && SSL_SESSION_set1_master_key(ss, secret, n) &&
	    SSL_SESSION_set_cipher(ss, c) &&
	    SSL_SESSION_set_protocol_version(ss, TLS1_3_VERSION))
		return ss;
	SSL_SESSION_free(ss);
	return NULL;
}

/* A name that there is not is told as late as a wrong key. */
static int on_find(SSL *s, const unsigned char *id, size_t n,
    SSL_SESSION **out)
{
	struct side *side = SSL_get_app_data(s);
	char name[WIRE_KEYLEN], err[KEYFILE_ERRLEN];
	struct keyfile_key k = { .len = 32 };

	*out = NULL;
	if (n >= sizeof(name) || memchr(id, '\0', n))
		return 1;
	memcpy(name, id, n);
	name[n] = '\0';
	if (!keyfile_is_name(name) || keyfile_find(side->path, name, &k,
	    err)) {
		k.len = 32;
		RAND_bytes(k.secret, (int)k.len);
		k.rights[0] = '\0';
	}
	strcpy(side->peer.name, name);
	strcpy(side->peer.rights, k.rights);
	*out = session_of(s, k.secret, k.len);
	explicit_bzero(&k, sizeof(k));
	return *out != NULL;
}

static int on_use(SSL *s, const EVP_MD *md, const unsigned char **id,
    size_t *n, SSL_SESSION **out)
{
	struct side *side = SSL_get_app_data(s);

	*out = NULL;
	if (md && EVP_MD_get_type(md) != NID_sha256)
		return 1;		/* not with ours */
	*id = (const unsigned char *)side->key.name;
	*n = strlen(side->key.name);
	*out = session_of(s, side->key.secret, side->key.len);
	return *out != NULL;
}

static SSL_CTX *context(bool server)
{
	SSL_CTX *c = contexts[server];

	if (c)
		return c;
	c = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!c || !SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) ||
	    !SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256"))
		return NULL;
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_read_ahead(c, 1);
	SSL_CTX_set_default_read_buffer_len(c, READ_AHEAD);
	if (server) {
		SSL_CTX_set_psk_find_session_callback(c, on_find);
	} else {
		SSL_CTX_set_psk_use_session_callback(c, on_use);
		/* One with a certificate is none of ours: nobody vouches. */
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	}
	contexts[server] = c;
	return c;
}

/*
 * Records are 16 KiB at most.  To write each by itself would be a system call
 * and a packet for each: so they are put together first.
 */

static int on_put(BIO *b, const char *p, size_t n, size_t *done)
{
	struct side *side = BIO_get_data(b);

	*done = bytes_put(&side->out, p, n) ? n : 0;
	return *done == n;
}

static long on_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO *collector(struct side *side)
{
	static BIO_METHOD *m;
	BIO *b;

	if (!m) {
		m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
		    "records");
		if (!m)
			return NULL;
		BIO_meth_set_write_ex(m, on_put);
		BIO_meth_set_ctrl(m, on_ctrl);
	}
	b = BIO_new(m);
	if (!b)
		return NULL;
	BIO_set_data(b, side);
	BIO_set_init(b, 1);
	return b;
}

static bool attach(SSL *s, struct side *side)
{
	BIO *in = BIO_new_socket(side->fd, BIO_NOCLOSE);
	BIO *out = in ? collector(side) : NULL;

	if (!out) {
		BIO_free(in);
		return false;
	}
	SSL_set_bio(s, in, out);
	return true;
}

int tls_flush(SSL *s)
{
	struct side *side = SSL_get_app_data(s);
	ssize_t n;

	while (side->out.len) {
		n = send(side->fd, bytes_head(&side->out), side->out.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		bytes_take(&side->out, (size_t)n);
	}
	return 0;
}

static SSL *make(bool server, int fd, const struct side *from)
{
	SSL_CTX *c = context(server);
	SSL *s = c ? SSL_new(c) : NULL;
	struct side *side = s ? malloc(sizeof(*side)) : NULL;

	if (side) {
		*side = *from;
		side->fd = fd;
	}
	if (!side || !attach(s, side)) {
		free(side);
		SSL_free(s);
		return NULL;
	}
	SSL_set_app_data(s, side);
	if (server)
		SSL_set_accept_state(s);
	else
		SSL_set_connect_state(s);
	return s;
}

SSL *tls_server(int fd, const char *path)
{
	struct side side = { .path = path };

	return make(true, fd, &side);
}

SSL *tls_client(int fd, const struct keyfile_key *k)
{
	struct side side = { .key = *k };
	SSL *s = make(false, fd, &side);

	explicit_bzero(&side, sizeof(side));
	return s;
}

/* An alert of the other side's, or a key that does not fit, is about keys. */
static enum tls_result why(const SSL *s)
{
	const struct side *side = SSL_get_app_data(s);
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);

	ERR_clear_error();
	if (reason >= SSL_AD_REASON_OFFSET)
		return TLS_WRONG_KEY;
	return side->peer.name[0] ? TLS_WRONG_KEY : TLS_NOT_TLS;
}

enum tls_result tls_handshake(SSL *s)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(s);
	tls_flush(s);		/* what an error is, the next read tells */
	if (r == 1)
		return SSL_session_reused(s) ? TLS_DONE : TLS_WRONG_KEY;
	switch (SSL_get_error(s, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_AGAIN;
	default:
		return why(s);
	}
}

const struct tls_peer *tls_peer_of(SSL *s)
{
	const struct side *side = SSL_get_app_data(s);

	return &side->peer;
}

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
	int r;

	ERR_clear_error();
	r = SSL_read_ex(s, buf, n, &got);
	return r > 0 ? (ssize_t)got : outcome(s, r);
}

/* What it took may still be here: tls_flush() is for that. */
ssize_t tls_write(SSL *s, const void *buf, size_t n)
{
	size_t put;
	int r = tls_flush(s);

	if (r)
		return r;
	ERR_clear_error();
	r = SSL_write_ex(s, buf, n, &put);
	if (r <= 0)
		return outcome(s, r);
	r = tls_flush(s);
	return r && r != -EAGAIN ? r : (ssize_t)put;
}

void tls_free(SSL *s)
{
	struct side *side = SSL_get_app_data(s);

	if (SSL_is_init_finished(s))
		SSL_shutdown(s);
	if (side)
		tls_flush(s);
	ERR_clear_error();
	SSL_free(s);
	if (side) {
		bytes_free(&side->out);
		explicit_bzero(side, sizeof(*side));
		free(side);
	}
}
