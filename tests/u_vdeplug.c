/* u_vdeplug.c: plugs by libvdeplug, and what is said where there is none. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

#define MANY	300

static unsigned port_of(unsigned end)
{
	return 20000 + (unsigned)getpid() % 20000 + end;
}

/* udp:// from that end to the other. */
static const char *cable(unsigned end)
{
	static char vnl[64];

	snprintf(vnl, sizeof(vnl), "udp://127.0.0.1:%u->127.0.0.1:%u",
	    port_of(end), port_of(!end));
	return vnl;
}

static bool comes(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 5000) == 1;
}

/* Frames of many lengths, in runs; the last one is no datagram at all. */
static void make_many(struct iovec many[static MANY + 1])
{
	static const uint16_t lens[] = { 1514, 1514, 1514, 60, 66, 1000, 9216 };
	static uint8_t bytes[MANY][9216], much[65600];
	unsigned run = 1, len = 1514;

	for (unsigned i = 0; i < MANY; i++) {
		if (--run == 0) {
			run = 1 + i * 7 % 90;
			len = lens[i % (sizeof(lens) / sizeof(lens[0]))];
		}
		memset(bytes[i], (int)i, len);
		memcpy(bytes[i] + 14, &i, sizeof(i));
		many[i] = (struct iovec){ bytes[i], len };
	}
	many[MANY] = (struct iovec){ much, sizeof(much) };
}

static bool is(const struct iovec *frame, const void *bytes, size_t n)
{
	return frame->iov_len == n && !memcmp(frame->iov_base, bytes, n);
}

/* Two plugs: in order, whatever it took to send and receive them. */
static int frames(void)
{
	struct iovec many[MANY + 1], got[7], none = { (char[1]){ 0 }, 0 };
	struct vdeplug *a, *b, *v;
	int have = 0, n;

	make_many(many);
	check(open_plug(&a, cable(0)) == 0);
	check(open_plug(&b, cable(1)) == 0);
	check(open_plug(&v, cable(1)) < 0 && strstr(err, "in use"));
	check(vdeplug_send(a, &none, 1) == 0);
	check(comes(vdeplug_fd(b)));
	check(vdeplug_recv(b, got, 7) == 0);
	for (int i = 0; i < MANY; i += 50)
		check(vdeplug_send(a, &many[i], 50) == 0);
	while (have < MANY) {
		check(comes(vdeplug_fd(b)));
		while ((n = vdeplug_recv(b, got, 7)) > 0)
			for (int i = 0; i < n; i++, have++)
				check(is(&many[have], got[i].iov_base,
				    got[i].iov_len));
		check(n == 0);
	}
	check(vdeplug_ctlfd(b) == -1);
	vdeplug_close(a);
	vdeplug_close(b);
	return 0;
}

/* One plug, and a socket of who knows nothing of several at once. */
static int plain(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port_of(1)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
	struct iovec many[MANY + 1], got[7];
	static char buf[65536];
	struct vdeplug *v;

	make_many(many);
	check(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	check(open_plug(&v, cable(0)) == 0);
	check(vdeplug_send(v, many, MANY + 1) == 1);
	at.sin_port = htons((uint16_t)port_of(0));
	for (int i = 0; i < MANY; i++) {
		check(comes(fd));
		check(is(&many[i], buf, (size_t)recv(fd, buf, sizeof(buf), 0)));
		check(sendto(fd, many[i].iov_base, many[i].iov_len, 0,
		    (struct sockaddr *)&at, sizeof(at)) > 0);
		check(comes(vdeplug_fd(v)));
		check(vdeplug_recv(v, got, 7) == 1);
		check(is(&many[i], got[0].iov_base, got[0].iov_len));
	}
	close(fd);
	/* Nobody is there: it is told of one, and the others go on. */
	check(vdeplug_send(v, many, 2) == 0);
	check(vdeplug_send(v, many, 2) == 0);
	check(comes(vdeplug_fd(v)));
	check(vdeplug_recv(v, got, 7) == -ECONNREFUSED);
	vdeplug_close(v);
	return 0;
}

/* A command that ends: its plug does not wait for ever, nor read nothing. */
static int ended(void)
{
	struct iovec got[1];
	struct vdeplug *v;

	check(open_plug(&v, "cmd://true") == 0);
	check(comes(vdeplug_fd(v)));
	check(vdeplug_recv(v, got, 1) == -EPIPE);
	vdeplug_close(v);
	return 0;
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	puts("libvdeplug loads by RTLD_DEEPBIND, which sanitizers refuse");
	return 77;
#endif
	return refused() || frames() || plain() || ended();
}
