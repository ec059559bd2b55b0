/*
 * keyfile.h: files of keys for tcp:// hosts, in the style of QEMU's keys.psk:
 * lines NAME:KEY[:RIGHT,...], the key in hex; # begins a comment.
 */
#ifndef STACK_KEYFILE_H
#define STACK_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

#define KEYFILE_MIN	16	/* bytes of a key */
#define KEYFILE_MAX	64
#define KEYFILE_ERRLEN	400

struct keyfile_key {
	char name[WIRE_KEYLEN];
	uint8_t secret[KEYFILE_MAX];
	size_t len;
	char rights[128];	/* "": none were named */
};

/*
 * The key of that name, or with NULL or "" the only one.  Return: 0; -ENOENT:
 * there is none of that name; or -errno.  err gets a line that names the file.
 */
int keyfile_find(const char *path, const char *name, struct keyfile_key *out,
    char err[static KEYFILE_ERRLEN]);
/* Is the file one that could be used?  As keyfile_find(). */
int keyfile_check(const char *path, char err[static KEYFILE_ERRLEN]);
bool keyfile_is_name(const char *name);

#endif
