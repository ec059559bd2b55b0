/* socktext.c: a socket's protocol, state and addresses; see socktext.h. */
#include "stack/ctl/socktext.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "stack/wire/json.h"

const char *socktext_proto(const struct wire_sock *s)
{
	static char text[16];
	bool six = s->domain == AF_INET6;

	if (s->domain == AF_PACKET)
		return "packet";
	if (s->type == SOCK_STREAM)
		return six ? "tcp6" : "tcp";
	if (s->type == SOCK_DGRAM && (s->protocol == IPPROTO_UDP ||
	    s->protocol == 0))
		return six ? "udp6" : "udp";
	if (s->protocol == IPPROTO_ICMP)
		return "icmp";
	if (s->protocol == IPPROTO_ICMPV6)
		return "icmp6";
	snprintf(text, sizeof(text), "%s%d", six ? "ip6:" : "ip:",
	    s->protocol);
	return text;
}

const char *socktext_state(const struct wire_sock *s)
{
	static const char *const names[] = {
		[TCP_ESTABLISHED] = "ESTABLISHED", [TCP_SYN_SENT] = "SYN_SENT",
		[TCP_SYN_RECV] = "SYN_RECEIVED", [TCP_FIN_WAIT1] = "FIN_WAIT_1",
		[TCP_FIN_WAIT2] = "FIN_WAIT_2", [TCP_TIME_WAIT] = "TIME_WAIT",
		[TCP_CLOSE] = "CLOSED", [TCP_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_LAST_ACK] = "LAST_ACK", [TCP_LISTEN] = "LISTEN",
		[TCP_CLOSING] = "CLOSING",
	};

	if (s->type != SOCK_STREAM ||
	    s->state >= sizeof(names) / sizeof(names[0]) || !names[s->state])
		return "";
	return names[s->state];
}

bool socktext_listening(const struct wire_sock *s)
{
	if (s->type == SOCK_STREAM)
		return s->state == TCP_LISTEN;
	return s->state != TCP_ESTABLISHED;
}

static bool is_any(const struct wire_addr *a)
{
	static const uint8_t zero[16];

	return !a->family ||
	    !memcmp(a->ip, zero, a->family == AF_INET ? 4 : 16);
}

const char *socktext_addr(char buf[static SOCKTEXT_ADDR],
    const struct wire_addr *a)
{
	char ip[TEXT_IPLEN] = "*";
	size_t n;

	if (!is_any(a))
		text_ip(ip, a->family, a->ip);
	n = (size_t)snprintf(buf, SOCKTEXT_ADDR, "%s", ip);
	if (a->family && a->port)
		snprintf(buf + n, SOCKTEXT_ADDR - n, ".%u", ntohs(a->port));
	else
		snprintf(buf + n, SOCKTEXT_ADDR - n, ".*");
	return buf;
}

static void json_addr(struct json *j, const char *key,
    const struct wire_addr *a)
{
	char ip[TEXT_IPLEN];

	if (!a->family) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_string(j, "address", text_ip(ip, a->family, a->ip));
	json_uint(j, "port", ntohs(a->port));
	json_end(j);
}

void socktext_json(struct json *j, const struct wire_sock *s)
{
	json_uint(j, "id", s->id);
	json_string(j, "protocol", socktext_proto(s));
	if (*socktext_state(s))
		json_string(j, "state", socktext_state(s));
	json_addr(j, "local", &s->local);
	json_addr(j, "foreign", &s->peer);
	json_uint(j, "recvq", s->recvq);
	json_uint(j, "sendq", s->sendq);
}
