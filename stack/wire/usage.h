/*
 * usage.h: the help of a program.  It is a text, the file NAME.usage beside
 * the code, of blocks with an empty line between them:
 *
 *	usage: NAME COMMAND ARGUMENT...
 *	       NAME COMMAND ANOTHER WAY
 *	what it does
 *
 *	  -o VALUE      what the option does
 *	  word          the same for a word
 *
 * the first for the program itself, and one for each of its commands.  What
 * --help prints, the list of commands, the line behind an error and the
 * completions of shells (scripts/completion) are all made of that text.
 */
#ifndef STACK_WIRE_USAGE_H
#define STACK_WIRE_USAGE_H

#include <stdio.h>

#define USAGE_LINELEN	512

/* The Makefile makes these of the files. */
extern const char shmhijack_usage[], shmif_usage[], shmif_server_usage[],
    shmif_relay_usage[];

/* The block of a command, or with NULL the program's.  Return: NULL: none. */
const char *usage_find(const char *text, const char *command);
/* All of it, under the name that the user called. */
void usage_print(FILE *to, const char *block, const char *called);
/* How it is called, in one line, without the name. */
void usage_line(const char *block, char line[static USAGE_LINELEN]);
/* A line for each command: its name and what it does. */
void usage_commands(FILE *to, const char *text);
/*
 * The command, or with a block the option or word in it, that the user may have
 * meant.  Return: NULL, or a name that is good until the next call.
 */
const char *usage_nearest(const char *text, const char *block,
    const char *word);

#endif
