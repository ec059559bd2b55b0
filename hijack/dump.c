/* dump.c: the virtual host's tables; see dump.h. */
#include "hijack/dump.h"

#include <string.h>

#include "hijack/rpc.h"
#include "stack/wire/sys.h"

#define MAX_RECORDS	65536	/* against a count that makes no sense */

int dump_open(enum wire_dump what, unsigned *count)
{
	struct wire_req req = { .op = WIRE_DUMP, .a = what };
	struct wire_rep rep;
	int fd = -1, err = rpc_call(&req, NULL, 0, &rep, &fd);

	*count = 0;
	if (err) {
		if (fd >= 0)
			sys_close(fd);
		return err;
	}
	if (fd < 0)
		return -EMFILE;	/* there was no room to receive it */
	*count = rep.value < MAX_RECORDS ? (unsigned)rep.value : MAX_RECORDS;
	return fd;
}

bool dump_get(int fd, unsigned i, void *rec, size_t size)
{
	return SYS4(SYS_pread64, fd, rec, size, (off_t)i * (off_t)size) ==
	    (long)size;
}

int dump_link(const char *name, unsigned index, struct wire_link *out)
{
	unsigned count;
	int fd = dump_open(WIRE_DUMP_LINK, &count);
	size_t len;

	if (fd < 0)
		return fd;
	name = name ? wire_ifname(name) : NULL;
	len = name ? strcspn(name, ":") : 0;
	for (unsigned i = 0; i < count && dump_get(fd, i, out, sizeof(*out));
	    i++) {
		out->name[sizeof(out->name) - 1] = '\0';
		if (name ? strlen(out->name) == len &&
		    !strncmp(out->name, name, len) : out->ifindex == index) {
			sys_close(fd);
			return 0;
		}
	}
	sys_close(fd);
	return -ENODEV;
}

int dump_neigh(struct wire_neigh *n)
{
	struct wire_neigh e;
	unsigned count;
	int fd = dump_open(WIRE_DUMP_NEIGH, &count), err = -ENOENT;

	if (fd < 0)
		return fd;
	for (unsigned i = 0; err && i < count &&
	    dump_get(fd, i, &e, sizeof(e)); i++)
		if (e.family == n->family && !memcmp(e.ip, n->ip, 16) &&
		    (!n->ifindex || n->ifindex == e.ifindex)) {
			*n = e;
			err = 0;
		}
	sys_close(fd);
	return err;
}

long dump_setting(const char *name)
{
	struct wire_req req = { .op = WIRE_SYSCTL };
	struct wire_rep rep;
	long val = 0;

	req.len = (uint16_t)strlen(name);
	memcpy(req.data, name, req.len);
	if (rpc_call(&req, NULL, 0, &rep, NULL))
		return 0;
	for (unsigned i = 0; i < rep.len && i < 10 && rep.data[i] >= '0' &&
	    rep.data[i] <= '9'; i++)
		val = val * 10 + (rep.data[i] - '0');
	return val;
}
