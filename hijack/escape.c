/* escape.c: programs that the library cannot reach; see escape.h. */
#include "hijack/escape.h"

#include <string.h>
#include <sys/mman.h>

#include "hijack/childenv.h"
#include "hijack/look/cache.h"
#include "hijack/look/program.h"
#include "hijack/spawn.h"
#include "stack/wire/sys.h"

/*
 * Programs are started in children that end with that: what these find out
 * must stay with the parent.  NULL: no memory, each look is the first.
 */
static struct program_cache *cache;

void escape_init(void)
{
	long r = SYS6(SYS_mmap, NULL, sizeof(*cache), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r > 0 || r < -4095)
		cache = (struct program_cache *)r;
}

/* The child's own setting counts, so that one command may be let out. */
static enum hj_escape policy(const struct childenv *c)
{
	int e = c->escape ? hj_escape(c->escape) : -1;

	return e < 0 || e == HJ_ESCAPE_HOST ? hj_set.escape : (enum hj_escape)e;
}

/* Why the library will not be in it, or NULL. */
static const char *why_not(struct program *p, const char *path,
    char *const *env, bool shell)
{
	struct program_how how = {
		.search = childenv_get(env, "PATH"), .shell = shell,
		.cache = cache,
	};

	if (program_look(p, path, &how))
		return NULL;	/* exec will fail */
	if (p->problem)
		return p->problem;
	if (!p->file.readable)
		return "not readable: it cannot be told whether the library "
		    "reaches it";
	/* After chroot(2), or removed. */
	if (strchr(childenv_library(), '/') && SYS3(SYS_faccessat, AT_FDCWD,
	    childenv_library(), 4 /* R_OK */) < 0)
		return "the library is not to be found here";
	return NULL;
}

#define BY_FD	"/proc/self/fd/"

const char *escape_name(const char *path, char *buf, size_t size)
{
	char link[sizeof(BY_FD) + 24] = BY_FD, num[24];
	long fd, n;

	if (strncmp(path, BY_FD, strlen(BY_FD)))
		return path;
	fd = SYS4(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return path;
	hj_append(link, sizeof(link), hj_dec(num, (unsigned long)fd));
	n = SYS4(SYS_readlinkat, AT_FDCWD, link, buf, size - 1);
	sys_close((int)fd);
	if (n <= 0)
		return path;
	buf[n] = '\0';
	return buf;
}

static void tell(const char *path, const char *why, const char *what)
{
	char buf[512];

	hj_warn(escape_name(path, buf, sizeof(buf)), ": ", why, what, NULL);
}

int escape_check(const char *path, char *const *env, bool shell)
{
	enum hj_escape what;
	struct childenv c;
	struct program p;
	const char *why;
	int bare;

	hj_init();
	if (!childenv_library() || hj_sandboxed ||
	    !(hj_set.families & (HJ_INET | HJ_INET6)) || hj_no_memory(path))
		return 0;
	childenv_look(&c, env, false);
	what = policy(&c);
	if (childenv_leaves(&c))
		return ESCAPE_LEAVES;
	why = why_not(&p, path, env, shell);
	bare = why && p.bare ? ESCAPE_BARE : 0;
	if (!why || sys_watched())
		return ESCAPE_NOT | bare;
	if (what != HJ_ESCAPE_ALLOW && p.by_calls && spawn_entry()[0] &&
	    sys_can_watch())
		return ESCAPE_ENTERS | bare;
	if (what == HJ_ESCAPE_DENY) {
		tell(p.path, why, "; refused, as SHMIF_ESCAPE=deny has it");
		return -EACCES;
	}
	if (what != HJ_ESCAPE_ALLOW && program_cache_tell(cache, p.id))
		tell(p.path, why, "; it uses this machine's network "
		    "(SHMIF_ESCAPE=deny refuses it, allow is silent)");
	return ESCAPE_LEAVES | bare;
}

const char *escape_words(const char *path, char *const *argv, char **words)
{
	size_t n = 0;

	words[0] = (char *)(uintptr_t)spawn_entry();
	words[1] = (char *)(uintptr_t)path;
	do {
		words[ESCAPE_WORDS + n] = argv[n];
	} while (argv[n++]);
	return words[0];
}
