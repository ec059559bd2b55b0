/* program.c: the program that is to be started; see program.h. */
#include "hijack/launcher/program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hijack/launcher/elf.h"

#define SCRIPTS_MAX	5	/* read by scripts in turn, as Linux has it */

static const char *const libc_names[] = {
	[PROGRAM_LIBC_NONE] = "none",
	[PROGRAM_LIBC_GLIBC] = "glibc",
	[PROGRAM_LIBC_MUSL] = "musl",
	[PROGRAM_LIBC_OTHER] = "unknown",
};
static_assert(sizeof(libc_names) / sizeof(libc_names[0]) ==
    PROGRAM_NUM_LIBCS, "a name for each libc");

const char *program_libc_text(enum program_libc libc)
{
	return libc_names[libc];
}

static int can_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == EACCES ? -EACCES : -ENOENT;
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return -EACCES;
	return 0;
}

int program_find(const char *name, char path[static PATH_MAX])
{
	const char *dir = getenv("PATH");
	int ret = -ENOENT, n;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/')) {
		if (strlen(name) >= PATH_MAX)
			return -ENOENT;
		strcpy(path, name);
		return can_execute(path);
	}
	if (!dir)
		dir = "/bin:/usr/bin";
	for (;;) {
		size_t len = strcspn(dir, ":");

		n = snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, dir,
		    len ? "/" : "", name);
		if (n > 0 && n < PATH_MAX) {
			int err = can_execute(path);

			if (!err)
				return 0;
			if (err == -EACCES)
				ret = -EACCES;
		}
		if (!dir[len])
			return ret;
		dir += len + 1;
	}
}

/* The words of a #! line.  Return: 1, 0: it has none, or -errno. */
static int read_shebang(const char *path, char *line, size_t size,
    char **interp, char **arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;
	char *p;

	if (fd < 0)
		return -errno;
	n = read(fd, line, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	line[n] = '\0';
	if (strncmp(line, "#!", 2))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	*interp = p = line + 2 + strspn(line + 2, " \t");
	p += strcspn(p, " \t");
	*arg = p + strspn(p, " \t");
	*p = '\0';
	return **interp != '\0';
}

/* "env python3", "env -S python3 -u", "env A=1 python3": what env will run. */
static int look_through_env(char *arg, char path[static PATH_MAX])
{
	for (char *save, *w = strtok_r(arg, " \t", &save); w;
	    w = strtok_r(NULL, " \t", &save))
		if (w[0] != '-' && !strchr(w, '='))
			return program_find(w, path);
	return -ENOENT;
}

/* Follow scripts to the program that reads them; p->path is changed. */
static int follow_scripts(struct program *p)
{
	char line[512], *interp = NULL, *arg = NULL, *base;
	struct elf e;
	int ret;

	for (int i = 0; i < SCRIPTS_MAX; i++) {
		ret = elf_open(&e, p->path);
		if (!ret)
			elf_close(&e);
		if (ret != -ENOEXEC)
			return ret;
		ret = read_shebang(p->path, line, sizeof(line), &interp, &arg);
		if (ret < 0)
			return ret;
		if (!p->script[0])
			memcpy(p->script, p->path, sizeof(p->script));
		if (!ret || !interp) {	/* execvp(3) lets the shell read it */
			strcpy(p->path, "/bin/sh");
			continue;
		}
		if (strlen(interp) >= PATH_MAX)
			return -ENOENT;
		base = strrchr(interp, '/');
		base = base ? base + 1 : interp;
		strcpy(p->path, interp);
		if (!strcmp(base, "env") && *arg &&
		    look_through_env(arg, p->path))
			strcpy(p->path, interp);
	}
	return -ELOOP;
}

/*
 * Whether execve(2) of the file changes the user, or gives capabilities to a
 * user who is not root.  Nothing is gained on a nosuid file system or after
 * PR_SET_NO_NEW_PRIVS.
 */
static void look_privileges(struct program *p)
{
	struct statvfs fs;
	struct stat st;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return;
	if (stat(p->path, &st) || statvfs(p->path, &fs) ||
	    fs.f_flag & ST_NOSUID)
		return;
	p->setid = (st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
	    (st.st_mode & S_ISGID && st.st_mode & S_IXGRP &&
	    st.st_gid != getegid()) || geteuid() != getuid() ||
	    getegid() != getgid();
	p->caps = getuid() != 0 &&
	    getxattr(p->path, "security.capability", NULL, 0) > 0;
}

static enum program_libc libc_of(const char *interp)
{
	const char *base = strrchr(interp, '/');

	base = base ? base + 1 : interp;
	if (!strncmp(base, "ld-musl-", 8))
		return PROGRAM_LIBC_MUSL;
	if (!strncmp(base, "ld-linux", 8) || !strncmp(base, "ld64.so", 7) ||
	    !strncmp(base, "ld.so", 5))
		return PROGRAM_LIBC_GLIBC;
	return PROGRAM_LIBC_OTHER;
}

static void judge(struct program *p, const struct elf *e, const struct elf *lib)
{
	const char *why = "";

	if (p->go)
		why = p->dynamic ? "a Go program: its network calls do not go "
		    "through libc" : "a static Go program: no library can be "
		    "preloaded";
	else if (!p->dynamic)
		why = "statically linked: no library can be preloaded";
	else if (e->machine != lib->machine || e->wide != lib->wide)
		why = "made for another machine than the library";
	else if (p->libc != PROGRAM_LIBC_GLIBC)
		why = p->libc == PROGRAM_LIBC_MUSL ? "linked with musl: the "
		    "library is for glibc" : "its dynamic linker is not "
		    "glibc's";
	else if (p->setid)
		why = "set-user-ID or set-group-ID: the dynamic linker drops "
		    "LD_PRELOAD";
	else if (p->caps)
		why = "has file capabilities: the dynamic linker drops "
		    "LD_PRELOAD";
	snprintf(p->problem, sizeof(p->problem), "%s", why);
}

int program_look(struct program *p, const char *path, const char *library)
{
	struct elf e, lib;
	int ret;

	memset(p, 0, sizeof(*p));
	if (strlen(path) >= sizeof(p->path))
		return -ENAMETOOLONG;
	strcpy(p->path, path);
	ret = follow_scripts(p);
	/* Executable, not readable: assume the best, as exec would. */
	if (ret == -EACCES && !can_execute(p->path)) {
		look_privileges(p);
		return 0;
	}
	if (ret)
		return ret;
	ret = elf_open(&lib, library);
	if (ret)
		return ret;
	ret = elf_open(&e, p->path);
	if (ret) {
		elf_close(&lib);
		return ret;
	}
	p->elf = true;
	snprintf(p->machine, sizeof(p->machine), "%s", elf_machine_text(&e));
	p->dynamic = !elf_interp(&e, p->interp, sizeof(p->interp));
	if (p->dynamic)
		p->libc = libc_of(p->interp);
	p->go = elf_has_section(&e, ".go.buildinfo") || elf_has_note(&e, "Go");
	look_privileges(p);
	judge(p, &e, &lib);
	elf_close(&e);
	elf_close(&lib);
	return 0;
}
