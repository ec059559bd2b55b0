/*
 * shell.c: a shell on a virtual host shows the host's name in its prompt.
 * The shell is pointed at start-up files of ours, which live with the user's
 * named buses, read the user's own first, and then mark the prompt.
 */
#include "hijack/launcher/launcher.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/bus.h"
#include "stack/wire/client.h"

#define CTL_MIN_FD	10

static const char bashrc[] =
"[ -f ~/.bashrc ] && . ~/.bashrc\n"
"__shmif_mark() {\n"
"	case $PS1 in\n"
"	*\"($SHMIF_PROMPT) \"*) ;;\n"
"	*) PS1=\"($SHMIF_PROMPT) $PS1\" ;;\n"
"	esac\n"
"}\n"
"__shmif_mark\n"
"PROMPT_COMMAND=\"${PROMPT_COMMAND:+$PROMPT_COMMAND\n}__shmif_mark\"\n";

static const char shrc[] =
"[ -f \"${SHMIF_ENV-}\" ] && . \"$SHMIF_ENV\"\n"
"case $PS1 in\n"
"*\"($SHMIF_PROMPT) \"*) ;;\n"
"*) PS1=\"($SHMIF_PROMPT) $PS1\" ;;\n"
"esac\n";

/*
 * zsh reads all its files from ZDOTDIR.  Ours hand on to the user's, with
 * ZDOTDIR as they expect it; the last word on it is theirs.
 */
#define ZSH_USERS(file) \
"__shmif_dir=$ZDOTDIR\n" \
"if [[ -n $SHMIF_ZDOTDIR ]]; then ZDOTDIR=$SHMIF_ZDOTDIR\n" \
"else unset ZDOTDIR; fi\n" \
"[[ -f ${ZDOTDIR:-$HOME}/" file " ]] && . ${ZDOTDIR:-$HOME}/" file "\n"
#define ZSH_BACK \
"SHMIF_ZDOTDIR=$ZDOTDIR ZDOTDIR=$__shmif_dir\n"

static const char zshenv[] = ZSH_USERS(".zshenv") ZSH_BACK;
static const char zprofile[] = ZSH_USERS(".zprofile") ZSH_BACK;
static const char zshrc[] = ZSH_USERS(".zshrc")
"unset __shmif_dir\n"
"__shmif_mark() {\n"
"	[[ $PROMPT == *\"($SHMIF_PROMPT) \"* ]] ||\n"
"	    PROMPT=\"($SHMIF_PROMPT) $PROMPT\"\n"
"}\n"
"precmd_functions+=(__shmif_mark)\n";

/* For a login bash, which reads no file of ours. */
static const char bash_login[] =
"case $PS1 in *\"($SHMIF_PROMPT) \"*) ;; "
"*) PS1=\"($SHMIF_PROMPT) $PS1\" ;; esac";

/* Write it beside and rename, so that a shell never reads half of it. */
static int write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX], tmp[PATH_MAX];
	size_t len = strlen(text);
	bool ok;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX ||
	    snprintf(tmp, sizeof(tmp), "%s/%s.%d", dir, name, getpid()) >=
	    PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return -errno;
	ok = write(fd, text, len) == (ssize_t)len;
	close(fd);
	if (ok && !rename(tmp, path))
		return 0;
	unlink(tmp);
	return -EIO;
}

/* Make the directory of start-up files.  Return: 0, or -errno. */
static int make_files(char dir[static PATH_MAX])
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "bashrc", bashrc }, { "shrc", shrc },
		{ ".zshenv", zshenv }, { ".zprofile", zprofile },
		{ ".zshrc", zshrc },
	};
	char base[PATH_MAX], err[BUS_ERRLEN];
	int ret;

	ret = bus_user_dir(base, sizeof(base), true, err);
	if (ret)
		return ret;
	if (snprintf(dir, PATH_MAX, "%s/.prompt", base) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ret = write_file(dir, files[i].name, files[i].text);
		if (ret)
			return ret;
	}
	return 0;
}

/* What the host calls itself, else what the user called it. */
static void find_name(const char *given, char *dst, size_t size)
{
	const char *url = getenv("RUMP_SERVER"), *name = given, *why;
	struct client_hello hello = { .want_affinity = false };
	struct sockaddr_un sun;
	int fd = -1;

	if (!name)
		name = getenv("SHMIF_NAME");
	if (!name && url && !client_parse_url(url, &sun, &why))
		fd = client_connect(&sun, "shmhijack", CTL_MIN_FD, &hello);
	if (fd >= 0)
		close(fd);
	if (!name && hello.host[0])
		name = hello.host;
	if (!name && url)
		name = strrchr(url, '/') + 1;
	if (!name)
		name = getenv("SHMIF_ADDR");
	if (!name)
		name = getenv("SHMIF_BUS");
	snprintf(dst, size, "%s", name && *name ? name : "virtual");
	/* Prompts give many characters a meaning. */
	for (char *p = dst; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-:/", *p))
			*p = '_';
}

enum shell { SHELL_NONE, SHELL_BASH, SHELL_BASH_LOGIN, SHELL_SH, SHELL_ZSH };

/* Only options behind its name, and none that makes it run a command. */
static bool plain_options(char **argv)
{
	for (char **a = argv + 1; *a; a++)
		if (a[0][0] != '-' || !a[0][1] || (a[0][1] != '-' &&
		    strchr(a[0], 'c')))
			return false;
	return true;
}

static bool has_option(char **argv, const char *option)
{
	for (char **a = argv + 1; *a; a++)
		if (!strcmp(*a, option))
			return true;
	return false;
}

static enum shell which_shell(char **argv)
{
	const char *base = strrchr(argv[0], '/');

	base = base ? base + 1 : argv[0];
	if (!plain_options(argv) || !isatty(STDIN_FILENO))
		return SHELL_NONE;
	if (!strcmp(base, "sh") || !strcmp(base, "dash"))
		return SHELL_SH;
	if (!strcmp(base, "zsh"))
		return has_option(argv, "-f") ? SHELL_NONE : SHELL_ZSH;
	if (strcmp(base, "bash") || has_option(argv, "--norc") ||
	    has_option(argv, "--rcfile") || has_option(argv, "--posix"))
		return SHELL_NONE;
	return has_option(argv, "-l") || has_option(argv, "--login") ?
	    SHELL_BASH_LOGIN : SHELL_BASH;
}

/* bash --rcfile DIR/bashrc, in front of the user's options. */
static char **with_rcfile(char **argv, const char *dir)
{
	static char path[PATH_MAX + 8];
	char **out;
	int n = 0;

	while (argv[n])
		n++;
	out = calloc((size_t)n + 3, sizeof(*out));
	if (!out)
		return argv;
	snprintf(path, sizeof(path), "%s/bashrc", dir);
	out[0] = argv[0];
	out[1] = (char *)"--rcfile";
	out[2] = path;
	memcpy(out + 3, argv + 1, ((size_t)n - 1) * sizeof(*out));
	return out;
}

static void keep(const char *var, const char *as, const char *value)
{
	const char *old = getenv(var);

	if (old && strcmp(old, value))
		setenv(as, old, 1);
	setenv(var, value, 1);
}

char **shell_mark_prompt(char **argv, const char *name)
{
	enum shell shell = which_shell(argv);
	char dir[PATH_MAX], env[PATH_MAX + 8], text[64];

	/* A shell without the mark is better than none: no error is told. */
	if (shell == SHELL_NONE || make_files(dir))
		return argv;
	find_name(name, text, sizeof(text));
	setenv("SHMIF_PROMPT", text, 1);
	switch (shell) {
	case SHELL_BASH:
		return with_rcfile(argv, dir);
	case SHELL_BASH_LOGIN:
		setenv("PROMPT_COMMAND", bash_login, 1);
		break;
	case SHELL_SH:
		snprintf(env, sizeof(env), "%s/shrc", dir);
		keep("ENV", "SHMIF_ENV", env);
		break;
	case SHELL_ZSH:
		keep("ZDOTDIR", "SHMIF_ZDOTDIR", dir);
		break;
	default:
		break;
	}
	return argv;
}
