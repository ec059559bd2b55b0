/* childenv.c: the environment of a program's children; see childenv.h. */
#include "hijack/childenv.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/wire/sys.h"

#define KEPT_SIZE	8192	/* bytes of all settings */
#define PRELOAD		"LD_PRELOAD="
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED	/* the sanitizer's own library comes before us */
#endif

/*
 * Those that name the host are one set: of two that name one in parts, the
 * parts make no sense together.  Each other is put back by itself.
 */
static const struct {
	const char *name;
	bool host;		/* of the set */
	bool names_it;		/* which of it is never left out */
} settings[] = {
	{ "RUMP_SERVER", true, true },
	{ "RUMP_SERVER_KEY", true, false },
	{ "SHMIF_BUS", true, true },
	{ "SHMIF_ADDR", true, false },
	{ "SHMIF_GATEWAY", true, false },
	{ "SHMIF_NAME", true, false },
	{ "SHMIF_HOSTS", true, false },
	{ "SHMIF_RESOLV", true, false },
	{ "SHMIF_HOST__", true, false },
	{ "SHMIF_HOLDER__", true, false },
	{ "SHMIF_USER__", true, false },
	{ "RUMPHIJACK", false, false },
	{ "RUMPHIJACK_RETRYCONNECT", false, false },
	{ "SHMIF_ESCAPE", false, false },
	{ "SHMIF_DEBUG", false, false },
	{ "SHMIF_HOSTNAME", false, false },
	{ "SHMIF_EXPRESS", false, false },
	/* Where a private host is found. */
	{ "XDG_RUNTIME_DIR", false, false },
#ifdef SANITIZED
	{ "ASAN_OPTIONS", false, false },
	{ "UBSAN_OPTIONS", false, false },
#endif
};
#define NUM_SETTINGS	(sizeof(settings) / sizeof(settings[0]))

/*
 * Copies: programs write their title over the strings they were started
 * with.  Constant after the constructor.
 */
static char text[KEPT_SIZE];
static char *kept[NUM_SETTINGS];	/* NAME=VALUE, NULL: not set */
static unsigned host_set;		/* bits of those that name the host */
static char library[PATH_MAX];		/* "": not preloaded */
static char before[256];		/* what has to be in front, with its ':' */

static const char *base_name(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? slash + 1 : path;
}

/* Is it the library, by its path or by its name? */
static bool is_library(const char *word, size_t len, const char *path)
{
	const char *base = base_name(word, len), *own;
	size_t n = len - (size_t)(base - word);

	own = base_name(path, strlen(path));
	return n == strlen(own) && !memcmp(base, own, n);
}

/* Is it there so that a child finds it from any directory? */
static bool in_list(const char *list, const char *path)
{
	for (size_t len; *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, ": ");
		if (len && is_library(list, len, path) && (*path != '/' ||
		    *list == '/' || !memchr(list, '/', len)))
			return true;
	}
	return false;
}

/* ":entry" for each that is another library. */
static char *copy_others(char *to, const char *list)
{
	for (size_t len; *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, ": ");
		if (len && !is_library(list, len, library)) {
			*to++ = ':';
			to = mempcpy(to, list, len);
		}
	}
	*to = '\0';
	return to;
}

const char *childenv_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	if (env && hj_no_memory(env))
		return NULL;
	for (; env && *env && !hj_no_memory(*env); env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static bool find_library(void)
{
	const char *list = childenv_get(environ, "LD_PRELOAD");
	Dl_info info;

	if (!list || !dladdr((void *)find_library, &info) || !info.dli_fname ||
	    !in_list(list, info.dli_fname) ||
	    strlen(info.dli_fname) >= sizeof(library) / 2)
		return false;
	/* A child may be started from another directory. */
	if (strchr(info.dli_fname, '/') && info.dli_fname[0] != '/') {
		if (!getcwd(library, sizeof(library) / 2))
			return false;
		hj_append(library, sizeof(library), "/");
	}
	hj_append(library, sizeof(library), info.dli_fname);
#ifdef SANITIZED
	hj_append(before, sizeof(before), list);
	before[strcspn(before, ":")] = '\0';
	hj_append(before, sizeof(before), ":");
#endif
	return true;
}

/*
 * Those that the library has completed as they are now; all others as they
 * were given: bash has a getenv(3) and setenv(3) of its own, which know little
 * this early.
 */
static const char *value_now(const char *name)
{
	if (!strcmp(name, "RUMP_SERVER") && hj_set.host == HJ_HOST_URL)
		return hj_set.what;
	if (!strcmp(name, "SHMIF_BUS") && hj_set.host == HJ_HOST_PRIVATE)
		return hj_set.bus;
	if (!strcmp(name, "SHMIF_HOST__"))
		return hj_set.tree[0] ? hj_set.tree : NULL;
	if (!strcmp(name, "SHMIF_USER__"))
		return hj_set.user[0] ? hj_set.user : NULL;
	if (!strcmp(name, "XDG_RUNTIME_DIR") && !hj_set.relay &&
	    hj_set.host != HJ_HOST_PRIVATE)
		return NULL;
	return childenv_get(environ, name);
}

void childenv_keep(void)
{
	char *p = text, *end = text + sizeof(text);

	if (!find_library())
		return;
	for (size_t i = 0; i < NUM_SETTINGS; i++) {
		const char *name = settings[i].name, *val = value_now(name);
		size_t len = strlen(name);

		if (!val)
			continue;
		if (len + strlen(val) + 2 > (size_t)(end - p)) {
			hj_warn(name, ": too long to be kept for what this "
			    "program starts", NULL);
			continue;
		}
		kept[i] = p;
		p = stpcpy(p, name);
		*p++ = '=';
		p = stpcpy(p, val) + 1;
		if (settings[i].host)
			host_set |= 1u << i;
	}
}

void childenv_forget(void)
{
	library[0] = '\0';
}

const char *childenv_library(void)
{
	return library[0] ? library : NULL;
}

/* The index of the setting that the string sets, NUM_SETTINGS: none. */
static size_t which(const char *s)
{
	size_t i = 0;

	if (!strchr("RSXAU", *s))
		return NUM_SETTINGS;
	for (; i < NUM_SETTINGS; i++) {
		size_t len = strlen(settings[i].name);

		if (!strncmp(s, settings[i].name, len) && s[len] == '=')
			break;
	}
	return i;
}

static unsigned bits_kept(void)
{
	unsigned bits = 0;

	for (size_t i = 0; i < NUM_SETTINGS; i++)
		if (kept[i])
			bits |= 1u << i;
	return bits;
}

bool childenv_leaves(const struct childenv *c)
{
	return c->preload && c->escape && !strcmp(c->escape, "host");
}

/* Is it there at all? */
static bool named_in(const char *list, const char *path)
{
	for (size_t len; *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, ": ");
		if (len && is_library(list, len, path))
			return true;
	}
	return false;
}

bool childenv_look(struct childenv *c, char *const *env, bool bare)
{
	unsigned there = 0;
	bool named = false;

	memset(c, 0, sizeof(*c));
	if (!library[0] || (env && hj_no_memory(env)))
		return false;
	for (; env && env[c->count]; c->count++) {
		const char *s = env[c->count];
		size_t i;

		if (hj_no_memory(s))
			return false;	/* the kernel will say EFAULT */
		i = which(s);
		if (i < NUM_SETTINGS) {
			there |= 1u << i;
			named |= settings[i].names_it;
			if (!strncmp(s, "SHMIF_ESCAPE=", 13))
				c->escape = s + 13;
		} else if (!strncmp(s, PRELOAD, strlen(PRELOAD))) {
			c->old = s + strlen(PRELOAD);	/* the last counts */
		}
	}
	c->preload = !bare && (!c->old || !in_list(c->old, library));
	c->drop = bare && c->old && named_in(c->old, library);
	c->missing = bits_kept() & ~there & (named ? ~host_set : ~0u);
	if (childenv_leaves(c) || (!c->preload && !c->drop && !c->missing))
		return false;
	c->size = (c->count + NUM_SETTINGS + 2) * sizeof(char *);
	if (c->preload || c->drop)
		c->size += sizeof(PRELOAD) + strlen(before) +
		    strlen(library) + 1 +
		    (c->old ? strlen(c->old) : 0);
	return true;
}

/* LD_PRELOAD as it is to be.  Return: whether there is to be one. */
static bool make_preload(const struct childenv *c, char *p)
{
	p = stpcpy(p, PRELOAD);
	if (c->drop) {
		if (copy_others(p - 1, c->old) == p - 1)
			return false;
		p[-1] = '=';		/* where the first ':' was */
		return true;
	}
	p = stpcpy(stpcpy(p, before), library);
	if (c->old)
		copy_others(p, c->old);
	return true;
}

char **childenv_make(const struct childenv *c, char *const *env, void *memory)
{
	bool anew = c->preload || c->drop;
	char **out = memory, *p;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		if (!anew || strncmp(env[i], PRELOAD, strlen(PRELOAD)))
			out[n++] = env[i];
	for (size_t i = 0; i < NUM_SETTINGS; i++)
		if (c->missing & 1u << i)
			out[n++] = kept[i];
	p = (char *)(out + c->count + NUM_SETTINGS + 2);
	if (anew && make_preload(c, p))
		out[n++] = p;
	out[n] = NULL;
	return out;
}

static void put_back(char *string)
{
	char name[32], *value = strchr(string, '=');

	memcpy(name, string, (size_t)(value - string));
	name[value - string] = '\0';
	setenv(name, value + 1, 1);
}

void childenv_restore(void)
{
	int keep = errno;
	struct childenv c;
	char **env;
	long r;

	if (!childenv_look(&c, environ, false))
		return;
	r = SYS6(SYS_mmap, NULL, c.size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r < 0 && r > -4096)
		return;
	env = childenv_make(&c, environ, (void *)r);
	for (size_t i = 0; env[i]; i++)
		if (which(env[i]) < NUM_SETTINGS ||
		    !strncmp(env[i], PRELOAD, strlen(PRELOAD)))
			put_back(env[i]);
	SYS2(SYS_munmap, env, c.size);
	errno = keep;
}
