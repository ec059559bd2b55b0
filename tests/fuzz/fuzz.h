/*
 * fuzz.h: what the fuzz targets share: input that is taken piece by piece, a
 * virtual host inside the process, and a folder of its own.
 *
 * A target is LLVMFuzzerTestOneInput(); `make fuzz` runs each for FUZZ_S
 * seconds over tests/fuzz/corpus/NAME, with ASan and UBSan.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED	__attribute__((unused))

struct input {
	const uint8_t *p;
	size_t n;
};

static UNUSED uint8_t take8(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static UNUSED uint16_t take16(struct input *in)
{
	uint8_t high = take8(in);

	return (uint16_t)(high << 8 | take8(in));
}

/* At most max bytes, as many as the next two bytes say; a copy in `to`. */
static UNUSED size_t take_bytes(struct input *in, void *to, size_t max)
{
	size_t n = take16(in) % (max + 1);

	if (n > in->n)
		n = in->n;
	if (n)
		memcpy(to, in->p, n);
	in->p += n;
	in->n -= n;
	return n;
}

static UNUSED void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

static char own_dir[] = "/dev/shm/shmif-fuzz.XXXXXX";

static UNUSED int remove_one(const char *path, const struct stat *st, int what,
    struct FTW *ftw)
{
	(void)st, (void)what, (void)ftw;
	return remove(path);
}

static UNUSED void remove_folder(void)
{
	nftw(own_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A target that makes files makes them here; they are gone with it. */
static UNUSED const char *own_folder(void)
{
	static int made;

	if (!made++) {
		must(mkdtemp(own_dir) && chdir(own_dir) == 0, "no folder");
		atexit(remove_folder);
	}
	return own_dir;
}

#endif
