/*
 * map.c: mapping a bus, and what members tell of themselves in it.
 */
#include "bus/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/sigbus.h"

#define COPY_TRIES 64

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/*
 * A mapping keeps the description that it was made of, and so its locks: those
 * of a process that closed it would not go.  So it is made of another one.
 */
static int own_description(int fd, int prot)
{
	char proc[40];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return open(proc, (prot & PROT_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

/* With a page behind it that belongs to nobody. */
static void *map_guarded(int fd, size_t len, int prot)
{
	size_t all = (len + 2 * page_size() - 1) & ~(page_size() - 1);
	void *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_NORESERVE, -1, 0), *map;
	int again, saved;

	if (base == MAP_FAILED)
		return base;
	again = own_description(fd, prot);
	map = mmap(base, len, prot, MAP_SHARED | MAP_FIXED,
	    again >= 0 ? again : fd, 0);
	saved = errno;
	if (again >= 0)
		close(again);
	if (map == MAP_FAILED)
		munmap(base, all);
	errno = saved;
	return map;
}

static void unmap_guarded(void *base, size_t len)
{
	munmap(base, (len + 2 * page_size() - 1) & ~(page_size() - 1));
}

int map_shared(void **base, int fd, size_t len, int prot,
    _Atomic bool *broken)
{
	int r;

	*base = map_guarded(fd, len, prot);
	if (*base == MAP_FAILED) {
		*base = NULL;
		return -errno;
	}
	r = bus_guard_add(*base, len, broken);
	if (r < 0)
		unmap_guarded(*base, len);
	return r;
}

void unmap_shared(void *base, size_t len)
{
	if (!base)
		return;
	bus_guard_del(base);
	unmap_guarded(base, len);
}

int map_open(struct bus_map *m, int fd, int lock_fd,
    const struct bus_const *con, _Atomic bool *broken)
{
	size_t len = (size_t)BUS_RING_OFF + con->size;
	int prot = lock_fd < 0 ? PROT_READ : PROT_READ | PROT_WRITE, r;
	void *map, *locks = NULL;
	uint8_t *base;

	r = map_shared(&map, fd, len, prot, broken);
	if (r < 0)
		return r;
	if (lock_fd >= 0)
		r = map_shared(&locks, lock_fd, BUS_LOCKS_SIZE, prot, broken);
	if (r < 0) {
		unmap_shared(map, len);
		return r;
	}
	base = map;
	*m = (struct bus_map){
		.hdr = (struct bus_header *)(void *)base,
		.slots = (struct bus_slot *)(void *)(base + BUS_SLOT_OFF),
		.guests = (struct bus_guest *)(void *)(base + BUS_GUEST_OFF),
		.locks = locks,
		.len = len,
		.con = *con,
		.ring = {
			.base = base + BUS_RING_OFF,
			.size = con->size,
			.key = con->key,
			.max_len = bus_frame_max(con->mtu),
		},
	};
	return 0;
}

void map_close(struct bus_map *m)
{
	unmap_shared(m->hdr, m->len);
	unmap_shared(m->locks, BUS_LOCKS_SIZE);
	m->hdr = NULL;
	m->locks = NULL;
}

void map_counts(const struct bus_map *m, unsigned slot, struct map_counts *c)
{
	const struct bus_slot *s = map_slot(m, slot);

	c->tx_frames = shm_load64(&s->tx_frames);
	c->tx_bytes = shm_load64(&s->tx_bytes);
	c->tx_full = shm_load64(&s->tx_full);
	c->rx_frames = shm_load64(&s->rx_frames);
	c->rx_bytes = shm_load64(&s->rx_bytes);
	c->rx_lost = shm_load64(&s->rx_lost);
	c->malformed = shm_load64(&s->malformed);
}

/*
 * Name and addresses are a seqlock with one writer, the member.  Bytes are
 * stored singly so that a reader at the same time is no data race.
 */
static void store_bytes(void *dst, const void *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bus_hook(NULL, 0);
		__atomic_store_n((uint8_t *)dst + i,
		    ((const uint8_t *)src)[i], __ATOMIC_RELEASE);
	}
}

static void load_bytes(void *dst, const void *src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)dst)[i] = (uint8_t)bus_hook(
		    (const uint8_t *)src + i, __atomic_load_n(
		    (const uint8_t *)src + i, __ATOMIC_ACQUIRE));
}

void map_put_info(const struct bus_map *m, unsigned slot, const char *name,
    const struct bus_addr *addr)
{
	struct bus_slot *s = map_slot(m, slot);
	uint32_t seq = shm_load32(&s->info_seq) | 1;

	shm_store32(&s->info_seq, seq);
	/* After a fork(), tell the child's number. */
	shm_store32(&s->pid, (uint32_t)getpid());
	if (name)
		store_bytes(s->name.shared, name, BUS_NAMELEN);
	if (addr)
		store_bytes(s->addr.shared, addr, sizeof(s->addr.shared));
	shm_store32(&s->info_seq, seq + 1);
}

void map_put_server(const struct bus_map *m, unsigned slot,
    const char *server)
{
	struct bus_slot *s = map_slot(m, slot);
	uint32_t seq = shm_load32(&s->info_seq) | 1;

	shm_store32(&s->info_seq, seq);
	store_bytes(s->server.shared, server, BUS_SERVERLEN);
	shm_store32(&s->info_seq, seq + 1);
}

/* A path is whole, or none. */
static void clean_server(char *path)
{
	bool ok = path[0] == '/' && memchr(path, '\0', BUS_SERVERLEN);

	for (char *p = path; ok && *p; p++)
		ok = (unsigned char)*p >= ' ' && *p != 0x7f;
	if (!ok)
		path[0] = '\0';
}

/* A name from the file: ended, and nothing a terminal would obey. */
static void clean_name(char *name)
{
	name[BUS_NAMELEN - 1] = '\0';
	for (char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
}

static void clean_addr(struct bus_addr *a)
{
	if ((a->family == AF_INET && a->plen <= 32) ||
	    (a->family == AF_INET6 && a->plen <= 128))
		return;
	memset(a, 0, sizeof(*a));
}

void map_info(const struct bus_map *m, unsigned slot, struct map_info *out)
{
	const struct bus_slot *s = map_slot(m, slot);
	uint32_t seq;

	for (int i = 0; i < COPY_TRIES; i++) {
		seq = shm_load32(&s->info_seq);
		load_bytes(out->name, s->name.shared, sizeof(out->name));
		load_bytes(out->addr, s->addr.shared, sizeof(out->addr));
		load_bytes(out->server, s->server.shared,
		    sizeof(out->server));
		if (!(seq & 1) && shm_load32(&s->info_seq) == seq)
			break;
	}
	out->pid = shm_load32(&s->pid);
	clean_name(out->name);
	clean_server(out->server);
	for (int i = 0; i < BUS_ADDRS; i++)
		clean_addr(&out->addr[i]);
}

void map_put_guest(const struct bus_map *m, unsigned n, const char *name,
    const struct bus_addr *addr)
{
	struct bus_guest *g = &m->guests[n % BUS_GUESTS];
	uint32_t seq = shm_load32(&g->info_seq) | 1;

	shm_store32(&g->info_seq, seq);
	store_bytes(g->name.shared, name, BUS_NAMELEN);
	store_bytes(g->addr.shared, addr, sizeof(g->addr.shared));
	shm_store32(&g->info_seq, seq + 1);
}

void map_guest(const struct bus_map *m, unsigned n, struct map_info *out)
{
	const struct bus_guest *g = &m->guests[n % BUS_GUESTS];
	uint32_t seq;

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < COPY_TRIES; i++) {
		seq = shm_load32(&g->info_seq);
		load_bytes(out->name, g->name.shared, sizeof(out->name));
		load_bytes(out->addr, g->addr.shared, sizeof(out->addr));
		if (!(seq & 1) && shm_load32(&g->info_seq) == seq)
			break;
	}
	clean_name(out->name);
	for (int i = 0; i < BUS_ADDRS; i++)
		clean_addr(&out->addr[i]);
}
