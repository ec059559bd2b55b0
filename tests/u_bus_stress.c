/*
 * u_bus_stress.c: many at once, and members that are killed or stopped at
 * random instants: every frame that arrives is whole, in order, and counted.
 */
#include "stack/wire/clock.h"
#include "tests/u_bus.h"

#include <pthread.h>
#include <sys/mman.h>

#define WRITERS 8
#define SEED(writer, n) ((uint64_t)(writer) << 48 | (n))

/* What the reader has seen of each writer. */
struct view {
	uint64_t last[256], frames, lost;
};

static struct {
	_Atomic bool stop;
	_Atomic uint64_t sent[256];
} *shared;

static void take_one(struct bus *b, uint8_t *buf, ssize_t n, struct view *v)
{
	uint64_t seed, writer, count;

	n = bus_take(b, buf, FRAME_MAX, &t_unit);
	CHECK(n >= 0);
	if (n == 0)
		return;
	CHECK(t_verify(buf, n, &seed));
	writer = seed >> 48;
	count = seed & ((1ull << 48) - 1);
	CHECK(writer < 256);
	CHECK(count > v->last[writer]);
	v->last[writer] = count;
	v->frames++;
}

/* Read for ms, or until all is quiet and `shared->stop` is set. */
static void read_for(struct bus *b, struct view *v, int ms)
{
	uint64_t end = clock_ns() + ms * CLOCK_NS_MS;
	uint8_t *buf = malloc(FRAME_MAX);
	ssize_t n;
	int r;

	CHECK(buf);
	for (;;) {
		while ((n = bus_peek(b)) > 0) {
			take_one(b, buf, n, v);
			if (ms >= 0 && clock_ns() >= end)
				goto out;
		}
		CHECK_EQ(n, 0);
		if (ms >= 0 ? clock_ns() >= end :
		    atomic_load(&shared->stop))
			break;
		r = bus_wait(b, 2);
		CHECK(r == 0 || r == -ETIMEDOUT);
	}
out:
	free(buf);
}

static uint32_t any_len(uint64_t *state, uint32_t max)
{
	uint64_t r = t_random(state);

	if (r & 3)
		return FRAME_HEAD + (r >> 8) % 200;
	return FRAME_HEAD + (r >> 8) % (max - FRAME_HEAD);
}

/* No room: do as a member does that has one thread, or another that reads. */
static void no_room(struct bus *b, uint8_t *buf, bool has_reader)
{
	int r;

	if (has_reader) {
		t_sleep_ms(1);
		return;
	}
	while (bus_peek(b) > 0)
		bus_take(b, buf, FRAME_MAX, &t_unit);
	r = bus_wait(b, 100);
	CHECK(r == 0 || r == -ETIMEDOUT);
}

/* Send until told to stop. */
static void write_loop(struct bus *b, const uint8_t *dst, unsigned writer,
    uint64_t first, uint32_t max, bool has_reader)
{
	uint64_t state = 88172645463325252ull + writer * 7919 + first;
	uint8_t *f = malloc(FRAME_MAX);
	uint32_t len;
	int r;

	CHECK(f);
	for (uint64_t n = first; !atomic_load(&shared->stop); n++) {
		len = any_len(&state, max);
		t_fill(f, len, dst, bus_mac(b), SEED(writer, n));
		atomic_store(&shared->sent[writer], n);
		while ((r = t_send(b, f, len)) == -EAGAIN &&
		    !atomic_load(&shared->stop)) {
			no_room(b, f, has_reader);
			t_fill(f, len, dst, bus_mac(b), SEED(writer, n));
		}
		CHECK(r == 0 || atomic_load(&shared->stop));
	}
	free(f);
}

struct job {
	struct bus *bus;
	uint8_t dst[6];
	unsigned writer;
	struct view view;
};

static void *write_thread(void *arg)
{
	struct job *j = arg;

	write_loop(j->bus, j->dst, j->writer, 1, 9000,
	    j->writer == 0);
	return NULL;
}

static void *read_thread(void *arg)
{
	struct job *j = arg;

	read_for(j->bus, &j->view, -1);
	return NULL;
}

/* All in one process and one mapping, so that the sanitizers see it all. */
static void test_threads(int ms)
{
	struct bus *first = t_member();
	struct job jobs[4] = { 0 };
	struct bus_member m;
	pthread_t t[4];

	atomic_store(&shared->stop, false);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(native_open_twin(&jobs[i].bus, first, t_err), 0);
		CHECK(bus_join(jobs[i].bus, &(struct bus_want){ 0 },
		    t_err) >= 0);
		jobs[i].writer = i;
		memcpy(jobs[i].dst, i ? bus_mac(jobs[0].bus) : t_all(), 6);
	}
	/* 0 and 1 write, 0 and 2 read: 0 does both, with two threads. */
	memcpy(jobs[1].dst, bus_mac(jobs[0].bus), 6);
	CHECK_EQ(pthread_create(&t[0], NULL, write_thread, &jobs[0]), 0);
	CHECK_EQ(pthread_create(&t[1], NULL, write_thread, &jobs[1]), 0);
	CHECK_EQ(pthread_create(&t[2], NULL, read_thread, &jobs[2]), 0);
	CHECK_EQ(pthread_create(&t[3], NULL, read_thread, &jobs[0]), 0);
	t_sleep_ms(ms);
	for (int i = 0; i < 1000; i++)
		bus_kick(jobs[i % 2 ? 0 : 2].bus);
	atomic_store(&shared->stop, true);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(jobs[0].view.frames > 10);
	CHECK(jobs[2].view.frames > 10);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(bus_member(first, bus_slot(jobs[i].bus), &m), 1);
		if (m.rx_frames || m.rx_lost)
			printf("threads: slot %d got %llu lost %llu\n",
			    bus_slot(jobs[i].bus),
			    (unsigned long long)m.rx_frames,
			    (unsigned long long)m.rx_lost);
		bus_close(jobs[i].bus);
	}
	bus_close(first);
}

/* A child that is a member of its own and sends to dst. */
static pid_t start_writer(const uint8_t *dst, unsigned writer, uint32_t max)
{
	uint64_t first = atomic_load(&shared->sent[writer]) + 1;
	pid_t pid = t_fork();
	struct bus *b;

	if (pid > 0)
		return pid;
	b = t_member();
	write_loop(b, dst, writer, first, max, false);
	bus_close(b);
	_exit(0);
}

static unsigned members(struct bus *b)
{
	struct bus_member m;
	unsigned n = 0;

	for (int i = 0; i < BUS_SLOTS; i++)
		n += bus_member(b, i, &m);
	return n;
}

/* Big frames, so that most kills hit in the middle of a copy. */
static void test_kill(int rounds)
{
	struct bus *b = t_member(), *w = t_member();
	struct view v = { 0 };
	uint64_t state = clock_ns() | 1, start, frames, worst = 0;
	uint8_t f[100];
	pid_t pid[2];

	atomic_store(&shared->stop, false);
	memset(shared->sent, 0, sizeof(shared->sent));
	for (int i = 0; i < 2; i++)
		pid[i] = start_writer(bus_mac(b), i, 65535);
	for (int i = 0; i < rounds; i++) {
		read_for(b, &v, t_random(&state) % 4);
		kill(pid[i & 1], SIGKILL);
		CHECK_EQ(waitpid(pid[i & 1], NULL, 0), pid[i & 1]);
		/* Whatever it left, the others go on. */
		t_fill(f, sizeof(f), bus_mac(b), bus_mac(w), SEED(9, i + 1));
		start = clock_ns();
		while (t_send(w, f, sizeof(f)) == -EAGAIN)
			read_for(b, &v, 1);
		start = clock_ns() - start;
		worst = start > worst ? start : worst;
		pid[i & 1] = start_writer(bus_mac(b), i & 1, 65535);
		CHECK(members(b) <= 4);
	}
	frames = v.frames;
	read_for(b, &v, 200);
	CHECK(v.frames > frames);
	printf("kill: %d rounds, %llu frames, slowest send %llu us\n", rounds,
	    (unsigned long long)v.frames, (unsigned long long)worst / 1000);
	CHECK(worst < 1000 * CLOCK_NS_MS);
	atomic_store(&shared->stop, true);
	t_reap(pid[0]);
	t_reap(pid[1]);
	CHECK_EQ(members(b), 2);
	bus_close(b);
	bus_close(w);
}

/*
 * Stopped for long enough to be robbed of the lock, while the log goes round
 * many times; what it does when it goes on must not show.
 */
static void test_stop(int rounds)
{
	struct bus *b = t_member();
	struct view v = { 0 };
	uint64_t state = clock_ns() | 1, frames, start, worst = 0, strays;
	unsigned robbed = 0;
	pid_t pid[2];

	atomic_store(&shared->stop, false);
	memset(shared->sent, 0, sizeof(shared->sent));
	for (int i = 0; i < 2; i++)
		pid[i] = start_writer(bus_mac(b), i, 65535);
	for (int i = 0; i < rounds; i++) {
		read_for(b, &v, t_random(&state) % 4 + 1);
		kill(pid[i & 1], SIGSTOP);
		frames = v.frames;
		start = clock_ns();
		while (v.frames < frames + 10) {
			CHECK(clock_ns() - start < 3000 * CLOCK_NS_MS);
			read_for(b, &v, 5);
		}
		start = clock_ns() - start;
		worst = start > worst ? start : worst;
		read_for(b, &v, 100);
		strays = 0;
		for (int j = 0; j < BUS_WORDS; j++)
			strays |= map_set_word(t_map(b), MAP_STRAY, j);
		robbed += strays != 0;
		kill(pid[i & 1], SIGCONT);
	}
	read_for(b, &v, 50);
	printf("stop: %d rounds, %u robbed of the lock, 10 frames of the other "
	    "after at most %llu us\n", rounds, robbed,
	    (unsigned long long)worst / 1000);
	atomic_store(&shared->stop, true);
	t_reap(pid[0]);
	t_reap(pid[1]);
	bus_close(b);
}

/* A stopped reader holds nobody up for long, and knows what it lost. */
static void test_stop_reader(void)
{
	struct bus *b = t_member(), *c;
	uint8_t f[1000];
	uint64_t start, seed, seen = 0, last = 0;
	struct bus_member m;
	int r, dst_slot, p[2];
	pid_t pid;

	CHECK_EQ(pipe(p), 0);
	atomic_store(&shared->stop, false);
	pid = t_fork();
	if (pid == 0) {
		c = t_member();
		dst_slot = bus_slot(c);
		CHECK_EQ(write(p[1], &dst_slot, sizeof(int)), sizeof(int));
		do {
			r = bus_wait(c, 100);
			while (bus_peek(c) > 0) {
				if (bus_take(c, f, sizeof(f), &t_unit) <= 0)
					continue;
				CHECK(t_verify(f, sizeof(f), &seed));
				CHECK(seed > last);
				last = seed;
				seen++;
			}
		} while (!atomic_load(&shared->stop) || r == 0);
		CHECK_EQ(bus_member(c, bus_slot(c), &m), 1);
		CHECK_EQ(last, 20000);
		CHECK_EQ(m.rx_lost + seen, 20000);
		CHECK(m.rx_lost > 0);
		_exit(0);
	}
	CHECK_EQ(read(p[0], &dst_slot, sizeof(int)), sizeof(int));
	CHECK_EQ(bus_member(b, dst_slot, &m), 1);
	start = clock_ns();
	for (uint64_t i = 1; i <= 20000; i++) {
		if (i == 1000)
			kill(pid, SIGSTOP);
		if (i == 19000)
			kill(pid, SIGCONT);
		t_fill(f, sizeof(f), m.mac, bus_mac(b), i);
		while ((r = t_send(b, f, sizeof(f))) == -EAGAIN)
			CHECK_EQ(bus_wait(b, -1), 0);
		CHECK_EQ(r, 0);
	}
	CHECK(clock_ns() - start < 5000 * CLOCK_NS_MS);
	atomic_store(&shared->stop, true);
	t_reap(pid);
	bus_close(b);
}

/* Everybody to everybody. */
static void test_storm(int ms)
{
	struct bus *b = t_member();
	struct view v = { 0 };
	pid_t pid[WRITERS];

	atomic_store(&shared->stop, false);
	memset(shared->sent, 0, sizeof(shared->sent));
	for (int i = 0; i < WRITERS; i++)
		pid[i] = start_writer(t_all(), i, 1500);
	read_for(b, &v, ms);
	atomic_store(&shared->stop, true);
	for (int i = 0; i < WRITERS; i++)
		t_reap(pid[i]);
	printf("storm: %llu frames read\n", (unsigned long long)v.frames);
	CHECK(v.frames > 100);
	bus_close(b);
}

int main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 1;

	t_start();
	alarm(60 * times);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	t_create(BUS_SIZE_MIN, BUS_MTU_MAX);
	test_threads(1000 * times);
	test_kill(200 * times);
	test_stop(20 * times);
	test_stop_reader();
	test_storm(1000 * times);
	t_create(BUS_SIZE_DEFAULT, BUS_MTU_MAX);
	test_threads(1000 * times);
	test_kill(200 * times);
	test_stop(20 * times);
	return 0;
}
