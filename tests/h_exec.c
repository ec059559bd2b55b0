/*
 * h_exec.c: execute a program in one of all the ways there are, with an
 * environment that has nothing but what is named.
 *
 * usage: h_exec WAY[,env=NAME=VALUE]... PROGRAM [ARGUMENT]...
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

static char *env[16];
static char **args;
static const char *base;	/* argv[0] without its directory */

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "h_exec: %s: %s\n", what, strerror(errno));
	_exit(99);
}

static int reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void way_execve(void)
{
	execve(args[0], args, env);
}

static void way_execv(void)
{
	environ = env;
	execv(args[0], args);
}

/* By its name: PATH is the directory of the program. */
static void set_path(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "/nosuch:%.*s",
	    (int)(base - args[0]), args[0]);
	environ = env;
	setenv("PATH", path, 1);
}

static void way_execvp(void)
{
	set_path();
	execvp(base, args);
}

static void way_execvpe(void)
{
	set_path();
	execvpe(base, args, env);
}

static void way_execl(void)
{
	environ = env;
	execl(args[0], args[0], args[1], args[1] ? args[2] : NULL,
	    (char *)NULL);
}

static void way_execlp(void)
{
	set_path();
	execlp(base, args[0], args[1], args[1] ? args[2] : NULL,
	    (char *)NULL);
}

static void way_execle(void)
{
	if (args[1])
		execle(args[0], args[0], args[1], (char *)NULL, env);
	else
		execle(args[0], args[0], (char *)NULL, env);
}

static void way_fexecve(void)
{
	fexecve(open(args[0], O_RDONLY | O_CLOEXEC), args, env);
}

static void way_execveat(void)
{
	char *dir = strndup(args[0], (size_t)(base - args[0]));

	execveat(open(dir, O_PATH | O_DIRECTORY), base, args, env, 0);
}

static void way_syscall(void)
{
	syscall(SYS_execve, args[0], args, env);
}

static void way_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve(args[0], args, env);
		die("vfork");
	}
	_exit(reap(pid));
}

static int cloned(void *arg)
{
	(void)arg;
	execve(args[0], args, env);
	die("clone");
	return 99;
}

static void way_clone(void)
{
	static char stack[65536];

	_exit(reap(clone(cloned, stack + sizeof(stack),
	    CLONE_VM | CLONE_VFORK | SIGCHLD, NULL)));
}

static void way_posix_spawn(void)
{
	pid_t pid;

	errno = posix_spawn(&pid, args[0], NULL, NULL, args, env);
	if (!errno)
		_exit(reap(pid));
}

static void way_posix_spawnp(void)
{
	pid_t pid;

	set_path();
	errno = posix_spawnp(&pid, base, NULL, NULL, args, env);
	if (!errno)
		_exit(reap(pid));
}

/* The words once more, for a shell. */
static const char *command(void)
{
	static char line[8192];

	for (char **a = args; *a; a++) {
		strcat(line, "'");
		strcat(line, *a);
		strcat(line, "' ");
	}
	return line;
}

static void way_system(void)
{
	int status;

	environ = env;
	status = system(command());
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

static void way_popen(void)
{
	char buf[4096];
	size_t n;
	FILE *f;

	clearenv();
	for (char **e = env; *e; e++)
		putenv(*e);
	f = popen(command(), "r");
	if (!f)
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, stdout);
	exit(WEXITSTATUS(pclose(f)));
}

static void way_wordexp(void)
{
	char line[9000];
	wordexp_t w;

	environ = env;
	snprintf(line, sizeof(line), "\"$(%s)\"", command());
	if (wordexp(line, &w, WRDE_SHOWERR)) {
		errno = ENOEXEC;
		return;
	}
	puts(w.we_wordc ? w.we_wordv[0] : "");
	exit(0);
}

static const struct {
	const char *name;
	void (*go)(void);
} ways[] = {
	{ "execve", way_execve }, { "execv", way_execv },
	{ "execvp", way_execvp }, { "execvpe", way_execvpe },
	{ "execl", way_execl }, { "execlp", way_execlp },
	{ "execle", way_execle }, { "fexecve", way_fexecve },
	{ "execveat", way_execveat }, { "syscall", way_syscall },
	{ "vfork", way_vfork }, { "clone", way_clone },
	{ "posix_spawn", way_posix_spawn },
	{ "posix_spawnp", way_posix_spawnp }, { "system", way_system },
	{ "popen", way_popen }, { "wordexp", way_wordexp },
};

int main(int argc, char **argv)
{
	char *way, *word, *save;
	size_t n = 0;

	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			puts(ways[i].name);
		return 0;
	}
	if (argc < 3)
		return 2;
	args = argv + 2;
	base = strrchr(args[0], '/');
	base = base ? base + 1 : args[0];
	way = strtok_r(argv[1], ",", &save);
	while ((word = strtok_r(NULL, ",", &save)) && n < 15)
		if (!strncmp(word, "env=", 4))
			env[n++] = word + 4;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(way, ways[i].name)) {
			ways[i].go();
			die(way);
		}
	return 2;
}
