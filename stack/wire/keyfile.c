/* keyfile.c: files of keys; see keyfile.h. */
#include "stack/wire/keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "stack/wire/right.h"

#define LINE_MAX_	512	/* bytes of a line */

bool keyfile_is_name(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= WIRE_KEYLEN)
		return false;
	for (; *name; name++)
		if (*name <= ' ' || *name >= 0x7f || strchr(":@/#", *name))
			return false;
	return true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_secret(const char *hex, struct keyfile_key *k)
{
	size_t n = strlen(hex);

	if (n % 2 || n < 2 * KEYFILE_MIN || n > 2 * KEYFILE_MAX)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		int high = digit(hex[i]), low = digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return false;
		k->secret[i / 2] = (uint8_t)(high << 4 | low);
	}
	k->len = n / 2;
	return true;
}

/* Return: NULL, or what is wrong with it. */
static const char *parse_line(char *line, struct keyfile_key *k)
{
	char *hex = strchr(line, ':'), *rights;
	struct right_set set;
	const char *bad;

	memset(k, 0, sizeof(*k));
	if (!hex)
		return "not a line NAME:KEY";
	*hex++ = '\0';
	rights = strchr(hex, ':');
	if (rights)
		*rights++ = '\0';
	if (!keyfile_is_name(line))
		return "a name has at most 31 letters, and none of : @ / #";
	strcpy(k->name, line);
	if (!parse_secret(hex, k))
		return "a key has 32 to 128 digits in hex";
	if (!rights)
		return NULL;
	if (strlen(rights) >= sizeof(k->rights) ||
	    right_parse(&set, rights, &bad))
		return "rights are use, raw, watch, config and halt";
	strcpy(k->rights, rights);
	return NULL;
}

static FILE *open_file(const char *path, int *e,
    char err[static KEYFILE_ERRLEN])
{
	FILE *f = fopen(path, "re");
	struct stat st;

	*e = -errno;
	if (!f || fstat(fileno(f), &st) < 0) {
		snprintf(err, KEYFILE_ERRLEN, "%s: %s", path,
		    strerror(errno));
	} else if (S_ISREG(st.st_mode) && st.st_mode & 077) {
		*e = -EACCES;
		snprintf(err, KEYFILE_ERRLEN, "%s: others may read the keys; "
		    "chmod 600 %s", path, path);
	} else {
		*e = 0;
		return f;
	}
	if (f)
		fclose(f);
	return NULL;
}

/* The next key of the file. Return: 1, 0: no more, -EINVAL: told. */
static int next_key(FILE *f, const char *path, unsigned *number,
    struct keyfile_key *k, char err[static KEYFILE_ERRLEN])
{
	char line[LINE_MAX_];
	const char *why;

	while (fgets(line, sizeof(line), f)) {
		++*number;
		line[strcspn(line, "\r\n")] = '\0';
		if (!line[strspn(line, " \t")] || line[0] == '#')
			continue;
		why = parse_line(line, k);
		explicit_bzero(line, sizeof(line));
		if (!why)
			return 1;
		snprintf(err, KEYFILE_ERRLEN, "%s: line %u: %s", path, *number,
		    why);
		return -EINVAL;
	}
	return 0;
}

int keyfile_find(const char *path, const char *name, struct keyfile_key *out,
    char err[static KEYFILE_ERRLEN])
{
	struct keyfile_key k;
	unsigned number = 0, found = 0;
	bool any = !name || !*name;
	int e, r;
	FILE *f = open_file(path, &e, err);

	if (!f)
		return e;
	while ((r = next_key(f, path, &number, &k, err)) > 0)
		if (any || !strcmp(k.name, name)) {
			*out = k;
			found++;
			if (!any)
				break;
		}
	fclose(f);
	explicit_bzero(&k, sizeof(k));
	if (r < 0 || found == 1)
		return r < 0 ? r : 0;
	if (found)
		snprintf(err, KEYFILE_ERRLEN, "%s: more than one key; say "
		    "which by tcp://NAME@HOST:PORT/", path);
	else
		snprintf(err, KEYFILE_ERRLEN, "%s: no key%s%s", path,
		    any ? "" : " of the name ", any ? "" : name);
	return found ? -EINVAL : -ENOENT;
}

int keyfile_check(const char *path, char err[static KEYFILE_ERRLEN])
{
	struct keyfile_key k;
	unsigned number = 0, found = 0;
	int e, r;
	FILE *f = open_file(path, &e, err);

	if (!f)
		return e;
	while ((r = next_key(f, path, &number, &k, err)) > 0)
		found++;
	fclose(f);
	explicit_bzero(&k, sizeof(k));
	if (!r && !found)
		snprintf(err, KEYFILE_ERRLEN, "%s: no key; shmif key new -f "
		    "%s NAME makes one", path, path);
	return r ? r : found ? 0 : -ENOENT;
}
