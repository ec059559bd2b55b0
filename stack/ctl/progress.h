/*
 * progress.h: a line on the terminal that tells how far long work is.  It is
 * on standard error, only if that is a terminal, and a few times a second.
 */
#ifndef STACK_CTL_PROGRESS_H
#define STACK_CTL_PROGRESS_H

/* Instead of the line before; cheap enough for every frame. */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Take it away; before anything else is printed. */
void progress_end(void);

#endif
