/* virt.c: the network interface on a host tap, for lwIP. */
#include <errno.h>
#include <stdio.h>

#include "stack/iface.h"

static int attach(struct iface *f, char err[static IFACE_ERRLEN])
{
	snprintf(err, IFACE_ERRLEN, "%s: taps are not supported yet; use "
	    "shmif", f->name);
	return -EOPNOTSUPP;
}

static void detach(struct iface *f)
{
	(void)f;
}

const struct iface_driver virt_driver = {
	.kind = "virt",
	.attach = attach,
	.detach = detach,
};
