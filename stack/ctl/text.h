/* text.h: addresses and numbers as people write them. */
#ifndef STACK_CTL_TEXT_H
#define STACK_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_IPLEN	64	/* room for an address with scope and length */
#define TEXT_MACLEN	18

/* An address as it was written. */
struct text_ip {
	uint8_t family;		/* AF_INET or AF_INET6 */
	int16_t plen;		/* prefix length, -1: none was given */
	uint8_t ip[16];		/* IPv4 in the first four */
	char scope[16];		/* interface written behind a %, or "" */
};

/* ADDR, ADDR/LEN or ADDR%IF; family 0 takes either.  Return: 0, or -EINVAL. */
int text_parse_ip(const char *s, int family, struct text_ip *out);
/*
 * A network: also "default", and IPv4 with trailing octets left out if there
 * is a length (10.1/16).  Return: 0, or -EINVAL.
 */
int text_parse_net(const char *s, int family, struct text_ip *out);
/* 255.255.255.0 or 0xffffff00.  Return: the prefix length, or -EINVAL. */
int text_parse_mask(const char *s);
int text_parse_mac(const char *s, uint8_t mac[static 6]);
/* A decimal number within bounds.  Return: 0, or -EINVAL, -ERANGE. */
int text_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);
/* The same with k, M or G behind it, powers of 1024. */
int text_parse_size(const char *s, uint64_t min, uint64_t max, uint64_t *out);
/* Seconds, possibly with a fraction.  Return: 0 and ns, or -EINVAL. */
int text_parse_seconds(const char *s, uint64_t *ns);

/* These give buf back, filled. */
const char *text_ip(char buf[static TEXT_IPLEN], int family,
    const uint8_t *ip);
/* The same with %IF behind a link-local IPv6 address. */
const char *text_ip_if(char buf[static TEXT_IPLEN], int family,
    const uint8_t *ip, const char *ifname);
/* As route(8) writes a network: default, 10.1/16, 2001:db8::/32. */
const char *text_net(char buf[static TEXT_IPLEN], int family,
    const uint8_t *ip, unsigned plen);
const char *text_mac(char buf[static TEXT_MACLEN], const uint8_t *mac);

/* The bits of an address beyond its prefix. */
bool text_host_bits(const struct text_ip *a);
void text_clear_host_bits(struct text_ip *a);

#endif
