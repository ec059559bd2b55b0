/*
 * resolve.c: names: a member of the bus is found by its name, all else is left
 * to the host's resolver.
 *
 * libc's own function does the work, with the member's address in place of
 * its name: so flags, services and the form of the answer are its own.
 */
#include "hijack/hijack.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "hijack/debug.h"
#include "hijack/dump.h"
#include "hijack/rpc.h"

#define NAME_LEN	64	/* bytes, with the NUL */
#define MAX_ADDRS	(WIRE_DATA / sizeof(struct wire_ifaddr))

struct found {
	unsigned n;
	char text[MAX_ADDRS][INET6_ADDRSTRLEN + 12];	/* with %scope */
};

static bool numeric(const char *name)
{
	struct in6_addr a;
	struct in_addr old;

	return strchr(name, ':') || inet_pton(AF_INET6, name, &a) == 1 ||
	    inet_aton(name, &old);
}

static void add(struct found *f, const struct wire_ifaddr *a)
{
	char num[24];

	if (!inet_ntop(a->family, a->ip, f->text[f->n], INET6_ADDRSTRLEN))
		return;
	if (a->family == AF_INET6 && a->ip[0] == 0xfe &&
	    (a->ip[1] & 0xc0) == 0x80) {
		strcat(f->text[f->n], "%");
		strcat(f->text[f->n], hj_dec(num, a->ifindex));
	}
	f->n++;
}

/* Ask the virtual host. Return: is there such a member? */
static bool resolve(const char *name, int family, struct found *f)
{
	struct wire_req req = { .op = WIRE_RESOLVE };
	struct wire_ifaddr a;
	struct wire_rep rep;
	size_t len = name ? strlen(name) : 0;

	f->n = 0;
	if (!hj_wants(AF_INET) || hj_sandboxed || !len || len > 63 ||
	    hj_set.host == HJ_HOST_NONE || numeric(name) ||
	    !strcasecmp(name, "localhost"))
		return false;
	memcpy(req.data, name, len);
	req.len = (uint16_t)len;
	if (rpc_call(&req, NULL, 0, &rep, NULL))
		return false;
	for (size_t i = 0; i + sizeof(a) <= rep.len; i += sizeof(a)) {
		memcpy(&a, rep.data + i, sizeof(a));
		if (family == AF_UNSPEC || family == a.family)
			add(f, &a);
	}
	return rep.len >= sizeof(a);
}

typedef int getaddrinfo_fn(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res);

/* One list of what libc makes of each address. */
static int collect(getaddrinfo_fn *libc, const char *node,
    const char *service, const struct addrinfo *hints, struct addrinfo **res,
    const struct found *f)
{
	struct addrinfo **end = res;
	int err = EAI_NONAME;

	*res = NULL;
	for (unsigned i = 0; i < f->n; i++) {
		err = libc(f->text[i], service, hints, end);
		if (err)
			break;
		while (*end)
			end = &(*end)->ai_next;
	}
	if (err && *res) {
		freeaddrinfo(*res);
		*res = NULL;
	}
	if (*res && hints->ai_flags & AI_CANONNAME) {
		free((*res)->ai_canonname);
		(*res)->ai_canonname = strdup(node);
	}
	return err;
}

/*
 * fe80::1%shmif0: libc would look for that interface on the host; a number
 * it takes as it is.  Return: node, or the same with a number, in buf.
 */
static const char *scope_number(const char *node, char *buf, size_t size)
{
	const char *pct = strchr(node, '%');
	struct wire_link l;
	char num[24];

	if (!pct || (pct[1] >= '0' && pct[1] <= '9') ||
	    (size_t)(pct - node) + 32 > size || strlen(pct + 1) >= IFNAMSIZ ||
	    dump_link(pct + 1, 0, &l))
		return node;
	memcpy(buf, node, (size_t)(pct + 1 - node));
	buf[pct + 1 - node] = '\0';
	hj_append(buf, size, hj_dec(num, l.ifindex));
	return buf;
}

/*
 * AI_ADDRCONFIG asks which addresses the host has, not the virtual host: with
 * it a host that has only a loopback finds no numeric address either.
 */
CALL(int, getaddrinfo, "e:ss", (const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res), node, service, hints,
    res)
{
	struct addrinfo h = { .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };
	getaddrinfo_fn *libc;
	struct found f;
	char buf[128];

	*(void **)&libc = hj_libc("getaddrinfo");
	if (!libc)
		return EAI_SYSTEM;
	if (!hj_wants(AF_INET))
		return libc(node, service, hints, res);
	if (hints)
		h = *hints;
	if (!node || numeric(node)) {
		h.ai_flags &= ~AI_ADDRCONFIG;
		if (node && !hj_sandboxed)
			node = scope_number(node, buf, sizeof(buf));
		return libc(node, service, &h, res);
	}
	if (h.ai_flags & AI_NUMERICHOST || !resolve(node, h.ai_family, &f))
		return libc(node, service, hints, res);
	h.ai_flags &= ~AI_ADDRCONFIG;
	return collect(libc, node, service, &h, res, &f);
}

/* What a host name may have: a bus can hold anything. */
static bool is_name(const char *s)
{
	return s[0] && s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] == '\0';
}

/* Ask for the bus member that has the address. Return: is there one? */
static bool name_of(int family, const void *ip, char name[static NAME_LEN])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct wire_ifaddr a = { .family = (uint8_t)family };
	struct wire_req req = {
		.op = WIRE_RESOLVE, .a = WIRE_RESOLVE_ADDR, .len = sizeof(a),
	};
	struct wire_rep rep;

	if (!hj_wants(AF_INET) || hj_sandboxed ||
	    hj_set.host == HJ_HOST_NONE)
		return false;
	memcpy(a.ip, ip, family == AF_INET ? 4 : 16);
	if (family == AF_INET6 && !memcmp(a.ip, mapped, sizeof(mapped))) {
		a.family = AF_INET;
		memcpy(a.ip, (const uint8_t *)ip + 12, 4);
	}
	memcpy(req.data, &a, sizeof(a));
	if (rpc_call(&req, NULL, 0, &rep, NULL) || rep.len >= NAME_LEN)
		return false;
	memcpy(name, rep.data, rep.len);
	name[rep.len] = '\0';
	return is_name(name);
}

/* The same for a socket address, if it is one. */
static bool name_of_sockaddr(const struct sockaddr *sa, socklen_t len,
    char name[static NAME_LEN])
{
	if (!sa || len < sizeof(struct sockaddr_in))
		return false;
	if (sa->sa_family == AF_INET)
		return name_of(AF_INET, &((const struct sockaddr_in *)
		    sa)->sin_addr, name);
	return sa->sa_family == AF_INET6 &&
	    len >= sizeof(struct sockaddr_in6) && name_of(AF_INET6,
	    &((const struct sockaddr_in6 *)sa)->sin6_addr, name);
}

/* The scope of a link-local address, by the virtual host's names. */
static void fix_scope(const struct sockaddr_in6 *sa, char *host, size_t size)
{
	char *pct = strchr(host, '%'), num[24];
	struct wire_link l;
	const char *name;

	if (!pct || (size_t)(pct - host) + IFNAMSIZ + 24 > size)
		return;
	name = dump_link(NULL, sa->sin6_scope_id, &l) ?
	    hj_dec(num, sa->sin6_scope_id) : l.name;
	pct[1] = '\0';
	hj_append(host, size, name);
}

CALL(int, getnameinfo, "e:a", (const struct sockaddr *sa, socklen_t len,
    char *host, socklen_t host_len, char *serv, socklen_t serv_len, int flags),
    sa, len, host, host_len, serv, serv_len, flags)
{
	int (*libc)(const struct sockaddr *, socklen_t, char *, socklen_t,
	    char *, socklen_t, int);
	char name[NAME_LEN];
	int err;

	*(void **)&libc = hj_libc("getnameinfo");
	if (!libc)
		return EAI_SYSTEM;
	if (host && host_len && !(flags & NI_NUMERICHOST) &&
	    name_of_sockaddr(sa, len, name)) {
		if (strlen(name) >= host_len)
			return EAI_OVERFLOW;
		err = serv && serv_len ? libc(sa, len, NULL, 0, serv,
		    serv_len, flags & ~NI_NAMEREQD) : 0;
		if (!err)
			strcpy(host, name);
		return err;
	}
	err = libc(sa, len, host, host_len, serv, serv_len, flags);
	if (!err && host && sa && len >= sizeof(struct sockaddr_in6) &&
	    sa->sa_family == AF_INET6 && hj_wants(AF_INET6) && !hj_sandboxed)
		fix_scope((const struct sockaddr_in6 *)sa, host, host_len);
	return err;
}

/*
 * The older family: libc is given the first address of the kind, and the
 * answer the name that was asked for.
 */
static struct hostent *named(struct hostent *h, const char *name,
    const struct found *f)
{
	static char kept[NAME_LEN];	/* as static as the answer itself */

	if (h && f->n) {
		kept[0] = '\0';
		hj_append(kept, sizeof(kept), name);
		h->h_name = kept;
	}
	return h;
}

CALL(struct hostent *, gethostbyname, "p:s", (const char *name), name)
{
	struct hostent *(*libc)(const char *);
	struct found f;

	*(void **)&libc = hj_libc("gethostbyname");
	if (!libc)
		return NULL;
	if (!resolve(name, AF_INET, &f) || !f.n)
		return libc(name);
	return named(libc(f.text[0]), name, &f);
}

CALL(struct hostent *, gethostbyname2, "p:sD", (const char *name, int family),
    name, family)
{
	struct hostent *(*libc)(const char *, int);
	struct found f;

	*(void **)&libc = hj_libc("gethostbyname2");
	if (!libc)
		return NULL;
	if (!resolve(name, family, &f) || !f.n)
		return libc(name, family);
	return named(libc(f.text[0], family), name, &f);
}

typedef int gethost_r_fn(const char *name, int family, struct hostent *ret,
    char *buf, size_t len, struct hostent **res, int *err);

/* The name goes to the front of the caller's buffer. */
static int answer_r(gethost_r_fn *libc, const char *name,
    const struct found *f, int family, struct hostent *ret, char *buf,
    size_t len, struct hostent **res, int *err)
{
	size_t room = (strlen(name) + 16) & ~(size_t)15;
	int r;

	if (len <= room)
		return ERANGE;
	r = libc(f->text[0], family, ret, buf + room, len - room, res, err);
	if (!r && *res) {
		strcpy(buf, name);
		ret->h_name = buf;
	}
	return r;
}

static int host_r(gethost_r_fn *libc, const char *name, int family,
    struct hostent *ret, char *buf, size_t len, struct hostent **res,
    int *err)
{
	struct found f;

	if (!resolve(name, family, &f) || !f.n)
		return libc(name, family, ret, buf, len, res, err);
	return answer_r(libc, name, &f, family, ret, buf, len, res, err);
}

CALL(int, gethostbyname_r, "r:s", (const char *name, struct hostent *ret,
    char *buf, size_t len, struct hostent **res, int *err), name, ret, buf,
    len, res, err)
{
	gethost_r_fn *libc;

	*(void **)&libc = hj_libc("gethostbyname2_r");
	return libc ? host_r(libc, name, AF_INET, ret, buf, len, res, err) :
	    ENOSYS;
}

CALL(int, gethostbyname2_r, "r:sD", (const char *name, int family,
    struct hostent *ret, char *buf, size_t len, struct hostent **res, int *err),
    name, family, ret, buf, len, res, err)
{
	gethost_r_fn *libc;

	*(void **)&libc = hj_libc("gethostbyname2_r");
	return libc ? host_r(libc, name, family, ret, buf, len, res, err) :
	    ENOSYS;
}

/*
 * Addresses: libc makes the answer of the address as a name, and gets the
 * member's name in its place.  Return: is it a member's?
 */
static bool addr_name(const void *addr, socklen_t len, int family,
    char name[static NAME_LEN], struct found *f)
{
	f->n = 1;
	return addr && ((family == AF_INET && len == 4) ||
	    (family == AF_INET6 && len == 16)) &&
	    name_of(family, addr, name) &&
	    inet_ntop(family, addr, f->text[0], INET6_ADDRSTRLEN);
}

CALL(struct hostent *, gethostbyaddr, "p:_dD", (const void *addr, socklen_t len,
    int family), addr, len, family)
{
	struct hostent *(*libc)(const void *, socklen_t, int);
	struct hostent *(*by_name)(const char *, int);
	char name[NAME_LEN];
	struct found f;

	*(void **)&libc = hj_libc("gethostbyaddr");
	*(void **)&by_name = hj_libc("gethostbyname2");
	if (by_name && addr_name(addr, len, family, name, &f))
		return named(by_name(f.text[0], family), name, &f);
	return libc ? libc(addr, len, family) : NULL;
}

CALL(int, gethostbyaddr_r, "r:_dD", (const void *addr, socklen_t len,
    int family, struct hostent *ret, char *buf, size_t size,
    struct hostent **res, int *err), addr, len, family, ret, buf, size, res,
    err)
{
	int (*libc)(const void *, socklen_t, int, struct hostent *, char *,
	    size_t, struct hostent **, int *);
	char name[NAME_LEN];
	gethost_r_fn *by_name;
	struct found f;

	*(void **)&libc = hj_libc("gethostbyaddr_r");
	*(void **)&by_name = hj_libc("gethostbyname2_r");
	if (by_name && addr_name(addr, len, family, name, &f))
		return answer_r(by_name, name, &f, family, ret, buf, size,
		    res, err);
	return libc ? libc(addr, len, family, ret, buf, size, res, err) :
	    ENOSYS;
}
