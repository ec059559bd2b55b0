/*
 * u_bus.h: what the bus's unit programs share: checks, a bus of their own,
 * and frames whose bytes can be verified.
 */
#ifndef TESTS_U_BUS_H
#define TESTS_U_BUS_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bus/handle.h"

#define CHECK(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, \
		    #cond); \
		exit(1); \
	} \
} while (0)

#define CHECK_EQ(a, b) do { \
	long long a_ = (a), b_ = (b); \
	if (a_ != b_) { \
		fprintf(stderr, "%s:%d: failed: %s is %lld, not %lld\n", \
		    __FILE__, __LINE__, #a, a_, b_); \
		exit(1); \
	} \
} while (0)

/* Sanitizers slow a program down: then a sample has to do. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define T_EVERY 13
#else
#define T_EVERY 1
#endif

#define FRAME_MAX 65600
#define RECORD_MAX 32782	/* a frame of an MTU below, or a large segment */
#define FRAME_HEAD 40		/* Ethernet header, kind, length, seed */

static char t_dir[64];
static char t_path[128];
static char t_err[BUS_ERRLEN];
__attribute__((unused)) static _Thread_local uint32_t t_unit;	
static pid_t t_pid;

static inline uint64_t t_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void t_unlink(void)
{
	char lock[sizeof(t_path) + 8];

	snprintf(lock, sizeof(lock), "%s.lock", t_path);
	unlink(t_path);
	unlink(lock);
}

/* However it ends; but children that exit are not the end. */
static inline void t_cleanup(void)
{
	if (getpid() != t_pid)
		return;
	t_unlink();
	rmdir(t_dir);
}

static inline void t_hangs(int sig)
{
	static const char text[] = "took too long\n";

	(void)sig;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	t_cleanup();
	_exit(1);
}

/* A directory for this program, and a net for the case that it hangs. */
static inline void t_start(void)
{
	t_pid = getpid();
	atexit(t_cleanup);
	signal(SIGALRM, t_hangs);
	alarm(60);
	setvbuf(stdout, NULL, _IOLBF, 0);	/* before any fork */
	snprintf(t_dir, sizeof(t_dir), "%s/u_bus.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(t_dir));
	snprintf(t_path, sizeof(t_path), "%s/bus", t_dir);
}

static inline void t_create(uint32_t size, uint32_t mtu)
{
	struct bus_geometry g;

	bus_geometry_default(&g);
	g.size = size;
	g.mtu = mtu;
	unlink(t_path);
	if (bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err) < 0) {
		fprintf(stderr, "%s\n", t_err);
		exit(1);
	}
}

static inline struct bus *t_open(unsigned flags)
{
	struct bus *b;

	if (bus_open(&b, t_path, flags, t_err) < 0) {
		fprintf(stderr, "%s\n", t_err);
		exit(1);
	}
	return b;
}

static inline struct bus *t_member(void)
{
	struct bus_want want = { .name = "test" };
	struct bus *b = t_open(0);

	if (bus_join(b, &want, t_err) < 0) {
		fprintf(stderr, "%s\n", t_err);
		exit(1);
	}
	return b;
}

/* The mapping of a native bus. */
static inline const struct bus_map *t_map(const struct bus *b)
{
	return &native_seen(b)->map;
}

/* How often the member was woken. */
static inline uint32_t t_wakes(const struct bus *b)
{
	return shm_load32(map_wake_word(t_map(b), bus_slot(b)));
}

static inline void t_sleep_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* A frame of len bytes whose body follows from seed. */
static inline void t_fill(uint8_t *f, uint32_t len, const uint8_t *dst,
    const uint8_t *src, uint64_t seed)
{
	uint64_t state = seed * 2654435761u + 88172645463325252ull, w;

	memset(f, 0, len < FRAME_HEAD ? len : FRAME_HEAD);
	memcpy(f, dst, 6);
	memcpy(f + 6, src, 6);
	if (len < FRAME_HEAD)
		return;
	memcpy(f + 16, &len, 4);
	memcpy(f + 24, &seed, 8);
	memcpy(f + 32, &state, 8);
	for (uint32_t i = FRAME_HEAD; i < len; i += 8) {
		w = state += 0x9e3779b97f4a7c15ull;
		memcpy(f + i, &w, len - i < 8 ? len - i : 8);
	}
}

/* True if f is what t_fill made; *seed is what it was made from. */
static inline bool t_verify(const uint8_t *f, uint32_t len, uint64_t *seed)
{
	uint64_t state, want, w = 0;
	uint32_t said;
	uint32_t n;

	if (len < FRAME_HEAD)
		return false;
	memcpy(&said, f + 16, 4);
	memcpy(seed, f + 24, 8);
	memcpy(&state, f + 32, 8);
	want = *seed * 2654435761u + 88172645463325252ull;
	if (said != len || state != want)
		return false;
	for (uint32_t i = FRAME_HEAD; i < len; i += 8) {
		state += 0x9e3779b97f4a7c15ull;
		n = len - i < 8 ? len - i : 8;
		memcpy(&w, f + i, n);
		if (n == 8 ? w != state : memcmp(&w, &state, n))
			return false;
	}
	return true;
}

static inline int t_send(struct bus *b, const void *f, uint32_t len)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)f,
		.iov_len = len };

	return bus_send(b, &iov, 1, 0);
}

static inline const uint8_t *t_all(void)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };

	return all;
}

/* fork(), but the child does not outlive this program. */
static inline pid_t t_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

/* Wait for a child; it must have ended well. */
static inline void t_reap(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

#endif
