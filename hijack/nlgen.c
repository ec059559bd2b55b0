/* nlgen.c: generic netlink; see nlgen.h. */
#include "hijack/nlgen.h"

#include <linux/genetlink.h>
#include <string.h>

#define NAME		"nlctrl"
#define VERSION		2
#define GROUP		"notify"	/* which nothing ever comes to */

/* One thing of a list in a nest of its own, numbered from 1. */
static void put_pair(struct nlmsg_out *o, int list, int kind, uint32_t val,
    int kind2, const void *val2, size_t len2)
{
	struct nlmsg_nest all = nlmsg_nest(o, list);
	struct nlmsg_nest one = nlmsg_nest(o, 1);

	nlmsg_attr_u32(o, kind, val);
	nlmsg_attr(o, kind2, val2, len2);
	nlmsg_nest_end(o, one);
	nlmsg_nest_end(o, all);
}

static void put_family(struct nlmsg_out *o, int flags)
{
	struct genlmsghdr *g = nlmsg_begin(o, GENL_ID_CTRL, flags, sizeof(*g));
	uint16_t id = GENL_ID_CTRL;
	uint32_t can = GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP |
	    GENL_CMD_CAP_HASPOL;

	g->cmd = CTRL_CMD_NEWFAMILY;
	g->version = VERSION;
	nlmsg_attr_str(o, CTRL_ATTR_FAMILY_NAME, NAME);
	nlmsg_attr(o, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	nlmsg_attr_u32(o, CTRL_ATTR_VERSION, VERSION);
	nlmsg_attr_u32(o, CTRL_ATTR_HDRSIZE, 0);
	nlmsg_attr_u32(o, CTRL_ATTR_MAXATTR, 0);
	put_pair(o, CTRL_ATTR_OPS, CTRL_ATTR_OP_ID, CTRL_CMD_GETFAMILY,
	    CTRL_ATTR_OP_FLAGS, &can, sizeof(can));
	put_pair(o, CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_MCAST_GRP_ID,
	    GENL_ID_CTRL, CTRL_ATTR_MCAST_GRP_NAME, GROUP, sizeof(GROUP));
	nlmsg_end(o);
}

/* By its name or its number. */
static int get_family(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const void *p = nlmsg_find(h, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID, 2,
	    NULL);
	uint16_t id = 0;
	size_t n;

	if (p)
		memcpy(&id, p, sizeof(id));
	else if (!(p = nlmsg_find(h, GENL_HDRLEN, CTRL_ATTR_FAMILY_NAME, 0,
	    &n)))
		return -EINVAL;
	else if (strnlen(p, n) == strlen(NAME) && !memcmp(p, NAME,
	    strlen(NAME)))
		id = GENL_ID_CTRL;
	if (id != GENL_ID_CTRL)
		return -ENOENT;
	put_family(o, 0);
	return 0;
}

int nlgen_answer(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = NLMSG_DATA(h);

	if (h->nlmsg_type != GENL_ID_CTRL)
		return -ENOENT;
	if (h->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return -EINVAL;
	if (g->cmd != CTRL_CMD_GETFAMILY)
		return -EOPNOTSUPP;
	if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		return get_family(o, h);
	put_family(o, NLM_F_MULTI);
	return 1;
}
