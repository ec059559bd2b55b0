/*
 * resolve.c: names: a member of the bus is found by its name, all else is left
 * to the host's resolver.
 *
 * libc's own function does the work, with the member's address in place of
 * its name: so flags, services and the form of the answer are its own.
 */
#include "hijack/hijack.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "hijack/rpc.h"

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
	if (!err && hints->ai_flags & AI_CANONNAME) {
		free((*res)->ai_canonname);
		(*res)->ai_canonname = strdup(node);
	}
	return err;
}

/*
 * AI_ADDRCONFIG asks which addresses the host has, not the virtual host: with
 * it a host that has only a loopback finds no numeric address either.
 */
HOOK(int, getaddrinfo, const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo h = { .ai_flags = AI_V4MAPPED | AI_ADDRCONFIG };
	getaddrinfo_fn *libc;
	struct found f;

	*(void **)&libc = hj_libc("getaddrinfo");
	if (!libc)
		return EAI_SYSTEM;
	if (!hj_wants(AF_INET))
		return libc(node, service, hints, res);
	if (hints)
		h = *hints;
	if (!node || numeric(node)) {
		h.ai_flags &= ~AI_ADDRCONFIG;
		return libc(node, service, &h, res);
	}
	if (h.ai_flags & AI_NUMERICHOST || !resolve(node, h.ai_family, &f))
		return libc(node, service, hints, res);
	h.ai_flags &= ~AI_ADDRCONFIG;
	return collect(libc, node, service, &h, res, &f);
}

/* The older family: the first address of the kind. */
static const char *host_text(const char *name, int family, struct found *f)
{
	return resolve(name, family, f) && f->n ? f->text[0] : name;
}

HOOK(struct hostent *, gethostbyname, const char *name)
{
	struct hostent *(*libc)(const char *);
	struct found f;

	*(void **)&libc = hj_libc("gethostbyname");
	return libc ? libc(host_text(name, AF_INET, &f)) : NULL;
}

HOOK(struct hostent *, gethostbyname2, const char *name, int family)
{
	struct hostent *(*libc)(const char *, int);
	struct found f;

	*(void **)&libc = hj_libc("gethostbyname2");
	return libc ? libc(host_text(name, family, &f), family) : NULL;
}

HOOK(int, gethostbyname_r, const char *name, struct hostent *ret, char *buf,
    size_t len, struct hostent **res, int *err)
{
	int (*libc)(const char *, struct hostent *, char *, size_t,
	    struct hostent **, int *);
	struct found f;

	*(void **)&libc = hj_libc("gethostbyname_r");
	return libc ? libc(host_text(name, AF_INET, &f), ret, buf, len, res,
	    err) : ENOSYS;
}

HOOK(int, gethostbyname2_r, const char *name, int family, struct hostent *ret,
    char *buf, size_t len, struct hostent **res, int *err)
{
	int (*libc)(const char *, int, struct hostent *, char *, size_t,
	    struct hostent **, int *);
	struct found f;

	*(void **)&libc = hj_libc("gethostbyname2_r");
	return libc ? libc(host_text(name, family, &f), family, ret, buf, len,
	    res, err) : ENOSYS;
}
