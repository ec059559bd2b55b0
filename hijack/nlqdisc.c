/*
 * nlqdisc.c: queueing disciplines, which tc(8) sets: of the kinds netem and,
 * where there is none, noqueue; see nlqdisc.h.
 *
 * A netem at the root is the entry of shmif link for frames that go out, of
 * whatever kind.
 */
#include "hijack/nlqdisc.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if.h>
#include <linux/memfd.h>
#include <linux/pkt_sched.h>
#include <string.h>

#include "hijack/dump.h"
#include "hijack/rpc.h"
#include "stack/wire/sys.h"

#define REFERENCES	2	/* as Linux shows of a device with one queue */

/* Lists. */

static bool is_root(const struct wire_fault *c, uint32_t ifindex)
{
	return c->ifindex == ifindex && c->dirs == WIRE_FAULT_OUT &&
	    c->kind == WIRE_FAULT_NETEM && !c->match[0];
}

/* false: the interface has none. */
static bool find(uint32_t ifindex, struct wire_fault *c)
{
	bool found = false;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_FAULT, &count);

	if (fd < 0)
		return false;
	for (unsigned i = 0; !found && i < count &&
	    dump_get(fd, i, c, sizeof(*c)); i++)
		found = is_root(c, ifindex);
	sys_close(fd);
	return found;
}

static void put_stats(struct nlmsg_out *o, const struct wire_fault *c)
{
	const struct gnet_stats_basic basic = { .bytes = c->sent_bytes,
	    .packets = (uint32_t)c->sent };
	const struct gnet_stats_queue queue = {
		.qlen = c->waiting, .backlog = c->waiting_bytes,
		.drops = (uint32_t)(c->lost + c->limited),
		.requeues = (uint32_t)c->reordered,
	};
	const struct tc_stats old = {
		.bytes = basic.bytes, .packets = basic.packets,
		.drops = queue.drops, .qlen = queue.qlen,
		.backlog = queue.backlog,
	};
	struct nlmsg_nest nest = nlmsg_nest(o, TCA_STATS2);

	nlmsg_attr(o, TCA_STATS_BASIC, &basic, sizeof(basic));
	nlmsg_attr(o, TCA_STATS_QUEUE, &queue, sizeof(queue));
	nlmsg_nest_end(o, nest);
	nlmsg_attr(o, TCA_STATS, &old, sizeof(old));
}

/* c: NULL where there is none. */
static void put_qdisc(struct nlmsg_out *o, const struct wire_link *l,
    const struct wire_fault *c)
{
	static const struct wire_fault none;
	struct tcmsg *t = nlmsg_begin(o, RTM_NEWQDISC, NLM_F_MULTI,
	    sizeof(*t));

	t->tcm_ifindex = (int)l->ifindex;
	t->tcm_handle = c ? c->handle : 0;
	t->tcm_parent = TC_H_ROOT;
	t->tcm_info = REFERENCES;
	nlmsg_attr_str(o, TCA_KIND, c ? "netem" : "noqueue");
	if (c)
		nlnetem_put(o, c);
	put_stats(o, c ? c : &none);
	nlmsg_end(o);
}

int nlqdisc_get(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	struct wire_fault c;
	struct wire_link l;
	unsigned count;
	int fd;

	if (!(h->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	fd = dump_open(WIRE_DUMP_LINK, &count);
	if (fd < 0)
		return fd;
	for (unsigned i = 0; i < count && dump_get(fd, i, &l, sizeof(l)); i++) {
		if (find(l.ifindex, &c))
			put_qdisc(o, &l, &c);
		else if (l.flags & IFF_UP)
			put_qdisc(o, &l, NULL);
	}
	sys_close(fd);
	return 1;
}

/* Changes, with the errors that Linux has for them, in its words. */

struct change {
	struct nlmsg_out *o;
	const struct nlmsghdr *h;
	const struct tcmsg *t;
	char kind[16];			/* "": not said */
	bool there;
	struct wire_link link;
	struct wire_fault old;		/* if there is one */
};

static int no(struct change *c, int err, const char *why)
{
	c->o->why = why;
	return err;
}

static bool other_kind(const struct change *c)
{
	return c->kind[0] && strcmp(c->kind, c->there ? "netem" : "noqueue");
}

static int look(struct change *c)
{
	const char *kind;
	size_t n;
	int err;

	if (c->h->nlmsg_len < NLMSG_LENGTH(sizeof(*c->t)))
		return -EINVAL;
	err = dump_link(NULL, (unsigned)c->t->tcm_ifindex, &c->link);
	if (err)
		return err;
	kind = nlmsg_find(c->h, sizeof(*c->t), TCA_KIND, 1, &n);
	if (kind)
		memcpy(c->kind, kind, n < sizeof(c->kind) ? n :
		    sizeof(c->kind) - 1);
	c->there = find(c->link.ifindex, &c->old);
	return 0;
}

static int send_entry(enum wire_fault_op op, const struct wire_fault *w,
    const void *dist)
{
	struct wire_req req = { .op = WIRE_FAULT, .a = (int)op,
	    .len = sizeof(*w) };
	struct wire_rep rep;
	size_t bytes = dist ? w->ndist * sizeof(int16_t) : 0;
	int fd = -1, err = 0;

	memcpy(req.data, w, sizeof(*w));
	if (bytes) {
		fd = (int)SYS2(SYS_memfd_create, "shmif-dist", MFD_CLOEXEC);
		if (fd < 0)
			return fd;
		err = SYS3(SYS_write, fd, dist, bytes) == (long)bytes ? 0 :
		    -ENOBUFS;
	}
	if (!err)
		err = rpc_call(&req, &fd, fd >= 0, &rep, NULL);
	if (fd >= 0)
		sys_close(fd);
	return err;
}

static int delete(struct change *c)
{
	uint32_t parent = c->t->tcm_parent, handle = c->t->tcm_handle;
	struct wire_fault w = { .dirs = WIRE_FAULT_OUT, .this_kind = 1,
	    .this_match = 1 };

	if (!parent && (!c->there || handle != c->old.handle))
		return no(c, -ENOENT,
		    "Failed to find qdisc with specified handle");
	if (parent && parent != TC_H_ROOT)
		return no(c, -ENOENT, TC_H_MAJ(parent) ==
		    TC_H_MAJ(TC_H_INGRESS) ?
		    "Cannot find specified qdisc on specified device" :
		    "Failed to find qdisc with specified classid");
	if (handle && handle != (c->there ? c->old.handle : 0))
		return no(c, -EINVAL, "Invalid handle");
	if (other_kind(c))
		return no(c, -EINVAL,
		    "Invalid qdisc name: must match existing qdisc");
	if (!parent)
		return no(c, -EINVAL, "Classid cannot be zero");
	if (!c->there)
		return no(c, -ENOENT,
		    "Cannot delete qdisc with handle of zero");
	memcpy(w.ifname, c->link.name, sizeof(w.ifname));
	return send_entry(WIRE_FAULT_CLEAR, &w, NULL);
}

/* A new one in place of whatever there is, or a change of that. */
static int write_entry(struct change *c, enum wire_fault_op op)
{
	struct wire_fault w = { .drawn = 1 };
	const void *options, *dist = NULL;
	size_t n = 0;
	int err;

	if (op == WIRE_FAULT_CHANGE) {
		/* What is not said stays. */
		w = c->old;
		w.keep_dist = 1;
	}
	memcpy(w.ifname, c->link.name, sizeof(w.ifname));
	w.dirs = WIRE_FAULT_OUT;
	w.kind = WIRE_FAULT_NETEM;
	if (c->t->tcm_handle)
		w.handle = c->t->tcm_handle;
	options = nlmsg_find(c->h, sizeof(*c->t), TCA_OPTIONS, 0, &n);
	err = nlnetem_read(c->o, options, n, &w, &dist);
	return err ? err : send_entry(op, &w, dist);
}

static int create(struct change *c)
{
	if (!(c->h->nlmsg_flags & NLM_F_CREATE))
		return no(c, -ENOENT, "Qdisc not found. To create specify "
		    "NLM_F_CREATE flag");
	if (!c->kind[0])
		return -EINVAL;
	return write_entry(c, WIRE_FAULT_SET);
}

static int modify(struct change *c)
{
	if (!c->there)
		return no(c, -ENOENT, "Specified qdisc not found");
	if (c->h->nlmsg_flags & NLM_F_EXCL)
		return no(c, -EEXIST, "Exclusivity flag on, cannot modify");
	return write_entry(c, WIRE_FAULT_CHANGE);
}

/* At the root, with a handle that what is there has not. */
static int set_handle(struct change *c)
{
	if (c->there && !(c->h->nlmsg_flags & NLM_F_REPLACE))
		return no(c, -EEXIST, "NLM_F_REPLACE needed to override");
	if (TC_H_MIN(c->t->tcm_handle))
		return no(c, -EINVAL, "Invalid minor handle");
	return create(c);
}

static int set(struct change *c)
{
	const uint32_t both = NLM_F_CREATE | NLM_F_REPLACE;
	uint32_t parent = c->t->tcm_parent, handle = c->t->tcm_handle;
	uint32_t flags = c->h->nlmsg_flags;

	if (c->kind[0] && strcmp(c->kind, "netem"))
		return no(c, -ENOENT, "Specified qdisc kind is unknown");
	if (!parent && !handle)
		return no(c, -EINVAL, "Handle cannot be zero");
	if (parent && parent != TC_H_ROOT)
		return no(c, -ENOENT, "Failed to find specified qdisc");
	if (!parent) {
		c->there = c->there && c->old.handle == handle;
		return modify(c);
	}
	if (handle && (!c->there || handle != c->old.handle))
		return set_handle(c);
	if (!handle && (!c->there || ((flags & both) == both &&
	    flags & NLM_F_EXCL)))
		return create(c);
	return modify(c);
}

int nlqdisc_change(struct nlmsg_out *o, const struct nlmsghdr *h)
{
	struct change c = { .o = o, .h = h, .t = NLMSG_DATA(h) };
	int err = look(&c);

	if (err)
		return err;
	return h->nlmsg_type == RTM_DELQDISC ? delete(&c) : set(&c);
}
