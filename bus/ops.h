/*
 * ops.h: what a format of the bus file is to the rest of bus/: a table of
 * operations, each with the contract of the function of bus.h that has its
 * name (call.c).  A function that is NULL does nothing and returns 0, where
 * bus.h has one of that name.
 *
 * Life cycle: format.c finds the table by the first bytes of a file, open()
 * makes the handle, leave() and close() end it.
 */
#ifndef BUS_OPS_H
#define BUS_OPS_H

#include "bus/bus.h"

#define BUS_HEAD 64	/* bytes of a file that tell its format */

struct bus_ops {
	const char *name;	/* as users say it: format=NAME */
	bool lock_file;		/* a bus has a PATH.lock */

	/* Are these the first n bytes of such a file? */
	bool (*knows)(const uint8_t *head, size_t n);
	void (*geometry)(struct bus_geometry *g);	/* the default */
	int (*create)(const char *path, const struct bus_geometry *g,
	    unsigned mode, char err[static BUS_ERRLEN]);
	/* fd is the file, open as the flags say; it is the handle's now. */
	int (*open)(struct bus **out, int fd, const char *path,
	    unsigned flags, char err[static BUS_ERRLEN]);
	void (*close)(struct bus *bus);	/* all but the membership */
	bool (*same)(const struct bus *a, const struct bus *b);
	/* How many are on it, as far as that can be told. */
	int (*users)(struct bus *bus);
	void (*show)(struct bus *bus, char text[static BUS_SHOWLEN]);
	bool (*stuck)(struct bus *bus, char line[static BUS_ERRLEN]);
	int (*unlock)(struct bus *bus, char err[static BUS_ERRLEN]);

	int (*join)(struct bus *bus, const struct bus_want *want,
	    char err[static BUS_ERRLEN]);
	void (*leave)(struct bus *bus);
	int (*slot)(const struct bus *bus);
	const uint8_t *(*mac)(const struct bus *bus);
	int (*rejoin)(struct bus *bus);

	void (*announce_addrs)(struct bus *bus, const struct bus_addr *a,
	    size_t n);
	void (*announce_name)(struct bus *bus, const char *name);
	void (*announce_server)(struct bus *bus, const char *path);
	int (*take_name)(struct bus *bus, const char *name,
	    const uint64_t ours[static BUS_SLOTS / 64]);
	int (*check_addr)(struct bus *bus, const struct bus_addr *a,
	    int *slot);
	int (*set_mac)(struct bus *bus, const uint8_t mac[static 6]);
	void (*set_promisc)(struct bus *bus, bool on);
	int (*member)(struct bus *bus, unsigned slot, struct bus_member *out);

	int (*send)(struct bus *bus, const struct iovec *iov, int iovcnt,
	    unsigned seg_size);
	void (*defer_wake)(struct bus *bus);
	void (*wake)(struct bus *bus);
	ssize_t (*peek)(struct bus *bus);
	ssize_t (*take)(struct bus *bus, void *buf, size_t cap,
	    uint32_t *seg_size);
	int (*wait)(struct bus *bus, int timeout_ms);
	void (*kick)(struct bus *bus);

	/* Bridges, and who is beyond them. */
	void (*announce_bridge)(struct bus *bus, uint64_t id,
	    const char *far);
	size_t (*put_guests)(struct bus *bus, const struct bus_guest_info *g,
	    size_t n);
	int (*guest)(struct bus *bus, unsigned n, struct bus_member *out);
	bool (*bridged)(struct bus *bus);
	void (*count_lost)(struct bus *bus, uint64_t n);
	void (*count_malformed)(struct bus *bus);
	bool (*is_local)(struct bus *bus, const uint8_t mac[static 6]);
	uint64_t (*stamp)(struct bus *bus);
	void (*reap)(struct bus *bus);
	void (*bridge_lock)(struct bus *bus, bool on);

	int (*log_next)(struct bus *bus, struct bus_frame *f, void *buf,
	    size_t cap);
	void (*log_seek_end)(struct bus *bus);
};

/* What every handle begins with. */
struct bus {
	const struct bus_ops *ops;
	struct bus_geometry geo;
	int fd;			/* of the file */
	char *path;		/* as it was opened */
};

extern const struct bus_ops native_ops;	/* layout.h; the default */
extern const struct bus_ops rump_ops;	/* rumplayout.h */

/* err.c: write one line to err; Return: code. */
int bus_fail(char *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* create.c: the line for a file that could not be made. */
int bus_create_error(const char *path, uint64_t bytes, int r, char *err);
/* err.c: the line for a bus that map_shared() could not map. */
int bus_map_error(const char *path, uint64_t bytes, int r, char *err);

#endif
