/*
 * json.h: writes JSON with correct escaping.  Every value has a key inside an
 * object and NULL for one inside an array.
 */
#ifndef STACK_WIRE_JSON_H
#define STACK_WIRE_JSON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH	8

struct json {
	FILE *to;
	int depth;
	bool compact;		/* all on one line */
	bool filled[JSON_DEPTH];	/* something stands at this depth */
	char close[JSON_DEPTH];
};

/* Begin a document; its outermost value is the next thing written. */
void json_init(struct json *j, FILE *to, bool compact);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j);		/* ends the innermost of the two */
void json_string(struct json *j, const char *key, const char *value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_int(struct json *j, const char *key, int64_t value);
/* Twelve digits; no infinity. */
void json_real(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* An error of a program or command, as one line on standard error. */
void json_error(const char *command, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

#endif
