/*
 * watch.c: finding the epoll registrations of an fd; see watch.h.
 *
 * The kernel tells them in /proc.  It is read in a child with a table of fds
 * of its own, so that no number of the program's is used for that.
 */
#include "hijack/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "hijack/aside.h"
#include "stack/wire/sys.h"

#define LINE_MAX_	256	/* bytes of a line that counts */

/* A file of /proc, line by line. */
struct lines {
	int fd;
	size_t at, end;
	char buf[4096];
};

static bool lines_open(struct lines *l, const char *path)
{
	l->at = l->end = 0;
	l->fd = (int)SYS4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	return l->fd >= 0;
}

static bool next_byte(struct lines *l, char *c)
{
	long n;

	if (l->at == l->end) {
		n = SYS3(SYS_read, l->fd, l->buf, sizeof(l->buf));
		if (n <= 0)
			return false;
		l->at = 0;
		l->end = (size_t)n;
	}
	*c = l->buf[l->at++];
	return true;
}

/* The next line, cut; false: the end. */
static bool next_line(struct lines *l, char line[static LINE_MAX_])
{
	size_t n = 0;
	char c;

	while (next_byte(l, &c)) {
		if (c == '\n') {
			line[n] = '\0';
			return true;
		}
		if (n < LINE_MAX_ - 1)
			line[n++] = c;
	}
	return false;
}

/* The number behind a word of the line. */
static bool number(const char *line, const char *word, int base, uint64_t *v)
{
	const char *p = strstr(line, word);
	char *end;

	if (!p)
		return false;
	p += strlen(word);
	*v = strtoull(p, &end, base);
	return end != p;
}

static void path_of(char path[static 64], const char *dir, unsigned fd)
{
	char dec[24];

	strcpy(path, dir);
	hj_append(path, 64, hj_dec(dec, fd));
}

/* How many numbers the table has room for. */
static uint64_t table_size(void)
{
	char line[LINE_MAX_];
	uint64_t size = 0;
	struct lines l;

	if (!lines_open(&l, "/proc/self/status"))
		return 0;
	while (next_line(&l, line) && !number(line, "FDSize:", 10, &size))
		;
	sys_close(l.fd);
	return size;
}

/* Something that no epoll descriptor can know. */
static int stranger(void)
{
	return (int)SYS2(SYS_eventfd2, 0, O_CLOEXEC);
}

/* A link of /proc says it, too, and takes ten times as long. */
static bool is_epoll(unsigned fd, int strange)
{
	return SYS4(SYS_epoll_ctl, fd, EPOLL_CTL_DEL, strange, NULL) ==
	    -ENOENT;
}

static void look_into(struct watches *w, unsigned ep)
{
	char path[64], line[LINE_MAX_];
	uint64_t fd, events, data;
	struct lines l;

	path_of(path, "/proc/self/fdinfo/", ep);
	if (!lines_open(&l, path))
		return;
	while (w->n < WATCHES_MAX && next_line(&l, line))
		if (!strncmp(line, "tfd:", 4) &&
		    number(line, "tfd:", 10, &fd) && (int)fd == w->fd &&
		    number(line, "events:", 16, &events) &&
		    number(line, "data:", 16, &data))
			w->v[w->n++] = (struct watch){ .ep = (int)ep,
			    .events = (uint32_t)events, .data = data };
	sys_close(l.fd);
}

static int find(void *arg)
{
	struct watches *w = arg;
	uint64_t size;
	int strange;

	/* One number is enough, and at the limit this is it. */
	sys_close(w->fd);
	size = table_size();
	strange = stranger();
	for (unsigned ep = 0; ep < size && w->n < WATCHES_MAX; ep++) {
		if (!is_epoll(ep, strange))
			continue;
		sys_close(strange);
		look_into(w, ep);
		strange = stranger();
	}
	return 0;
}

void watch_lift(struct watches *w, int fd)
{
	w->fd = fd;
	w->n = 0;
	aside_run(find, w);
	/* If the file lives on elsewhere it is not to be heard of here. */
	for (unsigned i = 0; i < w->n; i++)
		SYS4(SYS_epoll_ctl, w->v[i].ep, EPOLL_CTL_DEL, fd, NULL);
}

void watch_put(const struct watches *w)
{
	for (unsigned i = 0; i < w->n; i++) {
		struct epoll_event ev = {
			.events = w->v[i].events, .data.u64 = w->v[i].data,
		};

		SYS4(SYS_epoll_ctl, w->v[i].ep, EPOLL_CTL_ADD, w->fd, &ev);
	}
}
