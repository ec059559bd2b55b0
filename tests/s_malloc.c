/*
 * s_malloc.c: preloaded into a host, it makes memory scarce: of so many
 * allocations one fails.
 *
 * SCARCE names a file, whose first word is how many (0: none fails), to be
 * written at any time; the second word counts those that failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static uint32_t *shared;
static uint32_t asked;

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("SCARCE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		shared = p;
}

static int fails(void)
{
	uint32_t every = shared ?
	    __atomic_load_n(&shared[0], __ATOMIC_RELAXED) : 0;

	/* Not every n-th: with a period of its own a caller might get by. */
	if (!every || __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED) *
	    2654435761u % every)
		return 0;
	__atomic_fetch_add(&shared[1], 1, __ATOMIC_RELAXED);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
