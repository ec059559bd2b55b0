/* u_draw.c: no number is drawn twice, by threads, a child or its parent. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stack/wire/draw.h"

#define THREADS	4
#define EACH	20000
#define CHILDREN	8
#define FEW	50

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			exit(1);					\
		}							\
	} while (0)

static uint64_t all[THREADS * EACH + (CHILDREN + 1) * FEW];

static int by_value(const void *a, const void *b)
{
	uint64_t x, y;

	x = *(const uint64_t *)a;
	y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void check_distinct(size_t n)
{
	qsort(all, n, sizeof(all[0]), by_value);
	for (size_t i = 1; i < n; i++)
		CHECK(all[i] != all[i - 1]);
}

static void *draw_many(void *arg)
{
	uint64_t *to = arg;

	for (int i = 0; i < EACH; i++)
		to[i] = draw_number();
	return NULL;
}

static size_t threads(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, draw_many,
		    all + i * EACH));
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	return THREADS * EACH;
}

/* The child shall not go on with its copy of what the parent has. */
static size_t children(size_t n)
{
	uint64_t r[FEW];
	pid_t pid;
	int p[2];

	for (int c = 0; c < CHILDREN; c++) {
		CHECK(!pipe(p));
		all[n++] = draw_number();
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			for (int i = 0; i < FEW; i++)
				r[i] = draw_number();
			_exit(write(p[1], r, sizeof(r)) != sizeof(r));
		}
		for (int i = 0; i < FEW / 2; i++)
			all[n++] = draw_number();
		CHECK(read(p[0], r, sizeof(r)) == sizeof(r));
		for (int i = 0; i < FEW / 2; i++)
			all[n++] = r[i];
		close(p[0]);
		close(p[1]);
		waitpid(pid, NULL, 0);
	}
	return n;
}

int main(void)
{
	check_distinct(children(threads()));
	return 0;
}
