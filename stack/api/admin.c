/* admin.c: interfaces, tables and names, as tools ask for them. */
#include "stack/api/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/api/dump.h"
#include "stack/api/names.h"
#include "stack/api/note.h"
#include "stack/api/sysctl.h"
#include "stack/api/sysnet.h"
#include "stack/api/trace.h"
#include "stack/core/loop.h"
#include "stack/ip/iface.h"
#include "stack/ip/ifconfig.h"
#include "stack/ip/neigh.h"
#include "stack/ip/route.h"
#include "stack/sock/sock.h"

void admin_owner(struct sock_owner *o, int32_t pid, uint32_t uid)
{
	char path[32];
	ssize_t n = 0;
	int fd;

	memset(o->comm, 0, sizeof(o->comm));
	o->pid = pid;
	o->uid = uid;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, o->comm, sizeof(o->comm) - 1);
	close(fd);
	if (n > 0 && o->comm[n - 1] == '\n')
		o->comm[n - 1] = '\0';
}

int admin_owner_other(struct sock_owner *o, int32_t pid, uint32_t uid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (pid <= 0 || stat(path, &st))
		return -ESRCH;
	if (st.st_uid != uid && uid)
		return -EPERM;
	admin_owner(o, pid, st.st_uid);
	return 0;
}

/* Why it failed, in the reply beside the errno. */
static int text(struct wire_rep *rep, int e, const char *err)
{
	if (e && err[0]) {
		rep->len = (uint32_t)strlen(err);
		memcpy(rep->data, err, rep->len);
	}
	return e;
}

static int create(struct wire_ifreq *ifr, struct wire_rep *rep, char *err)
{
	struct iface *f;
	int e = ifconfig_create(ifr->name, &f, err);

	if (!e) {
		rep->len = (uint32_t)strlen(f->name);
		memcpy(rep->data, f->name, rep->len);
	}
	return e;
}

static int if_op(int op, struct wire_ifreq *ifr, struct wire_rep *rep,
    char err[static IFACE_ERRLEN])
{
	struct iface *f;

	if (op == WIRE_IF_CREATE)
		return create(ifr, rep, err);
	if (op == WIRE_IF_HOSTNAME) {
		iface_set_hostname(ifr->str);
		rep->len = (uint32_t)strlen(iface_hostname);
		memcpy(rep->data, iface_hostname, rep->len);
		return 0;
	}
	f = iface_find(ifr->name);
	if (!f) {
		snprintf(err, IFACE_ERRLEN, "%s does not exist; ifconfig %s "
		    "create makes it", ifr->name, ifr->name);
		return -ENXIO;
	}
	switch (op) {
	case WIRE_IF_DESTROY:
		return ifconfig_destroy(f, err);
	case WIRE_IF_LINKSTR:
		return ifconfig_link(f, ifr->str, err);
	case WIRE_IF_UNLINKSTR:
		return ifconfig_unlink(f, err);
	case WIRE_IF_ADDR_ADD:
		return ifconfig_addr_add(f, &ifr->addr, err);
	case WIRE_IF_ADDR_DEL:
		return ifconfig_addr_del(f, &ifr->addr);
	case WIRE_IF_UP:
	case WIRE_IF_DOWN:
		return ifconfig_up(f, op == WIRE_IF_UP, err);
	case WIRE_IF_FLAGS:
		return ifconfig_flags(f, ifr->flags);
	case WIRE_IF_MTU:
		return ifconfig_mtu(f, ifr->mtu, err);
	case WIRE_IF_LLADDR:
		return ifconfig_mac(f, ifr->mac, err);
	}
	return -EINVAL;
}

static int do_if(const struct wire_req *req, struct wire_rep *rep)
{
	char err[IFACE_ERRLEN] = "";
	struct wire_ifreq ifr;

	if (req->len != sizeof(ifr))
		return -EINVAL;
	memcpy(&ifr, req->data, sizeof(ifr));
	ifr.name[sizeof(ifr.name) - 1] = '\0';
	ifr.str[sizeof(ifr.str) - 1] = '\0';
	return text(rep, if_op(req->a, &ifr, rep, err), err);
}

/* In a word more than strerror(3) has. */
static const char *route_trouble(int e)
{
	switch (e) {
	case -ESRCH:
		return "not in table";
	case -EEXIST:
		return "there is a route to it already; delete it first, or "
		    "give another metric";
	case -ENETUNREACH:
		return "the gateway is on no network of an interface";
	case -EINVAL:
		return "not a route: its gateway is no other host, or its "
		    "prefix is too long";
	case -ENODEV:
		return "no such interface";
	default:
		return "";
	}
}

static int do_route(const struct wire_req *req, struct wire_rep *rep)
{
	struct wire_route r;
	int e;

	if (req->len != sizeof(r))
		return -EINVAL;
	memcpy(&r, req->data, sizeof(r));
	r.ifname[sizeof(r.ifname) - 1] = '\0';
	if (!r.ifindex && r.ifname[0]) {
		struct iface *f = iface_find(r.ifname);

		if (!f)
			return -ENODEV;
		r.ifindex = netif_get_index(&f->nif);
	}
	switch (req->a) {
	case WIRE_TABLE_ADD:
		e = route_add(&r);
		return text(rep, e, route_trouble(e));
	case WIRE_TABLE_DEL:
		e = route_del(&r);
		return text(rep, e, route_trouble(e));
	case WIRE_TABLE_GET:
		e = route_get(&r);
		if (!e) {
			rep->len = sizeof(r);
			memcpy(rep->data, &r, sizeof(r));
		}
		return e;
	}
	return -EINVAL;
}

static int do_neigh(const struct wire_req *req, struct wire_rep *rep)
{
	struct wire_neigh n;
	int e;

	if (req->len != sizeof(n))
		return -EINVAL;
	memcpy(&n, req->data, sizeof(n));
	n.ifname[sizeof(n.ifname) - 1] = '\0';
	if (!n.ifindex && n.ifname[0]) {
		struct iface *f = iface_find(n.ifname);

		if (!f)
			return -ENODEV;
		n.ifindex = netif_get_index(&f->nif);
	}
	e = req->a == WIRE_TABLE_ADD ? neigh_add(&n) :
	    req->a == WIRE_TABLE_USE ? neigh_use(&n) :
	    req->a == WIRE_TABLE_DEL ? neigh_del(&n) : -EINVAL;
	return text(rep, e, e == -ENXIO ? "no entry" : e == -ENETUNREACH ?
	    "on no network of an interface" : "");
}

static int do_sysctl(const struct wire_req *req, struct wire_rep *rep)
{
	char arg[WIRE_DATA + 1], *out = (char *)rep->data;
	int e;

	memcpy(arg, req->data, req->len);
	arg[req->len] = '\0';
	e = sysctl_request(arg, out, sizeof(rep->data), &rep->len);
	if (e != -ENOENT)
		return e;
	memcpy(arg, req->data, req->len);
	return sysnet_request(arg, out, sizeof(rep->data), &rep->len);
}

int admin_request(const struct wire_req *req, const struct rights *who,
    struct wire_rep *rep, int *rep_fd)
{
	switch (req->op) {
	case WIRE_RESOLVE:
		return names_resolve(req, rep);
	case WIRE_NAMES:
		return names_request(req, rep, rep_fd);
	case WIRE_DUMP:
		return dump(req, who, rep_fd, &rep->value);
	case WIRE_IF:
		return do_if(req, rep);
	case WIRE_ROUTE:
		return do_route(req, rep);
	case WIRE_NEIGH:
		return do_neigh(req, rep);
	case WIRE_SYSCTL:
		return do_sysctl(req, rep);
	case WIRE_TRACE:
		return trace_request(req, rep);
	case WIRE_NOTE:
		return note_take(req);
	case WIRE_HALT:
		loop_stop();
		return 0;
	}
	return -EOPNOTSUPP;
}
