/* linkflags.c: the flags of an interface; see linkflags.h. */
#include "hijack/linkflags.h"

#include <linux/if.h>
#include <string.h>

#include "hijack/dump.h"
#include "hijack/rpc.h"

static int ask(enum wire_if_op op, const char *name, unsigned flags)
{
	struct wire_ifreq r = { .flags = flags };
	struct wire_req req = {
		.op = WIRE_IF, .a = op, .len = sizeof(r),
	};
	struct wire_rep rep;

	memcpy(r.name, name, strnlen(name, sizeof(r.name) - 1));
	memcpy(req.data, &r, sizeof(r));
	return rpc_call(&req, NULL, 0, &rep, NULL);
}

int linkflags_change(const char *name, unsigned flags, unsigned change)
{
	struct wire_link l;
	unsigned news;
	int err = dump_link(name, 0, &l);

	if (err)
		return err;
	news = (flags ^ l.flags) & change;
	if (news & (IFF_NOARP | IFF_MULTICAST))
		return -EOPNOTSUPP;
	if (news & WIRE_IF_ASKED)
		err = ask(WIRE_IF_FLAGS, l.name, (l.flags ^ news) &
		    WIRE_IF_ASKED);
	if (!err && change & IFF_UP)
		err = ask(flags & IFF_UP ? WIRE_IF_UP : WIRE_IF_DOWN, l.name,
		    0);
	return err;
}
