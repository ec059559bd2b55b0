/*
 * u_bus_hostile.c: a bus file that somebody fills with nonsense or truncates
 * while members use it: errors, never a crash, never a hang.
 */
#include "stack/wire/clock.h"
#include "tests/u_bus.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

static _Atomic bool stop;

/* Uses everything there is; whatever comes back must be within bounds. */
static void use(struct bus *b, uint8_t *buf, uint64_t *state)
{
	struct bus_addr addr = { .family = 2, .plen = 24,
		.addr = { 10, 0, 0, t_random(state) % 8 } };
	struct bus_member m;
	struct bus_frame f;
	int r, slot;
	ssize_t n;

	t_fill(buf, 1000, t_random(state) % 2 ? t_all() : bus_mac(b),
	    bus_mac(b), 5);
	buf[5] = t_random(state);
	r = t_send(b, buf, FRAME_HEAD + t_random(state) % 900);
	CHECK(r == 0 || r == -EAGAIN || r == -EIO);
	for (int i = 0; i < 10; i++) {
		n = bus_take(b, buf, FRAME_MAX, &t_unit);
		CHECK(n == -EIO || (n >= 0 && n <= RECORD_MAX));
	}
	if (t_random(state) % 16 == 0) {
		r = bus_wait(b, 1);
		CHECK(r == 0 || r == -ETIMEDOUT || r == -EIO || r == -ESTALE);
		if (r == -ESTALE)
			CHECK(bus_rejoin(b) >= -EIO);
	}
	r = bus_log_next(b, &f, buf, FRAME_MAX);
	CHECK(r == 0 || r == 1 || r == -EIO);
	if (r == 1)
		CHECK(f.len <= RECORD_MAX);
	if (bus_member(b, t_random(state) % BUS_SLOTS, &m)) {
		CHECK(memchr(m.name, 0, sizeof(m.name)));
		for (int i = 0; i < BUS_ADDRS; i++)
			CHECK(m.addr[i].plen <= 128);
	}
	bus_check_addr(b, &addr, &slot);
	if (t_random(state) % 64 == 0) {
		bus_set_promisc(b, t_random(state) % 2);
		bus_announce_name(b, "still here");
	}
}

static void *user(void *arg)
{
	uint64_t state = (uintptr_t)arg | 1;
	uint8_t *buf = malloc(FRAME_MAX);

	while (!atomic_load(&stop))
		use(arg, buf, &state);
	free(buf);
	return NULL;
}

/* One that joins and leaves all the time. */
static void *joiner(void *arg)
{
	uint8_t *buf = malloc(FRAME_MAX);
	struct bus_want want = { .name = "guest" };
	uint64_t state = 77;
	char err[BUS_ERRLEN];

	while (!atomic_load(&stop)) {
		if (bus_join(arg, &want, err) < 0)
			continue;
		for (int i = 0; i < 20; i++)
			use(arg, buf, &state);
		bus_leave(arg);
	}
	free(buf);
	return NULL;
}

struct area {
	const char *name;
	size_t off, len;
};

static uint64_t nonsense(uint64_t *state, uint64_t old)
{
	uint64_t r = t_random(state);

	switch (r >> 8 & 7) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return old + 64 * (r % 65) - 32 * 64;
	case 3:
		return old ^ 1ull << r % 64;
	case 4:
		return r % (1u << 20) & ~63ull;
	case 5:
		return old + (r % 3 << 20);
	default:
		return r;
	}
}

static void scribble(uint8_t *map, const struct area *a, int n,
    uint64_t *state)
{
	uint64_t *w;

	for (int i = 0; i < n; i++) {
		w = (uint64_t *)(void *)(map + a->off +
		    t_random(state) % (a->len / 8) * 8);
		__atomic_store_n(w, nonsense(state,
		    __atomic_load_n(w, __ATOMIC_RELAXED)), __ATOMIC_RELAXED);
	}
}

static void test_scribble(const struct area *a, int ms)
{
	uint64_t state = clock_ns() | 1, end;
	struct bus *b[4];
	pthread_t t[3];
	uint8_t *map;
	int fd;

	unlink(t_path);
	t_create(BUS_SIZE_MIN, 9000);
	fd = open(t_path, O_RDWR);
	map = mmap(NULL, BUS_RING_OFF + BUS_SIZE_MIN, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	close(fd);
	for (int i = 0; i < 3; i++)
		b[i] = i < 2 ? t_member() : t_open(0);
	atomic_store(&stop, false);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, i < 2 ? user : joiner,
		    b[i]), 0);
	end = clock_ns() + ms * CLOCK_NS_MS;
	for (int i = 0; clock_ns() < end; i++) {
		scribble(map, a, 1 + i % 16, &state);
		if (i % 4 == 0)
			usleep(t_random(&state) % 200);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		bus_close(b[i]);
	}
	/* Either it cannot be opened, or it works as far as it goes. */
	if (bus_open(&b[3], t_path, 0, t_err) == 0)
		bus_close(b[3]);
	munmap(map, BUS_RING_OFF + BUS_SIZE_MIN);
	printf("scribble: %s\n", a->name);
}

static void test_scribbles(void)
{
	static const struct area areas[] = {
		{ "first page", 0, 4096 },
		{ "header but its constants", 128, 320 },
		{ "head and tail", 128, 128 },
		{ "lock and seq", 256, 16 },
		{ "sets of slots", 320, 128 },
		{ "slots", BUS_SLOT_OFF, BUS_SLOTS * 512 },
		{ "first slots", BUS_SLOT_OFF, 4 * 512 },
		{ "ring", BUS_RING_OFF, BUS_SIZE_MIN },
		{ "all but constants", 128, BUS_RING_OFF + BUS_SIZE_MIN - 128 },
	};

	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++)
		test_scribble(&areas[i], 700);
}

/* After the constants changed, there is no way back. */
static void test_eio(void)
{
	struct bus *a, *o;
	struct bus_frame f;
	uint8_t buf[100];
	uint32_t mtu;
	int fd;

	unlink(t_path);
	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	t_fill(buf, 100, t_all(), bus_mac(a), 1);
	CHECK_EQ(t_send(a, buf, 100), 0);
	fd = open(t_path, O_RDWR);
	mtu = 9000;
	CHECK_EQ(pwrite(fd, &mtu, 4, offsetof(struct bus_const, mtu)), 4);
	CHECK_EQ(t_send(a, buf, 100), -EIO);
	CHECK_EQ(bus_peek(a), -EIO);
	CHECK_EQ(bus_wait(a, 1), -EIO);
	CHECK_EQ(bus_log_next(o, &f, buf, 100), -EIO);
	mtu = 1500;
	CHECK_EQ(pwrite(fd, &mtu, 4, offsetof(struct bus_const, mtu)), 4);
	CHECK_EQ(t_send(a, buf, 100), -EIO);
	close(fd);
	bus_close(a);
	bus_close(o);
}

static void *sleeper(void *arg)
{
	int *r = malloc(sizeof(*r));

	*r = bus_wait(arg, 10000);
	return r;
}

/* Cut off at len: with zeroes or a signal; then grown again. */
static void test_truncate(off_t len)
{
	struct bus *a, *b, *o;
	struct bus_frame f;
	struct bus_member m;
	uint8_t *buf = malloc(FRAME_MAX);
	pthread_t t;
	uint64_t state = 3;
	void *r;
	int n;

	unlink(t_path);
	t_create(BUS_SIZE_MIN, 9000);
	a = t_member();
	b = t_member();
	o = t_open(BUS_OPEN_RDONLY);
	for (int i = 0; i < 100; i++)
		use(a, buf, &state);
	CHECK_EQ(bus_wait(b, 0), 0);
	while (bus_take(b, buf, FRAME_MAX, &t_unit) > 0)
		;
	CHECK_EQ(pthread_create(&t, NULL, sleeper, b), 0);
	t_sleep_ms(10);
	CHECK_EQ(truncate(t_path, len), 0);
	for (n = 0; n < 10000 && !atomic_load(&native_of(a)->broken); n++)
		use(a, buf, &state);
	printf("truncate to %lld: noticed after %d rounds\n", (long long)len,
	    n);
	CHECK(n < 10000);
	t_fill(buf, 100, t_all(), bus_mac(a), 1);
	CHECK_EQ(t_send(a, buf, 100), -EIO);
	for (n = 0; n < 10000 && bus_log_next(o, &f, buf, FRAME_MAX) >= 0; n++)
		bus_member(o, n % BUS_SLOTS, &m);
	pthread_join(t, &r);
	if (len == 0)
		CHECK_EQ(*(int *)r, -EIO);
	free(r);
	CHECK_EQ(truncate(t_path, BUS_RING_OFF + BUS_SIZE_MIN), 0);
	CHECK_EQ(t_send(a, buf, 100), -EIO);
	CHECK_EQ(bus_join(o, &(struct bus_want){ 0 }, t_err), -EACCES);
	bus_close(a);
	bus_close(b);
	bus_close(o);
	free(buf);
}

static volatile sig_atomic_t chained;
static void *fault_page;

static void on_other_fault(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	CHECK(si->si_addr == fault_page);
	chained++;
	CHECK(mmap(fault_page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_FIXED, -1, 0) == fault_page);
}

/* A fault elsewhere is for the handler that was there before. */
static void test_chain(void)
{
	struct sigaction sa = { .sa_sigaction = on_other_fault,
		.sa_flags = SA_SIGINFO };
	char file[140];
	struct bus *a;
	int fd, status;
	pid_t pid;

	unlink(t_path);
	t_create(BUS_SIZE_MIN, 9000);
	snprintf(file, sizeof(file), "%s/other", t_dir);
	fd = open(file, O_CREAT | O_RDWR, 0600);
	CHECK_EQ(ftruncate(fd, 4096), 0);
	fault_page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_EQ(ftruncate(fd, 0), 0);
	unlink(file);
	pid = t_fork();
	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		a = t_open(0);
		_exit(*(volatile char *)fault_page);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	sigaction(SIGBUS, &sa, NULL);
	a = t_open(0);
	CHECK_EQ(*(volatile char *)fault_page, 0);
	CHECK_EQ(chained, 1);
	CHECK(bus_ok(native_of(a)));
	bus_close(a);
	close(fd);
}

int main(void)
{
	t_start();
	/* First, since sanitizers bring a handler of their own. */
	test_chain();
	test_scribbles();
	test_eio();
	test_truncate(0);
	test_truncate(4096);
	test_truncate(BUS_RING_OFF);
	test_truncate(BUS_RING_OFF + BUS_SIZE_MIN / 2);
	return 0;
}
