/* busshow.h: what an open bus looks like: its geometry and its members. */
#ifndef STACK_CTL_BUSSHOW_H
#define STACK_CTL_BUSSHOW_H

#include <stdbool.h>

struct bus;
struct json;

/* On standard output; members: with a line for each of them. */
void busshow_print(struct bus *b, const char *path, bool json, bool members);
/* The same as the next value of a document. */
void busshow_json(struct json *j, struct bus *b, const char *path,
    bool members);
/* How many members are alive. */
unsigned busshow_count(struct bus *b);

#endif
