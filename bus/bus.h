/*
 * bus.h: a bus, the shared file that acts as an Ethernet, as other parts
 * see it.  No lwIP in here; ops.h has the formats that the file may have.
 *
 * Threads: one thread receives on an open bus (bus_peek, bus_take,
 * bus_wait); any thread may send, serialised by the caller; bus_kick and
 * the read-only queries may be called from anywhere.  Joining, leaving and
 * announcing are for one thread at a time.
 *
 * Processes: membership survives fork() and is held until the last process
 * that has it is gone, so a program may join and then go to the background
 * (the one that ends must not call bus_close; announce something afterwards
 * to tell the new pid).  Only one of the processes may use the handle.
 *
 * A SIGBUS handler is installed at the first open; faults that do not concern
 * a bus go on to the handler that was there before.
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define BUS_SLOTS	256	/* members at most */
#define BUS_GUESTS	256	/* hosts beyond bridges at most */
#define BUS_HOSTS	(BUS_SLOTS + BUS_GUESTS)
#define BUS_NAMELEN	64	/* host name, with its NUL */
#define BUS_ADDRS	8	/* addresses a member announces */
#define BUS_SERVERLEN	96	/* path of a host's socket, with its NUL */
#define BUS_ERRLEN	512	/* room for one error line */
#define BUS_SHOWLEN	256	/* for bus_show() */
#define BUS_MTU_MIN	576
#define BUS_MTU_MAX	65521	/* lwIP's 16-bit pbuf length less the header */
#define BUS_MTU_DEFAULT	32768
#define BUS_SIZE_MIN	(256u << 10)	/* bytes of ring */
#define BUS_SIZE_MAX	(1u << 30)
#define BUS_SIZE_DEFAULT (4u << 20)
#define BUS_ETH_HDR	14	/* a frame is at most MTU + this, no FCS */

/* Bytes of the longest record on a bus: a frame or a large segment (gso.h). */
static inline uint32_t bus_frame_max(uint32_t mtu)
{
	return (mtu > BUS_MTU_DEFAULT ? mtu : BUS_MTU_DEFAULT) + BUS_ETH_HDR;
}

struct bus;		/* an open bus, opaque */

/* What a bus is created with; every value is fixed for its life. */
struct bus_geometry {
	const char *format;	/* NULL: the native one */
	uint32_t size;		/* ring, bytes */
	uint32_t mtu;		/* bytes, without the Ethernet header */
	uint8_t subnet[4];	/* IPv4 network, network byte order */
	uint8_t plen;		/* its prefix length, 8..30; 0: there is none,
				   hosts are given their addresses */
	bool secret;		/* members do not tell who they are:
				   bus_member() knows oneself only */
};

struct bus_addr {
	uint8_t family;		/* AF_INET or AF_INET6; 0: unused entry */
	uint8_t plen;
	uint8_t addr[16];	/* network byte order, IPv4 in the first 4 */
};

/* A member as others see it; always a checked copy. */
struct bus_member {
	uint32_t slot;
	uint32_t pid;		/* informative; liveness never depends on it */
	uint8_t mac[6];
	bool promisc;
	bool bridge;		/* to `far`; it has no server */
	bool guest;		/* no member, but beyond the bridge in `slot`:
				   a name and addresses */
	char name[BUS_NAMELEN];	/* printable, NUL-terminated, may be empty */
	struct bus_addr addr[BUS_ADDRS];
	char server[BUS_SERVERLEN];	/* as the name; its word only, see
					   bus_find_server() */
	char far[BUS_SERVERLEN];	/* of a bridge: where it leads to */
	uint64_t bridge_id;
	uint64_t tx_frames, tx_bytes;	/* a large segment counts as one */
	uint64_t tx_full;	/* sends refused for want of room */
	uint64_t rx_frames, rx_bytes;
	uint64_t rx_lost;	/* frames that were overwritten unread; of
				   a secret bus: how often it was overrun */
	uint64_t malformed;	/* words of bridges that a bridge refused */
	uint64_t behind;	/* ring bytes published and not yet read, as
				   told: at most 1/32 of the ring too many */
};

/* A host as a bridge tells of it. */
struct bus_guest_info {
	char name[BUS_NAMELEN];
	struct bus_addr addr[BUS_ADDRS];
};

/* What a member asks for when it joins. */
struct bus_want {
	uint8_t mac[6];		/* all zero: b2:a0:RR:RR:RR:slot, R random */
	char name[BUS_NAMELEN];	/* "" for none */
	uint8_t ip4[4];		/* prefer this address's slot, if not zero */
	bool no_addr;		/* none ever: a slot from the top */
};

/* One frame of the log, with its envelope. */
struct bus_frame {
	uint64_t when_ns;	/* CLOCK_REALTIME at the sender */
	uint32_t sender;	/* slot */
	uint32_t len;		/* bytes of the whole frame */
	uint64_t missed;	/* frames lost just before this one */
};

enum bus_open_flags {
	BUS_OPEN_CREATE = 1,	/* if missing, with the default geometry */
	BUS_OPEN_RDONLY = 2,	/* for bus_geometry, bus_member, bus_log_next */
};

/*
 * Turn what a user calls a bus into a path: a name with a slash is a path;
 * one without lives in $XDG_RUNTIME_DIR/shmif/, else /dev/shm/shmif-UID/
 * (made 0700 when make_dir is set; refused if it is another user's).
 * Return: 0, or -errno with one line in err.
 */
int bus_path(char *dst, size_t size, const char *name, bool make_dir,
    char err[static BUS_ERRLEN]);
/* The per-user directory itself, without a trailing slash. */
int bus_user_dir(char *dst, size_t size, bool make_dir,
    char err[static BUS_ERRLEN]);

/* What is usual: in the native format, or that of the name (false: none). */
void bus_geometry_default(struct bus_geometry *g);
bool bus_geometry_of(struct bus_geometry *g, const char *format);
/*
 * Create atomically; -EEXIST if there.  Space is allocated, not sparse.  The
 * mode is one of those that bus_mode_ok() knows, whatever the umask; PATH.lock
 * comes with it.
 */
#define BUS_MODE_DEFAULT 0600
bool bus_mode_ok(unsigned mode);	/* 0600, 0640, 0644, 0660, 0664, 0666 */
int bus_create(const char *path, const struct bus_geometry *g, unsigned mode,
    char err[static BUS_ERRLEN]);
/* Change the mode of both files; for their owner, and root. */
int bus_chmod(const char *path, unsigned mode, char err[static BUS_ERRLEN]);
/* Remove both, unless somebody is a member (-EBUSY). */
int bus_remove(const char *path, char err[static BUS_ERRLEN]);
/*
 * Open the lock of a bus that nobody else would ever open, in a format where
 * who holds it leaves no name.  Return: 0, -EAGAIN: it is not stuck, -errno;
 * with a line in err, also for 0.
 */
int bus_unlock_stuck(const char *path, char err[static BUS_ERRLEN]);
/*
 * Return: 0 and *out (freed by bus_close), or -errno with one line in err:
 * -ENOENT, -EACCES, -EINVAL (not a bus), -EPROTONOSUPPORT (other version),
 * -EIO (damaged), or another of open(2) or bus_create.
 */
int bus_open(struct bus **out, const char *path, unsigned flags,
    char err[static BUS_ERRLEN]);
void bus_close(struct bus *b);		/* leaves first; NULL is allowed */
/*
 * For a forked child of the process that goes on using it: membership, which
 * fork() would share, stays the parent's alone.
 */
void bus_close_in_child(struct bus *b);
const struct bus_geometry *bus_geometry(const struct bus *b);
const char *bus_format(const struct bus *b);
/* How many are known to be on it; more may be if they are secret. */
int bus_users(struct bus *b);
/* What else there is to say about it, in a few words; perhaps "". */
void bus_show(struct bus *b, char text[static BUS_SHOWLEN]);
/*
 * True if somebody keeps the bus from being used and it is time to say so,
 * which is once a minute.  To be asked while bus_send() has no room, and after
 * bus_wait().
 */
bool bus_stuck(struct bus *b, char line[static BUS_ERRLEN]);

/*
 * Take a slot and become a member; frames sent from now on are seen.  An
 * address in want->ip4 is announced at once, with the bus's prefix length.
 * Without one, the slot is the lowest whose address nobody announces.
 * Return: the slot, or -errno (-EUSERS: no slot; -EADDRINUSE: a live member
 * announces want->ip4 or has want->mac) with one line in err.
 */
int bus_join(struct bus *b, const struct bus_want *want,
    char err[static BUS_ERRLEN]);
void bus_leave(struct bus *b);
int bus_slot(const struct bus *b);	/* own slot, -1 if not a member */
const uint8_t *bus_mac(const struct bus *b);	/* own MAC */
/*
 * The address of a slot in the bus's subnet: first slot .1, and so on;
 * 0.0.0.0 if the subnet has no room for it.
 */
void bus_slot_ip4(const struct bus *b, int slot, uint8_t ip4[static 4]);

/*
 * Tell the others, replacing what was told; addresses beyond BUS_ADDRS are
 * not announced.  Nothing happens while not a member.
 */
void bus_announce_addrs(struct bus *b, const struct bus_addr *a, size_t n);
void bus_announce_name(struct bus *b, const char *name);
/*
 * Announce the name unless another live member has it, those in the set `ours`
 * apart.  Return: 0, or -EADDRINUSE.
 */
int bus_take_name(struct bus *b, const char *name,
    const uint64_t ours[static BUS_SLOTS / 64]);
/* Are they open on one and the same bus? */
bool bus_same(const struct bus *a, const struct bus *b);
/* The host's socket; "" or a path that is too long: none is told. */
void bus_announce_server(struct bus *b, const char *path);
/*
 * -EADDRINUSE if a live member, or a host beyond a bridge, has that address; it
 * is bus_host()'s *host then.
 */
int bus_check_addr(struct bus *b, const struct bus_addr *a, int *host);
/* Change own MAC: -EADDRINUSE if taken, -EINVAL if none or a multicast. */
int bus_set_mac(struct bus *b, const uint8_t mac[static 6]);
void bus_set_promisc(struct bus *b, bool on);

/*
 * Copy one frame onto the bus, or a large segment (gso.h) with the seg_size
 * that it is cut by, 0 for a frame; and wake who wants it.
 * Return: 0; -EAGAIN: no room, bus_wait() returns when it is worth another
 * try (10 ms at most); -EMSGSIZE: longer than MTU + BUS_ETH_HDR, or than
 * GSO_MAX for a large segment; -EINVAL: shorter than a header; -ENOTCONN:
 * not a member; -EIO: the bus is broken
 * (truncated or overwritten), for ever.  It may take up to 0.4 s when another
 * member was stopped while it was sending.
 */
int bus_send(struct bus *b, const struct iovec *iov, int iovcnt,
    unsigned seg_size);
/*
 * From now on bus_send wakes nobody: bus_wake does, from any thread, after
 * one or more frames.  For a sender that holds a lock which it would rather
 * let go first.
 */
void bus_defer_wake(struct bus *b);
void bus_wake(struct bus *b);

/*
 * The next frame for this member (its MAC, broadcast, multicast, or any when
 * promiscuous; never its own).
 * bus_peek: length of it, 0 if there is none now, -EIO, -ENOTCONN.
 * bus_take: copy it out, whole, and step on; *seg_size is 0, or it may be a
 * large segment (for gso_open to say).  Return: its length, 0 if it was
 * overwritten meanwhile (counted), -EIO.  cap must be >= what bus_peek said,
 * else -EMSGSIZE.
 *
 * A member that does not call them is in the way of senders for 100 ms when
 * the ring is full, and from then on loses frames until it has caught up.
 */
ssize_t bus_peek(struct bus *b);
ssize_t bus_take(struct bus *b, void *buf, size_t cap, uint32_t *seg_size);

/*
 * Sleep until there is a frame for us, room after -EAGAIN, or bus_kick();
 * timeout_ms < 0: for ever.  Return: 0 (look again; it may be for nothing),
 * -ETIMEDOUT, -EIO; -ESTALE: our slot seems to have been overwritten, at once
 * or after 0.5 s at most, and bus_rejoin() is to be called.
 */
int bus_wait(struct bus *b, int timeout_ms);
/*
 * By the thread that receives, while no other one sends or announces.  Return:
 * 1: the slot was overwritten, and is now as it was; 0: it was right; -EIO.
 */
int bus_rejoin(struct bus *b);
void bus_kick(struct bus *b);	/* from any thread or signal handler */
/* Poll at most that long before a sleep (spin.h), on all buses; 0: never. */
void bus_set_spin(unsigned us);

/*
 * Read the log as an observer, without a slot, from the oldest frame still
 * there (or from now on after bus_log_seek_end).  Slows nobody.
 * Return: 1 and the frame (at most cap bytes of it), 0: none now, -EIO.
 */
int bus_log_next(struct bus *b, struct bus_frame *f, void *buf, size_t cap);
void bus_log_seek_end(struct bus *b);

/*
 * Where the host of that name serves.  Whoever may write the bus may announce
 * anything: a socket counts if its server runs as this user, and only this
 * user or root could put another in its place.
 * Return: 0 and the path; -ENOENT: no such member, -EACCES: none of this user,
 * -ENOTUNIQ: several; with one line in err.
 */
int bus_find_server(struct bus *b, const char *name,
    char path[static BUS_SERVERLEN], char err[static BUS_ERRLEN]);
/* Whether one may use what this member announces. */
bool bus_server_ours(const char *path);

/* Return: 1 and the member, 0 if that slot is free or its owner is gone. */
int bus_member(struct bus *b, unsigned slot, struct bus_member *out);
/*
 * The same below BUS_SLOTS; from there to BUS_HOSTS the hosts that bridges have
 * heard of, whose `slot` is the bridge's.  Members come first: of two of one
 * name, the one on this bus is found.
 */
int bus_host(struct bus *b, unsigned n, struct bus_member *out);
#define BUS_HOSTTEXT	(BUS_NAMELEN + 32)
/* "web in slot 3", or "web beyond the bridge in slot 3".  Return: text. */
char *bus_host_text(struct bus *b, unsigned n, char text[static BUS_HOSTTEXT]);
/* Is there a bridge on it? */
bool bus_bridged(struct bus *b);

/*
 * For a member that is a bridge.  bus_announce_bridge: it is one from now on,
 * the bridge of that id, which is not 0, to `far`; it is woken by frames for
 * groups and for who is no member, and gets those.  bus_put_guests: the hosts
 * beyond it are these, and no others.  Return: how many found no place.
 */
void bus_announce_bridge(struct bus *b, uint64_t id, const char *far);
size_t bus_put_guests(struct bus *b, const struct bus_guest_info *g, size_t n);
/* Frames that it took and could not pass on: bus_member's rx_lost. */
void bus_count_lost(struct bus *b, uint64_t n);
/* Another bridge's word that makes no sense; by one thread at a time. */
void bus_count_malformed(struct bus *b);
/* Is that the MAC of a member other than ours? */
bool bus_is_local(struct bus *b, const uint8_t mac[static 6]);
/* Free the slots of members that are dead. */
void bus_reap(struct bus *b);
/* Another number, most likely, once members came, left or told something. */
uint64_t bus_stamp(struct bus *b);
/*
 * Only one becomes a bridge at a time; who has waited for a second goes on
 * without the lock.
 */
void bus_bridge_lock(struct bus *b, bool on);

#endif
