/*
 * u_bus_kill.c: a process is killed, or stopped, before each single access to
 * shared memory, each lock and each system call of what it does on a bus: all
 * that others could notice of it happens between two of these.
 *
 * Built with BUS_HOOK, see shm.h.  u_bus_step.c does the same at any
 * instruction of sending.
 */
#include "tests/u_bus.h"

#include <dirent.h>

#include "stack/wire/clock.h"

#define BACK_MS 100		/* after a death all is as it was */
#define STOP_MS 400		/* what one that is stopped may cost */
#define JOIN_MS 2000		/* ... who joins, if it was joining */
#define LEN 400

static unsigned countdown;	/* accesses to go, 0: none */
static int with;		/* the signal */
static int ready[2], go[2];
static struct bus *a, *b;
static uint8_t frame[FRAME_MAX], got[FRAME_MAX];

uint64_t bus_hook(const volatile void *at, uint64_t seen)
{
	/* Loads are not noticed by others. */
	if (!at && countdown && --countdown == 0)
		raise(with);
	return seen;
}

static int put(struct bus *from, const uint8_t *dst, uint64_t seed)
{
	t_fill(frame, LEN, dst, bus_mac(from), seed);
	return t_send(from, frame, LEN);
}

static void drain(struct bus *m)
{
	uint64_t seed;
	ssize_t n;

	while ((n = bus_take(m, got, sizeof(got), &t_unit)) > 0) {
		CHECK_EQ(n, LEN);
		CHECK(t_verify(got, LEN, &seed));
	}
	CHECK_EQ(n, 0);
}

/* One frame from a to b; whole frames only.  Return: ms that it took. */
static uint64_t exchange(uint64_t seed)
{
	uint64_t start = clock_ns(), last = 0;
	ssize_t n = 0;

	while (put(a, bus_mac(b), seed) < 0) {
		CHECK(clock_ns() - start < 3000 * CLOCK_NS_MS);
		drain(b);
		bus_wait(a, 5);
	}
	while (last != seed) {
		CHECK(clock_ns() - start < 3000 * CLOCK_NS_MS);
		n = bus_take(b, got, sizeof(got), &t_unit);
		CHECK(n >= 0);
		if (n == 0) {
			bus_wait(b, 5);
			continue;
		}
		CHECK_EQ(n, LEN);
		CHECK(t_verify(got, LEN, &last));
	}
	return (clock_ns() - start) / CLOCK_NS_MS;
}

/* What the victim does; *m is its handle. */

static void do_join(struct bus **m)
{
	struct bus_want want = { .name = "victim", .ip4 = { 10, 0, 0, 3 } };

	if (bus_join(*m, &want, t_err) < 0)
		_exit(2);
}

static void do_open(struct bus **m)
{
	if (bus_open(m, t_path, BUS_OPEN_CREATE, t_err) < 0)
		_exit(3);
	do_join(m);
}

static void do_leave(struct bus **m)
{
	bus_leave(*m);
}

static void do_announce(struct bus **m)
{
	struct bus_addr addr = { 2, 24, { 10, 0, 0, 9 } };

	bus_announce_name(*m, "another");
	bus_announce_addrs(*m, &addr, 1);
	bus_announce_server(*m, "/tmp/sock");
	bus_set_promisc(*m, true);
	bus_set_mac(*m, (const uint8_t[]){ 2, 1, 1, 1, 1, 1 });
	bus_set_promisc(*m, false);
}

/* In two pieces, to stop between them. */
static void do_send(struct bus **m)
{
	struct iovec iov[2] = { { frame, 100 }, { frame + 100, LEN - 100 } };

	for (int i = 0; i < 3; i++) {
		t_fill(frame, LEN, i ? bus_mac(b) : t_all(), bus_mac(*m), 7);
		bus_send(*m, iov, 2, 0);
	}
}

static void do_take(struct bus **m)
{
	while (bus_take(*m, got, sizeof(got), &t_unit) > 0)
		;
}

static void do_wait(struct bus **m)
{
	do_take(m);
	bus_wait(*m, 0);
	bus_kick(*m);
	bus_wait(*m, 0);
}

static const struct op {
	const char *name;
	void (*run)(struct bus **m);
	bool open, member;	/* it is so before */
} ops[] = {
	{ "create, open, join", do_open, false, false },
	{ "join", do_join, true, false },
	{ "leave", do_leave, true, true },
	{ "announce", do_announce, true, true },
	{ "send", do_send, true, true },
	{ "receive", do_take, true, true },
	{ "wait", do_wait, true, true },
};

static void victim(const struct op *op, unsigned n, int sig)
{
	struct bus *m = NULL;
	char c;

	if (op->open)
		m = t_open(0);
	if (op->member)
		do_join(&m);
	if (write(ready[1], "", 1) != 1 || read(go[0], &c, 1) != 1)
		_exit(4);
	with = sig;
	countdown = n;
	op->run(&m);
	countdown = 0;
	_exit(0);
}

/* Return: the victim, ended or stopped: *status says which. */
static pid_t run(const struct op *op, unsigned n, int sig, int *status)
{
	pid_t pid = t_fork();
	char c;

	if (pid == 0)
		victim(op, n, sig);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	if (a) {		/* so that there is something to receive */
		CHECK_EQ(put(a, t_all(), 1), 0);
		CHECK_EQ(put(a, t_all(), 2), 0);
	}
	CHECK_EQ(write(go[1], "", 1), 1);
	CHECK_EQ(waitpid(pid, status, WUNTRACED), pid);
	return pid;
}

/* Nothing is left of slot 2 but what the next joiner takes over. */
static void check_gone(void)
{
	struct bus_want want = { .name = "next", .ip4 = { 10, 0, 0, 3 } };
	struct bus *m = t_open(0);

	CHECK_EQ(bus_member(a, 2, &(struct bus_member){ 0 }), 0);
	if (bus_join(m, &want, t_err) != 2) {
		fprintf(stderr, "%s\n", t_err);
		exit(1);
	}
	bus_close(m);
	for (enum map_set s = MAP_PRESENT; s <= MAP_STRAY; s++)
		CHECK(!map_set_has(t_map(a), s, 2));
	CHECK_EQ(map_lock(t_map(a), memory_order_seq_cst) & BUS_LOCK_OWNER, 0);
}

static int count_files(void)
{
	DIR *dir = opendir(t_dir);
	int n = -2;		/* . and .. */

	CHECK(dir != NULL);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void members(bool on)
{
	if (on) {
		a = t_member();
		b = t_member();
	} else {
		bus_close(a);
		bus_close(b);
		a = b = NULL;
	}
}

/* Return: whether it was killed; *ms: until all was as before. */
static bool kill_at(const struct op *op, unsigned n, uint64_t *ms)
{
	uint64_t start;
	int status;

	if (op->open)
		members(true);
	run(op, n, SIGKILL, &status);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	start = clock_ns();
	if (!op->open) {
		bus_close(NULL);
		CHECK_EQ(bus_open(&a, t_path, BUS_OPEN_CREATE, t_err), 0);
		bus_close(a);
		members(true);
	}
	exchange(n + 100);
	check_gone();
	*ms = (clock_ns() - start) / CLOCK_NS_MS;
	exchange(n + 10000);
	CHECK_EQ(count_files(), 2);
	members(false);
	if (!op->open)
		t_unlink();
	return WIFSIGNALED(status);
}

static void test_kill(const struct op *op)
{
	uint64_t ms, worst = 0;
	unsigned n = 1;
	bool more = true;

	if (op->open)
		t_create(BUS_SIZE_MIN, 1500);
	else
		t_unlink();
	for (; more; n += T_EVERY) {
		/* Others may keep the processor from us: then once more. */
		for (int i = 0; i < 5; i++) {
			more = kill_at(op, n, &ms);
			if (ms < BACK_MS)
				break;
		}
		CHECK(T_EVERY > 1 || ms < BACK_MS);
		worst = ms > worst ? ms : worst;
	}
	printf("kill, %s: %u places, as before after %llu ms at most\n",
	    op->name, (n - 1) / T_EVERY - 1, (unsigned long long)worst);
}

/* Stopped, the others go on; continued, it ends well and does no harm. */
static bool stop_at(const struct op *op, unsigned n, uint64_t *ms)
{
	int status;
	pid_t pid;

	pid = run(op, n, SIGSTOP, &status);
	if (!WIFSTOPPED(status)) {
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		return false;
	}
	*ms = exchange(n + 100);
	for (int i = 0; i < 3; i++)
		exchange(n + 10000 + i);
	kill(pid, SIGCONT);
	t_reap(pid);
	exchange(n + 20000);
	return true;
}

static void test_stop(const struct op *op)
{
	uint64_t ms = 0, worst = 0;
	unsigned n = 1;

	t_create(BUS_SIZE_MIN, 1500);
	members(true);
	while (stop_at(op, n, &ms)) {
		CHECK(T_EVERY > 1 || ms < STOP_MS);
		worst = ms > worst ? ms : worst;
		n += T_EVERY;
	}
	members(false);
	printf("stop, %s: %u places, the others wait %llu ms at most\n",
	    op->name, n / T_EVERY, (unsigned long long)worst);
	CHECK(n > 1);
}

/* Who is stopped while it joins keeps others from joining for a while. */
static void test_stop_joining(void)
{
	uint64_t start;
	struct bus *m;
	int status;
	pid_t pid;

	t_create(BUS_SIZE_MIN, 1500);
	members(true);
	pid = run(&ops[1], 200, SIGSTOP, &status);
	CHECK(WIFSTOPPED(status));
	start = clock_ns();
	m = t_member();
	printf("stopped while joining: others join after %llu ms\n",
	    (unsigned long long)((clock_ns() - start) / CLOCK_NS_MS));
	CHECK(clock_ns() - start < JOIN_MS * CLOCK_NS_MS);
	CHECK_EQ(bus_slot(m), 3);
	bus_close(m);
	kill(pid, SIGCONT);
	t_reap(pid);
	members(false);
}

int main(void)
{
	t_start();
	alarm(110);
	CHECK_EQ(pipe(ready), 0);
	CHECK_EQ(pipe(go), 0);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		test_kill(&ops[i]);
		if (ops[i].open)
			test_stop(&ops[i]);
	}
	test_stop_joining();
	return 0;
}
