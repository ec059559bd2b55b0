/*
 * log.h: what has happened on this host.
 *
 * The last LOG_LINES lines are kept in memory, for shmif log; with -v each
 * goes to stderr as well.  Lines of one place in the code are limited in
 * rate, so that a flood of one kind neither costs much nor hides the others;
 * how many were left out is a line by itself.  Any thread, no lock needed.
 */
#ifndef STACK_LOG_H
#define STACK_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINES	4096
/* Of one place: so many at once, and then so many a second. */
#define LOG_BURST	500
#define LOG_RATE	20

struct wire_log;

extern int log_verbose;		/* 1: on stderr as well */
void log_name(const char *program);
/* For whoever runs the host: on stderr in any case.  Keeps errno. */
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Of one place in the code. */
struct log_rate {
	const char *kind;
	struct log_rate *next;	/* of all that have left lines out */
	uint64_t lines;		/* that may come now, at most LOG_BURST */
	uint64_t since;		/* ns: until then they are counted */
	uint64_t left_out, told;	/* told: ns, when that was a line */
	bool listed;
};
bool log_may(struct log_rate *rate);
void log_put(const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * log_event("connect", "tcp %s -> %s", ...): what happened, in a word, and to
 * whom.  The arguments are looked at only if the line is kept.  Keeps errno.
 */
#define log_event(kind_, ...)						\
	do {								\
		static struct log_rate rate_ = { .kind = (kind_) };	\
									\
		if (log_may(&rate_))					\
			log_put(kind_, __VA_ARGS__);			\
	} while (0)
#define log_debug(...)	log_event("debug", __VA_ARGS__)

/* "ok", or the name of an errno, positive or negative. */
const char *log_result(int err);

/*
 * The oldest line whose number is above `after`, and how many were left out
 * so far are told first.  Return: is there one?
 */
bool log_read(uint64_t after, struct wire_log *out);

#endif
