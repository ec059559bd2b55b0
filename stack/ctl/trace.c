/*
 * trace.c: shmif trace: the interface, route, neighbour and path MTU that a
 * packet of the virtual host would take, or why it would be dropped.
 */
#include "stack/ctl/ctl.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stack/ctl/neigh.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

struct end {
	char host[256];
	uint16_t port;		/* network order; 0: none was given */
};

/* HOST, HOST:PORT, ADDR6, [ADDR6] or [ADDR6]:PORT. */
static int parse_end(struct end *e, const char *word)
{
	const char *host = word, *end, *port = NULL;
	uint64_t n = 0;

	if (*word == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return ctl_usage("%s: not of the form [ADDR6]:PORT",
			    word);
		port = end[1] ? end + 2 : NULL;
	} else {
		end = strchr(word, ':');
		if (end && !strchr(end + 1, ':'))
			port = end + 1;
		else
			end = word + strlen(word);
	}
	if (end == host || (size_t)(end - host) >= sizeof(e->host))
		return ctl_usage("%s: not the name or address of a host", word);
	if (port && text_parse_u64(port, 1, 65535, &n))
		return ctl_usage("%s: a port is a number from 1 to 65535",
		    word);
	memcpy(e->host, host, (size_t)(end - host));
	e->host[end - host] = '\0';
	e->port = htons((uint16_t)n);
	return 0;
}

static void from_sockaddr(struct wire_addr *a, const struct addrinfo *ai,
    uint16_t port)
{
	const struct sockaddr_in6 *in6 = (const void *)ai->ai_addr;
	const struct sockaddr_in *in = (const void *)ai->ai_addr;

	memset(a, 0, sizeof(*a));
	a->family = (uint16_t)ai->ai_family;
	a->port = port;
	if (ai->ai_family == AF_INET) {
		memcpy(a->ip, &in->sin_addr, 4);
	} else {
		memcpy(a->ip, &in6->sin6_addr, 16);
		a->scope = in6->sin6_scope_id;
	}
}

/* As a program on the host would find it.  family 0: either. */
static int look_up(struct wire_addr *a, const struct end *e, int family)
{
	struct addrinfo hints = {
		.ai_family = family, .ai_socktype = SOCK_DGRAM,
	}, *list;
	int err = getaddrinfo(e->host, NULL, &hints, &list);

	if (err)
		return ctl_fail("%s: %s", e->host, gai_strerror(err));
	from_sockaddr(a, list, e->port);
	freeaddrinfo(list);
	return 0;
}

/* src->host stays "" if none was given. */
static int parse(struct wire_trace *t, struct end *src, struct end *dst,
    int argc, char **argv)
{
	int c, n;

	opterr = 0;
	while ((c = getopt(argc, argv, "tu")) != -1) {
		if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
		if (t->protocol)
			return ctl_usage("only one of -t and -u");
		t->protocol = c == 't' ? IPPROTO_TCP : IPPROTO_UDP;
	}
	n = argc - optind;
	if (n < 1 || n > 2)
		return ctl_usage("name where to, or from where and where to");
	c = parse_end(dst, argv[argc - 1]);
	if (!c && n == 2)
		c = parse_end(src, argv[optind]);
	if (!c && !t->protocol && (dst->port || src->port))
		return ctl_usage("a port is one of TCP, -t, or UDP, -u");
	return c;
}

static const char *end_text(char buf[static TEXT_IPLEN + 10],
    const struct wire_addr *a)
{
	char ip[TEXT_IPLEN];

	text_ip(ip, a->family, a->ip);
	if (!a->port)
		snprintf(buf, TEXT_IPLEN + 10, "%s", ip);
	else
		snprintf(buf, TEXT_IPLEN + 10, a->family == AF_INET6 ?
		    "[%s]:%u" : "%s:%u", ip, ntohs(a->port));
	return buf;
}

static const char *proto_text(const struct wire_trace *t)
{
	return t->protocol == IPPROTO_TCP ? "tcp" :
	    t->protocol == IPPROTO_UDP ? "udp" : "ip";
}

static void print_route(const struct wire_route *r)
{
	char net[TEXT_IPLEN], gw[TEXT_IPLEN];

	printf("  route      %s", text_net(net, r->family, r->dst, r->plen));
	if (r->flags & WIRE_RT_GATEWAY)
		printf(" by %s", text_ip(gw, r->family, r->gw));
	printf("%s\n", r->flags & WIRE_RT_REJECT ? ", which rejects" : "");
}

static void print_neighbour(const struct wire_trace *t)
{
	char ip[TEXT_IPLEN], mac[TEXT_MACLEN];

	printf("  neighbour  %s", text_ip(ip, t->hop.family, t->hop.ip));
	if (t->neigh.family)
		printf(" at %s, %s\n", text_mac(mac, t->neigh.mac),
		    neigh_state(t->neigh.state));
	else
		printf(", not known: it would be asked for first\n");
}

static void print(const struct wire_trace *t)
{
	char src[TEXT_IPLEN + 10], dst[TEXT_IPLEN + 10];

	printf("%s %s -> %s\n", proto_text(t), t->src.family ?
	    end_text(src, &t->src) : "this host", end_text(dst, &t->dst));
	if (t->route.family)
		print_route(&t->route);
	if (t->ifname[0])
		printf("  interface  %s\n", t->ifname);
	if (t->hop.family)
		print_neighbour(t);
	if (t->mtu)
		printf("  path MTU   %u\n", t->mtu);
	if (t->sock)
		printf("  socket     %llx, %s[%d]\n",
		    (unsigned long long)t->sock, t->comm, t->pid);
	switch (t->verdict) {
	case WIRE_TRACE_LEAVES:
		printf("it would leave\n");
		break;
	case WIRE_TRACE_DELIVERED:
		printf("it would be delivered to this host\n");
		break;
	default:
		printf("it would be dropped: %s\n", t->counter);
	}
}

static void json_ends(struct json *j, const struct wire_trace *t)
{
	char text[TEXT_IPLEN + 10];

	json_string(j, "protocol", proto_text(t));
	if (t->src.family)
		json_string(j, "source", end_text(text, &t->src));
	json_string(j, "destination", end_text(text, &t->dst));
}

static void print_json(const struct wire_trace *t)
{
	static const char *const verdicts[] = {
		[WIRE_TRACE_LEAVES] = "leaves",
		[WIRE_TRACE_DELIVERED] = "delivered",
		[WIRE_TRACE_DROPPED] = "dropped",
	};
	char text[TEXT_IPLEN];
	struct json j;

	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_ends(&j, t);
	if (t->route.family)
		json_string(&j, "route", text_net(text, t->route.family,
		    t->route.dst, t->route.plen));
	if (t->ifname[0])
		json_string(&j, "interface", t->ifname);
	if (t->hop.family)
		json_string(&j, "next_hop", text_ip(text, t->hop.family,
		    t->hop.ip));
	if (t->neigh.family)
		json_string(&j, "lladdr", text_mac(text, t->neigh.mac));
	if (t->mtu)
		json_uint(&j, "mtu", t->mtu);
	if (t->sock) {
		json_uint(&j, "socket", t->sock);
		json_int(&j, "pid", t->pid);
	}
	json_string(&j, "verdict", verdicts[t->verdict]);
	if (t->verdict == WIRE_TRACE_DROPPED)
		json_string(&j, "counter", t->counter);
	json_end(&j);
}

int cmd_trace(int argc, char **argv)
{
	bool json = ctl_take_json(&argc, argv);
	struct wire_trace t = { .protocol = 0 };
	struct wire_req req = { .op = WIRE_TRACE, .len = sizeof(t) };
	struct wire_rep rep;
	struct end src = { .port = 0 }, dst = { .port = 0 };
	int status = parse(&t, &src, &dst, argc, argv);

	if (!status)
		status = ctl_need_host();
	if (!status)
		status = look_up(&t.dst, &dst, AF_UNSPEC);
	if (!status && src.host[0])
		status = look_up(&t.src, &src, t.dst.family);
	if (status)
		return status;
	memcpy(req.data, &t, sizeof(t));
	if (ctl_call(&req, &rep, NULL, argv[argc - 1]))
		return CTL_FAILED;
	if (rep.len != sizeof(t))
		return ctl_fail("%s: an answer of the wrong size", ctl_url());
	memcpy(&t, rep.data, sizeof(t));
	t.comm[sizeof(t.comm) - 1] = '\0';
	t.ifname[sizeof(t.ifname) - 1] = '\0';
	t.counter[sizeof(t.counter) - 1] = '\0';
	if (t.verdict > WIRE_TRACE_DROPPED)
		t.verdict = WIRE_TRACE_DROPPED;
	if (json)
		print_json(&t);
	else
		print(&t);
	return t.verdict == WIRE_TRACE_DROPPED ? CTL_FAILED : CTL_OK;
}
