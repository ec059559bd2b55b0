/*
 * u_look.c: what the launcher and the library make of a program's file: real
 * ones, damaged ones, and what is kept of them.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hijack/look/cache.c"
#include "hijack/look/elf.c"
#include "hijack/look/program.c"

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		printf("%s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		exit(1);						\
	}								\
} while (0)

static char dir[] = "/tmp/u_look.XXXXXX";
static char file[64];

static void put(const void *data, size_t n)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	CHECK(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	close(fd);
}

static size_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, size);

	CHECK(n > 0);
	close(fd);
	return (size_t)n;
}

static void test_real(void)
{
	struct program_how how = { .search = "/nosuch:/bin:/usr/bin" };
	char path[256];
	struct program p;

	CHECK(!program_find("sh", how.search, path, sizeof(path)));
	CHECK(!strcmp(path, "/bin/sh"));
	CHECK(!program_look(&p, path, &how) && !p.problem && !p.script);
	CHECK(p.file.elf && p.file.dynamic && p.file.libc ==
	    PROGRAM_LIBC_GLIBC && p.file.wide && !p.file.go);
	CHECK(!program_look(&p, "/proc/self/exe", &how) && !p.problem);
	CHECK(program_find("nosuch", how.search, path, sizeof(path)) ==
	    -ENOENT);
	CHECK(program_find("", how.search, path, sizeof(path)) == -ENOENT);
	CHECK(program_look(&p, "/nosuch", &how) == -ENOENT);
	CHECK(program_look(&p, "/", &how) == -EACCES);
}

static void test_scripts(void)
{
	struct program_how how = { .search = "/bin" };
	struct program p;
	char line[300];

	put("#!/bin/sh -e\n", 13);
	CHECK(!program_look(&p, file, &how) && !p.problem);
	CHECK(!strcmp(p.path, "/bin/sh") && p.script == file);
	put("#! /usr/bin/env A=1 sh\n", 23);
	CHECK(!program_look(&p, file, &how) && !strcmp(p.path, "/bin/sh"));
	put("#!/usr/bin/env nosuch\n", 22);
	CHECK(!program_look(&p, file, &how) &&
	    !strcmp(p.path, "/usr/bin/env"));
	put("echo\n", 5);
	CHECK(program_look(&p, file, &how) == -ENOEXEC);
	how.shell = true;
	CHECK(!program_look(&p, file, &how) && !strcmp(p.path, "/bin/sh"));
	put("", 0);
	CHECK(!program_look(&p, file, &how));
	/* It reads itself. */
	snprintf(line, sizeof(line), "#!%s\n", file);
	put(line, strlen(line));
	CHECK(program_look(&p, file, &how) == -ELOOP);
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/", 3);
	put(line, sizeof(line));
	CHECK(program_look(&p, file, &how) == -ENOENT);
}

/* Nothing of a damaged header may lead out of the file or into a long loop. */
static void test_damaged(void)
{
	static char good[8192], bad[sizeof(good)];
	size_t n = slurp("/proc/self/exe", good, sizeof(good));
	struct program_how how = { .search = NULL };
	struct program p;

	srand(1);
	for (int i = 0; i < 3000; i++) {
		memcpy(bad, good, n);
		for (int j = rand() % 8; j >= 0; j--) {
			size_t at = (size_t)rand() % (j % 2 ? 64 : 1024);

			bad[at] = (char)(rand() % 3 ? rand() : -1);
		}
		memcpy(bad, ELFMAG, SELFMAG);
		put(bad, rand() % 4 ? n : (size_t)rand() % n);
		program_look(&p, file, &how);
		if (!p.problem)
			p.problem = "";
		CHECK(strlen(p.problem) < 100);
	}
}

static void test_cache(void)
{
	static struct program_cache cache;
	static char elf[4096];
	size_t n = slurp("/proc/self/exe", elf, sizeof(elf));
	struct program_how how = { .cache = &cache };
	struct program p;
	struct stat st;

	put(elf, n);
	CHECK(!program_look(&p, file, &how) && !p.problem);
	CHECK(!stat(file, &st) && program_cache_find(&cache, &st, &p.file));
	/* The same name, times and size, another file; the same file, changed. */
	st.st_ino++;
	CHECK(!program_cache_find(&cache, &st, &p.file));
	st.st_ino--;
	st.st_mtim.tv_nsec ^= 1;
	CHECK(!program_cache_find(&cache, &st, &p.file));
	st.st_mtim.tv_nsec ^= 1;
	st.st_ctim.tv_nsec ^= 1;
	CHECK(!program_cache_find(&cache, &st, &p.file));
	st.st_ctim.tv_nsec ^= 1;
	CHECK(program_cache_find(&cache, &st, &p.file));
	/* What a process that shares it has damaged does not count. */
	cache.slot[p.id % PROGRAM_CACHE_SLOTS].facts ^= FACT_DYNAMIC;
	CHECK(!program_cache_find(&cache, &st, &p.file));
	CHECK(!program_look(&p, file, &how) && !p.problem);
	CHECK(program_cache_tell(&cache, p.id));
	CHECK(!program_cache_tell(&cache, p.id));
	CHECK(program_cache_tell(&cache, p.id + 1));
	CHECK(program_cache_tell(NULL, p.id) && program_cache_tell(NULL, p.id));
}

/* Less than 50 us for one that was seen; the best of some runs. */
static void test_time(void)
{
	static struct program_cache cache;
	struct program_how how = { .cache = &cache };
	long best = 1000000;
	struct program p;

	for (int i = 0; i < 200; i++) {
		struct timespec a, b;
		long ns;

		clock_gettime(CLOCK_MONOTONIC, &a);
		CHECK(!program_look(&p, "/bin/sh", &how));
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec -
		    a.tv_nsec;
		if (ns < best)
			best = ns;
	}
	printf("a look at a program seen before: %ld ns\n", best);
	CHECK(best < 50000);
}

int main(void)
{
	CHECK(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/file", dir);
	test_real();
	test_scripts();
	test_damaged();
	test_cache();
	test_time();
	unlink(file);
	rmdir(dir);
	return 0;
}
