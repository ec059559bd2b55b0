/* u_vdeplug.c: plugs by libvdeplug, and what is said where there is none. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap/vdeplug.h"

#define check(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);\
		return 1; \
	} \
} while (0)

static char err[512];

static int open_plug(struct vdeplug **v, const char *vnl)
{
	err[0] = '\0';
	return vdeplug_open(v, vnl, "u_vdeplug", err, sizeof(err));
}

static int refused(void)
{
	struct vdeplug *v;

	check(open_plug(&v, "nosuch://x") == -EPROTONOSUPPORT);
	check(strstr(err, "nosuch://x") && strstr(err, "libvdeplug-nosuch"));
	check(open_plug(&v, "://") < 0 && strstr(err, "KIND://"));
	check(open_plug(&v, "vde:///nonexistent") == -ENOENT);
	check(strstr(err, "vde_switch"));
	check(open_plug(&v, "/nonexistent") == -ENOENT);
	check(open_plug(&v, "udp://1") < 0 && strstr(err, "libvdeplug_udp"));
	return 0;
}

/* Two plugs on loopback; what is too short to be a frame is none. */
static int frames(void)
{
	char there[64], back[64], frame[1514], got[VDEPLUG_FRAME];
	unsigned port = 20000 + (unsigned)getpid() % 20000;
	struct vdeplug *a, *b, *v;
	struct pollfd p;

	snprintf(there, sizeof(there), "udp://127.0.0.1:%u->127.0.0.1:%u",
	    port, port + 1);
	snprintf(back, sizeof(back), "udp://127.0.0.1:%u->127.0.0.1:%u",
	    port + 1, port);
	check(open_plug(&a, there) == 0);
	check(open_plug(&b, back) == 0);
	check(open_plug(&v, back) < 0 && strstr(err, "in use"));
	memset(frame, 'x', sizeof(frame));
	check(vdeplug_send(a, frame, 0) == 0);
	check(vdeplug_send(a, frame, sizeof(frame)) == 0);
	p = (struct pollfd){ .fd = vdeplug_fd(b), .events = POLLIN };
	check(poll(&p, 1, 5000) == 1);
	check(vdeplug_recv(b, got, sizeof(got)) == 0);
	check(poll(&p, 1, 5000) == 1);
	check(vdeplug_recv(b, got, sizeof(got)) == sizeof(frame));
	check(!memcmp(frame, got, sizeof(frame)));
	check(vdeplug_ctlfd(b) == -1);
	vdeplug_close(a);
	vdeplug_close(b);
	return 0;
}

/* A command that ends: its plug does not wait for ever, nor read nothing. */
static int ended(void)
{
	char got[VDEPLUG_FRAME];
	struct vdeplug *v;
	struct pollfd p;
	ssize_t n;

	check(open_plug(&v, "cmd://true") == 0);
	p = (struct pollfd){ .fd = vdeplug_fd(v), .events = POLLIN };
	check(poll(&p, 1, 5000) == 1);
	n = vdeplug_recv(v, got, sizeof(got));
	check(n == -EPIPE);
	vdeplug_close(v);
	return 0;
}

int main(void)
{
#ifdef __SANITIZE_ADDRESS__
	puts("libvdeplug loads by RTLD_DEEPBIND, which ASan refuses");
	return 77;
#endif
	return refused() || frames() || ended();
}
