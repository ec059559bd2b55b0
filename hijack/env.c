/*
 * env.c: the settings, all from the environment: RUMP_SERVER, RUMPHIJACK and
 * RUMPHIJACK_RETRYCONNECT as the original has them, and the SHMIF_ names.
 */
#include "hijack/hijack.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/wire/client.h"
#include "stack/wire/url.h"

#define HIJACK_DEFAULT	"path=/rump,socket=all:nolocal"

/* Only while the constructor runs: later the program is not ours to end. */
static _Noreturn void bad(const char *var, const char *val, const char *why)
{
	hj_warn(var, "=", val, ": ", why, NULL);
	_exit(1);
}

struct name_bit {
	const char *name;
	unsigned bit;
};

static const struct name_bit families[] = {
	{ "local", HJ_LOCAL }, { "inet", HJ_INET }, { "route", HJ_ROUTE },
	{ "inet6", HJ_INET6 }, { "mpls", HJ_MPLS },
	{ "other", HJ_OTHER }, { NULL, 0 },
};

/* These have no effect here: they ask for a file server. */
static const struct name_bit vfs_calls[] = {
	{ "nfssvc", 1 }, { "getvfsstat", 2 }, { "fhcalls", 4 }, { NULL, 0 },
};

/* A colon list of names; "all" may only be first, "noX" removes X. */
static const char *parse_names(char *val, const struct name_bit *tab,
    unsigned *bits)
{
	char *save, *word;
	bool first = true;

	*bits = 0;
	for (word = strtok_r(val, ":", &save); word;
	    word = strtok_r(NULL, ":", &save), first = false) {
		bool no = !strncmp(word, "no", 2);
		const struct name_bit *t = tab;

		if (!strcmp(word, "all")) {
			if (!first)
				return "\"all\" must come first";
			*bits = ~0u;
			continue;
		}
		while (t->name && strcmp(t->name, word + (no ? 2 : 0)))
			t++;
		if (!t->name)
			return "a name in the list is not known";
		if (no)
			*bits &= ~t->bit;
		else
			*bits |= t->bit;
	}
	return first ? "the list is empty" : NULL;
}

static const char *parse_socket(struct hj_settings *set, char *val)
{
	return parse_names(val, families, &set->families);
}

static const char *parse_vfs(struct hj_settings *set, char *val)
{
	unsigned ignored;

	(void)set;
	return parse_names(val, vfs_calls, &ignored);
}

static const char *parse_path(struct hj_settings *set, char *val)
{
	size_t len = strlen(val);

	(void)set;
	if (val[0] != '/')
		return "a path prefix must begin with a slash";
	if (len < 2)
		return "a path prefix must be longer than one character";
	if (val[len - 1] == '/' && strspn(val, "/") != len)
		return "a path prefix must not end with a slash";
	return NULL;
}

static const char *parse_blanket(struct hj_settings *set, char *val)
{
	char *save, *word;

	(void)set;
	if (!*val)
		return "the list is empty";
	for (word = strtok_r(val, ":", &save); word;
	    word = strtok_r(NULL, ":", &save))
		if (word[0] != '/')
			return "a path prefix must begin with a slash";
	return NULL;
}

static const char *parse_sysctl(struct hj_settings *set, char *val)
{
	static const char *const words[] = {
		"y", "yes", "yep", "tottakai", "n", "no", NULL
	};

	(void)set;
	if (!val)
		return NULL;
	for (int i = 0; words[i]; i++)
		if (!strcmp(val, words[i]))
			return NULL;
	return "say yes or no";
}

static const char *parse_fdoff(struct hj_settings *set, char *val)
{
	char *end;
	long n;

	(void)set;
	errno = 0;
	n = strtol(val, &end, 10);
	if (end == val || *end || errno || n < 3 || n >= INT_MAX / 2)
		return "fdoff must be a number, 3 or more";
	return NULL;
}

static const struct {
	const char *name;
	bool bare;	/* may stand without a value */
	const char *(*parse)(struct hj_settings *set, char *val);
} options[] = {
	{ "path", false, parse_path },
	{ "blanket", false, parse_blanket },
	{ "socket", false, parse_socket },
	{ "vfs", false, parse_vfs },
	{ "sysctl", true, parse_sysctl },
	{ "fdoff", false, parse_fdoff },
};

/* name[=value]; the name may be cut short. */
static const char *parse_option(struct hj_settings *set, char *opt)
{
	char *val = strchr(opt, '=');

	if (val)
		*val++ = '\0';
	if (!*opt)
		return "an option has no name";
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strncmp(options[i].name, opt, strlen(opt)))
			continue;
		if (!val && !options[i].bare)
			return "an option lacks its value";
		return options[i].parse(set, val);
	}
	return "an option is not known (path, blanket, socket, vfs, sysctl, "
	    "fdoff)";
}

static void read_hijack(struct hj_settings *set)
{
	const char *env = getenv("RUMPHIJACK");
	char text[1024], *save, *opt;
	const char *why;

	set->families = 0;
	if (!env)
		env = HIJACK_DEFAULT;
	if (strlen(env) >= sizeof(text))
		bad("RUMPHIJACK", "...", "the value is too long");
	strcpy(text, env);
	for (opt = strtok_r(text, ",", &save); opt;
	    opt = strtok_r(NULL, ",", &save)) {
		why = parse_option(set, opt);
		if (why)
			bad("RUMPHIJACK", env, why);
	}
}

static void read_retry(struct hj_settings *set)
{
	const char *env = getenv("RUMPHIJACK_RETRYCONNECT");
	unsigned long n;
	char *end;

	if (!env)
		return;
	if (!strcmp(env, "die")) {
		set->retry = HJ_RETRY_DIE;
	} else if (!strcmp(env, "once")) {
		set->retry = HJ_RETRY_ONCE;
	} else if (!strcmp(env, "inftime")) {
		set->retry = HJ_RETRY_FOREVER;
	} else {
		errno = 0;
		n = strtoul(env, &end, 10);
		if (*env < '0' || *env > '9' || *end || errno || !n ||
		    n > UINT_MAX)
			bad("RUMPHIJACK_RETRYCONNECT", env, "say die, once, "
			    "inftime or a number of seconds above 0");
		set->retry = HJ_RETRY_SECONDS;
		set->retry_s = (unsigned)n;
	}
}

int hj_escape(const char *word)
{
	static const char *const words[] = {
		[HJ_ESCAPE_WARN] = "warn",
		[HJ_ESCAPE_DENY] = "deny",
		[HJ_ESCAPE_ALLOW] = "allow",
		[HJ_ESCAPE_HOST] = "host",
	};

	static_assert(sizeof(words) / sizeof(words[0]) == HJ_ESCAPE_NUM,
	    "a word for each");
	for (int i = 0; i < HJ_ESCAPE_NUM; i++)
		if (!strcmp(word, words[i]))
			return i;
	return -1;
}

/* Out of the list itself: some shells have an unsetenv(3) of their own. */
static void drop(const char *prefix)
{
	char **to = environ;

	for (char **e = environ; *e; e++)
		if (strncmp(*e, prefix, strlen(prefix)))
			*to++ = *e;
	*to = NULL;
}

/*
 * "host" is for a program without the library; here it is left over and must
 * not let our children go.
 */
static void read_escape(struct hj_settings *set)
{
	const char *env = getenv("SHMIF_ESCAPE");
	int e = env && *env ? hj_escape(env) : HJ_ESCAPE_WARN;

	if (e < 0)
		bad("SHMIF_ESCAPE", env, "say deny, warn or allow");
	set->escape = e == HJ_ESCAPE_HOST ? HJ_ESCAPE_WARN :
	    (enum hj_escape)e;
	if (e == HJ_ESCAPE_HOST)
		drop("SHMIF_ESCAPE=");
}

static void copy(char *dst, size_t size, const char *var)
{
	const char *val = getenv(var);
	char why[64] = "the value is longer than ", num[24];

	if (!val)
		return;
	if (strlen(val) >= size) {
		hj_append(why, sizeof(why), hj_dec(num, size - 1));
		hj_append(why, sizeof(why), " bytes; take a shorter one");
		bad(var, "...", why);
	}
	strcpy(dst, val);
}

/* Of several programs those with the same key file share a relay. */
static void read_relay(struct hj_settings *set)
{
	char cwd[PATH_MAX];

	set->relay = true;
	copy(set->what, sizeof(set->what), "RUMP_SERVER");
	copy(set->key, sizeof(set->key), "RUMP_SERVER_KEY");
	if (!set->key[0] || set->key[0] == '/')
		return;
	if (!getcwd(cwd, sizeof(cwd)) || strlen(cwd) + strlen(set->key) + 2 >
	    sizeof(set->key))
		bad("RUMP_SERVER_KEY", set->key, "the path is too long");
	strcat(cwd, "/");
	strcat(cwd, set->key);
	strcpy(set->key, cwd);
	setenv("RUMP_SERVER_KEY", cwd, 1);
}

/* A relative URL is made absolute: it must outlive chdir(2) and exec. */
static void read_server(struct hj_settings *set, const char *url)
{
	char abs[sizeof(set->what)] = "unix://";
	const char *why = NULL;
	struct url u;

	if (url_parse(url, &u, &why) < 0)
		bad("RUMP_SERVER", url, why);
	set->host = HJ_HOST_URL;
	if (u.kind != URL_UNIX) {
		read_relay(set);
		return;
	}
	if (client_parse_url(url, &set->sun, &why) < 0)
		bad("RUMP_SERVER", url, why);
	hj_append(abs, sizeof(abs), set->sun.sun_path);
	strcpy(set->what, abs);
	if (strcmp(abs, url))
		setenv("RUMP_SERVER", abs, 1);
}

/*
 * Without an address the host belongs to this process tree: whoever
 * inherits the mark shares it.
 */
static void read_private(struct hj_settings *set)
{
	char num[24];

	copy(set->bus, sizeof(set->bus), "SHMIF_BUS");
	copy(set->addr, sizeof(set->addr), "SHMIF_ADDR");
	copy(set->gateway, sizeof(set->gateway), "SHMIF_GATEWAY");
	copy(set->name, sizeof(set->name), "SHMIF_NAME");
	copy(set->hosts, sizeof(set->hosts), "SHMIF_HOSTS");
	copy(set->resolv, sizeof(set->resolv), "SHMIF_RESOLV");
	copy(set->tree, sizeof(set->tree), "SHMIF_HOST__");
	copy(set->holder, sizeof(set->holder), "SHMIF_HOLDER__");
	copy(set->user, sizeof(set->user), "SHMIF_USER__");
	if (!set->user[0]) {
		hj_append(set->user, sizeof(set->user), hj_dec(num,
		    geteuid()));
		setenv("SHMIF_USER__", set->user, 1);
	}
	set->host = HJ_HOST_PRIVATE;
	strcpy(set->what, "bus ");
	hj_append(set->what, sizeof(set->what), set->bus);
	if (strchr(set->bus, '/') && set->bus[0] != '/' &&
	    !strstr(set->bus, "://")) {
		char cwd[PATH_MAX];

		if (!getcwd(cwd, sizeof(cwd)) || strlen(cwd) +
		    strlen(set->bus) + 2 > sizeof(set->bus))
			bad("SHMIF_BUS", set->bus, "the path is too long");
		strcat(cwd, "/");
		strcat(cwd, set->bus);
		strcpy(set->bus, cwd);
		setenv("SHMIF_BUS", cwd, 1);
	}
	if (!set->addr[0] && !set->tree[0]) {
		unsigned char r[8] = { 0 };
		char *p = set->tree;

		if (getentropy(r, sizeof(r)) < 0)
			r[0] = (unsigned char)getpid();
		for (size_t i = 0; i < sizeof(r); i++) {
			*p++ = "0123456789abcdef"[r[i] >> 4];
			*p++ = "0123456789abcdef"[r[i] & 15];
		}
		setenv("SHMIF_HOST__", set->tree, 1);
	}
}

static void read_hostname(struct hj_settings *set)
{
	const char *env = getenv("SHMIF_HOSTNAME");

	if (!env || !*env)
		return;
	if (strcmp(env, "host"))
		bad("SHMIF_HOSTNAME", env, "say host, or leave it out");
	set->machine_name = true;
}

void hj_env_read(struct hj_settings *set)
{
	const char *url = getenv("RUMP_SERVER"), *bus = getenv("SHMIF_BUS");

	read_hijack(set);
	read_retry(set);
	read_escape(set);
	read_hostname(set);
	if (!set->families)
		return;
	if (url && *url)
		read_server(set, url);
	else if (bus && *bus)
		read_private(set);
}
