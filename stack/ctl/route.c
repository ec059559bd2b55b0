/* route.c: shmif route: shows and changes the routing table. */
#include "stack/ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/rtshow.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

/* What the words of one call say. */
struct route_call {
	int family;		/* 0: any */
	bool host, net, quiet, json;
	uint16_t refusal;	/* WIRE_RT_REJECT and how; 0: none */
	bool by_interface;	/* the gateway's place is an interface's name */
	int plen;		/* of -netmask or -prefixlen, -1: none */
	uint32_t mtu, metric;
	const char *dest, *gateway;
};

/* Options that take a value; *word is that value. */
static int parse_value(struct route_call *c, const char *option,
    const char *word)
{
	uint64_t v;

	if (!strcmp(option, "-netmask")) {
		c->plen = text_parse_mask(word);
		if (c->plen < 0)
			return ctl_fail("%s: not a netmask", word);
		return 0;
	}
	if (text_parse_u64(word, 0, !strcmp(option, "-prefixlen") ? 128 :
	    UINT32_MAX, &v))
		return ctl_usage("%s %s: not a number in range", option, word);
	if (!strcmp(option, "-prefixlen"))
		c->plen = (int)v;
	else if (!strcmp(option, "-mtu"))
		c->mtu = (uint32_t)v;
	else
		c->metric = (uint32_t)v;
	return 0;
}

static bool takes_value(const char *word)
{
	static const char *const options[] = {
		"-netmask", "-prefixlen", "-mtu", "-metric", "-hopcount",
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i], word))
			return true;
	return false;
}

static int parse_option(struct route_call *c, const char *word)
{
	if (!strcmp(word, "-inet"))
		c->family = AF_INET;
	else if (!strcmp(word, "-inet6"))
		c->family = AF_INET6;
	else if (!strcmp(word, "-host"))
		c->host = true;
	else if (!strcmp(word, "-net"))
		c->net = true;
	else if (!strcmp(word, "-interface") || !strcmp(word, "-iface") ||
	    !strcmp(word, "-link"))
		c->by_interface = true;
	else if (!strcmp(word, "-reject"))
		c->refusal = WIRE_RT_REJECT;
	else if (!strcmp(word, "-blackhole"))
		c->refusal = WIRE_RT_REJECT | WIRE_RT_BLACKHOLE;
	else if (!strcmp(word, "-prohibit"))
		c->refusal = WIRE_RT_REJECT | WIRE_RT_PROHIBIT;
	else if (!strcmp(word, "-q"))
		c->quiet = true;
	else if (strcmp(word, "-n") && strcmp(word, "-v") &&
	    strcmp(word, "-static"))
		return ctl_usage("%s: unknown option", word);
	return 0;
}

static int parse_words(struct route_call *c, char **word)
{
	int status;

	for (; *word; word++) {
		if (takes_value(*word)) {
			if (!word[1])
				return ctl_usage("%s needs an argument", *word);
			status = parse_value(c, word[0], word[1]);
			word++;
		} else if (**word == '-') {
			status = parse_option(c, *word);
		} else if (!c->dest) {
			c->dest = *word;
			status = 0;
		} else if (!c->gateway) {
			c->gateway = *word;
			status = 0;
		} else {
			/* route add NET GATEWAY MASK, the old way */
			c->plen = text_parse_mask(*word);
			status = c->plen < 0 ?
			    ctl_usage("%s: one word too many", *word) : 0;
		}
		if (status)
			return status;
	}
	if (!c->dest)
		return ctl_usage("name a destination");
	return 0;
}

/* The destination, and how long its prefix is. */
static int fill_dest(const struct route_call *c, struct wire_route *r)
{
	static const uint8_t zero[16];
	int full, family = c->family;
	struct text_ip d;

	/* "default" is of the gateway's family. */
	if (!family && c->gateway && !c->by_interface &&
	    strchr(c->gateway, ':'))
		family = AF_INET6;
	if (text_parse_net(c->dest, family, &d))
		return ctl_fail("%s: not a destination like 10.1.0.0/16, an "
		    "address or default", c->dest);
	full = d.family == AF_INET ? 32 : 128;
	if (c->plen >= 0)
		d.plen = (int16_t)c->plen;
	if (d.plen < 0 && !memcmp(d.ip, zero, sizeof(zero)))
		d.plen = 0;
	if (d.plen < 0 && c->net)
		return ctl_fail("%s: a network has a length, like %s/24",
		    c->dest, c->dest);
	if (d.plen < 0 || c->host)
		d.plen = (int16_t)full;
	if (d.plen > full)
		return ctl_fail("%s: the prefix is too long", c->dest);
	text_clear_host_bits(&d);
	r->family = d.family;
	r->plen = (uint8_t)d.plen;
	memcpy(r->dst, d.ip, sizeof(r->dst));
	if (d.plen == full)
		r->flags |= WIRE_RT_HOST;
	return 0;
}

static int fill_gateway(const struct route_call *c, struct wire_route *r)
{
	struct text_ip g;

	if (c->by_interface) {
		if (strlen(c->gateway) >= sizeof(r->ifname))
			return ctl_fail("%s: no such interface", c->gateway);
		strcpy(r->ifname, c->gateway);
		return 0;
	}
	if (text_parse_ip(c->gateway, r->family, &g) || g.plen >= 0)
		return ctl_fail("%s: not a gateway's %s address; an interface "
		    "is named with -interface", c->gateway,
		    r->family == AF_INET ? "inet" : "inet6");
	memcpy(r->gw, g.ip, sizeof(r->gw));
	snprintf(r->ifname, sizeof(r->ifname), "%s", g.scope);
	r->flags |= WIRE_RT_GATEWAY;
	return 0;
}

static int fill(const struct route_call *c, struct wire_route *r)
{
	memset(r, 0, sizeof(*r));
	if (fill_dest(c, r) || (c->gateway && fill_gateway(c, r)))
		return CTL_FAILED;
	r->mtu = c->mtu;
	r->metric = c->metric;
	r->flags |= c->refusal;
	return 0;
}

static int request(enum wire_table_op op, const struct wire_route *r,
    const char *what, struct wire_rep *rep)
{
	struct wire_req req = {
		.op = WIRE_ROUTE, .a = (int)op, .len = sizeof(*r),
	};

	memcpy(req.data, r, sizeof(*r));
	return ctl_call(&req, rep, NULL, what);
}

static int change(struct route_call *c, enum wire_table_op op,
    const char *verb)
{
	struct wire_route r;
	struct wire_rep rep;

	if (op == WIRE_TABLE_ADD && !c->gateway && !c->refusal)
		return ctl_usage("%s: name a gateway, or -interface IF",
		    c->dest);
	if (fill(c, &r) || request(op, &r, c->dest, &rep))
		return CTL_FAILED;
	if (!c->quiet) {
		printf("%s %s %s", verb, r.flags & WIRE_RT_HOST ? "host" :
		    "net", c->dest);
		if (c->gateway)
			printf(": gateway %s", c->gateway);
		putchar('\n');
	}
	return CTL_OK;
}

static int route_add(struct route_call *c)
{
	return change(c, WIRE_TABLE_ADD, "add");
}

static int route_delete(struct route_call *c)
{
	return change(c, WIRE_TABLE_DEL, "delete");
}

/* The address we would send from: the first one of the interface. */
static void find_local(const struct wire_route *r, char buf[static TEXT_IPLEN])
{
	const struct wire_ifaddr *a;
	struct ctl_list list;

	buf[0] = '\0';
	if (ctl_dump(WIRE_DUMP_ADDR, &list))
		return;
	a = list.rec;
	for (size_t i = 0; i < list.n; i++)
		if (a[i].ifindex == r->ifindex && a[i].family == r->family) {
			text_ip_if(buf, a[i].family, a[i].ip, a[i].ifname);
			break;
		}
	free(list.rec);
}

static void mask_text(const struct wire_route *r, char buf[static TEXT_IPLEN])
{
	uint8_t mask[16] = { 0 };

	for (unsigned i = 0; i < r->plen && i < 128; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	text_ip(buf, r->family, mask);
}

static void get_json(const char *to, const struct wire_route *r,
    const char *local)
{
	char text[TEXT_IPLEN];
	struct json j;

	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_string(&j, "to", to);
	json_string(&j, "destination", text_ip(text, r->family, r->dst));
	json_uint(&j, "prefixlen", r->plen);
	if (r->flags & WIRE_RT_GATEWAY)
		json_string(&j, "gateway", text_ip(text, r->family, r->gw));
	else
		json_null(&j, "gateway");
	json_string(&j, "local", local);
	json_string(&j, "interface", r->ifname);
	json_uint(&j, "mtu", r->mtu);
	json_end(&j);
}

static int route_get(struct route_call *c)
{
	char text[TEXT_IPLEN], local[TEXT_IPLEN];
	struct wire_route r;
	struct wire_rep rep;

	c->host = true;
	if (c->gateway)
		return ctl_usage("%s: one word too many", c->gateway);
	if (fill(c, &r) || request(WIRE_TABLE_GET, &r, c->dest, &rep))
		return CTL_FAILED;
	if (rep.len < sizeof(r))
		return ctl_fail("%s: the answer is too short", c->dest);
	memcpy(&r, rep.data, sizeof(r));
	r.ifname[sizeof(r.ifname) - 1] = '\0';
	find_local(&r, local);
	if (c->json) {
		get_json(c->dest, &r, local);
		return CTL_OK;
	}
	printf("   route to: %s\n", c->dest);
	printf("destination: %s\n", text_ip(text, r.family, r.dst));
	mask_text(&r, text);
	printf("       mask: %s\n", text);
	if (r.flags & WIRE_RT_GATEWAY)
		printf("    gateway: %s\n",
		    text_ip_if(text, r.family, r.gw, r.ifname));
	printf(" local addr: %s\n", local);
	printf("  interface: %s\n", r.ifname);
	printf("      flags: <UP%s%s%s%s,DONE%s%s>\n",
	    r.flags & WIRE_RT_GATEWAY ? ",GATEWAY" : "",
	    r.flags & WIRE_RT_HOST ? ",HOST" : "",
	    r.flags & WIRE_RT_REJECT ? ",REJECT" : "",
	    r.flags & WIRE_RT_BLACKHOLE ? ",BLACKHOLE" :
	    r.flags & WIRE_RT_PROHIBIT ? ",PROHIBIT" : "",
	    r.flags & (WIRE_RT_CONNECTED | WIRE_RT_AUTO) ? "" : ",STATIC",
	    r.flags & WIRE_RT_CONNECTED ? ",CONNECTED" : "");
	if (r.mtu)
		printf("        mtu: %u\n", r.mtu);
	return CTL_OK;
}

/* All that go through a gateway; connected ones belong to their address. */
static int route_flush(struct route_call *c)
{
	char dst[TEXT_IPLEN], gw[TEXT_IPLEN];
	const struct wire_route *r;
	struct ctl_list list;
	struct wire_rep rep;
	int status = CTL_OK;

	if (ctl_dump(WIRE_DUMP_ROUTE, &list))
		return CTL_FAILED;
	r = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (!(r[i].flags & WIRE_RT_GATEWAY) ||
		    (c->family && c->family != r[i].family))
			continue;
		text_net(dst, r[i].family, r[i].dst, r[i].plen);
		if (request(WIRE_TABLE_DEL, &r[i], dst, &rep))
			status = CTL_FAILED;
		else if (!c->quiet)
			printf("%-20s %-20s done\n", dst,
			    text_ip(gw, r[i].family, r[i].gw));
	}
	free(list.rec);
	return status;
}

static int route_show(struct route_call *c)
{
	return rtshow_print(c->family, c->json);
}

int cmd_route(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct route_call *c);
		bool dest;	/* it is about a destination */
	} verbs[] = {
		{ "add", route_add, true }, { "delete", route_delete, true },
		{ "get", route_get, true }, { "show", route_show, false },
		{ "flush", route_flush, false },
	};
	struct route_call c = { .plen = -1 };
	char **word = argv + 1;
	int status;

	c.json = ctl_take_json(&argc, argv);
	for (; *word && **word == '-'; word++)
		if (parse_option(&c, *word))
			return CTL_USAGE;
	if (!*word)
		return ctl_usage("what to do with routes?");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, *word))
			continue;
		for (word++; *word && !verbs[i].dest; word++)
			if (parse_option(&c, *word))
				return CTL_USAGE;
		status = verbs[i].dest ? parse_words(&c, word) : 0;
		return status ? status : verbs[i].run(&c);
	}
	return ctl_unknown("route", *word, "shmif route --help");
}
