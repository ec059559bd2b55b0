/* addr.h: sockaddrs, wire addresses and lwIP's, one into the other. */
#ifndef STACK_ADDR_H
#define STACK_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lwip/ip_addr.h"
#include "stack/wire/wire.h"

/* Bytes of an address of that family, AF_INET or AF_INET6. */
static inline size_t addr_len(int family)
{
	return family == AF_INET ? 4 : 16;
}

/*
 * A program's sockaddr, for a socket of that domain, as an address the stack
 * works with; v4-mapped ones become IPv4.  v6only: IPV6_V6ONLY is set.
 * Return: 0 or -errno as connect(2) and bind(2).
 */
int addr_from_sockaddr(struct wire_addr *a, int domain, bool v6only,
    const void *sa, size_t len);
/* As a program of that domain sees it; family 0 is the wildcard. */
size_t addr_to_sockaddr(const struct wire_addr *a, int domain,
    struct sockaddr_storage *ss);
void addr_to_lwip(ip_addr_t *ip, const struct wire_addr *a);
void addr_from_lwip(struct wire_addr *a, const ip_addr_t *ip, uint16_t port);
bool addr_is_any(const struct wire_addr *a);
bool addr_is_multicast(const struct wire_addr *a);
/* Link-local: nothing without an interface. */
bool addr_needs_scope(const struct wire_addr *a);
/* Address only, not port. */
bool addr_equal(const struct wire_addr *a, const struct wire_addr *b);
/* As a program of that domain sees it: IPv4 becomes v4-mapped for AF_INET6. */
void addr_present(struct wire_addr *a, int domain);
/* The reverse, for an address that a program put into a header. */
void addr_unmap(struct wire_addr *a);
#define ADDR_TEXT	64
/* 10.0.0.1:80, [fd00::1]:80; fills buf and gives it back. */
const char *addr_text(char buf[static ADDR_TEXT], const struct wire_addr *a);

#endif
