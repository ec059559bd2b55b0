/*
 * exec.c: the exec family, posix_spawn, system, popen and wordexp: what the
 * program starts is on its virtual host as well.  A program that clears its
 * environment, as servers do before they start a session, loses neither the
 * library nor the host; one that the library cannot reach is told of.
 *
 * These run in vfork children: no allocation, no lock.
 */
#include "hijack/hijack.h"

#include <limits.h>
#include <paths.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wordexp.h>

#include "hijack/calls.h"
#include "hijack/childenv.h"
#include "hijack/debug.h"
#include "hijack/escape.h"
#include "hijack/exec.h"
#include "hijack/lend.h"
#include "hijack/look/program.h"
#include "hijack/next.h"
#include "stack/wire/sys.h"

/* As posix_spawn(3), but for what they give instead of the pid. */
#define NEW_SPAWN	__GLIBC_PREREQ(2, 39)

#define ON_STACK	16384	/* bytes of a new environment at most */

/*
 * Functions that are more than one system call; NULL before the constructor.
 */
static struct {
	__typeof__(&posix_spawn) posix_spawn, posix_spawnp;
#if NEW_SPAWN
	__typeof__(&posix_spawn) pidfd_spawn, pidfd_spawnp;
#endif
	int (*system)(const char *command);
	void *(*popen)(const char *command, const char *mode);
	int (*wordexp)(const char *words, void *result, int flags);
} libc;

void exec_find(void)
{
	*(void **)&libc.posix_spawn = hj_libc("posix_spawn");
	*(void **)&libc.posix_spawnp = hj_libc("posix_spawnp");
#if NEW_SPAWN
	*(void **)&libc.pidfd_spawn = hj_libc("pidfd_spawn");
	*(void **)&libc.pidfd_spawnp = hj_libc("pidfd_spawnp");
#endif
	*(void **)&libc.system = hj_libc("system");
	*(void **)&libc.popen = hj_libc("popen");
	*(void **)&libc.wordexp = hj_libc("wordexp");
}

/* What is to be done with the environment, once it is right. */
struct start {
	int (*run)(const struct start *s, char *const *env);
	const char *path;
	char *const *argv;
	int dirfd, flags;		/* execveat */
	bool bare;			/* without the library in LD_PRELOAD */
	__typeof__(&posix_spawn) spawn;	/* posix_spawn and its like */
	pid_t *pid;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attr;
};

/* So large an environment is rare, and the memory goes with the program. */
static int start_mapped(const struct start *s, const struct childenv *c,
    char *const *env)
{
	long r = SYS6(SYS_mmap, NULL, c->size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (r < 0 && r > -4096)
		return (int)hj_ret(r);
	ret = s->run(s, childenv_make(c, env, (void *)r));
	SYS2(SYS_munmap, r, c->size);
	return ret;
}

static int start_on_stack(const struct start *s, const struct childenv *c,
    char *const *env)
{
	char *memory[c->size / sizeof(char *) + 1];

	return s->run(s, childenv_make(c, env, memory));
}

static int start(const struct start *s, char *const *env)
{
	struct childenv c;

	hj_init();
	if (!childenv_look(&c, env, s->bare))
		return s->run(s, env);
	return c.size > ON_STACK ? start_mapped(s, &c, env) :
	    start_on_stack(s, &c, env);
}

/* By the second entry.  argv may be NULL, as Linux has it. */
static int start_entering(const struct start *s, char *const *env)
{
	static char *const none[] = { NULL };
	char *const *argv = s->argv ? s->argv : none;
	struct start entry = *s;
	size_t n = 0;

	while (argv[n])
		n++;
	{
		char *words[ESCAPE_WORDS + n + 1];

		entry.path = escape_words(s->path, argv, words);
		entry.argv = words;
		return start(&entry, env);
	}
}

/* escape_check() of what s starts, which path names. */
static int check(struct start *s, const char *path, char *const *env,
    bool shell)
{
	int r = escape_check(path, env, shell);

	s->bare = r >= 0 && r & ESCAPE_BARE;
	return r < 0 ? r : r & ~ESCAPE_BARE;
}

/* Return: as exec does, when it fails. */
static int exec_checked(struct start *s, char *const *env, bool shell)
{
	switch (check(s, s->path, env, shell)) {
	case ESCAPE_NOT:
		return start(s, env);
	case ESCAPE_LEAVES:
		lend_stdin();
		return start(s, env);
	case ESCAPE_ENTERS:
		return start_entering(s, env);
	default:
		return (int)hj_ret(-EACCES);
	}
}

static int run_execve(const struct start *s, char *const *env)
{
	return next.execve(s->path, s->argv, env);
}

static int run_execveat(const struct start *s, char *const *env)
{
	return next.execveat(s->dirfd, s->path, s->argv, env, s->flags);
}

CALL(int, execve, "i:s", (const char *path, char *const argv[],
    char *const env[]), path, argv, env)
{
	struct start s = { .run = run_execve, .path = path, .argv = argv };

	return exec_checked(&s, env, false);
}

/* "/proc/self/fd/N/path", or path alone if the directory does not matter. */
static void at_path(char *dst, size_t size, int dirfd, const char *path)
{
	char num[24];

	dst[0] = '\0';
	if (path[0] != '/' && dirfd != AT_FDCWD) {
		hj_append(dst, size, "/proc/self/fd/");
		hj_append(dst, size, hj_dec(num, (unsigned)dirfd));
		if (path[0])
			hj_append(dst, size, "/");
	}
	hj_append(dst, size, path);
}

CALL(int, execveat, "i:ds", (int dirfd, const char *path,
    char *const argv[], char *const env[], int flags), dirfd, path, argv, env,
    flags)
{
	struct start s = { .run = run_execveat, .dirfd = dirfd, .path = path,
	    .argv = argv, .flags = flags };
	char where[PATH_MAX], name[PATH_MAX];

	if (hj_no_memory(path))
		return start(&s, env);
	at_path(where, sizeof(where), dirfd, path);
	switch (check(&s, where, env, false)) {
	case ESCAPE_NOT:
		return start(&s, env);
	case ESCAPE_LEAVES:
		lend_stdin();
		return start(&s, env);
	case ESCAPE_ENTERS:
		s.run = run_execve;
		s.path = escape_name(where, name, sizeof(name));
		return start_entering(&s, env);
	default:
		return (int)hj_ret(-EACCES);
	}
}

HOOK(int, fexecve, int fd, char *const argv[], char *const env[])
{
	if (fd < 0 || !argv || !env)
		return (int)hj_ret(-EINVAL);
	return hook_execveat(fd, "", argv, env, AT_EMPTY_PATH);
}

HOOK(int, execv, const char *path, char *const argv[])
{
	return hook_execve(path, argv, environ);
}

/* What the kernel does not execute, the shell reads. */
static int execute_or_sh(const char *path, char *const argv[],
    char *const env[])
{
	struct start s = { .run = run_execve, .path = path, .argv = argv };
	size_t n = 0;

	exec_checked(&s, env, true);
	if (errno != ENOEXEC)
		return -1;
	while (argv[n])
		n++;
	{
		char *words[n + 3];

		words[0] = (char *)_PATH_BSHELL;
		words[1] = (char *)path;
		memcpy(words + 2, argv + 1, (n > 1 ? n : 1) * sizeof(*argv));
		words[n > 1 ? n + 1 : 2] = NULL;
		s.path = _PATH_BSHELL;
		s.argv = words;
		return start(&s, env);
	}
}

/* Errors after which the next directory is tried. */
static bool not_here(int err)
{
	return err == ENOENT || err == ESTALE || err == ENOTDIR ||
	    err == ENODEV || err == ETIMEDOUT || err == EACCES;
}

CALL(int, execvpe, "i:s", (const char *file, char *const argv[],
    char *const env[]), file, argv, env)
{
	const char *dir = childenv_get(environ, "PATH");
	size_t n = strlen(file), len;
	bool denied = false;
	char path[PATH_MAX];

	if (!n)
		return (int)hj_ret(-ENOENT);
	if (strchr(file, '/'))
		return execute_or_sh(file, argv, env);
	if (n > NAME_MAX)
		return (int)hj_ret(-ENAMETOOLONG);
	if (!dir)
		dir = "/bin:/usr/bin";
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		if (len + n + 2 <= sizeof(path)) {
			memcpy(path, dir, len);
			path[len] = '/';
			memcpy(path + len + (len > 0), file, n + 1);
			execute_or_sh(path, argv, env);
			denied |= errno == EACCES;
			if (!not_here(errno))
				return -1;
		}
		if (!dir[len])
			return (int)hj_ret(denied ? -EACCES : -ENOENT);
	}
}

HOOK(int, execvp, const char *file, char *const argv[])
{
	return hook_execvpe(file, argv, environ);
}

/* The words up to NULL; with count 0 they are only counted. */
static size_t gather(char **argv, size_t count, const char *first,
    va_list *ap)
{
	size_t n = 0;

	for (const char *s = first; s; s = va_arg(*ap, const char *), n++)
		if (count)
			argv[n] = (char *)s;
	if (count)
		argv[n] = NULL;
	return n;
}

#define GATHER(argv, first)						\
	va_list ap;							\
	size_t count_;							\
									\
	va_start(ap, first);						\
	count_ = gather(NULL, 0, first, &ap) + 1;			\
	va_end(ap);							\
	char *argv[count_];						\
	va_start(ap, first);						\
	gather(argv, count_, first, &ap)

HOOK(int, execl, const char *path, const char *arg, ...)
{
	GATHER(argv, arg);
	va_end(ap);
	return hook_execve(path, argv, environ);
}

HOOK(int, execlp, const char *file, const char *arg, ...)
{
	GATHER(argv, arg);
	va_end(ap);
	return hook_execvpe(file, argv, environ);
}

HOOK(int, execle, const char *path, const char *arg, ...)
{
	char *const *env;

	GATHER(argv, arg);
	/* Without any argument the NULL was arg itself. */
	env = va_arg(ap, char *const *);
	va_end(ap);
	return hook_execve(path, argv, env);
}

static int run_spawn(const struct start *s, char *const *env)
{
	return s->spawn(s->pid, s->path, s->actions, s->attr, s->argv, env);
}

/* Return: 0 or an errno, as they do. */
static int spawn_path(struct start *s, char *const *env)
{
	int r = check(s, s->path, env, false);

	if (r < 0)
		return EACCES;
	if (!s->spawn)
		return ENOSYS;
	return r == ESCAPE_ENTERS ? start_entering(s, env) : start(s, env);
}

static int spawn_name(struct start *s, char *const *env)
{
	struct start entry;
	char path[PATH_MAX];
	int r = 0;

	if (!program_find(s->path, childenv_get(environ, "PATH"), path,
	    sizeof(path)))
		r = check(s, path, env, false);
	if (r < 0)
		return EACCES;
	if (!s->spawn)
		return ENOSYS;
	if (r != ESCAPE_ENTERS)
		return start(s, env);
	entry = *s;
	entry.path = path;
	return start_entering(&entry, env);
}

#define SPAWN(name, how)						\
	CALL(int, name, "r:_s", (pid_t *pid, const char *path,		\
	    const posix_spawn_file_actions_t *actions,			\
	    const posix_spawnattr_t *attr, char *const argv[],		\
	    char *const env[]), pid, path, actions, attr, argv, env)	\
	{								\
		struct start s = {					\
			.run = run_spawn, .spawn = libc.name,		\
			.pid = pid, .path = path, .actions = actions,	\
			.attr = attr, .argv = argv,			\
		};							\
									\
		return how(&s, env);					\
	}

SPAWN(posix_spawn, spawn_path)
SPAWN(posix_spawnp, spawn_name)
#if NEW_SPAWN
SPAWN(pidfd_spawn, spawn_path)
SPAWN(pidfd_spawnp, spawn_name)
#endif

/*
 * These start a shell inside libc, with environ as it is: what is missing
 * there is put back first.
 */
static int before_shell(void)
{
	hj_init();
	if (!libc.system || !libc.popen || !libc.wordexp)
		return -ENOSYS;
	childenv_restore();
	return escape_check(_PATH_BSHELL, environ, false) < 0 ? -EACCES : 0;
}

HOOK(int, system, const char *command)
{
	if (before_shell())	/* as if there were no shell */
		return command ? 127 << 8 : 0;
	return libc.system(command);
}

HOOK(void *, popen, const char *command, const char *mode)
{
	int err = before_shell();

	if (!err)
		return libc.popen(command, mode);
	errno = -err;
	return NULL;
}
HOOK_ALIAS(_IO_popen, popen);

HOOK(int, wordexp, const char *words, void *result, int flags)
{
	if (!(flags & WRDE_NOCMD) && before_shell())
		flags |= WRDE_NOCMD;
	return libc.wordexp(words, result, flags);
}
