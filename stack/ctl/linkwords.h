/* linkwords.h: the words of shmif link, which are tc-netem(8)'s, and back. */
#ifndef STACK_CTL_LINKWORDS_H
#define STACK_CTL_LINKWORDS_H

#include <linux/filter.h>
#include <stdint.h>

#include "stack/wire/wire.h"

/* An entry as it was asked for; what it counts is in the arrays. */
struct link_words {
	struct wire_fault conf;
	struct sock_filter *insn;
	int16_t *dist;
	struct wire_fault_addr *addr;
};

/*
 * [in|out] WORD...; conf begins as it is.  Return: 0, or CTL_USAGE after an
 * error line.
 */
int link_words_parse(struct link_words *w, char **words);
/* What follows "match". */
int link_words_match(struct link_words *w, char **words);
void link_words_free(struct link_words *w);

/* linkcount.c: numbers as they are written, and as tc writes them. */
int link_percent(const char *s, uint32_t *out);	/* 0 or -EINVAL */
int link_time(const char *s, int64_t *ns);
int link_rate(const char *s, uint64_t *bytes);

/* linkdist.c: a table of NETEM_DIST numbers.  Return: NULL: none of that name. */
#define LINK_DIST	4096
int16_t *link_dist(const char *name);

#endif
