/* socktext.h: a socket's protocol, state and addresses, as text. */
#ifndef STACK_CTL_SOCKTEXT_H
#define STACK_CTL_SOCKTEXT_H

#include "stack/ctl/text.h"
#include "stack/wire/wire.h"

#define SOCKTEXT_ADDR	(TEXT_IPLEN + 8)

struct json;

/* tcp, tcp6, udp, udp6, icmp, icmp6, or the number of a raw one. */
const char *socktext_proto(const struct wire_sock *s);
/* A TCP state in BSD's words; "" for other sockets. */
const char *socktext_state(const struct wire_sock *s);
bool socktext_listening(const struct wire_sock *s);
/* ADDR.PORT, with * for what is not bound. */
const char *socktext_addr(char buf[static SOCKTEXT_ADDR],
    const struct wire_addr *a);
/* The members that all lists of sockets have. */
void socktext_json(struct json *j, const struct wire_sock *s);

#endif
