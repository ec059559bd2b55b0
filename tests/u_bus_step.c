/*
 * u_bus_step.c: a member is killed, or stopped for long, after any single
 * instruction of sending a frame; the others must not notice more than a
 * lost frame.  A run takes a sample of the instructions, `u_bus_step all`
 * takes minutes and each of them.
 */
#include "stack/wire/clock.h"
#include "tests/u_bus.h"

#include <sys/mman.h>
#include <sys/ptrace.h>

#define STEPS_MAX 100000
#define BUDGET 100000		/* steps that a test may take, unless all */
#define LEN 400		/* of every frame; memcpy takes few steps for it */

static uint8_t frame[FRAME_MAX], got[FRAME_MAX];
static _Atomic bool *sent;	/* shared with the victim: it is through */

static int put(struct bus *from, const uint8_t *dst, uint64_t seed)
{
	t_fill(frame, LEN, dst, bus_mac(from), seed);
	return t_send(from, frame, LEN);
}

/* Read all there is; frames must be whole. Return: how many. */
static int drain(struct bus *b)
{
	uint64_t seed;
	ssize_t n;
	int frames = 0;

	while ((n = bus_peek(b)) > 0) {
		n = bus_take(b, got, sizeof(got), &t_unit);
		CHECK_EQ(n, LEN);
		CHECK(t_verify(got, n, &seed));
		frames++;
	}
	CHECK_EQ(n, 0);
	return frames;
}

/* One send that must go through, and be all that arrives at the end. */
static void exchange(struct bus *a, struct bus *b, uint64_t seed)
{
	uint64_t last = 0;
	ssize_t n;

	for (int i = 0; put(a, bus_mac(b), seed) < 0; i++) {
		CHECK(i < 20);
		drain(b);
		bus_wait(a, 20);
	}
	while ((n = bus_peek(b)) > 0) {
		CHECK_EQ(bus_take(b, got, sizeof(got), &t_unit), LEN);
		CHECK(t_verify(got, LEN, &last));
	}
	CHECK_EQ(last, seed);
}

/* Runs under ptrace: joins, stops, sends, ends. */
static void victim(const uint8_t *dst)
{
	struct bus *b = t_member();

	t_fill(frame, LEN, dst, bus_mac(b), 7);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		_exit(77);
	raise(SIGSTOP);
	t_send(b, frame, LEN);
	atomic_store(sent, true);
	_exit(0);
}

static pid_t start_victim(const uint8_t *dst)
{
	int status;
	pid_t pid;

	atomic_store(sent, false);
	pid = t_fork();
	if (pid == 0)
		victim(dst);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		fprintf(stderr, "ptrace is not allowed here\n");
		exit(77);
	}
	CHECK(WIFSTOPPED(status));
	return pid;
}

/* Let it run n instructions.  Return: false if it was through before. */
static bool step(pid_t pid, int n)
{
	int status;

	for (int i = 0; i < n; i++) {
		CHECK_EQ(ptrace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSTOPPED(status));
		if (atomic_load(sent))
			return false;
	}
	return true;
}

static void end_victim(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Whether the lock is held, or ranges are claimed. */
static bool in_the_middle(struct bus *b, unsigned slot)
{
	return (map_lock(t_map(b), memory_order_seq_cst) &
	    BUS_LOCK_OWNER) == slot + 1;
}

static uint64_t tail_room(struct bus *b)
{
	return shm_load64(&t_map(b)->hdr->head) -
	    shm_load64(&t_map(b)->hdr->tail);
}

/* How many instructions the victim lives. */
static int count_steps(struct bus *b)
{
	pid_t pid = start_victim(bus_mac(b));
	int n = 0;

	while (step(pid, 1))
		CHECK(++n < STEPS_MAX);
	end_victim(pid);
	return n;
}

/* Kill after each instruction, or each stride of them. */
static void test_kill(struct bus *a, struct bus *b, int stride)
{
	int held = 0, cases = 0;
	bool alive = true;
	pid_t pid;

	for (int n = clock_ns() % stride; alive; n += stride, cases++) {
		pid = start_victim(bus_mac(b));
		alive = step(pid, n);
		held += in_the_middle(b, 2);
		end_victim(pid);
		exchange(a, b, n + 100);
		CHECK(tail_room(b) <= t_map(b)->con.size);
	}
	printf("kill: %d cases, lock held in %d\n", cases, held);
	CHECK(held > 0 || cases < 50);
}

/*
 * Stop after n instructions, send a lap and more meanwhile, let it go on.
 * Each frame that arrives must be whole, before and after.
 */
static bool stop_at(struct bus *a, struct bus *b, int n, int *robbed)
{
	pid_t pid = start_victim(bus_mac(b));
	bool alive = step(pid, n);
	int status;

	if (alive && in_the_middle(b, 2))
		++*robbed;
	for (uint64_t i = 0; i < t_map(b)->con.size / LEN * 3 / 2; i++)
		exchange(a, b, ((uint64_t)n << 20) + i + 100);
	if (!alive) {
		end_victim(pid);
		return false;
	}
	CHECK_EQ(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK(drain(b) <= 1);
	for (uint64_t i = 0; i < t_map(b)->con.size / LEN * 3 / 2; i++)
		exchange(a, b, ((uint64_t)n << 20) + i + 1000);
	/* It went away, so the next writer finds its stray dead. */
	CHECK(!bus_room_stray(native_of(a), 0, t_map(b)->con.size));
	for (int i = 0; i < BUS_WORDS; i++)
		CHECK_EQ(map_set_word(t_map(b), MAP_STRAY, i), 0);
	return true;
}

static void test_stop(struct bus *a, struct bus *b, int stride)
{
	int robbed = 0, cases = 0;

	for (int n = clock_ns() % stride; ; n += stride, cases++)
		if (!stop_at(a, b, n, &robbed))
			break;
	printf("stop: %d cases, %d robbed of the lock\n", cases, robbed);
	CHECK(robbed > 0 || cases < 50);
}

/* A member that is idle, so that the send has somebody to wake. */
static void test_idle_kill(struct bus *a, struct bus *b, int stride)
{
	bool alive = true;
	pid_t pid;

	for (int n = clock_ns() % stride; alive; n += stride) {
		drain(b);
		CHECK_EQ(bus_wait(b, 0), -ETIMEDOUT);
		CHECK(bus_go_idle(native_of(b)));
		pid = start_victim(bus_mac(b));
		alive = step(pid, n);
		end_victim(pid);
		exchange(a, b, n + 100);
	}
}

int main(int argc, char **argv)
{
	struct bus *a, *b;
	bool all = argc > 1 && strcmp(argv[1], "all") == 0;
	int steps, stride;

	t_start();
	if (all)
		alarm(0);
	sent = mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(sent != MAP_FAILED);
	t_create(BUS_SIZE_MIN, 9000);
	a = t_member();
	b = t_member();
	count_steps(b);
	steps = count_steps(b);
	/* A case n takes n steps, so all take about steps^2 / 2. */
	stride = all ? 1 : (uint64_t)steps * steps / 2 / BUDGET + 1;
	printf("%d instructions, every %d\n", steps, stride);
	drain(b);
	exchange(a, b, 99);
	test_kill(a, b, stride);
	test_idle_kill(a, b, stride);
	test_stop(a, b, all ? 1 : stride + steps / 60);
	bus_close(a);
	bus_close(b);
	return 0;
}
