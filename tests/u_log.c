/*
 * u_log.c: the host's log by itself: how many lines it keeps, what a flood
 * leaves of others, and that threads may write; and counters by name.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/wire/wire.h"

#define THREADS	4
#define EACH	20000

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			exit(1);					\
		}							\
	} while (0)

/* All lines are there but the oldest, in order and whole. */
static void keeps_the_last(void)
{
	struct wire_log l = { .number = 0 };
	unsigned n = 0;
	char text[20];

	CHECK(!log_read(0, &l));
	for (int i = 1; i <= 5000; i++)
		log_put("count", "%d", i);
	while (log_read(l.number, &l)) {
		snprintf(text, sizeof(text), "%u", 5000 - LOG_LINES + ++n);
		CHECK(l.number == 5000 - LOG_LINES + n);
		CHECK(!strcmp(l.kind, "count") && !strcmp(l.text, text));
	}
	CHECK(n == LOG_LINES);
	CHECK(!log_read(5000, &l));
}

static void cuts_and_cleans(void)
{
	struct wire_log l;
	char big[1000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_put("much too long a kind", "%s", big);
	CHECK(log_read(5000, &l));
	CHECK(strlen(l.text) == sizeof(l.text) - 1);
	CHECK(strlen(l.kind) == sizeof(l.kind) - 1);
	log_put("a", "x\ny\033[2J\177");
	CHECK(log_read(5001, &l) && !strcmp(l.text, "x?y?[2J?"));
}

static void *flood(void *arg)
{
	(void)arg;
	for (int i = 0; i < EACH; i++) {
		log_event("flood", "%d", i);
		counter_inc("test.flood");
	}
	return NULL;
}

/* Nothing is lost without being told: kept and left out are all. */
static void floods_are_counted(uint64_t after)
{
	pthread_t t[THREADS];
	struct wire_log l = { .number = after };
	unsigned long kept = 0, left_out = 0, n;
	bool more = false;

	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, flood, NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	log_event("quiet", "and this is there");
	while (log_read(l.number, &l)) {
		more |= !strcmp(l.kind, "quiet");
		if (strcmp(l.kind, "flood"))
			continue;
		if (sscanf(l.text, "%lu lines more, left out", &n) == 1 &&
		    strchr(l.text, 'l'))
			left_out += n;
		else
			kept++;
	}
	CHECK(more);
	CHECK(left_out > 0 && kept >= LOG_BURST && kept < 2 * LOG_BURST);
	CHECK(kept + left_out == THREADS * EACH);
	CHECK(counter_value("test.flood") == THREADS * EACH);
}

static void counts_by_name(void)
{
	counter_inc("test.twice");
	counter_add("test.twice", 41);
	CHECK(counter_value("test.twice") == 42);
	CHECK(counter_value("test.never") == 0);
}

int main(void)
{
	keeps_the_last();
	cuts_and_cleans();
	floods_are_counted(5002);
	counts_by_name();
	return 0;
}
