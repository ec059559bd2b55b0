/*
 * u_bus_rump.c: on a bus of NetBSD's format somebody is killed before each
 * access to the file in turn, as who sends and as who receives; the others go
 * on, and see whole frames only.
 */
#include "tests/u_rump.h"

#define STEPS	400	/* more than there are */

static unsigned left;	/* accesses until the end; 0: no end */

uint64_t bus_hook(const volatile void *at, uint64_t seen)
{
	(void)at;
	if (left && --left == 0)
		_exit(0);
	return seen;
}

/* Return: true if it came to its end before the n-th access. */
static bool child(unsigned n, bool sends, uint32_t len)
{
	uint32_t seg_size;
	struct bus *c;
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		c = t_member();
		if (!sends)
			rump_of(c)->rx.chunk.pos -= 24 + 60;
		rump_of(c)->rx.seen = sends;
		t_fill(frame, len, all, bus_mac(c), 1000);
		left = n;
		if (sends)
			t_send(c, frame, len);
		else
			bus_take(c, in, sizeof(in), &seg_size);
		_exit(7);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 ||
	    WEXITSTATUS(status) == 7));
	return WEXITSTATUS(status) == 7;
}

/* What a sends b gets, and nothing but that, the dead one's frame, and perhaps
 * the newest before that once more. */
static void goes_on(struct bus *a, struct bus *b, uint64_t first)
{
	uint64_t seed = 0;
	uint32_t seg_size;
	ssize_t n;

	for (uint64_t i = first; i < first + 3; i++) {
		t_fill(frame, 60, all, bus_mac(a), i);
		for (int tries = 0; t_send(a, frame, 60) < 0; tries++) {
			CHECK(tries < 50);
			bus_wait(a, 10);
		}
	}
	while (seed != first + 2) {
		n = bus_take(b, in, sizeof(in), &seg_size);
		CHECK(n > 0);
		CHECK(t_verify(in, (uint32_t)n, &seed));
		CHECK(seed == 1 || seed == 1000 || (seed >= first && seed < first + 3));
	}
}

/* Before the ring's end by so many bytes; 0: on a fresh bus. */
static void test_killed(uint32_t before, uint32_t len, bool sends)
{
	struct bus *a, *b;
	unsigned n = 0;
	bool done = false;

	while (!done) {
		CHECK(++n < STEPS);
		fresh();
		if (before)
			fill_to(DATA_SIZE - before);
		a = t_member();
		b = t_member();
		t_fill(frame, 60, all, bus_mac(a), 1);
		CHECK_EQ(t_send(a, frame, 60), 0);
		expect_frame(b, 60, 1);
		done = child(n, sends, len);
		goes_on(a, b, 2);
		bus_close(a);
		bus_close(b);
	}
	CHECK(n > 10);
}

int main(void)
{
	t_start();
	for (int sends = 0; sends < 2; sends++) {
		test_killed(0, 400, sends);
		test_killed(84 + 200, 400, sends);
		test_killed(84 + 24 + 400, 400, sends);
	}
	return 0;
}
