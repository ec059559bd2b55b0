/*
 * notes.h: a file to which somebody adds lines while frames are captured: what
 * happened, so that it stands in the capture where it happened.
 */
#ifndef STACK_CTL_NOTES_H
#define STACK_CTL_NOTES_H

#include <stddef.h>
#include <stdio.h>

#define NOTES_TEXT	256	/* a longer line goes on as the next note */
#define NOTES_MAX	4	/* for a frame; the next one has the rest */

/* Lines from now on.  Return: NULL with errno. */
FILE *notes_open(const char *path);
/* Complete lines that came since the last call.  Return: how many. */
size_t notes_take(FILE *from, char text[static NOTES_MAX][NOTES_TEXT]);

#endif
