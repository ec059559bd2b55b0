/*
 * ifconfig.c: shmif ifconfig: the words of one call become a list of
 * operations, which are then done in order; without words, the interfaces
 * are shown.
 */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bus/bus.h"
#include "stack/ctl/ifshow.h"
#include "stack/ctl/text.h"
#include "tap/vdeplug.h"

#define MAX_OPS		32
/* The length of an address that has none. */
#define PLEN_INET	24
#define PLEN_INET6	64

struct if_op {
	enum wire_if_op op;
	struct wire_ifreq req;
	bool first;	/* delete the interface's first address */
};

/* One call being parsed. */
struct if_call {
	const char *ifname;
	char **word;		/* the next one; NULL ends */
	struct if_op ops[MAX_OPS];
	int n;
	int family;		/* 0 until inet or inet6 */
	struct if_op *addr;	/* the address that modifiers belong to */
	bool deleting;		/* -alias stood before its address */
	bool aliasing;		/* alias did */
};

static struct if_op *add_op(struct if_call *c, enum wire_if_op op)
{
	struct if_op *o;

	if (c->n == MAX_OPS)
		return NULL;
	o = &c->ops[c->n++];
	memset(o, 0, sizeof(*o));
	o->op = op;
	snprintf(o->req.name, sizeof(o->req.name), "%s", c->ifname);
	return o;
}

static int too_many(void)
{
	return ctl_usage("too many words in one call");
}

/* The word behind the one just read; NULL after an error line. */
static const char *take_arg(struct if_call *c)
{
	if (!*c->word) {
		ctl_usage("%s needs an argument", c->word[-1]);
		return NULL;
	}
	return *c->word++;
}

static int word_simple(struct if_call *c, int op)
{
	return add_op(c, (enum wire_if_op)op) ? 0 : too_many();
}

static int word_family(struct if_call *c, int family)
{
	c->family = family;
	c->addr = NULL;
	return 0;
}

static int word_linkstr(struct if_call *c, int op)
{
	const char *arg = take_arg(c);
	struct if_op *o = add_op(c, (enum wire_if_op)op);
	char err[VDEPLUG_ERRLEN];

	if (!o)
		return too_many();
	if (!arg)
		return CTL_USAGE;
	if (strncmp(c->ifname, "vde", 3))
		return ctl_bus_path(arg, true, o->req.str,
		    sizeof(o->req.str));
	return vdeplug_name(o->req.str, sizeof(o->req.str), arg, err) ?
	    ctl_fail("%s", err) : 0;
}

static int word_hostname(struct if_call *c, int op)
{
	const char *arg = take_arg(c);
	struct if_op *o = add_op(c, (enum wire_if_op)op);

	if (!o)
		return too_many();
	if (!arg)
		return CTL_USAGE;
	if (!*arg || strlen(arg) >= BUS_NAMELEN)
		return ctl_fail("%s: a host name has 1 to %d characters", arg,
		    BUS_NAMELEN - 1);
	snprintf(o->req.str, sizeof(o->req.str), "%s", arg);
	return 0;
}

static int word_mtu(struct if_call *c, int op)
{
	const char *arg = take_arg(c);
	uint64_t v;
	struct if_op *o = add_op(c, (enum wire_if_op)op);

	if (!o)
		return too_many();
	if (!arg)
		return CTL_USAGE;
	if (text_parse_u64(arg, BUS_MTU_MIN, BUS_MTU_MAX, &v))
		return ctl_fail("mtu %s: not a number of %d to %d", arg,
		    BUS_MTU_MIN, BUS_MTU_MAX);
	o->req.mtu = (uint32_t)v;
	return 0;
}

static int word_lladdr(struct if_call *c, int op)
{
	const char *arg = take_arg(c);
	struct if_op *o = add_op(c, (enum wire_if_op)op);

	if (!o)
		return too_many();
	if (!arg)
		return CTL_USAGE;
	if (text_parse_mac(arg, o->req.mac))
		return ctl_fail("%s: not a link-layer address like "
		    "b2:a0:00:00:00:01", arg);
	return 0;
}

/* An address, bare or behind its family's word. */
static int word_address(struct if_call *c, const char *word)
{
	struct if_op *o;
	struct text_ip a;

	if (text_parse_ip(word, c->family, &a)) {
		if (c->family)
			return ctl_usage("%s: not an %s address", word,
			    c->family == AF_INET ? "inet" : "inet6");
		return ctl_usage("%s: neither a word of ifconfig nor an "
		    "address", word);
	}
	o = add_op(c, c->deleting ? WIRE_IF_ADDR_DEL : WIRE_IF_ADDR_ADD);
	if (!o)
		return too_many();
	if (c->aliasing)
		o->req.addr.flags |= WIRE_ADDR_ALIAS;
	c->deleting = c->aliasing = false;
	c->addr = o;
	o->req.addr.family = a.family;
	memcpy(o->req.addr.ip, a.ip, sizeof(a.ip));
	o->req.addr.plen = (uint8_t)(a.plen >= 0 ? a.plen :
	    a.family == AF_INET ? PLEN_INET : PLEN_INET6);
	return 0;
}

static int word_netmask(struct if_call *c, int unused)
{
	const char *arg = take_arg(c);
	int plen;

	(void)unused;
	if (!arg)
		return CTL_USAGE;
	if (!c->addr || c->addr->req.addr.family != AF_INET)
		return ctl_usage("netmask belongs behind an inet address");
	plen = text_parse_mask(arg);
	if (plen < 0)
		return ctl_fail("%s: not a netmask", arg);
	c->addr->req.addr.plen = (uint8_t)plen;
	return 0;
}

static int word_prefixlen(struct if_call *c, int unused)
{
	const char *arg = take_arg(c);
	uint64_t v;

	(void)unused;
	if (!arg)
		return CTL_USAGE;
	if (!c->addr)
		return ctl_usage("prefixlen belongs behind an address");
	if (text_parse_u64(arg, 0,
	    c->addr->req.addr.family == AF_INET ? 32 : 128, &v))
		return ctl_fail("%s: not a prefix length", arg);
	c->addr->req.addr.plen = (uint8_t)v;
	return 0;
}

static int word_broadcast(struct if_call *c, int unused)
{
	const char *arg = take_arg(c);
	struct text_ip a;

	(void)unused;
	if (!arg)
		return CTL_USAGE;
	if (!c->addr || c->addr->req.addr.family != AF_INET)
		return ctl_usage("broadcast belongs behind an inet address");
	if (text_parse_ip(arg, AF_INET, &a) || a.plen >= 0)
		return ctl_fail("%s: not an inet address", arg);
	memcpy(c->addr->req.addr.bcast, a.ip, 4);
	return 0;
}

static int word_alias(struct if_call *c, int unused)
{
	(void)unused;
	if (!c->addr && !*c->word)
		return ctl_usage("alias needs an address");
	if (c->addr)
		c->addr->req.addr.flags |= WIRE_ADDR_ALIAS;
	else
		c->aliasing = true;
	return 0;
}

/* -alias and delete: before the address, behind it, or without any. */
static int word_delete(struct if_call *c, int unused)
{
	struct if_op *o;
	struct text_ip a;

	(void)unused;
	if (c->addr) {
		c->addr->op = WIRE_IF_ADDR_DEL;
		return 0;
	}
	if (*c->word && !text_parse_ip(*c->word, c->family, &a)) {
		c->deleting = true;
		return 0;
	}
	o = add_op(c, WIRE_IF_ADDR_DEL);
	if (!o)
		return too_many();
	o->first = true;
	o->req.addr.family = (uint8_t)(c->family ? c->family : AF_INET);
	return 0;
}

static const struct {
	const char *word;
	int (*parse)(struct if_call *c, int arg);
	int arg;
	bool modifies;		/* belongs to the address before it */
} words[] = {
	{ "-alias", word_delete, 0, true },
	{ "-linkstr", word_simple, WIRE_IF_UNLINKSTR, false },
	{ "alias", word_alias, 0, true },
	{ "broadcast", word_broadcast, 0, true },
	{ "create", word_simple, WIRE_IF_CREATE, false },
	{ "delete", word_delete, 0, true },
	{ "destroy", word_simple, WIRE_IF_DESTROY, false },
	{ "down", word_simple, WIRE_IF_DOWN, false },
	{ "ether", word_lladdr, WIRE_IF_LLADDR, false },
	{ "hostname", word_hostname, WIRE_IF_HOSTNAME, false },
	{ "inet", word_family, AF_INET, false },
	{ "inet6", word_family, AF_INET6, false },
	{ "link", word_lladdr, WIRE_IF_LLADDR, false },
	{ "linkstr", word_linkstr, WIRE_IF_LINKSTR, false },
	{ "lladdr", word_lladdr, WIRE_IF_LLADDR, false },
	{ "mtu", word_mtu, WIRE_IF_MTU, false },
	{ "netmask", word_netmask, 0, true },
	{ "prefixlen", word_prefixlen, 0, true },
	{ "up", word_simple, WIRE_IF_UP, false },
};
#define NUM_WORDS (sizeof(words) / sizeof(words[0]))

static int parse_word(struct if_call *c)
{
	const char *word = *c->word++;

	for (size_t i = 0; i < NUM_WORDS; i++) {
		if (strcmp(words[i].word, word))
			continue;
		if (!words[i].modifies)
			c->addr = NULL;
		return words[i].parse(c, words[i].arg);
	}
	return word_address(c, word);
}

/* Which address "delete" without one means. */
static int find_first(struct if_op *o)
{
	struct ctl_list list;
	const struct wire_ifaddr *a;
	int ret = 1;

	if (ctl_dump(WIRE_DUMP_ADDR, &list))
		return CTL_FAILED;
	a = list.rec;
	for (size_t i = 0; i < list.n && ret; i++)
		if (a[i].family == o->req.addr.family &&
		    !strcmp(a[i].ifname, o->req.name)) {
			o->req.addr = a[i];
			ret = 0;
		}
	free(list.rec);
	return ret ? ctl_fail("%s: it has no address", o->req.name) : 0;
}

static int do_op(struct if_call *c, struct if_op *o)
{
	struct wire_req req = {
		.op = WIRE_IF, .a = (int)o->op, .len = sizeof(o->req),
	};
	struct wire_rep rep;
	int status;

	if (o->first && find_first(o))
		return CTL_FAILED;
	memcpy(req.data, &o->req, sizeof(o->req));
	do
		status = ctl_call(&req, &rep, NULL, c->ifname);
	while (status == CTL_AGAIN);
	if (status)
		return status;
	if (o->op == WIRE_IF_HOSTNAME && (rep.len != strlen(o->req.str) ||
	    memcmp(rep.data, o->req.str, rep.len)))
		ctl_fail("%s: another host on the bus has that name; this one "
		    "is %.*s", o->req.str, (int)rep.len, (char *)rep.data);
	if (o->op == WIRE_IF_CREATE && rep.len) {
		static char name[WIRE_NAMELEN];
		size_t n = rep.len < sizeof(name) ? rep.len : sizeof(name) - 1;

		memcpy(name, rep.data, n);
		name[n] = '\0';
		if (strcmp(name, c->ifname))
			puts(name);
		/* What follows is about the one just made. */
		c->ifname = name;
		for (int i = 0; i < c->n; i++)
			snprintf(c->ops[i].req.name,
			    sizeof(c->ops[i].req.name), "%s", name);
	}
	return 0;
}

static int configure(const char *ifname, char **words_of_call)
{
	struct if_call c = { .ifname = ifname, .word = words_of_call };
	int status;

	while (*c.word) {
		status = parse_word(&c);
		if (status)
			return status;
	}
	for (int i = 0; i < c.n; i++) {
		status = do_op(&c, &c.ops[i]);
		if (status)
			return status;
	}
	return CTL_OK;
}

/* Only families behind the name: that is a question, not an order. */
static bool only_families(char **word, struct ifshow *show)
{
	for (; *word; word++) {
		if (!strcmp(*word, "inet"))
			show->family = AF_INET;
		else if (!strcmp(*word, "inet6"))
			show->family = AF_INET6;
		else
			return false;
	}
	return true;
}

static int parse_options(char ***argv, struct ifshow *show)
{
	char **arg = *argv;

	for (; *arg && arg[0][0] == '-'; arg++) {
		for (const char *p = *arg + 1; *p; p++) {
			switch (*p) {
			case 'a':
				break;
			case 'd':
				show->only_down = true;
				break;
			case 'l':
				show->names = true;
				break;
			case 'u':
				show->only_up = true;
				break;
			case 'v':
				show->verbose = true;
				break;
			default:
				return ctl_usage("-%c: unknown option", *p);
			}
		}
	}
	*argv = arg;
	return 0;
}

int cmd_ifconfig(int argc, char **argv)
{
	struct ifshow show = { .json = ctl_take_json(&argc, argv) };
	char **arg = argv + 1;

	if (parse_options(&arg, &show))
		return CTL_USAGE;
	/* The host's name belongs to no interface. */
	if (*arg && !strcmp(*arg, "hostname"))
		return configure("", arg);
	if (*arg && strcmp(*arg, "inet") && strcmp(*arg, "inet6")) {
		show.ifname = wire_ifname(*arg++);
		if (strlen(show.ifname) >= WIRE_NAMELEN)
			return ctl_fail("%s: an interface's name has at most "
			    "%d characters", show.ifname, WIRE_NAMELEN - 1);
	}
	if (only_families(arg, &show))
		return ifshow_print(&show);
	if (!show.ifname)
		return ctl_usage("name an interface first");
	return configure(show.ifname, arg);
}
