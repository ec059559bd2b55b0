/*
 * u_bus_aim.c: a hostile writer that aims.  Every single load of the file,
 * in everything that a member or an observer does, is made to see each of a
 * list of values that were chosen to lead astray: once, and in turn with the
 * true one.  Behind the mapping is a page that faults.  Then a second mapping
 * flips words between two such values while members work.
 *
 * Built with BUS_HOOK, see shm.h.
 */
#include "tests/u_bus.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "bus/map.h"

#define SIZE BUS_SIZE_MIN
#define TURNS 12	/* a lock word that always lies only takes time */
#define LOADS 400	/* of one operation that are tried, each by itself */

static _Thread_local struct {
	bool on, in_turn;
	unsigned loads, at;	/* so far; which one lies */
	int value, turns;
	const volatile void *word;
} lie;
static struct bus *a, *b, *o;
static _Thread_local uint8_t buf[FRAME_MAX];
static const char *doing = "";

static uint64_t head(void)
{
	return shm_load64(&t_map(a)->hdr->head);
}

/* Values that are almost right: beside it, and about the ring's end. */
static bool evil(int i, uint64_t seen, uint64_t lap, uint64_t *v)
{
	static const int64_t near[] = { 1, 7, 8, 32, 63, 64, 65, 128, SIZE / 2,
		SIZE - 64, SIZE - 1, SIZE, SIZE + 1, SIZE + 64, 3 * SIZE };
	static const int64_t end[] = { 0, 1, 4, 8, 31, 32, 63, 64, 128 };
	static const uint64_t whole[] = { 0, 1, 13, 14, 255, 256, 0x1ff,
		0x200, 0xffff, 1u << 24, (1u << 24) - 1, 1u << 31, UINT32_MAX,
		1ull << 32, BUS_POS_MAX - 64, BUS_POS_MAX, UINT64_MAX - 63,
		UINT64_MAX - 1, UINT64_MAX };
	int n = sizeof(near) / sizeof(near[0]);

	if (i < 2 * n) {
		*v = seen + (i % 2 ? near[i / 2] : -near[i / 2]);
		return true;
	}
	i -= 2 * n;
	n = sizeof(end) / sizeof(end[0]);
	if (i < 3 * n) {
		*v = lap + (i / n) * SIZE - end[i % n];
		return true;
	}
	i -= 3 * n;
	n = sizeof(whole) / sizeof(whole[0]);
	if (i < n) {
		*v = whole[i];
		return true;
	}
	i -= n;
	if (i < 64)
		*v = seen ^ 1ull << i;
	return i < 64;
}

uint64_t bus_hook(const volatile void *at, uint64_t seen)
{
	uint64_t v = seen;

	if (!at || !lie.on)
		return seen;
	lie.loads++;
	if (lie.loads == lie.at)
		lie.word = at;
	else if (!lie.in_turn || at != lie.word || lie.turns >= TURNS ||
	    ++lie.turns % 2)
		return seen;
	lie.on = false;
	evil(lie.value, seen, head() & ~(uint64_t)(SIZE - 1), &v);
	lie.on = true;
	return v;
}

static void on_fault(int sig)
{
	(void)sig;
	fprintf(stderr, "fault: %s, load %u, value %d%s\n", doing, lie.at,
	    lie.value, lie.in_turn ? ", in turn" : "");
	_exit(1);
}

static void do_send(void)
{
	int r;

	t_fill(buf, 900, t_all(), bus_mac(a), 5);
	r = t_send(a, buf, 900);
	CHECK(r == 0 || r == -EAGAIN || r == -EIO);
}

/* So many that the tail must move. */
static void do_fill(void)
{
	for (int i = 0; i < 12; i++)
		do_send();
}

static void do_send_to(void)
{
	int r;

	t_fill(buf, 100, bus_mac(b), bus_mac(a), 5);
	r = t_send(a, buf, 100);
	CHECK(r == 0 || r == -EAGAIN || r == -EIO);
}

static void do_take(void)
{
	ssize_t n;

	for (int i = 0; i < 3; i++) {
		n = bus_take(b, buf, sizeof(buf), &t_unit);
		CHECK(n == -EIO || (n >= 0 && n <= RECORD_MAX));
	}
}

static void do_wait(void)
{
	int r = bus_wait(b, 0);

	CHECK(r == 0 || r == -ETIMEDOUT || r == -EIO || r == -ESTALE);
}

static void do_rejoin(void)
{
	int r = bus_rejoin(b);

	CHECK(r == 0 || r == 1 || r == -EIO);
}

static void do_log(void)
{
	struct bus_frame f;
	int r;

	for (int i = 0; i < 3; i++) {
		r = bus_log_next(o, &f, buf, sizeof(buf));
		CHECK(r == -EIO || r == 0 || (r == 1 && f.len <= RECORD_MAX));
	}
}

static void do_seek(void)
{
	bus_log_seek_end(o);
	do_log();
}

static void do_member(void)
{
	struct bus_member m;

	if (bus_member(a, 1, &m) != 1)
		return;
	CHECK(memchr(m.name, 0, sizeof(m.name)));
	for (const char *p = m.name; *p; p++)
		CHECK(*p > ' ' && *p < 0x7f);
	for (int i = 0; i < BUS_ADDRS; i++)
		CHECK(m.addr[i].plen <= 128);
}

static void do_announce(void)
{
	bus_announce_name(a, "name");
	bus_set_promisc(a, true);
	bus_set_promisc(a, false);
}

static void do_join(void)
{
	bus_leave(b);
	bus_join(b, &(struct bus_want){ .name = "again" }, t_err);
}

static const struct {
	const char *name;
	void (*run)(void);
} ops[] = {
	{ "send", do_send }, { "send to one", do_send_to },
	{ "send on", do_fill },
	{ "take", do_take }, { "wait", do_wait }, { "log", do_log },
	{ "log from the end", do_seek }, { "member", do_member },
	{ "announce", do_announce }, { "rejoin", do_rejoin }, { "leave and join", do_join },
};

static void mend(struct bus *bus)
{
	atomic_store(&native_of(bus)->broken, false);
	if (bus_slot(bus) < 0 && bus != o &&
	    bus_join(bus, &(struct bus_want){ 0 }, t_err) < 0) {
		fprintf(stderr, "%s\n", t_err);
		exit(1);
	}
}

static void drain(void)
{
	ssize_t n;
	int i = 0;

	while ((n = bus_take(b, buf, sizeof(buf), &t_unit)) > 0)
		CHECK(n <= RECORD_MAX && i++ < 10000);
	CHECK_EQ(n, 0);
}

/* The ring full, and its end a few records away. */
static void fill(void)
{
	while (head() % SIZE < SIZE - 3000 || head() % SIZE > SIZE - 2000) {
		for (int i = 0; t_send(a, buf, 900) != 0; i++) {
			CHECK(i < 100);
			drain();
			t_fill(buf, 900, t_all(), bus_mac(a), 1);
		}
		drain();
	}
}

/* The same with an empty ring, which takes less time. */
static void jump(void)
{
	uint64_t pos = (head() / SIZE + 2) * SIZE - 2496;

	shm_store64(&t_map(a)->hdr->tail, pos);
	shm_store64(&t_map(a)->hdr->head, pos);
	drain();
}

/* The file tells the truth again, so everything must work by itself. */
static void prepare(bool full)
{
	mend(a);
	mend(b);
	mend(o);
	bus_log_seek_end(o);
	drain();
	t_fill(buf, 900, t_all(), bus_mac(a), 1);
	if (full)
		fill();
	else
		jump();
	for (int i = 0; i < 2; i++) {
		t_fill(buf, 900, t_all(), bus_mac(a), 1);
		CHECK_EQ(t_send(a, buf, 900), 0);
	}
}

static unsigned try(size_t op, unsigned at, int value, bool in_turn)
{
	prepare(ops[op].run == do_fill);
	lie.loads = 0;
	lie.at = at;
	lie.value = value;
	lie.in_turn = in_turn;
	lie.word = NULL;
	lie.turns = 0;
	lie.on = true;
	ops[op].run();
	lie.on = false;
	return lie.loads;
}

static void test_lies(size_t op)
{
	unsigned loads, n = 0;
	uint64_t v;

	doing = ops[op].name;
	loads = try(op, 0, 0, false);
	for (unsigned at = 1; at <= loads && at <= LOADS; at++) {
		/* Far more of them are single bytes of a name. */
		if (at > 60 && at % 7)
			continue;
		for (int i = (int)at % T_EVERY; evil(i, 0, 0, &v);
		    i += T_EVERY) {
			try(op, at, i, false);
			try(op, at, i, true);
			n += 2;
		}
	}
	printf("%s: %u loads, %u lies\n", ops[op].name, loads, n);
}

/* The same by another mapping, as a hostile process would do it. */
static _Atomic bool stop;

static void *worker(void *arg)
{
	uint64_t turn = (uintptr_t)arg;

	while (!atomic_load(&stop)) {
		if (turn)
			do_take();
		else
			do_send();
		atomic_store(&native_of(a)->broken, false);
		atomic_store(&native_of(b)->broken, false);
	}
	return NULL;
}

static void test_flip(shm_u64 *w, const char *name)
{
	uint64_t v, seen;
	pthread_t t[2];

	prepare(false);
	doing = name;
	atomic_store(&stop, false);
	for (uintptr_t i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, worker, (void *)i), 0);
	for (int i = 0; evil(i, 0, 0, &v); i++)
		for (int n = 0; n < 20000 / T_EVERY; n++) {
			seen = shm_load64(w);
			evil(i, seen, head() & ~(uint64_t)(SIZE - 1), &v);
			shm_store64(w, v);
			for (volatile int j = 0; j < n % 64; j++)
				;
			shm_store64(w, seen);
		}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("%s\n", name);
}

static void test_flips(void)
{
	struct bus_map m;
	_Atomic bool broken = false;
	int fd = open(t_path, O_RDWR);

	CHECK_EQ(map_open(&m, fd, native_of(a)->lock_fd, &t_map(a)->con,
	    &broken), 0);
	close(fd);
	test_flip(&m.hdr->tail, "tail flips");
	test_flip(&m.hdr->head, "head flips");
	test_flip(&m.slots[1].cursor, "cursor flips");
	test_flip(&m.slots[0].claim_pos, "claim flips");
	map_close(&m);
}

int main(void)
{
	t_start();
	alarm(100);
	t_create(SIZE, 1500);
	a = t_member();
	b = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	signal(SIGSEGV, on_fault);
	for (size_t op = 0; op < sizeof(ops) / sizeof(ops[0]); op++)
		test_lies(op);
	test_flips();
	bus_close(a);
	bus_close(b);
	bus_close(o);
	return 0;
}
