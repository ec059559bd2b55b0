/* log.h: one line on stderr, or nowhere once the server is in the background. */
#ifndef STACK_LOG_H
#define STACK_LOG_H

extern int log_verbose;		/* 1: log_debug() speaks */
void log_name(const char *program);
/* Keep errno. */
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
