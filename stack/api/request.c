/*
 * request.c: what a request asks for, and where it goes.  Messages are hostile:
 * they were copied, and are checked here.
 */
#include "stack/api/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/api/admin.h"
#include "stack/api/descr.h"
#include "stack/api/notify.h"
#include "stack/api/private.h"
#include "stack/api/proof.h"
#include "stack/api/opt.h"
#include "stack/api/sockfile.h"
#include "stack/api/sysnet.h"
#include "stack/core/affinity.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/dgram/dgram.h"
#include "stack/fault/config.h"
#include "stack/ip/addr.h"
#include "stack/ip/iface.h"
#include "stack/packet/packet.h"
#include "stack/sock/sock.h"
#include "stack/stream/connect.h"
#include "stack/wire/sys.h"

int request_take_fd(struct request *r, int i)
{
	int fd = i < r->nfd ? r->fd[i] : -1;

	if (fd >= 0)
		r->fd[i] = -1;
	return fd;
}

/* What the reply goes to, for who gives it later; -1: nobody waits. */
static int take_reply_fd(struct request *r)
{
	int fd = request_take_fd(r, 0);

	if (fd < 0 && r->channel >= 0)
		fd = fcntl(r->channel, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		r->channel = -1;
	return fd;
}

static void send_reply(struct request *r, int fd)
{
	ssize_t n;

	r->rep.magic = WIRE_MAGIC;
	n = sys_send_fds(fd, &r->rep, WIRE_REP_HEAD + r->rep.len, &r->rep_fd,
	    r->rep_fd >= 0, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		log_debug("reply: %s", strerror((int)-n));
}

/* Sockets. */

/*
 * s comes in the place of one that cannot begin anew, with all that the
 * program has set there.
 */
static void replace(struct sock *old, struct sock *s)
{
	struct wire_addr a = { .family = (uint16_t)s->domain };
	bool bound = old->bound_addr || old->bound_port;

	s->opt = old->opt;
	s->ops->apply(s);
	if (old->bound_addr)
		a = old->local;
	a.port = old->bound_port ? old->local.port : 0;
	s->local.port = old->local.port;	/* shown, though not held */
	sock_free(old);
	if (bound)
		s->ops->bind(s, &a);
}

/*
 * Nobody waits for an answer: what can be wrong with the kind of socket the
 * program has checked.  If it fails all the same, our end closes.
 */
static int do_socket(struct request *r)
{
	struct sock *s, *like = sock_find(r->req.sock);
	int fd = request_take_fd(r, 0), err;
	struct wire_made made;

	if (r->req.len != sizeof(made) || !descr_has_type(fd,
	    r->req.b == SOCK_STREAM ? SOCK_STREAM : SOCK_SEQPACKET)) {
		close(fd);
		return -EINVAL;
	}
	memcpy(&made, r->req.data, sizeof(made));
	err = sock_new(&s, &made, r->req.a, r->req.b, r->req.c, fd, r->owner);
	if (err) {
		sock_not_made(made.id, err);
		return err;
	}
	r->req.sock = made.id;	/* for the log */
	if (like && like->type == s->type && like->domain == s->domain)
		replace(like, s);
	return 0;
}

void request_foreign(struct request *r)
{
	int fd = take_reply_fd(r);

	if (fd < 0)
		return;
	r->rep.error = EPROTO;
	send_reply(r, fd);
	close(fd);
	counter_inc("request.other_version");
}

void request_lost(const struct request *r)
{
	struct wire_made made;

	if (r->req.op != WIRE_SOCKET || r->req.len != sizeof(made))
		return;
	memcpy(&made, r->req.data, sizeof(made));
	sock_not_made(made.id, -ENFILE);
}

static int to_addr(struct request *r, struct sock *s, struct wire_addr *a)
{
	return addr_from_sockaddr(a, s->domain, s->opt.v6only, r->req.data,
	    r->req.len);
}

static int do_bind(struct request *r, struct sock *s)
{
	sa_family_t family = AF_UNSPEC;
	struct wire_addr a;
	int err = to_addr(r, s, &a);

	if (err == -ENETUNREACH)	/* v4-mapped on a v6-only socket */
		err = -EINVAL;
	if (err)
		return err;
	memcpy(&family, r->req.data, sizeof(family));
	if (family != s->domain && (family != AF_UNSPEC || !addr_is_any(&a)))
		return -EAFNOSUPPORT;
	if (addr_needs_scope(&a) && !a.scope && !s->opt.bound_if)
		return -EINVAL;
	return s->ops->bind(s, &a);
}

/* A datagram socket has a port before anything else is looked at. */
static int bind_any(struct sock *s)
{
	struct wire_addr any = { .family = (uint16_t)s->domain };
	int err = s->type == SOCK_DGRAM && !s->bound ? s->ops->bind(s, &any) :
	    0;

	return err == -EADDRINUSE ? -EAGAIN : err;
}

static int try_connect(struct request *r, struct sock *s)
{
	sa_family_t family = AF_UNSPEC;
	struct wire_addr a = { 0 };
	int err;

	if (r->req.len >= sizeof(family))
		memcpy(&family, r->req.data, sizeof(family));
	if (s->domain == AF_PACKET)
		return -EOPNOTSUPP;
	if (family == AF_UNSPEC && s->type != SOCK_STREAM)
		return s->ops->connect(s, &a);
	err = bind_any(s);
	if (err)
		return err;
	if (family == s->domain || s->type != SOCK_STREAM)
		err = to_addr(r, s, &a);
	else
		err = r->req.len < (s->domain == AF_INET ? sizeof(struct
		    sockaddr_in) : 24) ? -EINVAL : -EAFNOSUPPORT;
	if (addr_is_multicast(&a) && addr_needs_scope(&a) && !a.scope)
		a.scope = (uint32_t)s->opt.mc_if6;
	if (!err && addr_needs_scope(&a) && !a.scope && !s->opt.bound_if &&
	    !(addr_is_multicast(&a) && s->type == SOCK_STREAM))
		err = -EINVAL;
	return err ? err : s->ops->connect(s, &a);
}

/* A blocking call that joins a connection attempt waits for it as well. */
static int do_connect(struct request *r, struct sock *s)
{
	int err = try_connect(r, s);

	if (s->type != SOCK_STREAM)
		return err;
	if (r->req.a == WIRE_CONNECT_ASYNC) {
		connect_plugged(stream_of(s), r->req.b);
		if (s->state != SOCK_CONNECTING && s->poll.fd >= 0)
			connect_unplug(stream_of(s));	/* it failed at once */
		return err;
	}
	if (err == -EALREADY)
		err = -EINPROGRESS;
	if (err == -EINPROGRESS)
		connect_wait(stream_of(s), take_reply_fd(r));
	return err;
}

static int name_reply(struct request *r, struct sock *s,
    const struct wire_addr *a)
{
	struct sockaddr_storage ss;

	/* A raw socket shows its protocol for a port. */
	struct wire_addr raw = *a;

	if (s->type == SOCK_RAW && s->domain != AF_PACKET && a == &s->local)
		raw.port = htons((uint16_t)s->protocol);
	r->rep.len = (uint32_t)addr_to_sockaddr(&raw, s->domain, &ss);
	memcpy(r->rep.data, &ss, r->rep.len);
	return 0;
}

static int do_getpeername(struct request *r, struct sock *s)
{
	if (s->domain == AF_PACKET)
		return -EOPNOTSUPP;
	if (!s->peer.family || !s->peer.port || s->state == SOCK_CONNECTING ||
	    s->state == SOCK_FAILED || s->state == SOCK_LISTEN ||
	    s->state == SOCK_CLOSED)
		return -ENOTCONN;
	return name_reply(r, s, &s->peer);
}

/* See SOL_SHMIF. */
static int own_option(struct request *r, struct sock *s)
{
	int v;

	if (r->req.len != sizeof(v))
		return -EINVAL;
	memcpy(&v, r->req.data, sizeof(v));
	switch (r->req.b) {
	case SHMIF_OWNER:
		return admin_owner_other(&s->owner, v, r->owner->uid);
	case SHMIF_BARE:
		return dgram_set_bare(s, v);
	case SHMIF_ERROR:
		return dgram_tell_again(s, v);
	case SHMIF_TAIL:
		if (s->state != SOCK_LISTEN)
			return -EINVAL;
		stream_of(s)->keeps_tail = v;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int do_setsockopt(struct request *r, struct sock *s)
{
	uint32_t n = 0;

	if (r->req.a == SOL_SHMIF)
		return own_option(r, s);
	if (s->domain != AF_PACKET || r->req.a != SOL_SOCKET ||
	    (r->req.b != SO_ATTACH_FILTER && r->req.b != SO_DETACH_FILTER))
		return opt_set(s, r->req.a, r->req.b, r->req.data,
		    r->req.len);
	if (r->req.b == SO_DETACH_FILTER)
		return packet_filter(s, -1, 0);
	if (r->req.len != sizeof(n) || r->nfd < 2)
		return -EINVAL;
	memcpy(&n, r->req.data, sizeof(n));
	return packet_filter(s, r->fd[1], n);
}

static int own_value(struct request *r, const struct sock *s)
{
	const int closed = s->poll.fd < 0;

	if (r->req.b != SHMIF_TAIL || r->req.c < (int)sizeof(closed))
		return -ENOPROTOOPT;
	memcpy(r->rep.data, &closed, sizeof(closed));
	r->rep.len = sizeof(closed);
	return 0;
}

static int do_getsockopt(struct request *r, struct sock *s)
{
	size_t len = r->req.c < 0 ? 0 : (size_t)r->req.c;
	int err;

	if (r->req.c < 0)
		return -EINVAL;
	if (r->req.a == SOL_SHMIF)
		return own_value(r, s);
	if (len > WIRE_DATA)
		len = WIRE_DATA;
	memcpy(r->rep.data, r->req.data, r->req.len);
	err = opt_get(s, r->req.a, r->req.b, r->rep.data, &len);
	r->rep.len = err ? 0 : (uint32_t)len;
	return err;
}

static int packet_query(struct request *r, struct sock *s)
{
	if (s->domain != AF_PACKET)
		return -EINVAL;
	if (r->req.a == WIRE_QUERY_RING) {
		r->rep_fd = packet_ring(s);
		return r->rep_fd < 0 ? r->rep_fd : 0;
	}
	r->rep.value = (uint64_t)(r->req.a == WIRE_QUERY_SENT ?
	    packet_sent(s) : packet_ready(s));
	return 0;
}

static int do_query(struct request *r, struct sock *s)
{
	static const uint8_t state[] = {
		[SOCK_FRESH] = WIRE_STATE_FRESH,
		[SOCK_LISTEN] = WIRE_STATE_LISTEN,
		[SOCK_CONNECTING] = WIRE_STATE_CONNECTING,
		[SOCK_OPEN] = WIRE_STATE_CONNECTED,
		[SOCK_FAILED] = WIRE_STATE_FAILED,
		[SOCK_CLOSED] = WIRE_STATE_CLOSED,
	};

	switch (r->req.a) {
	case WIRE_QUERY_OUTQ:
		r->rep.value = s->type == SOCK_STREAM ? stream_outq(s) : 0;
		return 0;
	case WIRE_QUERY_LINGER:
		r->rep.value = s->type == SOCK_STREAM && sock_end_closed(s) ?
		    stream_outq(s) : 0;
		return 0;
	case WIRE_QUERY_SENT ... WIRE_QUERY_READY:
		return packet_query(r, s);
	case WIRE_QUERY_STATE:
		r->rep.value = state[s->state];
		return 0;
	case WIRE_QUERY_READ:
		r->rep.value = s->type == SOCK_STREAM ?
		    (uint64_t)stream_read_error(stream_of(s)) : 0;
		return 0;
	case WIRE_QUERY_ERROR:
		r->rep.value = (uint64_t)s->so_error;
		return 0;
	}
	return -EINVAL;
}

static int sock_request(struct request *r)
{
	struct sock *s = sock_find(r->req.sock);

	if (r->req.server && r->req.server != sock_server_id())
		return -ENETDOWN;	/* of a host that is gone */
	if (!s)
		return sock_why_missing(r->req.sock);
	/* What the program wrote before it asked comes first. */
	if (s->poll.fd >= 0 && s->ops->drain)
		s->ops->drain(s);
	if (s->poll.dead)
		return -ENOTCONN;
	switch (r->req.op) {
	case WIRE_BIND:
		return do_bind(r, s);
	case WIRE_CONNECT:
		return do_connect(r, s);
	case WIRE_LISTEN:
		return s->ops->listen(s, r->req.a);
	case WIRE_GETSOCKNAME:
		return name_reply(r, s, &s->local);
	case WIRE_GETPEERNAME:
		return do_getpeername(r, s);
	case WIRE_SETSOCKOPT:
		return do_setsockopt(r, s);
	case WIRE_GETSOCKOPT:
		return do_getsockopt(r, s);
	case WIRE_SHUTDOWN:
		return s->ops->shutdown(s, r->req.a);
	case WIRE_QUERY:
		return do_query(r, s);
	case WIRE_URGENT:
		if (s->type != SOCK_STREAM)
			return -EOPNOTSUPP;
		urgent_expect(stream_of(s));
		return 0;
	case WIRE_LEND:
		r->rep_fd = dgram_lend(s, r->nfd > 1 ? r->fd[1] : -1);
		return r->rep_fd < 0 ? r->rep_fd : 0;
	}
	return -EINVAL;
}

static int do_hello(struct request *r)
{
	const char *name = (const char *)r->req.data;
	size_t n = strnlen(name, r->req.len);

	if (r->req.flags & WIRE_SHOWS && r->req.c &&
	    !sockfile_is(r->req.b, r->req.c))
		return -EACCES;
	private_hello(name + n, r->req.len - n);
	/* All programs share that memory: it is for those who may do all. */
	if (r->req.a == WIRE_HELLO_AFFINITY &&
	    r->rights->may.bits == RIGHT_ALL)
		r->rep.c = r->owner->affinity = affinity_give(&r->rep_fd);
	r->rep.value = sock_server_id();
	r->rep.len = WIRE_HELLO_LEN;
	memset(r->rep.data, 0, r->rep.len);
	memcpy(r->rep.data, iface_hostname, strlen(iface_hostname));
	r->rep.data[WIRE_HELLO_NAMED] = iface_is_named();
	memcpy(r->rep.data + WIRE_HELLO_RIGHTS, &r->rights->may.bits,
	    sizeof(uint32_t));
	return 0;
}

/* For a program that has one fd number left and cannot make a pair. */
static int give_socket(struct request *r)
{
	struct wire_made made;
	uint64_t salt;
	int sv[2], e;

	if (socketpair(AF_UNIX, (r->req.b == SOCK_STREAM ? SOCK_STREAM :
	    SOCK_SEQPACKET) | SOCK_CLOEXEC, 0, sv) < 0)
		return -ENFILE;
	r->fd[0] = sv[0];
	salt = sock_made(&made, sv[1]);
	r->rep.value = made.id;
	memcpy(r->req.data, &made, sizeof(made));
	r->req.len = sizeof(made);
	e = do_socket(r);
	if (!e)
		e = sock_name(sock_find(r->rep.value), sv[1], salt);
	if (e)
		close(sv[1]);
	else
		r->rep_fd = sv[1];
	return e;
}

static int do_limit(struct request *r)
{
	int err = rights_limit(r->rights, &r->req, &r->rep);

	memcpy(r->owner->key, r->rights->key, sizeof(r->owner->key));
	r->owner->rights = r->rights->may.bits;
	return err;
}

static int dispatch(struct request *r)
{
	int err;

	switch (r->req.op) {
	case WIRE_SOCKET:
		return give_socket(r);
	case WIRE_HELLO:
		return do_hello(r);
	case WIRE_LEND:
	case WIRE_URGENT:
	case WIRE_BIND ... WIRE_QUERY:
		return sock_request(r);
	case WIRE_FAULT:
		return fault_request(&r->req, &r->rep,
		    r->nfd > 1 ? r->fd[1] : -1);
	case WIRE_NOTIFY:
		return notify_join(&r->req, r->nfd > 1 ? r->fd[1] : -1,
		    request_take_fd(r, 2));
	case WIRE_SYSCTL:
		return r->req.a == WIRE_SYSCTL_FILE ? sysnet_file(&r->req,
		    request_take_fd(r, 1), &r->rep) : admin_request(&r->req,
		    r->rights, &r->rep, &r->rep_fd);
	case WIRE_LIMIT:
		return do_limit(r);
	case WIRE_YIELD:
		return private_yield(&r->req, &r->rep);
	case WIRE_IF:
	case WIRE_NEIGH:
		err = admin_request(&r->req, r->rights, &r->rep,
		    &r->rep_fd);
		notify_look();
		return err;
	default:
		return admin_request(&r->req, r->rights, &r->rep,
		    &r->rep_fd);
	}
}

static const char *const op_names[] = {
	[WIRE_HELLO] = "hello", [WIRE_SOCKET] = "socket",
	[WIRE_BIND] = "bind", [WIRE_CONNECT] = "connect",
	[WIRE_LISTEN] = "listen", [WIRE_GETSOCKNAME] = "getsockname",
	[WIRE_GETPEERNAME] = "getpeername",
	[WIRE_SETSOCKOPT] = "setsockopt", [WIRE_GETSOCKOPT] = "getsockopt",
	[WIRE_SHUTDOWN] = "shutdown", [WIRE_QUERY] = "query",
	[WIRE_RESOLVE] = "resolve", [WIRE_DUMP] = "dump", [WIRE_IF] = "if",
	[WIRE_ROUTE] = "route", [WIRE_NEIGH] = "neigh",
	[WIRE_SYSCTL] = "sysctl", [WIRE_HALT] = "halt",
	[WIRE_TRACE] = "trace", [WIRE_CHANNEL] = "channel",
	[WIRE_YIELD] = "yield", [WIRE_LEND] = "lend",
	[WIRE_NOTIFY] = "notify", [WIRE_LIMIT] = "limit",
	[WIRE_URGENT] = "urgent", [WIRE_NOTE] = "note",
	[WIRE_FAULT] = "fault", [WIRE_NAMES] = "names",
};
static_assert(sizeof(op_names) / sizeof(op_names[0]) == WIRE_NUM_OPS,
    "a name for every request");

static void log_request(const struct request *r, int err)
{
	const struct wire_req *q = &r->req;
	const struct sock_owner *o = r->owner;
	const char *name = q->op < WIRE_NUM_OPS ? op_names[q->op] : NULL;

	/* shmif log -f would see nothing but itself. */
	if (q->op == WIRE_DUMP && q->a == WIRE_DUMP_LOG)
		return;
	if (q->sock)
		log_event("request", "%s(%d, %d, %d) socket %llx %s %s[%d]",
		    name ? name : "?", q->a, q->b, q->c,
		    (unsigned long long)q->sock, log_result(err), o->comm,
		    o->pid);
	else
		log_event("request", "%s(%d, %d, %d) %s %s[%d]",
		    name ? name : "?", q->a, q->b, q->c, log_result(err),
		    o->comm, o->pid);
}

void request_handle(struct request *r)
{
	int err = r->err, fd;

	if (!err)
		err = rights_check(r->rights, &r->req, &r->rep);
	if (!err)
		err = proof_check(r->proofs, r->rights, &r->req);

	if (r->req.op == WIRE_SOCKET && r->fd[0] >= 0) {
		log_request(r, err ? err : do_socket(r));
		return;
	}
	if (!err)
		err = dispatch(r);
	log_request(r, err);
	r->rep.error = -err;
	if (r->channel >= 0)
		send_reply(r, r->channel);
	fd = request_take_fd(r, 0);
	if (fd < 0)
		return;		/* kept by a connect that waits, or nobody asks */
	send_reply(r, fd);
	close(fd);
}
