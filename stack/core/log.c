/* log.c: the lines in memory, and what goes to stderr; see log.h. */
#include "stack/core/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stack/wire/clock.h"
#include "stack/wire/wire.h"

int log_verbose;
static const char *name = "shmif_server";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wire_log ring[LOG_LINES];
static uint64_t last;		/* number of the newest line; 0: none yet */
static struct log_rate *limited;

void log_name(const char *program)
{
	name = program;
}

/* One write(2), so that lines of several processes do not mix. */
static void to_stderr(const char *before, const char *kind, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof(line) - 1, "%s%s%s%s", before,
	    kind, *kind ? " " : "", text);
	ssize_t w;

	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	w = write(STDERR_FILENO, line, (size_t)n);
	(void)w;
}

static void show(const struct wire_log *l)
{
	time_t s = (time_t)(l->when_ns / CLOCK_NS_S);
	char when[40];
	struct tm tm;

	localtime_r(&s, &tm);
	snprintf(when + strftime(when, 32, "%FT%T", &tm), 8, ".%03u ",
	    (unsigned)(l->when_ns % CLOCK_NS_S / CLOCK_NS_MS));
	to_stderr(when, l->kind, l->text);
}

/* What programs call themselves shall not move a cursor. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

/* With the lock held. */
static void keep(const char *kind, const char *text)
{
	struct wire_log *l = &ring[last % LOG_LINES];

	memset(l, 0, sizeof(*l));
	l->number = ++last;
	l->when_ns = clock_real_ns();
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	snprintf(l->text, sizeof(l->text), "%s", text);
	make_printable(l->text);
	if (log_verbose)
		show(l);
}

static void tell_left_out(struct log_rate *r)
{
	char text[80];

	if (!r->left_out)
		return;
	snprintf(text, sizeof(text), "%llu lines more, left out",
	    (unsigned long long)r->left_out);
	r->left_out = 0;
	keep(r->kind, text);
}

/* What has come in by now. */
static void refill(struct log_rate *r, uint64_t now)
{
	const uint64_t step = CLOCK_NS_S / LOG_RATE;	/* ns */
	uint64_t due = (now - r->since) / step;

	r->since += due * step;
	r->lines = due < LOG_BURST - r->lines ? r->lines + due : LOG_BURST;
}

bool log_may(struct log_rate *r)
{
	uint64_t now;
	bool may;

	pthread_mutex_lock(&lock);
	now = clock_ns();	/* here, so that it never goes back */
	refill(r, now);
	may = r->lines > 0;
	r->lines -= may;
	r->left_out += !may;
	if (may && now - r->told >= CLOCK_NS_S) {
		r->told = now;
		tell_left_out(r);
	}
	if (!may && !r->listed) {
		r->listed = true;
		r->next = limited;
		limited = r;
	}
	pthread_mutex_unlock(&lock);
	return may;
}

static void put(const char *kind, const char *fmt, va_list ap)
{
	char text[sizeof(ring[0].text)];
	int err = errno;

	vsnprintf(text, sizeof(text), fmt, ap);
	pthread_mutex_lock(&lock);
	keep(kind, text);
	pthread_mutex_unlock(&lock);
	errno = err;
}

void log_put(const char *kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(kind, fmt, ap);
	va_end(ap);
}

void log_err(const char *fmt, ...)
{
	char line[900], before[80];
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (!log_verbose) {
		snprintf(before, sizeof(before), "%s: ", name);
		to_stderr(before, "", line);
	}
	log_put("error", "%s", line);
	errno = err;
}

const char *log_result(int err)
{
	const char *s = strerrorname_np(err < 0 ? -err : err);

	return err == 0 ? "ok" : s ? s : "?";
}

bool log_read(uint64_t after, struct wire_log *out)
{
	bool found;

	pthread_mutex_lock(&lock);
	for (struct log_rate *r = limited; r; r = r->next)
		tell_left_out(r);
	if (last > LOG_LINES && after < last - LOG_LINES)
		after = last - LOG_LINES;
	found = after < last;
	if (found)
		*out = ring[after % LOG_LINES];
	pthread_mutex_unlock(&lock);
	return found;
}
