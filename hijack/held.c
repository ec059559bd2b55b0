/* held.c: a way to the host by a socket of it; see held.h. */
#include "hijack/held.h"

#include <sys/stat.h>

#include "stack/wire/client.h"
#include "stack/wire/sys.h"

#define LOOK	256		/* fds that may be one */

static bool is_virtual(int fd, struct wire_id *id)
{
	return client_id_of(fd, id) && id->domain != AF_NETLINK;
}

/* The file may be out of sight by now, as after chroot(2). */
static void describe_file(struct client_held *h)
{
	struct stat st;

	h->owner = (uint32_t)-1;
	h->dev = h->ino = 0;
	if (hj_set.host != HJ_HOST_URL ||
	    SYS4(SYS_newfstatat, AT_FDCWD, hj_set.sun.sun_path, &st, 0) < 0)
		return;
	h->owner = st.st_uid;
	h->dev = (int32_t)st.st_dev;
	h->ino = (int32_t)st.st_ino;
}

static int try(const struct client_held *h, int min_fd,
    struct client_hello *hello)
{
	return client_connect_held(h, program_invocation_short_name, min_fd,
	    hello);
}

int held_connect(const struct wire_id *about, int min_fd,
    struct client_hello *hello)
{
	uint64_t refused = 0;	/* a host that was asked */
	struct client_held h;
	int err = -ENOENT;

	describe_file(&h);
	if (about) {
		h.id = *about;
		return h.id.fd < 0 ? -ENOENT : try(&h, min_fd, hello);
	}
	for (int fd = 0; fd < LOOK && err < 0; fd++) {
		if (!is_virtual(fd, &h.id) || h.id.server == refused)
			continue;
		err = try(&h, min_fd, hello);
		refused = h.id.server;
	}
	return err;
}

int held_connect_private(const struct wire_id *about, int min_fd,
    struct client_hello *hello)
{
	struct ucred cred = { 0, 0, 0 };
	socklen_t len = sizeof(cred);

	/* Its pair was made by another user than we are by now. */
	if (!about || about->fd < 0 || sys_getsockopt(about->fd, SOL_SOCKET,
	    SO_PEERCRED, &cred, &len) < 0 ||
	    cred.uid == (uid_t)SYS0(SYS_geteuid))
		return -ENOENT;
	return held_connect(about, min_fd, hello);
}
