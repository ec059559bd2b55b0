/* key.c: shmif key: keys for those who come over tcp://. */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "stack/wire/keyfile.h"
#include "stack/wire/right.h"

#define KEY_BYTES	32

/* NAME:KEY[:RIGHTS] and a newline. */
static int make_line(char *line, size_t size, const char *name,
    const char *rights)
{
	char hex[2 * KEY_BYTES + 1];
	uint8_t key[KEY_BYTES];

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return ctl_fail("no random numbers: %s", strerror(errno));
	for (int i = 0; i < KEY_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	snprintf(line, size, "%s:%s%s%s\n", name, hex, rights ? ":" : "",
	    rights ? rights : "");
	return 0;
}

/* Only for its owner, from the first moment. */
static int append(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	size_t n = strlen(line);
	ssize_t put;

	if (fd < 0)
		return ctl_fail("%s: %s", path, strerror(errno));
	put = write(fd, line, n);
	if (close(fd) < 0 || put != (ssize_t)n)
		return ctl_fail("%s: %s", path, put < 0 ? strerror(errno) :
		    "it could not be written");
	return 0;
}

static int check(const char *path, const char *name)
{
	char err[KEYFILE_ERRLEN];
	struct keyfile_key k;
	int e;

	if (access(path, F_OK) < 0)
		return 0;
	e = keyfile_find(path, name, &k, err);
	if (!e)
		return ctl_fail("%s: it has a key of the name %s", path, name);
	return e == -ENOENT ? 0 : ctl_fail("%s", err);
}

/* What is wrong with the words, or NULL. */
static int bad_words(const char *name, const char *rights)
{
	struct right_set set;
	const char *bad;

	if (!keyfile_is_name(name))
		return ctl_usage("%s: a name has at most 31 letters, and none "
		    "of : @ / #", name);
	if (rights && right_parse(&set, rights, &bad))
		return ctl_usage("%s: rights are use, raw, watch, config and "
		    "halt", rights);
	return 0;
}

int cmd_key(int argc, char **argv)
{
	const char *file = NULL;
	char line[512];
	int c, bad;

	/* Options come behind the word, too. */
	if (argc > 1 && !strcmp(argv[1], "new")) {
		argv++;
		argc--;
	} else if (argc < 2 || argv[1][0] != '-') {
		return ctl_usage("say new");
	}
	opterr = 0;
	while ((c = getopt(argc, argv, "+:f:")) != -1) {
		if (c != 'f')
			return ctl_usage(c == ':' ? "-%c: needs a value" :
			    "-%c: unknown option", optopt);
		file = optarg;
	}
	argv += optind;
	argc -= optind;
	if (argc < 1 || argc > 2)
		return ctl_usage("name the key");
	bad = bad_words(argv[0], argv[1]);
	if (bad)
		return bad;
	if ((file && check(file, argv[0])) ||
	    make_line(line, sizeof(line), argv[0], argv[1]))
		return CTL_FAILED;
	if (file)
		return append(file, line);
	fputs(line, stdout);
	return CTL_OK;
}
