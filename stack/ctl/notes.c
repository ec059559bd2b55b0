/* notes.c: lines that come while frames are captured; see notes.h. */
#include "stack/ctl/notes.h"

#include <string.h>

FILE *notes_open(const char *path)
{
	FILE *f = fopen(path, "re");

	if (f && fseek(f, 0, SEEK_END)) {
		fclose(f);
		return NULL;
	}
	return f;
}

/* A line that is being written is left for later. */
static size_t take(FILE *from, char line[NOTES_TEXT])
{
	long begin = ftell(from);
	size_t n;

	if (!fgets(line, NOTES_TEXT, from)) {
		clearerr(from);		/* there may be more next time */
		return 0;
	}
	n = strlen(line);
	if (n && line[n - 1] == '\n') {
		line[n - 1] = 0;
	} else if (n < NOTES_TEXT - 1) {
		fseek(from, begin, SEEK_SET);
		return 0;
	}
	return n;
}

size_t notes_take(FILE *from, char text[static NOTES_MAX][NOTES_TEXT])
{
	size_t n = 0;

	while (n < NOTES_MAX && take(from, text[n]))
		n++;
	return n;
}
