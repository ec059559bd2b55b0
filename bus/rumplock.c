/*
 * rumplock.c: the one lock of NetBSD's format, that writers and readers take.
 *
 * The original's is a word that is 0 or 1, by compare-and-swap; who dies with
 * it stops the bus for ever.  Behind it stands a word that the original leaves
 * alone, and both fit into one of 64 bits:
 *
 *	lock 0			free, whatever the other word says
 *	lock 1, spare 0		held by a rump kernel: waited for
 *	lock 1, spare n		held by one of us, taken and named at once; bit
 *				31 (COMMIT): in the middle of something
 *
 * n is a random number, and stands for a byte far behind the file's end, that
 * its owner has a write lock on (F_OFD_SETLK): so the kernel tells when it is
 * dead, and then its lock is taken over.  Who may only read the file could keep
 * us from having a number, but cannot pretend to be one: he gets read locks
 * only.
 *
 * Who dies in COMMIT may have changed one of `gen` and `ends` only.  So who
 * takes over then forgets all frames but the newest, and adds 2 to gen, by
 * which every reader, the original's too, knows that it was overrun.
 */
#include "bus/rump.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "stack/wire/clock.h"

#define COMMIT		(1u << 31)
#define ID_OFF		(1ll << 32)	/* byte of the file for number 0 */
#define ID_TRIES	16
#define SPINS		200		/* some microseconds */
#define YIELDS		20
#define NAP_NS		50000u
#define DEAD_NS		(1 * CLOCK_NS_MS)	/* then ask whether it lives */
#define TELL_NS		(1 * CLOCK_NS_S)
#define TELL_EVERY_NS	(60 * CLOCK_NS_S)

static int id_lock(int fd, uint32_t id, short type)
{
	struct flock lk = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = ID_OFF + id,
		.l_len = 1,
	};

	return fcntl(fd, F_OFD_SETLK, &lk) < 0 ? -errno : 0;
}

/* Does another descriptor have a write lock on n bytes from there? */
static bool id_locked(int fd, off_t off, off_t n)
{
	struct flock lk = {
		.l_type = F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = off,
		.l_len = n,
	};

	return fcntl(fd, F_OFD_GETLK, &lk) < 0 || lk.l_type != F_UNLCK;
}

void rump_take_id(struct rump *b)
{
	uint32_t id;

	for (int i = 0; i < ID_TRIES && b->id == 0; i++) {
		if (getentropy(&id, sizeof(id)) < 0)
			return;
		id &= COMMIT - 1;
		if (id && id_lock(b->bus.fd, id, F_WRLCK) == 0)
			b->id = id;
	}
}

void rump_drop_id(struct rump *b)
{
	if (b->id)
		id_lock(b->bus.fd, b->id, F_UNLCK);
	b->id = 0;
}

int rump_users(struct bus *bus)
{
	return rump_of(bus)->id || id_locked(bus->fd, ID_OFF, COMMIT);
}

bool rump_holder_alive(struct rump *b, uint64_t word)
{
	uint32_t id = rump_lock_spare(word) & ~COMMIT;

	/* Own locks are not told; it is our other thread. */
	return !id || id == b->id || id_locked(b->bus.fd, ID_OFF + id, 1);
}

static bool try_lock(struct rump *b, uint64_t word)
{
	return rump_lock_cas(&b->map, &word, rump_lock_pack(1, b->id));
}

/* Somebody ended in the middle of it: leave the newest frame only. */
static void repair(struct rump *b)
{
	struct rump_view v;

	rump_view(&b->map, &v);
	if (v.last >= RUMP_SIZE || rump_len(&b->map, v.last) > RUMP_FRAME_MAX)
		return;		/* who writes next begins anew */
	rump_put_ends(&b->map, v.last, v.last);
	rump_put_gen(&b->map, v.gen + 2);
}

static bool take_over(struct rump *b, uint64_t word)
{
	if (rump_holder_alive(b, word) || !try_lock(b, word))
		return false;
	if (rump_lock_spare(word) & COMMIT)
		repair(b);
	return true;
}

uint64_t rump_stuck_ns(struct rump *b)
{
	uint64_t since = atomic_load(&b->stuck_ns);

	return since ? clock_ns() - since : 0;
}

static int lock_slow(struct rump *b, uint64_t ns)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t start = clock_ns(), now = start, since = start, none = 0;
	uint64_t seen = rump_lock_word(&b->map), word;

	/* Not all of that time again and again; but look once. */
	if (seen == atomic_load(&b->stuck_word) && rump_stuck_ns(b)) {
		since = atomic_load(&b->stuck_ns);
		ns = NAP_NS;
	}
	for (int i = 0; now - start < ns; now = clock_ns(), i++) {
		word = rump_lock_word(&b->map);
		if (!rump_lock_held(word)) {
			if (try_lock(b, word))
				return 0;
			continue;
		}
		if (word != seen)
			since = now;
		seen = word;
		if (now - since >= DEAD_NS && take_over(b, word))
			return 0;
		if (!rump_ok(b))
			return -EIO;
		/* Most often it is somebody who was not let finish. */
		if (i < YIELDS)
			sched_yield();
		else
			nanosleep(&nap, NULL);
	}
	atomic_store(&b->stuck_word, seen);
	atomic_compare_exchange_strong(&b->stuck_ns, &none, start);
	return -EAGAIN;
}

int rump_lock(struct rump *b, uint64_t ns)
{
	uint64_t word;
	int r = -EAGAIN;

	for (int i = 0; i < SPINS && r < 0; i++) {
		word = rump_lock_word(&b->map);
		if (!rump_lock_held(word) && try_lock(b, word))
			r = 0;
		else
			pause_cpu();
	}
	if (r < 0)
		r = lock_slow(b, ns);
	if (r == 0 && atomic_load_explicit(&b->stuck_ns,
	    memory_order_relaxed))
		atomic_store(&b->stuck_ns, 0);
	return r;
}

void rump_unlock(struct rump *b)
{
	uint64_t word = rump_lock_pack(1, b->id);

	/* It fails if somebody broke the lock; then it is not ours to free. */
	rump_lock_cas(&b->map, &word, 0);
}

void rump_commit_begin(struct rump *b)
{
	uint64_t word = rump_lock_pack(1, b->id);

	if (b->id)
		rump_lock_cas(&b->map, &word, rump_lock_pack(1, b->id |
		    COMMIT));
}

void rump_commit_end(struct rump *b)
{
	uint64_t word = rump_lock_pack(1, b->id | COMMIT);

	if (b->id)
		rump_lock_cas(&b->map, &word, rump_lock_pack(1, b->id));
}

bool rump_stuck(struct bus *bus, char line[static BUS_ERRLEN])
{
	struct rump *b = rump_of(bus);
	uint64_t since = atomic_load(&b->stuck_ns), now, named;

	if (!since)
		return false;
	now = clock_ns();
	named = atomic_load(&b->named_ns);
	if (now - since < TELL_NS || (named && now - named < TELL_EVERY_NS))
		return false;
	atomic_store(&b->named_ns, now);
	bus_fail(line, 0, "%s: the bus is locked since %llu s by a %s; if "
	    "that is stopped let it go on, if it is dead: shmif bus unlock "
	    "%s", bus->path, (unsigned long long)((now - since) / CLOCK_NS_S),
	    rump_lock_spare(rump_lock_word(&b->map)) ? "virtual host" :
	    "rump kernel, which leaves no name", bus->path);
	return true;
}

/* Is it held by the same all the time?  Return: 0 and *word, -EAGAIN. */
static int watch_lock(struct rump *b, uint64_t *word)
{
	const struct timespec nap = { .tv_nsec = CLOCK_NS_MS };
	struct rump_view v, was;
	uint64_t start = clock_ns();

	*word = rump_lock_word(&b->map);
	rump_view(&b->map, &was);
	while (clock_ns() - start < TELL_NS) {
		rump_view(&b->map, &v);
		if (!rump_lock_held(*word) ||
		    rump_lock_word(&b->map) != *word || v.gen != was.gen ||
		    v.last != was.last || v.first != was.first)
			return -EAGAIN;
		nanosleep(&nap, NULL);
	}
	return 0;
}

int rump_break_lock(struct bus *bus, char err[static BUS_ERRLEN])
{
	struct rump *b = rump_of(bus);
	uint64_t word;

	rump_take_id(b);
	if (watch_lock(b, &word) < 0 || !try_lock(b, word)) {
		rump_drop_id(b);
		return bus_fail(err, -EAGAIN, "%s: the lock is not stuck",
		    bus->path);
	}
	repair(b);
	rump_unlock(b);
	rump_drop_id(b);
	return bus_fail(err, 0, "%s: unlocked; unread frames are lost",
	    bus->path);
}
