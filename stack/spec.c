/* spec.c: the interface specifications and routes of a command line. */
#include "stack/spec.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "stack/ip/ifconfig.h"
#include "tap/vdeplug.h"

static bool parse_u32(const char *text, uint32_t max, uint32_t *v)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (*end || errno || n > max)
		return false;
	*v = (uint32_t)n;
	return true;
}

/* ADDR[/PLEN]; the default is /24, or /64. */
static bool parse_addr(const char *text, uint8_t *family, uint8_t *plen,
    uint8_t ip[static 16])
{
	char buf[64];
	char *slash;
	uint32_t n;

	if (strlen(text) >= sizeof(buf))
		return false;
	strcpy(buf, text);
	slash = strchr(buf, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, buf, ip) == 1)
		*family = AF_INET;
	else if (inet_pton(AF_INET6, buf, ip) == 1)
		*family = AF_INET6;
	else
		return false;
	n = *family == AF_INET ? 24 : 64;
	if (slash && !parse_u32(slash, *family == AF_INET ? 32 : 128, &n))
		return false;
	*plen = (uint8_t)n;
	return true;
}

static bool parse_mac(const char *text, uint8_t mac[static 6])
{
	unsigned v[6];
	int n = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2],
	    &v[3], &v[4], &v[5], &n) != 6 || text[n])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)v[i];
	return !(mac[0] & 1);
}

static int parse_word(struct spec *s, const char *word,
    char err[static IFACE_ERRLEN])
{
	struct wire_ifaddr *a = &s->addr[s->naddr];

	if (!strncmp(word, "mtu=", 4)) {
		if (parse_u32(word + 4, BUS_MTU_MAX, &s->mtu) &&
		    s->mtu >= BUS_MTU_MIN)
			return 0;
		snprintf(err, IFACE_ERRLEN, "%s: an mtu is %d to %d", word,
		    BUS_MTU_MIN, BUS_MTU_MAX);
	} else if (!strncmp(word, "mac=", 4)) {
		s->has_mac = parse_mac(word + 4, s->mac);
		if (s->has_mac)
			return 0;
		snprintf(err, IFACE_ERRLEN, "%s: not a unicast Ethernet "
		    "address like mac=02:00:00:00:00:01", word);
	} else if (!strncmp(word, "name=", 5)) {
		if (word[5] && strlen(word + 5) < sizeof(s->name)) {
			strcpy(s->name, word + 5);
			return 0;
		}
		snprintf(err, IFACE_ERRLEN, "%s: a name has 1 to %zu bytes",
		    word, sizeof(s->name) - 1);
	} else if (s->naddr == SPEC_ADDRS) {
		snprintf(err, IFACE_ERRLEN, "%s: more than %d addresses", word,
		    SPEC_ADDRS);
	} else if (parse_addr(word, &a->family, &a->plen, a->ip)) {
		a->flags = s->naddr ? WIRE_ADDR_ALIAS : 0;
		s->naddr++;
		return 0;
	} else {
		snprintf(err, IFACE_ERRLEN, "%s: not an address (10.0.0.1/24) "
		    "and not mtu=, mac= or name=", word);
	}
	return -EINVAL;
}

#define FORM "not of the form shmif0=BUS[,ADDR/PLEN], virt0[,ADDR/PLEN] or " \
	"vde0[,ADDR/PLEN]=VNL"

static bool is_vde(const char *iface)
{
	return !strncmp(iface, "vde", 3);
}

/* The interface's name, and for all but vde what it is linked to. */
static int parse_first(struct spec *s, char *word, const char *text,
    char err[static IFACE_ERRLEN])
{
	char *eq = strchr(word, '=');

	if (eq)
		*eq++ = '\0';
	if (!*word || strlen(word) >= sizeof(s->iface) ||
	    (eq && strlen(eq) >= sizeof(s->link)) ||
	    (!strncmp(word, "shmif", 5) && (!eq || !*eq))) {
		snprintf(err, IFACE_ERRLEN, "%s: " FORM, text);
		return -EINVAL;
	}
	if (eq && strncmp(word, "shmif", 5)) {
		snprintf(err, IFACE_ERRLEN, "%s=%s: only shmif takes a bus, "
		    "and vde a VNL; virtN is the host's tapN", word, eq);
		return -EINVAL;
	}
	strcpy(s->iface, word);
	if (eq)
		strcpy(s->link, eq);
	return 0;
}

/*
 * Take the VNL off a text, which may have commas and more in it: it is behind
 * the first "=" that is no part of a word like mtu=1500.
 */
static int take_vnl(struct spec *s, char *text, char err[static IFACE_ERRLEN])
{
	char *p = text + strcspn(text, ",=");

	while (*p == ',') {
		p++;
		if (!strncmp(p, "mtu=", 4) || !strncmp(p, "mac=", 4) ||
		    !strncmp(p, "name=", 5))
			p = strchr(p, '=') + 1;
		p += strcspn(p, ",=");
	}
	if (*p && p[1] && strlen(p + 1) < sizeof(s->link)) {
		*p = '\0';
		strcpy(s->link, p + 1);
		return 0;
	}
	snprintf(err, IFACE_ERRLEN, "'%.200s': %s; the form is "
	    "vde0[,ADDR/PLEN]=VNL, as in vde0,10.0.2.15/24=slirp://", text,
	    *p && p[1] ? "its VNL is too long" : "it has no VNL");
	return -EINVAL;
}

int spec_parse(struct spec *s, const char *text,
    char err[static IFACE_ERRLEN])
{
	char buf[2048], *word, *save = NULL;
	int e = 0;

	memset(s, 0, sizeof(*s));
	if (strlen(text) >= sizeof(buf)) {
		snprintf(err, IFACE_ERRLEN, "the specification is too long");
		return -EINVAL;
	}
	strcpy(buf, text);
	if (is_vde(buf))
		e = take_vnl(s, buf, err);
	if (e)
		return e;
	word = strtok_r(buf, ",", &save);
	if (!word) {
		snprintf(err, IFACE_ERRLEN, "'%s': " FORM, text);
		return -EINVAL;
	}
	e = parse_first(s, word, text, err);
	while (!e && (word = strtok_r(NULL, ",", &save)))
		e = parse_word(s, word, err);
	return e;
}

int spec_parse_route(struct wire_route *r, const char *text,
    char err[static IFACE_ERRLEN])
{
	char buf[160], *gw;
	uint8_t family = 0, plen;

	memset(r, 0, sizeof(*r));
	snprintf(buf, sizeof(buf), "%s", text);
	gw = strchr(buf, '=');
	if (gw)
		*gw++ = '\0';
	if (!gw || !parse_addr(gw, &family, &plen, r->gw) ||
	    strchr(gw, '/'))
		goto bad;
	r->family = family;
	r->flags = WIRE_RT_GATEWAY;
	if (!strcmp(buf, "default"))
		return 0;
	if (!parse_addr(buf, &family, &plen, r->dst) || family != r->family)
		goto bad;
	r->plen = strchr(buf, '/') ? plen : family == AF_INET ? 32 : 128;
	return 0;
bad:
	snprintf(err, IFACE_ERRLEN, "%s: a route is DEST/PLEN=GATEWAY or "
	    "default=GATEWAY", text);
	return -EINVAL;
}

static int set_addrs(struct spec *s, struct iface *f,
    char err[static IFACE_ERRLEN])
{
	struct wire_ifaddr slot = { .flags = WIRE_ADDR_SLOT };
	int e, n = 0;

	for (int i = 0; i < s->naddr; i++) {
		e = ifconfig_addr_add(f, &s->addr[i], err);
		if (e && !(e == -EADDRINUSE && s->inherited))
			return e;
		n += !e;
	}
	if (n)
		return 0;
	return f->driver->auto_addr ? ifconfig_addr_add(f, &slot, err) :
	    ifconfig_up(f, true, err);
}

/* An address that somebody took when it was free for a moment is not kept. */
static int set_link(struct spec *s, struct iface *f,
    char err[static IFACE_ERRLEN])
{
	char path[512];
	int e = spec_link_name(path, sizeof(path), s->iface, s->link, err);

	if (!e)
		e = ifconfig_link_now(f, path, err);
	if (e == -EADDRINUSE && s->inherited) {
		memset(f->want_ip4, 0, sizeof(f->want_ip4));
		e = ifconfig_link_now(f, path, err);
	}
	return e;
}

int spec_link_name(char *dst, size_t size, const char *iface, const char *name,
    char err[static IFACE_ERRLEN])
{
	static_assert(VDEPLUG_ERRLEN <= IFACE_ERRLEN, "one line");
	return is_vde(iface) ? vdeplug_name(dst, size, name, err) :
	    bus_path(dst, size, name, true, err);
}

int spec_apply(struct spec *s, char err[static IFACE_ERRLEN])
{
	struct iface *f;
	int e;

	if (s->name[0])
		iface_set_hostname(s->name);
	e = ifconfig_create(s->iface, &f, err);
	if (e)
		return e;
	if (s->has_mac)
		e = ifconfig_mac(f, s->mac, err);
	if (!e && s->naddr && s->addr[0].family == AF_INET)
		memcpy(f->want_ip4, s->addr[0].ip, 4);
	if (!e && f->driver->link)
		e = set_link(s, f, err);
	if (!e && s->mtu)
		e = ifconfig_mtu(f, s->mtu, err);
	return e ? e : set_addrs(s, f, err);
}
