/*
 * h_rumpkernel.c: a rump kernel's interface on a bus file, by the book of the
 * format and not by bus/: it attaches as that does, takes the lock as that
 * does, sleeps and wakes as that does, and answers ARP and ping for an address.
 *
 * usage: h_rumpkernel BUS ADDRESS	(says "ready", and ends when killed)
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE	1048544u
#define REC	24u

static struct {
	uint32_t magic, version;
	uint64_t gen;
	uint32_t first, last;
	_Atomic uint32_t lock;
	uint32_t spare;
	uint8_t data[SIZE];
} *bus;

static int fd, notify;
static uint64_t gen;
static uint32_t next;		/* the frame to read */
static uint8_t ip[4], mac[6] = { 0xb2, 0xa0, 9, 8, 7, 6 };
static const uint64_t uuid = 0x1234567887654321;

static void lock(void)
{
	uint32_t was = 0;

	for (int i = 0; !atomic_compare_exchange_weak(&bus->lock, &was, 1);
	    was = 0)
		if (++i > 1000)
			usleep(1000);
}

static void unlock(void)
{
	atomic_store(&bus->lock, 0);
}

static uint32_t get(uint32_t off, void *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = bus->data[(off + i) % SIZE];
	return (off + n) % SIZE;
}

static uint32_t behind(uint32_t off)
{
	uint32_t len;

	get(off, &len, 4);
	return (off + REC + len) % SIZE;
}

/* Old frames make room; on a bus that was never full there is some. */
static void put(uint32_t off, const void *p, uint32_t n)
{
	bool never_full = bus->first == SIZE && bus->gen == 0 &&
	    off + n <= SIZE;

	while (!never_full && (bus->first % SIZE + SIZE - off) % SIZE < n)
		bus->first = behind(bus->first % SIZE);
	for (uint32_t i = 0; i < n; i++)
		bus->data[(off + i) % SIZE] = ((const uint8_t *)p)[i];
}

static void send_frame(const uint8_t *f, uint32_t len)
{
	const uint32_t version = 3;
	uint8_t rec[REC + 1514] = { 0 };
	uint32_t at;

	memcpy(rec, &len, 4);
	memcpy(rec + 16, &uuid, 8);
	memcpy(rec + REC, f, len);
	lock();
	at = bus->last = behind(bus->last);
	put(at, rec, REC + len);
	if (at + REC + len >= SIZE)
		bus->gen++;
	unlock();
	if (pwrite(fd, &version, 4, 4) != 4)
		exit(1);
}

static bool is_arp(const uint8_t *f, uint32_t len)
{
	return len >= 42 && f[12] == 8 && f[13] == 6 && f[21] == 1 &&
	    !memcmp(f + 38, ip, 4);
}

static bool is_echo(const uint8_t *f, uint32_t len)
{
	return len >= 42 && f[12] == 8 && f[13] == 0 && f[23] == 1 &&
	    f[34] == 8 && !memcmp(f + 30, ip, 4);
}

static void answer(uint8_t *f, uint32_t len)
{
	uint32_t sum;

	memcpy(f, f + 6, 6);
	memcpy(f + 6, mac, 6);
	if (is_arp(f, len)) {
		f[21] = 2;
		memcpy(f + 32, f + 22, 10);
		memcpy(f + 22, mac, 6);
		memcpy(f + 28, ip, 4);
	} else if (is_echo(f, len)) {
		memcpy(f + 30, f + 26, 4);
		memcpy(f + 26, ip, 4);
		f[34] = 0;
		sum = (uint32_t)(f[36] << 8 | f[37]) + 0x800;
		sum += sum >> 16;
		f[36] = (uint8_t)(sum >> 8);
		f[37] = (uint8_t)sum;
	} else {
		return;
	}
	send_frame(f, len);
}

/* One frame for each time that it has the lock. */
static void receive(void)
{
	uint8_t rec[REC], f[1514];
	uint32_t len;
	uint64_t who;

	for (;;) {
		lock();
		if (gen == bus->gen && next == behind(bus->last)) {
			unlock();
			return;
		}
		get(next, rec, REC);
		memcpy(&len, rec, 4);
		memcpy(&who, rec + 16, 8);
		if (len > sizeof(f)) {
			fprintf(stderr, "%u bytes at %u\n", len, next);
			exit(1);
		}
		get((next + REC) % SIZE, f, len);
		if (next + REC + len >= SIZE)
			gen++;
		next = (next + REC + len) % SIZE;
		unlock();
		if (who != uuid && len >= 14)
			answer(f, len);
	}
}

static void attach(const char *path)
{
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, sizeof(*bus)) < 0)
		exit(1);
	bus = mmap(NULL, sizeof(*bus), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	notify = inotify_init();
	if (bus == MAP_FAILED || inotify_add_watch(notify, path, IN_MODIFY) < 0)
		exit(1);
	lock();
	if (bus->magic == 0) {
		bus->magic = 0xca11d054;
		bus->first = SIZE;
	}
	next = bus->last;
	gen = bus->gen;
	unlock();
}

int main(int argc, char **argv)
{
	char event[16];

	if (argc != 3 || inet_pton(AF_INET, argv[2], ip) != 1)
		return 2;
	attach(argv[1]);
	puts("ready");
	fflush(stdout);
	do
		receive();
	while (read(notify, event, sizeof(event)) > 0);
	return 1;
}
