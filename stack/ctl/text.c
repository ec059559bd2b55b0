/* text.c: addresses and numbers as people write them; see text.h. */
#include "stack/ctl/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int max_plen(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* Split ADDR%SCOPE/LEN: address and scope are copied, the length parsed. */
static int split(const char *s, char *addr, size_t size, struct text_ip *out)
{
	size_t n = strcspn(s, "/%");
	uint64_t v;

	memset(out, 0, sizeof(*out));
	out->plen = -1;
	if (n == 0 || n >= size)
		return -EINVAL;
	memcpy(addr, s, n);
	addr[n] = '\0';
	s += n;
	if (*s == '%') {
		n = strcspn(++s, "/");
		if (n == 0 || n >= sizeof(out->scope))
			return -EINVAL;
		memcpy(out->scope, s, n);
		s += n;
	}
	if (*s == '\0')
		return 0;
	if (text_parse_u64(s + 1, 0, 128, &v))
		return -EINVAL;
	out->plen = (int16_t)v;
	return 0;
}

int text_parse_ip(const char *s, int family, struct text_ip *out)
{
	char addr[TEXT_IPLEN];

	if (split(s, addr, sizeof(addr), out))
		return -EINVAL;
	out->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (family && family != out->family)
		return -EINVAL;
	if (out->scope[0] && out->family != AF_INET6)
		return -EINVAL;
	if (inet_pton(out->family, addr, out->ip) != 1)
		return -EINVAL;
	return out->plen > max_plen(out->family) ? -EINVAL : 0;
}

/* 10, 10.1, 10.1.2: the missing octets are zero. */
static int parse_short_v4(const char *s, uint8_t ip[static 4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v = 0, digits = 0;

		while (isdigit((unsigned char)*s) && digits < 4) {
			v = v * 10 + (unsigned)(*s++ - '0');
			digits++;
		}
		if (digits < 1 || digits > 3 || v > 255)
			return -EINVAL;
		ip[i] = (uint8_t)v;
		if (*s == '\0')
			return 0;
		if (*s++ != '.')
			return -EINVAL;
	}
	return -EINVAL;
}

int text_parse_net(const char *s, int family, struct text_ip *out)
{
	char addr[TEXT_IPLEN];

	if (!strcmp(s, "default")) {
		memset(out, 0, sizeof(*out));
		out->family = (uint8_t)(family ? family : AF_INET);
		return 0;
	}
	if (!text_parse_ip(s, family, out))
		return 0;
	if (family == AF_INET6 || split(s, addr, sizeof(addr), out) ||
	    out->plen < 0 || out->plen > 32 || out->scope[0] ||
	    parse_short_v4(addr, out->ip))
		return -EINVAL;
	out->family = AF_INET;
	return 0;
}

int text_parse_mask(const char *s)
{
	uint8_t b[4];
	uint32_t m;
	char *end;
	int plen;

	if (!strncmp(s, "0x", 2)) {
		unsigned long v;

		errno = 0;
		v = strtoul(s, &end, 16);
		if (errno || *end || end == s + 2 || v > 0xffffffffu)
			return -EINVAL;
		m = (uint32_t)v;
	} else {
		if (inet_pton(AF_INET, s, b) != 1)
			return -EINVAL;
		m = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		    (uint32_t)b[2] << 8 | b[3];
	}
	plen = __builtin_popcount(m);
	if (m != (plen ? 0xffffffffu << (32 - plen) : 0))
		return -EINVAL;
	return plen;
}

int text_parse_mac(const char *s, uint8_t mac[static 6])
{
	for (int i = 0; i < 6; i++) {
		unsigned v = 0, digits = 0;

		while (isxdigit((unsigned char)*s) && digits < 3) {
			int c = tolower((unsigned char)*s++);

			v = v * 16 + (unsigned)(c <= '9' ? c - '0' :
			    c - 'a' + 10);
			digits++;
		}
		if (digits < 1 || digits > 2)
			return -EINVAL;
		mac[i] = (uint8_t)v;
		if (*s++ != (i < 5 ? ':' : '\0'))
			return -EINVAL;
	}
	return 0;
}

/* Digits up to *end; overflow is -ERANGE. */
static int parse_digits(const char *s, const char **end, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	while (isdigit((unsigned char)*s)) {
		unsigned d = (unsigned)(*s++ - '0');

		if (v > (UINT64_MAX - d) / 10)
			return -ERANGE;
		v = v * 10 + d;
	}
	*end = s;
	*out = v;
	return 0;
}

int text_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	int err = parse_digits(s, &s, out);

	if (err)
		return err;
	if (*s)
		return -EINVAL;
	return *out < min || *out > max ? -ERANGE : 0;
}

int text_parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const char units[] = "kmg";
	int err = parse_digits(s, &s, out);
	const char *u;

	if (err)
		return err;
	if (*s) {
		u = strchr(units, tolower((unsigned char)*s));
		if (!u || s[1])
			return -EINVAL;
		for (const char *p = units; p <= u; p++) {
			if (*out > UINT64_MAX / 1024)
				return -ERANGE;
			*out *= 1024;
		}
	}
	return *out < min || *out > max ? -ERANGE : 0;
}

int text_parse_seconds(const char *s, uint64_t *ns)
{
	uint64_t sec = 0, unit = 1000000000u;

	if (*s != '.' && parse_digits(s, &s, &sec))
		return -EINVAL;
	if (sec > 1000000000u)
		return -EINVAL;
	*ns = sec * unit;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++) {
			unit /= 10;
			*ns += unit * (uint64_t)(*s - '0');
		}
	return *s ? -EINVAL : 0;
}

const char *text_ip(char buf[static TEXT_IPLEN], int family, const uint8_t *ip)
{
	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop(family, ip, buf, TEXT_IPLEN))
		snprintf(buf, TEXT_IPLEN, "*");
	return buf;
}

const char *text_ip_if(char buf[static TEXT_IPLEN], int family,
    const uint8_t *ip, const char *ifname)
{
	size_t n;

	text_ip(buf, family, ip);
	n = strlen(buf);
	if (family == AF_INET6 && ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80 &&
	    *ifname)
		snprintf(buf + n, TEXT_IPLEN - n, "%%%.15s", ifname);
	return buf;
}

const char *text_net(char buf[static TEXT_IPLEN], int family,
    const uint8_t *ip, unsigned plen)
{
	static const uint8_t zero[16];
	unsigned n = (plen + 7) / 8;
	size_t len;

	if (plen == 0 && !memcmp(ip, zero, family == AF_INET6 ? 16 : 4)) {
		snprintf(buf, TEXT_IPLEN, "default");
	} else if (plen >= (unsigned)max_plen(family)) {
		text_ip(buf, family, ip);
	} else if (family == AF_INET6) {
		text_ip(buf, family, ip);
		len = strlen(buf);
		snprintf(buf + len, TEXT_IPLEN - len, "/%u", plen);
	} else {
		len = (size_t)snprintf(buf, TEXT_IPLEN, "%u", ip[0]);
		for (unsigned i = 1; i < n; i++)
			len += (size_t)snprintf(buf + len, TEXT_IPLEN - len,
			    ".%u", ip[i]);
		snprintf(buf + len, TEXT_IPLEN - len, "/%u", plen);
	}
	return buf;
}

const char *text_mac(char buf[static TEXT_MACLEN], const uint8_t *mac)
{
	snprintf(buf, TEXT_MACLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

/* The bits of octet i of an address that its prefix does not cover. */
static uint8_t host_mask(int plen, int i)
{
	int bits = plen - i * 8;

	return (uint8_t)(bits >= 8 ? 0 : bits <= 0 ? 0xff : 0xff >> bits);
}

bool text_host_bits(const struct text_ip *a)
{
	for (int i = 0; i < max_plen(a->family) / 8; i++)
		if (a->ip[i] & host_mask(a->plen, i))
			return true;
	return false;
}

void text_clear_host_bits(struct text_ip *a)
{
	for (int i = 0; i < max_plen(a->family) / 8; i++)
		a->ip[i] &= (uint8_t)~host_mask(a->plen, i);
}
