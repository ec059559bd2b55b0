/*
 * u_bus_files.c: the two files of a bus: who may do what with them, and what
 * comes of a lock file that is missing, another's, or not one.
 */
#include "tests/u_bus.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bus/lockfile.h"
#include "stack/wire/clock.h"

#define WAITERS (T_EVERY > 1 ? 1000 : 10000)
#define TURNS 1500

static uint8_t out[100], in[FRAME_MAX];
static char lock_path[sizeof(t_path) + 8];

static mode_t mode_of(const char *path)
{
	struct stat st;

	CHECK_EQ(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void expect_open(int code, const char *text)
{
	struct bus *b;

	CHECK_EQ(bus_open(&b, t_path, 0, t_err), code);
	if (strstr(t_err, text) && !strchr(t_err, '\n'))
		return;
	fprintf(stderr, "not about %s: %s\n", text, t_err);
	exit(1);
}

static void create(unsigned mode)
{
	struct bus_geometry g;

	t_unlink();
	bus_geometry_default(&g);
	g.size = BUS_SIZE_MIN;
	CHECK_EQ(bus_create(t_path, &g, mode, t_err), 0);
}

static void test_modes(void)
{
	static const mode_t modes[][2] = { { 0600, 0600 }, { 0640, 0600 },
		{ 0644, 0600 }, { 0660, 0660 }, { 0664, 0660 },
		{ 0666, 0666 } };
	mode_t was;

	for (int i = 0; i < 12; i++) {
		was = umask(i % 2 ? 0 : 0777);
		create(modes[i / 2][0]);
		umask(was);
		CHECK_EQ(mode_of(t_path), modes[i / 2][0]);
		CHECK_EQ(mode_of(lock_path), modes[i / 2][1]);
	}
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(bus_chmod(t_path, modes[i][0], t_err), 0);
		CHECK_EQ(mode_of(t_path), modes[i][0]);
		CHECK_EQ(mode_of(lock_path), modes[i][1]);
	}
	CHECK_EQ(bus_chmod(t_path, 0777, t_err), -EINVAL);
	CHECK_EQ(bus_chmod(t_path, 0646, t_err), -EINVAL);
	/* Changed by hand: the owner's next visit takes the lock along. */
	CHECK_EQ(chmod(t_path, 0644), 0);
	bus_close(t_open(0));
	CHECK_EQ(mode_of(lock_path), 0600);
	CHECK_EQ(chmod(t_path, 0666), 0);
	bus_close(t_open(0));
	CHECK_EQ(mode_of(lock_path), 0666);
}

/* Removed by hand: who has it is put out, never two sets of members. */
static void test_missing(void)
{
	struct bus *a, *b;
	uint8_t f[100];

	create(0600);
	a = t_member();
	t_fill(f, sizeof(f), t_all(), bus_mac(a), 1);
	CHECK_EQ(t_send(a, f, sizeof(f)), 0);
	CHECK_EQ(unlink(lock_path), 0);
	b = t_member();
	CHECK_EQ(mode_of(lock_path), 0600);
	CHECK_EQ(bus_slot(b), 0);
	CHECK_EQ(t_send(a, f, sizeof(f)), -EIO);
	CHECK_EQ(t_send(b, f, sizeof(f)), 0);
	bus_close(a);
	bus_close(b);
}

/* The same when the bus is moved away from its lock file. */
static void test_moved(void)
{
	char to[sizeof(t_path) + 8];
	struct bus *a, *b;
	uint8_t f[100];

	create(0600);
	a = t_member();
	snprintf(to, sizeof(to), "%s.2", t_path);
	CHECK_EQ(rename(t_path, to), 0);
	CHECK_EQ(bus_open(&b, to, 0, t_err), 0);
	CHECK(bus_join(b, &(struct bus_want){ 0 }, t_err) >= 0);
	t_fill(f, sizeof(f), t_all(), bus_mac(a), 1);
	CHECK_EQ(t_send(a, f, sizeof(f)), -EIO);
	CHECK_EQ(t_send(b, f, sizeof(f)), 0);
	bus_close(a);
	bus_close(b);
	CHECK_EQ(bus_remove(to, t_err), 0);
}

/* Made anew under its name while somebody is on the old one. */
static void test_replaced(void)
{
	struct bus_geometry g;
	struct bus *a, *b;

	create(0600);
	a = t_member();
	CHECK_EQ(unlink(t_path), 0);
	bus_geometry_default(&g);
	CHECK_EQ(bus_create(t_path, &g, 0600, t_err), -EBUSY);
	CHECK(strstr(t_err, "bus.lock: in use by members of another bus"));
	CHECK_EQ(access(t_path, F_OK), -1);
	bus_close(a);
	CHECK_EQ(bus_create(t_path, &g, 0600, t_err), 0);
	b = t_member();
	bus_close(b);
}

static void test_not_a_lock(void)
{
	static const char text[] = "somebody's";
	char got[20] = "";
	int fd;

	create(0600);
	unlink(lock_path);
	CHECK_EQ(symlink("elsewhere", lock_path), 0);
	expect_open(-EINVAL, "bus.lock: a symbolic link");
	unlink(lock_path);
	CHECK_EQ(mkfifo(lock_path, 0600), 0);
	expect_open(-EINVAL, "bus.lock: not the lock file");
	unlink(lock_path);
	fd = open(lock_path, O_CREAT | O_RDWR, 0600);
	CHECK_EQ(write(fd, text, sizeof(text)), sizeof(text));
	expect_open(-EINVAL, "bus.lock: not the lock file");
	CHECK_EQ(ftruncate(fd, BUS_LOCKS_SIZE), 0);
	expect_open(-EINVAL, "bus.lock: not the lock file");
	CHECK_EQ(pread(fd, got, sizeof(text), 0), sizeof(text));
	CHECK(strcmp(got, text) == 0);
	close(fd);
	unlink(lock_path);
	if (getuid() == 0) {
		bus_close(t_open(0));
		CHECK_EQ(chown(lock_path, 65534, 65534), 0);
		expect_open(-EPERM, "belongs to uid 65534, but the bus to "
		    "uid 0");
		unlink(lock_path);
	}
	bus_close(t_open(0));
}

/* By any name, one lock; and a truncated one is a dead bus, not a crash. */
static void test_names(void)
{
	char link[sizeof(t_path) + 8], err[BUS_ERRLEN];
	struct bus *a, *b, *c;
	struct bus_member m;
	uint8_t f[100];
	int r = 0;

	create(0600);
	snprintf(link, sizeof(link), "%s/other", t_dir);
	CHECK_EQ(symlink("bus", link), 0);
	a = t_member();
	CHECK_EQ(bus_open(&b, link, 0, err), 0);
	CHECK_EQ(bus_join(b, &(struct bus_want){ 0 }, err), 1);
	CHECK_EQ(bus_member(a, 1, &m), 1);
	c = t_open(0);
	CHECK_EQ(truncate(lock_path, 0), 0);
	t_fill(f, sizeof(f), bus_mac(b), bus_mac(a), 1);
	for (int i = 0; i < 10 && r != -EIO; i++)
		r = t_send(a, f, sizeof(f));
	CHECK_EQ(r, -EIO);
	CHECK(bus_join(c, &(struct bus_want){ 0 }, err) < 0);
	unlink(link);
	bus_close(a);
	bus_close(b);
	bus_close(c);
}

/* Somebody writes zeroes over it: it is put right, and known for what it is. */
static void test_zeroed(void)
{
	static const uint8_t zeroes[4096];
	struct bus_addr addr = { 2, 24, { 10, 0, 0, 7 } };
	struct bus *a, *b;
	struct bus_member m;
	int fd;

	create(0600);
	a = t_member();
	b = t_member();
	bus_announce_name(b, "known");
	bus_announce_addrs(b, &addr, 1);
	bus_set_promisc(b, true);
	fd = open(t_path, O_RDWR);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(bus_wait(b, 0), -ETIMEDOUT);
		CHECK_EQ(bus_rejoin(b), 0);
		if (i < 2)	/* the slots; the sets of slots */
			CHECK_EQ(pwrite(fd, zeroes, i ? 128 : 4096, i ? 256 :
			    BUS_SLOT_OFF), i ? 128 : 4096);
		else		/* only what it told of itself */
			CHECK_EQ(pwrite(fd, zeroes, 300, BUS_SLOT_OFF + 512 +
			    200), 300);
		CHECK_EQ(bus_wait(b, 1000), -ESTALE);
		CHECK_EQ(bus_rejoin(b), 1);
		CHECK_EQ(bus_wait(a, 0), i < 2 ? -ESTALE : -ETIMEDOUT);
		CHECK_EQ(bus_rejoin(a), i < 2);
		CHECK_EQ(bus_member(a, 1, &m), 1);
		CHECK(strcmp(m.name, "known") == 0 && m.promisc);
		CHECK(memcmp(&m.addr[0], &addr, sizeof(addr)) == 0);
		t_fill(out, sizeof(out), bus_mac(b), bus_mac(a), 1);
		CHECK_EQ(t_send(a, out, sizeof(out)), 0);
		CHECK_EQ(bus_wait(b, 1000), 0);
		CHECK_EQ(bus_take(b, in, sizeof(in), &t_unit), sizeof(out));
	}
	close(fd);
	bus_close(a);
	bus_close(b);
}

static void test_remove(void)
{
	struct bus *a;

	create(0600);
	a = t_member();
	CHECK_EQ(bus_remove(t_path, t_err), -EBUSY);
	CHECK(strstr(t_err, "1 member is on it"));
	bus_close(a);
	CHECK_EQ(bus_remove(t_path, t_err), 0);
	CHECK_EQ(access(t_path, F_OK), -1);
	CHECK_EQ(access(lock_path, F_OK), -1);
	CHECK_EQ(bus_remove(t_path, t_err), -ENOENT);
}

/* What another user sees and can do, by the mode of the bus. */
static void as_other(unsigned mode, void (*run)(void))
{
	pid_t pid;

	create(mode);
	CHECK_EQ(chmod(t_dir, 01777), 0);
	pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(setgid(65534), 0);
		CHECK_EQ(setuid(65534), 0);
		run();
		_exit(0);
	}
	t_reap(pid);
	CHECK_EQ(chmod(t_dir, 0700), 0);
}

static void has_none(void)
{
	struct bus *b;

	CHECK_EQ(bus_open(&b, t_path, BUS_OPEN_RDONLY, t_err), -EACCES);
	expect_open(-EACCES, "no permission to write");
	CHECK_EQ(bus_chmod(t_path, 0666, t_err), -EPERM);
	CHECK_EQ(bus_remove(t_path, t_err), -EACCES);
}

static void has_read(void)
{
	struct bus *b = t_open(BUS_OPEN_RDONLY);
	struct bus_member m;

	CHECK_EQ(bus_member(b, 0, &m), 0);
	CHECK_EQ(bus_join(b, &(struct bus_want){ 0 }, t_err), -EACCES);
	bus_close(b);
	CHECK_EQ(open(lock_path, O_RDONLY), -1);
	CHECK_EQ(errno, EACCES);
	expect_open(-EACCES, "no permission to write");
	CHECK_EQ(bus_chmod(t_path, 0666, t_err), -EPERM);
	/* Sticky folder: what is another's stays. */
	CHECK(bus_remove(t_path, t_err) < 0);
	CHECK_EQ(access(t_path, F_OK), 0);
}

static void has_write(void)
{
	bus_close(t_member());
	CHECK_EQ(bus_chmod(t_path, 0600, t_err), -EPERM);
	CHECK(bus_remove(t_path, t_err) < 0);
	CHECK_EQ(access(t_path, F_OK), 0);
	CHECK_EQ(access(lock_path, F_OK), 0);
}

/* A lock file that lets more users in than the bus does, or is not there. */
static void finds_it_open(void)
{
	expect_open(-EACCES, "open to others than the bus; its owner");
}

static void finds_it_missing(void)
{
	expect_open(-EACCES, "bus.lock: is missing; its owner, uid 0");
	CHECK_EQ(access(lock_path, F_OK), -1);
}

static void test_users(void)
{
	pid_t pid;

	if (getuid() != 0)
		return;		/* modes tell the same of oneself: above */
	as_other(0600, has_none);
	as_other(0644, has_read);
	as_other(0666, has_write);
	for (int i = 0; i < 2; i++) {
		create(0666);
		CHECK_EQ(chmod(t_dir, 01777), 0);
		CHECK_EQ(i ? unlink(lock_path) : chmod(lock_path, 0777), 0);
		pid = t_fork();
		if (pid == 0) {
			CHECK_EQ(setuid(65534), 0);
			(i ? finds_it_missing : finds_it_open)();
			_exit(0);
		}
		t_reap(pid);
	}
	/* Root makes it for the owner. */
	t_unlink();
	create(0600);
	CHECK_EQ(chown(t_path, 65534, 65534), 0);
	unlink(lock_path);
	bus_close(t_member());
	pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(setgid(65534), 0);
		CHECK_EQ(setuid(65534), 0);
		bus_close(t_member());
		CHECK_EQ(bus_chmod(t_path, 0640, t_err), 0);
		_exit(0);
	}
	t_reap(pid);
	CHECK_EQ(chmod(t_dir, 0700), 0);
}

/* A reader who does what can be done with a file opened for reading. */

static const uint8_t *seen;
static _Atomic int taken;

static void *waiter(void *arg)
{
	size_t i = (size_t)(uintptr_t)arg;
	size_t off = i % 2 ? i * 4 % BUS_RING_OFF : BUS_SLOT_OFF +
	    i / 2 % 4 * sizeof(struct bus_slot) + i / 8 % 16 * 4;
	const uint32_t *word = (const uint32_t *)(const void *)(seen + off);

	for (;;)
		if (syscall(SYS_futex, word, FUTEX_WAIT,
		    *(const volatile uint32_t *)word, NULL, NULL, 0) == 0)
			atomic_fetch_add(&taken, 1);
	return NULL;
}

static void reader(int ready)
{
	struct flock lk = { .l_type = F_RDLCK, .l_whence = SEEK_SET,
		.l_len = 1 };
	int fd = open(t_path, O_RDONLY), n = 0;
	pthread_attr_t attr;
	pthread_t t;

	for (; lk.l_start < BUS_RING_OFF; lk.l_start += 64)
		fcntl(fd, F_OFD_SETLK, &lk);
	seen = mmap(NULL, BUS_RING_OFF, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(seen != MAP_FAILED);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32768);
	while (n < WAITERS && pthread_create(&t, &attr, waiter,
	    (void *)(uintptr_t)n) == 0)
		n++;
	printf("%d foreign waiters\n", n);
	CHECK(n >= WAITERS / 10);
	CHECK_EQ(write(ready, "", 1), 1);
	t_sleep_ms(60000);
}

/* One frame there and one back. */
static void *answer(void *arg)
{
	struct bus *b = arg;
	uint8_t f[100];
	uint32_t unit;

	for (int i = 0; i < TURNS; ) {
		bus_wait(b, 1000);
		while (bus_take(b, f, sizeof(f), &unit) > 0) {
			memcpy(f, f + 6, 6);
			CHECK_EQ(t_send(b, f, sizeof(f)), 0);
			i++;
		}
	}
	return NULL;
}

static int compare(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

/* The median round trip of two members that sleep, in ns. */
static uint64_t round_trip(struct bus *a, struct bus *b)
{
	static uint64_t took[TURNS];
	uint64_t start;
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, answer, b), 0);
	t_fill(out, sizeof(out), bus_mac(b), bus_mac(a), 1);
	for (int i = 0; i < TURNS; i++) {
		start = clock_ns();
		CHECK_EQ(t_send(a, out, sizeof(out)), 0);
		while (bus_take(a, in, sizeof(in), &t_unit) <= 0)
			bus_wait(a, 1000);
		took[i] = clock_ns() - start;
	}
	pthread_join(t, NULL);
	qsort(took, TURNS, sizeof(took[0]), compare);
	return took[TURNS / 2];
}

/*
 * All on one CPU: a wake-up of another one takes ten times as long, and which
 * it is may change from one round to the next.
 */
static void stay(cpu_set_t *before)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	CHECK_EQ(sched_getaffinity(0, sizeof(*before), before), 0);
	CHECK_EQ(sched_setaffinity(0, sizeof(here), &here), 0);
}

static uint64_t least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

static void test_reader(void)
{
	uint64_t quiet = UINT64_MAX, busy = UINT64_MAX;
	struct bus *a, *b, *x, *y;
	cpu_set_t before;
	int p[2];
	char c;
	pid_t pid;

	bus_set_spin(0);
	/* One that nobody reads, and one that is read. */
	create(0644);
	x = t_member();
	y = t_member();
	create(0644);
	a = t_member();
	b = t_member();
	CHECK_EQ(pipe(p), 0);
	pid = t_fork();
	if (pid == 0)
		reader(p[1]);
	CHECK_EQ(read(p[0], &c, 1), 1);
	stay(&before);
	/* In turn: the machine may have other things to do, too. */
	for (int i = 0; i < 5; i++) {
		quiet = least(quiet, round_trip(x, y));
		busy = least(busy, round_trip(a, b));
	}
	printf("round trip: %llu us quiet, %llu us with a reader's waiters\n",
	    (unsigned long long)quiet / 1000, (unsigned long long)busy / 1000);
	sched_setaffinity(0, sizeof(before), &before);
	CHECK(busy <= 2 * quiet);
	bus_close(x);
	bus_close(y);
	/* Its read locks neither keep anybody from joining ... */
	for (int i = 0; i < 5; i++)
		bus_close(t_member());
	bus_close(b);
	b = t_member();
	CHECK_EQ(bus_slot(b), 1);
	/* ... nor keep the dead alive. */
	bus_close(a);
	CHECK_EQ(bus_member(b, 0, &(struct bus_member){ 0 }), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bus_close(b);
}

int main(void)
{
	t_start();
	snprintf(lock_path, sizeof(lock_path), "%s.lock", t_path);
	test_modes();
	test_missing();
	test_moved();
	test_replaced();
	test_not_a_lock();
	test_names();
	test_zeroed();
	test_remove();
	test_users();
	test_reader();
	return 0;
}
