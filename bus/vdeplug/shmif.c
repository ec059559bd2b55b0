/*
 * shmif.c: libvdeplug_shmif.so, the plug-in by which all that has a VDE plug
 * (QEMU, User-mode Linux, vdens, vde_plug) is a member of a bus:
 * shmif://BUS, where BUS is a path or the name of a bus of the user's.
 *
 * A bus wakes its members by a futex, and a plug has a descriptor to poll.  So
 * a thread sleeps on the bus; when there is a frame it makes the descriptor
 * readable and waits until the frames have been taken: never do both look at
 * the bus at once.
 */
#include <errno.h>
#include <libvdeplug_mod.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bus/bus.h"
#include "bus/gso.h"
#include "stack/wire/thread.h"

#define HEADER		14	/* bytes, Ethernet */
#define FULL_TRIES	50	/* of 1 ms each; then a frame is lost */

struct plug {
	void *handle;		/* the library's */
	struct vdeplug_module *module;

	char *name;
	bool told;		/* that frames are too long */
	struct bus *bus;
	pthread_t thread;
	pthread_mutex_t send;	/* one sender, or rejoining */
	int ready;		/* eventfd: frames are there to be taken */
	int broken;		/* eventfd: the bus is, for ever */
	sem_t taken;		/* they have been */
	atomic_bool stop;

	uint8_t *buf;		/* what was taken last */
	struct gso_cut cut;	/* a large segment in it: frames to come */
	unsigned next;
};

/* The thread. */

/* Return: 0: frames; other: no more of them ever. */
static int wait_frame(struct plug *p)
{
	int e = 0;

	while (!atomic_load(&p->stop) && bus_peek(p->bus) == 0) {
		e = bus_wait(p->bus, -1);
		if (e == -ESTALE) {
			pthread_mutex_lock(&p->send);
			e = bus_rejoin(p->bus) < 0 ? -EIO : 0;
			pthread_mutex_unlock(&p->send);
		}
		if (e == -EIO)
			return e;
	}
	return atomic_load(&p->stop) ? -ECANCELED :
	    bus_peek(p->bus) < 0 ? -EIO : 0;
}

static void *run(void *arg)
{
	struct plug *p = arg;

	while (!wait_frame(p)) {
		eventfd_write(p->ready, 1);
		while (sem_wait(&p->taken) < 0)
			;
	}
	if (!atomic_load(&p->stop)) {
		fprintf(stderr, "shmif://%s: the bus is broken (truncated or "
		    "overwritten)\n", p->name);
		eventfd_write(p->broken, 1);
	}
	return NULL;
}

/* Receiving. */

static ssize_t nothing(void *buf)
{
	*(uint8_t *)buf = 0;
	errno = EAGAIN;
	return 1;	/* libvdeplug(3): no frame for you */
}

/* The next one off the bus, or of the large segment that was. */
static ssize_t next_frame(struct plug *p, void *buf, size_t len)
{
	uint32_t seg_size;
	ssize_t n;

	if (p->next == p->cut.n) {
		n = bus_take(p->bus, p->buf, GSO_MAX + BUS_MTU_MAX, &seg_size);
		if (n <= 0)
			return nothing(buf);
		gso_open(&p->cut, p->buf, (size_t)n, seg_size);
		p->next = 0;
	}
	n = (ssize_t)gso_frame(&p->cut, p->next++, buf, len);
	if (n > 0 && (size_t)n <= len &&
	    (p->cut.n > 1 || p->cut.len <= VDE_ETHBUFSIZE))
		return n;
	if (n > 0 && !p->told)
		fprintf(stderr, "shmif://%s: frames of more than VDE's %d "
		    "bytes are lost; make the bus with mtu=%d or less\n",
		    p->name, VDE_MAXMTU, VDE_MAXMTU);
	p->told = true;
	return nothing(buf);
}

static ssize_t plug_recv(VDECONN *conn, void *buf, size_t len, int flags)
{
	struct plug *p = (struct plug *)conn;
	struct pollfd fd = { .fd = p->ready, .events = POLLIN };
	eventfd_t v;
	ssize_t n;

	(void)flags;
	if (len < HEADER)
		return errno = EINVAL, -1;
	if (poll(&fd, 1, -1) < 0)
		return -1;
	n = next_frame(p, buf, len);
	if (p->next == p->cut.n && bus_peek(p->bus) <= 0 &&
	    eventfd_read(p->ready, &v) == 0)
		sem_post(&p->taken);
	return n;
}

/* Sending. */

static ssize_t plug_send(VDECONN *conn, const void *buf, size_t len, int flags)
{
	struct plug *p = (struct plug *)conn;
	struct iovec iov = { (void *)buf, len };
	int e;

	(void)flags;
	pthread_mutex_lock(&p->send);
	e = bus_send(p->bus, &iov, 1, 0);
	for (int i = 0; e == -EAGAIN && i < FULL_TRIES; i++) {
		usleep(1000);
		e = bus_send(p->bus, &iov, 1, 0);
	}
	pthread_mutex_unlock(&p->send);
	/* No room, or not a frame: lost, as frames are. */
	if (e == 0 || e == -EAGAIN || e == -EMSGSIZE || e == -EINVAL)
		return (ssize_t)len;
	errno = -e;
	return -1;
}

/* Opening and closing. */

static void release(struct plug *p)
{
	bus_close(p->bus);
	if (p->ready >= 0)
		close(p->ready);
	if (p->broken >= 0)
		close(p->broken);
	sem_destroy(&p->taken);
	pthread_mutex_destroy(&p->send);
	free(p->name);
	free(p->buf);
	free(p);
}

static int join(struct plug *p, const char *name, char err[static BUS_ERRLEN])
{
	struct bus_want want = { 0 };
	char path[4096];
	int e = bus_path(path, sizeof(path), name, true, err);

	if (!e)
		e = bus_open(&p->bus, path, BUS_OPEN_CREATE, err);
	if (!e)
		e = bus_join(p->bus, &want, err);
	if (e < 0)
		return e;
	/* The addresses are those of who is behind the plug. */
	bus_set_promisc(p->bus, true);
	return thread_start(&p->thread, run, p);
}

static VDECONN *plug_open(char *name, char *descr, int version,
    struct vde_open_args *args)
{
	struct plug *p = calloc(1, sizeof(*p));
	char err[BUS_ERRLEN] = "";
	int e = -ENOMEM;

	(void)descr;
	(void)args;
	if (!p || version > LIBVDEPLUG_INTERFACE_VERSION) {
		free(p);
		return errno = p ? EINVAL : ENOMEM, NULL;
	}
	pthread_mutex_init(&p->send, NULL);
	sem_init(&p->taken, 0, 0);
	p->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->broken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->buf = malloc(GSO_MAX + BUS_MTU_MAX);
	p->name = strdup(name);
	if (p->ready >= 0 && p->broken >= 0 && p->buf && p->name)
		e = join(p, name, err);
	if (e) {
		if (err[0])
			fprintf(stderr, "shmif://%s: %s\n", name, err);
		release(p);
		return errno = -e, NULL;
	}
	return (VDECONN *)p;
}

static int plug_datafd(VDECONN *conn)
{
	return ((struct plug *)conn)->ready;
}

static int plug_ctlfd(VDECONN *conn)
{
	return ((struct plug *)conn)->broken;
}

static int plug_close(VDECONN *conn)
{
	struct plug *p = (struct plug *)conn;

	atomic_store(&p->stop, true);
	bus_kick(p->bus);
	sem_post(&p->taken);
	pthread_join(p->thread, NULL);
	release(p);
	return 0;
}

/* What the library looks for. */
struct vdeplug_module vdeplug_ops = {
	.vde_open_real = plug_open,
	.vde_recv = plug_recv,
	.vde_send = plug_send,
	.vde_datafd = plug_datafd,
	.vde_ctlfd = plug_ctlfd,
	.vde_close = plug_close,
};
