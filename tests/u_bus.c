/*
 * u_bus.c: bus files and membership: creation, what is refused, names,
 * slots, addresses, MACs.
 */
#include "tests/u_bus.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void expect_open(unsigned flags, int code, const char *text)
{
	struct bus *b;
	int r = bus_open(&b, t_path, flags, t_err);

	if (r != code || !strstr(t_err, text) || strchr(t_err, '\n')) {
		fprintf(stderr, "bus_open: %d, not %d; \"%s\", not \"%s\"\n",
		    r, code, t_err, text);
		exit(1);
	}
	CHECK(!b);
	CHECK(strstr(t_err, t_path));
}

static void write_at(off_t off, const void *p, size_t n)
{
	int fd = open(t_path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, p, n, off), n);
	close(fd);
}

static void test_create(void)
{
	struct bus_geometry g = { .size = 1 << 20, .mtu = 1500,
		.subnet = { 192, 168, 7, 99 }, .plen = 24 };
	struct bus_geometry bad;
	const struct bus_geometry *is;
	struct stat st;
	struct bus *b;

	umask(027);
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), 0);
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), -EEXIST);
	CHECK_EQ(stat(t_path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(st.st_size, BUS_RING_OFF + (1 << 20));
	CHECK(st.st_blocks * 512 >= st.st_size);
	umask(022);
	b = t_open(0);
	is = bus_geometry(b);
	CHECK_EQ(is->size, 1 << 20);
	CHECK_EQ(is->mtu, 1500);
	CHECK_EQ(is->plen, 24);
	CHECK(memcmp(is->subnet, "\xc0\xa8\x07\x00", 4) == 0);
	bus_close(b);
	unlink(t_path);
	for (int i = 0; i < 8; i++) {
		bad = g;
		bad.size = i == 0 ? 3 << 20 : i == 1 ? 4096 : i == 2 ? 0 :
		    i == 3 ? 1u << 31 : g.size;
		bad.mtu = i == 4 ? 100 : i == 5 ? 65522 : g.mtu;
		bad.plen = i == 6 ? 31 : i == 7 ? 7 : g.plen;
		CHECK_EQ(bus_create(t_path, &bad, BUS_MODE_DEFAULT, t_err), -EINVAL);
		CHECK_EQ(access(t_path, F_OK), -1);
	}
}

static void test_refused(void)
{
	struct bus_geometry g;
	uint32_t v = 7;
	int fd;

	unlink(t_path);
	expect_open(0, -ENOENT, "shmif bus create");
	expect_open(BUS_OPEN_RDONLY, -ENOENT, "no such bus");
	bus_geometry_default(&g);
	CHECK_EQ(bus_create("/nowhere/at/all", &g, BUS_MODE_DEFAULT, t_err), -ENOENT);

	fd = open(t_path, O_CREAT | O_WRONLY, 0666);
	expect_open(BUS_OPEN_CREATE, -EINVAL, "too short");
	CHECK_EQ(ftruncate(fd, 1 << 20), 0);
	expect_open(0, -EINVAL, "magic");
	close(fd);

	t_create(BUS_SIZE_MIN, 1500);
	write_at(offsetof(struct bus_const, version), &v, 4);
	expect_open(0, -EPROTONOSUPPORT, "version 7");
	t_create(BUS_SIZE_MIN, 1500);
	write_at(offsetof(struct bus_const, mtu), &v, 4);
	expect_open(0, -EIO, "geometry");
	t_create(BUS_SIZE_MIN, 1500);
	CHECK_EQ(truncate(t_path, BUS_RING_OFF + 1000), 0);
	expect_open(0, -EIO, "damaged");
	CHECK_EQ(truncate(t_path, 100), 0);
	expect_open(0, -EIO, "damaged");
	CHECK_EQ(truncate(t_path, 40), 0);
	expect_open(0, -EINVAL, "too short");

	unlink(t_path);
	CHECK_EQ(mkfifo(t_path, 0666), 0);
	expect_open(0, -EINVAL, "regular");
	unlink(t_path);
	CHECK_EQ(mkdir(t_path, 0777), 0);
	expect_open(0, -EISDIR, "directory");
	rmdir(t_path);
	CHECK_EQ(symlink("dangling", t_path), 0);
	expect_open(BUS_OPEN_CREATE, -ENOENT, "no such bus");
	unlink(t_path);
}

/* In a child: permissions do not hold root back. */
static void test_permission(void)
{
	bool root = getuid() == 0;
	pid_t pid;

	t_create(BUS_SIZE_MIN, 1500);
	CHECK_EQ(chmod(t_path, 0444), 0);
	CHECK_EQ(chmod(t_dir, 0755), 0);
	pid = t_fork();
	if (pid == 0) {
		if (root)
			CHECK_EQ(setuid(65534), 0);
		expect_open(0, -EACCES, "write");
		bus_close(t_open(BUS_OPEN_RDONLY));
		if (root) {
			strcat(t_path, "2");
			expect_open(BUS_OPEN_CREATE, -EACCES, "write to");
		}
		_exit(0);
	}
	t_reap(pid);
	CHECK_EQ(chmod(t_path, 0000), 0);
	pid = t_fork();
	if (pid == 0) {
		if (root)
			CHECK_EQ(setuid(65534), 0);
		expect_open(BUS_OPEN_RDONLY, -EACCES, "read");
		_exit(0);
	}
	t_reap(pid);
	CHECK_EQ(chmod(t_dir, 0700), 0);
}

/* Too big for the limit on files, or for the disk: and nothing is left. */
static void test_no_space(void)
{
	struct rlimit rl = { 1 << 20, RLIM_INFINITY }, old;
	struct bus_geometry g;
	char dir[100];

	bus_geometry_default(&g);
	unlink(t_path);
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	rl.rlim_max = old.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &rl), 0);
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), -EFBIG);
	CHECK(strstr(t_err, "ulimit"));
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_EQ(access(t_path, F_OK), -1);

	snprintf(dir, sizeof(dir), "%s/small", t_dir);
	CHECK_EQ(mkdir(dir, 0700), 0);
	if (mount("none", dir, "tmpfs", 0, "size=1m") < 0) {
		rmdir(dir);
		return;		/* not root, or not allowed */
	}
	snprintf(t_path, sizeof(t_path), "%s/bus", dir);
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), -ENOSPC);
	CHECK(strstr(t_err, "no space"));
	CHECK_EQ(access(t_path, F_OK), -1);
	CHECK_EQ(umount(dir), 0);
	CHECK_EQ(rmdir(dir), 0);
	snprintf(t_path, sizeof(t_path), "%s/bus", t_dir);
}

static void *open_race(void *arg)
{
	struct bus_want want = { .name = "race" };
	struct bus **b = arg;
	char err[BUS_ERRLEN];

	for (int i = 0; i < 4; i++) {
		CHECK_EQ(bus_open(&b[i], t_path, BUS_OPEN_CREATE, err), 0);
		CHECK(bus_join(b[i], &want, err) >= 0);
	}
	return NULL;
}

/* Many make the same bus at once: one bus comes of it, all are on it. */
static void test_race(void)
{
	struct bus *b[6][4];
	struct bus_member m;
	pthread_t t[6];
	int n;

	for (int round = 0; round < 10; round++) {
		unlink(t_path);
		for (int i = 0; i < 6; i++)
			CHECK_EQ(pthread_create(&t[i], NULL, open_race,
			    b[i]), 0);
		for (int i = 0; i < 6; i++)
			pthread_join(t[i], NULL);
		n = 0;
		for (int i = 0; i < BUS_SLOTS; i++)
			n += bus_member(b[0][0], i, &m);
		CHECK_EQ(n, 24);
		for (int i = 0; i < 24; i++)
			bus_close(b[i / 4][i % 4]);
	}
}

static void test_paths(void)
{
	char path[4096], dir[4096], want[4096], err[BUS_ERRLEN];

	CHECK_EQ(bus_path(path, sizeof(path), "./x", false, err), 0);
	CHECK(strcmp(path, "./x") == 0);
	CHECK_EQ(bus_path(path, 5, "/tmp/x", false, err), -ENAMETOOLONG);
	CHECK_EQ(bus_path(path, sizeof(path), "", false, err), -EINVAL);
	CHECK_EQ(bus_path(path, sizeof(path), "..", false, err), -EINVAL);
	CHECK_EQ(bus_path(path, sizeof(path), "a\nb", false, err), -EINVAL);

	setenv("XDG_RUNTIME_DIR", t_dir, 1);
	snprintf(dir, sizeof(dir), "%s/shmif", t_dir);
	snprintf(want, sizeof(want), "%.4000s/demo", dir);
	CHECK_EQ(bus_path(path, sizeof(path), "demo", false, err), 0);
	CHECK(strcmp(path, want) == 0);
	CHECK_EQ(access(dir, F_OK), -1);
	CHECK_EQ(bus_path(path, sizeof(path), "demo", true, err), 0);
	CHECK_EQ(access(dir, F_OK), 0);
	CHECK_EQ(chmod(dir, 0777), 0);
	CHECK_EQ(bus_path(path, sizeof(path), "demo", false, err), -EPERM);
	CHECK(strstr(err, "chmod 700"));
	rmdir(dir);
	CHECK_EQ(symlink("/tmp", dir), 0);
	CHECK_EQ(bus_path(path, sizeof(path), "demo", true, err), -ENOTDIR);
	unlink(dir);
	if (getuid() == 0) {
		CHECK_EQ(mkdir(dir, 0700), 0);
		CHECK_EQ(chown(dir, 65534, 65534), 0);
		CHECK_EQ(bus_path(path, sizeof(path), "demo", true, err),
		    -EPERM);
		CHECK(strstr(err, "another user"));
		rmdir(dir);
	}
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	snprintf(want, sizeof(want), "/dev/shm/shmif-%u", geteuid());
	CHECK_EQ(bus_user_dir(path, sizeof(path), false, err), 0);
	CHECK(strcmp(path, want) == 0);
	unsetenv("XDG_RUNTIME_DIR");
	CHECK_EQ(bus_user_dir(path, sizeof(path), false, err), 0);
	CHECK(strcmp(path, want) == 0);
}

static int join_ip4(struct bus *b, const char *ip4)
{
	struct bus_want want = { .name = "x" };

	if (ip4)
		CHECK_EQ(sscanf(ip4, "%hhu.%hhu.%hhu.%hhu", &want.ip4[0],
		    &want.ip4[1], &want.ip4[2], &want.ip4[3]), 4);
	return bus_join(b, &want, t_err);
}

static void test_slots(void)
{
	struct bus *a, *b, *c, *d;
	struct bus_member m;
	struct bus_addr addr = { .family = AF_INET, .plen = 24,
		.addr = { 10, 0, 0, 3 } };
	uint8_t ip4[4];
	int slot;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_open(0);
	b = t_open(0);
	c = t_open(0);
	d = t_open(0);
	CHECK_EQ(bus_slot(a), -1);
	CHECK_EQ(join_ip4(a, NULL), 0);
	CHECK_EQ(join_ip4(a, NULL), -EALREADY);
	CHECK_EQ(join_ip4(b, "10.0.0.77"), 76);
	CHECK_EQ(join_ip4(c, "10.0.0.77"), -EADDRINUSE);
	CHECK(strstr(t_err, "10.0.0.77"));
	CHECK_EQ(join_ip4(c, "172.16.0.1"), 255);
	CHECK_EQ(bus_member(a, 76, &m), 1);
	CHECK_EQ(m.addr[0].addr[3], 77);
	CHECK_EQ(m.pid, getpid());
	CHECK(strcmp(m.name, "x") == 0);
	bus_slot_ip4(a, 76, ip4);
	CHECK(memcmp(ip4, "\x0a\0\0\x4d", 4) == 0);
	bus_slot_ip4(a, 253, ip4);
	CHECK_EQ(ip4[3], 254);
	bus_slot_ip4(a, 254, ip4);
	CHECK_EQ(ip4[0], 0);

	/* .2 and .3 are spoken for, elsewhere than in their slots. */
	addr.addr[3] = 2;
	bus_announce_addrs(b, &addr, 1);
	addr.addr[3] = 3;
	bus_announce_addrs(c, &addr, 1);
	CHECK_EQ(join_ip4(d, NULL), 3);
	CHECK_EQ(bus_check_addr(d, &addr, &slot), -EADDRINUSE);
	CHECK_EQ(slot, 255);
	CHECK_EQ(bus_check_addr(c, &addr, &slot), 0);
	bus_close(c);
	CHECK_EQ(bus_check_addr(d, &addr, &slot), 0);
	CHECK_EQ(bus_member(a, 255, &m), 0);
	bus_announce_name(d, "a name of more than sixty-three characters, "
	    "which is what there is room for");
	CHECK_EQ(bus_member(a, 3, &m), 1);
	CHECK_EQ(strlen(m.name), BUS_NAMELEN - 1);
	/* A terminal must not obey what a member calls itself. */
	bus_announce_name(d, "\033[31mred\n");
	CHECK_EQ(bus_member(a, 3, &m), 1);
	CHECK(strcmp(m.name, "?[31mred?") == 0);
	bus_close(a);
	bus_close(b);
	bus_close(d);
}

static void test_mac(void)
{
	struct bus_want want = { .mac = { 2, 0, 0, 0, 0, 5 } };
	struct bus *a = t_member(), *b = t_open(0);
	uint8_t mac[6];

	CHECK(memcmp(bus_mac(a), "\xb2\xa0", 2) == 0);
	CHECK_EQ(bus_mac(a)[5], bus_slot(a));
	memcpy(mac, bus_mac(a), 6);
	CHECK_EQ(bus_join(b, &want, t_err), 1);
	CHECK(memcmp(bus_mac(b), want.mac, 6) == 0);
	CHECK_EQ(bus_set_mac(a, want.mac), -EADDRINUSE);
	CHECK(memcmp(bus_mac(a), mac, 6) == 0);
	CHECK_EQ(bus_set_mac(a, (uint8_t[6]){ 1, 2, 3, 4, 5, 6 }), -EINVAL);
	CHECK_EQ(bus_set_mac(a, (uint8_t[6]){ 0 }), -EINVAL);
	bus_leave(b);
	CHECK_EQ(bus_set_mac(a, want.mac), 0);
	CHECK_EQ(bus_join(b, &want, t_err), -EADDRINUSE);
	CHECK_EQ(bus_slot(b), -1);
	want.mac[0] = 3;
	CHECK_EQ(bus_join(b, &want, t_err), -EINVAL);
	bus_close(a);
	bus_close(b);
}

/* A subnet of two hosts: the others come without an address. */
static void test_small_subnet(void)
{
	struct bus_geometry g = { .size = BUS_SIZE_MIN, .mtu = 1500,
		.subnet = { 10, 1, 2, 4 }, .plen = 30 };
	struct bus *b[3];
	uint8_t ip4[4];

	unlink(t_path);
	CHECK_EQ(bus_create(t_path, &g, BUS_MODE_DEFAULT, t_err), 0);
	for (int i = 0; i < 3; i++)
		b[i] = t_member();
	CHECK_EQ(bus_slot(b[1]), 1);
	bus_slot_ip4(b[1], 1, ip4);
	CHECK_EQ(ip4[3], 6);
	CHECK_EQ(bus_slot(b[2]), 255);
	bus_slot_ip4(b[2], 255, ip4);
	CHECK_EQ(ip4[0], 0);
	for (int i = 0; i < 3; i++)
		bus_close(b[i]);
}

/* 256 members, no more, and each slot free again once its owner is gone. */
static void test_many(void)
{
	struct bus *b[BUS_SLOTS], *more;
	struct bus_want want = { 0 };
	struct bus_member m;
	struct rlimit rl;
	bool seen[BUS_SLOTS] = { false };
	uint8_t f[60];

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur < 700)
		return;
	t_create(BUS_SIZE_DEFAULT, 1500);
	more = t_open(0);
	/* Twice: the table of mappings must be free again, too. */
	for (int round = 0; round < 2; round++) {
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < BUS_SLOTS - 1; i++) {
			b[i] = t_member();
			CHECK(!seen[bus_slot(b[i])]);
			seen[bus_slot(b[i])] = true;
		}
		CHECK(bus_join(more, &want, t_err) >= 0);
		native_open_twin(&b[255], more, t_err);
		CHECK_EQ(bus_join(b[255], &want, t_err), -EUSERS);
		CHECK(strstr(t_err, "full"));
		t_fill(f, sizeof(f), t_all(), bus_mac(more), 1);
		CHECK_EQ(t_send(more, f, sizeof(f)), 0);
		for (int i = 0; i < BUS_SLOTS - 1; i++)
			CHECK_EQ(bus_peek(b[i]), sizeof(f));
		bus_close(b[7]);
		CHECK(bus_join(b[255], &want, t_err) >= 0);
		bus_close(b[255]);
		for (int i = 0; i < BUS_SLOTS - 1; i++)
			if (i != 7)
				bus_close(b[i]);
		bus_leave(more);
		for (int i = 0; i < BUS_SLOTS; i++)
			CHECK_EQ(bus_member(more, i, &m), 0);
	}
	bus_close(more);
}

/* Killed members are gone at once; those that fork live on in the child. */
static void test_liveness(void)
{
	struct bus *a, *b;
	struct bus_member m;
	int go[2], slot;
	pid_t pid;
	char c;

	t_create(BUS_SIZE_MIN, 1500);
	a = t_member();
	CHECK_EQ(pipe(go), 0);
	pid = t_fork();
	if (pid == 0) {
		slot = bus_slot(t_member());
		CHECK_EQ(write(go[1], &slot, sizeof(slot)), sizeof(slot));
		pause();
	}
	CHECK_EQ(read(go[0], &slot, sizeof(slot)), sizeof(slot));
	CHECK_EQ(bus_member(a, slot, &m), 1);
	CHECK_EQ(m.pid, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK_EQ(bus_member(a, slot, &m), 0);
	b = t_member();
	CHECK_EQ(bus_slot(b), slot);

	pid = t_fork();
	if (pid == 0) {
		bus_announce_name(b, "child");
		CHECK_EQ(read(go[0], &c, 1), 1);
		_exit(0);
	}
	close(b->fd);
	close(native_of(b)->lock_fd);	/* as _exit would */
	for (int i = 0; i < 1000; i++) {
		CHECK_EQ(bus_member(a, slot, &m), 1);
		if (strcmp(m.name, "child") == 0)
			break;
		t_sleep_ms(1);
	}
	CHECK_EQ(m.pid, pid);
	CHECK_EQ(write(go[1], "x", 1), 1);
	t_reap(pid);
	CHECK_EQ(bus_member(a, slot, &m), 0);
	bus_close(a);
}

int main(void)
{
	t_start();
	test_create();
	test_refused();
	test_permission();
	test_no_space();
	test_paths();
	test_race();
	test_slots();
	test_mac();
	test_small_subnet();
	test_many();
	test_liveness();
	return 0;
}
