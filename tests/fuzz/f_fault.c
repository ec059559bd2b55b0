/*
 * f_fault.c: faults that are set by who knows no manners, and frames that meet
 * them.  The input is a list of requests, each with its file, and of frames.
 */
#include <linux/filter.h>
#include <sys/mman.h>

#include "lwip/pbuf.h"
#include "stack/core/core.h"
#include "stack/core/loop.c"
#include "stack/fault/config.h"
#include "stack/fault/fault.h"
#include "stack/host.h"
#include "stack/ip/ifconfig.h"
#include "tests/fuzz/fuzz.h"

static struct iface *f;

static err_t output(struct netif *nif, struct pbuf *p)
{
	(void)nif;
	return p->tot_len % 7 ? ERR_OK : ERR_WOULDBLOCK;
}

static int attach(struct iface *new, char err[static IFACE_ERRLEN])
{
	(void)err;
	new->nif.hwaddr_len = 6;
	new->nif.mtu = new->nif.mtu6 = 1500;
	new->nif.linkoutput = output;
	new->nif.flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
	    NETIF_FLAG_ETHERNET;
	netif_set_link_up(&new->nif);
	return 0;
}

static void detach(struct iface *old)
{
	(void)old;
}

static const struct iface_driver driver = {
	.kind = "fuzz", .attach = attach, .detach = detach,
};

static void start(void)
{
	char err[IFACE_ERRLEN];

	must(host_init() == 0, "no host");
	core_lock();
	ifconfig_driver_add(&driver);
	must(ifconfig_create("fuzz0", &f, err) == 0, err);
	netif_set_up(&f->nif);
	core_unlock();
}

/* A file of what a request counts, or of less. */
static int file_of(struct input *in)
{
	static uint8_t room[1 << 16];
	size_t n = take_bytes(in, room, sizeof(room) - 1);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, room, n) == (ssize_t)n, "no file");
	return fd;
}

static void ask(struct input *in)
{
	struct wire_req req = { .op = WIRE_FAULT };
	static struct wire_rep rep;
	struct wire_fault w = { .limit = 100 };
	size_t head = offsetof(struct wire_fault, loss_model);
	int fd;

	req.a = take8(in) % 5;
	w.dirs = take8(in) % 4;
	w.kind = take8(in) % 4;
	strcpy(w.ifname, take8(in) % 4 ? "fuzz0" : "lo");
	w.match[0] = (char)(take8(in) % 3 ? 0 : 'x');
	w.this_kind = take8(in) & 1;
	/* The rest as it comes, of which a little makes an entry. */
	take_bytes(in, (uint8_t *)&w + head, sizeof(w) - head);
	w.ninsn = take8(in);
	w.ndist = take16(in);
	w.naddr = take8(in) % 16;
	w.delay_ns &= 0xfffffff;
	w.jitter_ns &= 0xfffffff;
	req.len = sizeof(w);
	memcpy(req.data, &w, sizeof(w));
	fd = file_of(in);
	fault_request(&req, &rep, take8(in) % 8 ? fd : -1);
	close(fd);
}

static void send_frame(struct input *in, bool out)
{
	uint8_t b[2000];
	size_t n = take_bytes(in, b, sizeof(b));
	struct pbuf *p;

	if (n < 14)
		return;
	p = pbuf_alloc(PBUF_RAW, (u16_t)n, out ? PBUF_RAM : PBUF_POOL);
	if (!p)
		return;
	pbuf_take(p, b, (u16_t)n);
	if (out) {
		f->nif.linkoutput(&f->nif, p);
		pbuf_free(p);
	} else if (f->nif.input(p, &f->nif) != ERR_OK) {
		pbuf_free(p);
	}
}

static void clear(const char *name)
{
	struct wire_req req = { .op = WIRE_FAULT, .a = WIRE_FAULT_CLEAR };
	static struct wire_rep rep;
	struct wire_fault w = { .dirs = WIRE_FAULT_IN | WIRE_FAULT_OUT };

	strcpy(w.ifname, name);
	req.len = sizeof(w);
	memcpy(req.data, &w, sizeof(w));
	must(fault_request(&req, &rep, -1) == 0, "not cleared");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	const struct wire_fault_addr *addr;
	struct wire_fault w;

	if (!f)
		start();
	core_lock();
	while (in.n) {
		uint8_t what = take8(&in) % 4;

		if (what < 2)
			ask(&in);
		else
			send_frame(&in, what == 2);
		core_settle();
	}
	for (unsigned i = 0; fault_at(i, &w, &addr); i++)
		must(w.naddr == 0 || addr != NULL, "no addresses");
	clear("fuzz0");
	clear("lo");
	must(!fault_at(0, &w, &addr) && !f->faults, "something is left");
	bury();
	core_unlock();
	return 0;
}
