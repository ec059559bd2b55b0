/* program.c: a program that is to be started; see program.h. */
#include "hijack/look/program.h"

#include <elf.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "hijack/look/cache.h"
#include "hijack/look/elf.h"
#include "stack/wire/sys.h"

#define SCRIPTS_MAX	5	/* read by scripts in turn, as Linux has it */
#define SHEBANG_MAX	256	/* bytes of a #! line that Linux looks at */

/* The library is of the same machine as this. */
#if defined(__x86_64__)
#define MACHINE		EM_X86_64
#elif defined(__aarch64__)
#define MACHINE		EM_AARCH64
#endif
#define WIDE		(sizeof(long) == 8)

static int stat_file(const char *path, struct stat *st)
{
	return (int)SYS4(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

/* As the effective user may, where the kernel can tell (Linux 5.8). */
static bool may_execute(const char *path)
{
	long r = SYS4(SYS_faccessat2, AT_FDCWD, path, 1 /* X_OK */,
	    AT_EACCESS);

	if (r == -ENOSYS)
		r = SYS3(SYS_faccessat, AT_FDCWD, path, 1);
	return r == 0;
}

static int can_execute(const char *path)
{
	struct stat st;
	int err = stat_file(path, &st);

	if (err)
		return err == -EACCES ? -EACCES : -ENOENT;
	return S_ISREG(st.st_mode) && may_execute(path) ? 0 : -EACCES;
}

int program_find(const char *name, const char *search, char *path, size_t size)
{
	size_t n = strlen(name), len;
	int ret = -ENOENT, err;

	if (!n || n >= size)
		return -ENOENT;
	if (strchr(name, '/')) {
		memcpy(path, name, n + 1);
		return can_execute(path);
	}
	if (!search)
		search = "/bin:/usr/bin";
	for (;; search += len + 1) {
		len = strcspn(search, ":");
		if (len + 1 + n < size) {
			memcpy(path, search, len);
			path[len] = '/';
			memcpy(path + len + (len > 0), name, n + 1);
			err = can_execute(path);
			if (!err)
				return 0;
			if (err == -EACCES)
				ret = err;
		}
		if (!search[len])
			return ret;
	}
}

/* The words of a #! line.  Return: 0, -ENOEXEC: it has none, or -errno. */
static int read_shebang(const char *path, char line[static SHEBANG_MAX],
    char **interp, char **arg)
{
	int fd = (int)SYS4(SYS_openat, AT_FDCWD, path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	ssize_t n;
	char *p;

	if (fd < 0)
		return fd;
	n = SYS3(SYS_read, fd, line, SHEBANG_MAX - 1);
	sys_close(fd);
	if (n < 0)
		return (int)n;
	line[n] = '\0';
	if (strncmp(line, "#!", 2))
		return -ENOEXEC;
	line[strcspn(line, "\n")] = '\0';
	*interp = p = line + 2 + strspn(line + 2, " \t");
	p += strcspn(p, " \t");
	*arg = p + strspn(p, " \t");
	*p = '\0';
	return **interp ? 0 : -ENOEXEC;
}

/* "env python3", "env -S python3 -u", "env A=1 python3": what env will run. */
static int look_through_env(char *arg, const char *search,
    char *path, size_t size)
{
	for (char *save, *w = strtok_r(arg, " \t", &save); w;
	    w = strtok_r(NULL, " \t", &save))
		if (w[0] != '-' && !strchr(w, '='))
			return program_find(w, search, path, size);
	return -ENOENT;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* p->path is no ELF file: go on to what reads it. */
static int follow_script(struct program *p, const struct program_how *how)
{
	char line[SHEBANG_MAX], *interp = NULL, *arg = NULL;
	int err = read_shebang(p->path, line, &interp, &arg);

	if (err == -ENOEXEC && how->shell && !p->script) {
		p->script = p->path;
		p->path = "/bin/sh";
		return 0;
	}
	if (err)
		return err;
	if (!p->script)
		p->script = p->path;
	p->path = p->found;
	if (strcmp(base_name(interp), "env") || !*arg ||
	    look_through_env(arg, how->search, p->found, sizeof(p->found)))
		strcpy(p->found, interp);
	return 0;
}

/*
 * Whether execve(2) of the file changes the user, or gives capabilities to a
 * user who is not root.  Nothing is gained on a nosuid file system or after
 * PR_SET_NO_NEW_PRIVS.
 */
static void look_privileges(struct program *p, const struct stat *st)
{
	uid_t uid = (uid_t)SYS0(SYS_getuid), euid = (uid_t)SYS0(SYS_geteuid);
	gid_t gid = (gid_t)SYS0(SYS_getgid), egid = (gid_t)SYS0(SYS_getegid);
	struct statfs fs;

	p->setid = euid != uid || egid != gid;
	if (!(st->st_mode & (S_ISUID | S_ISGID)) && !p->file.caps)
		return;
	if (SYS5(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	    SYS2(SYS_statfs, p->path, &fs) || fs.f_flags & ST_NOSUID)
		return;
	p->setid |= (st->st_mode & S_ISUID && st->st_uid != euid) ||
	    (st->st_mode & S_ISGID && st->st_mode & S_IXGRP &&
	    st->st_gid != egid);
	p->caps = p->file.caps && uid != 0;
}

static enum program_libc libc_of(const char *interp)
{
	const char *base = base_name(interp);

	if (!strncmp(base, "ld-musl-", 8))
		return PROGRAM_LIBC_MUSL;
	if (!strncmp(base, "ld-linux", 8) || !strncmp(base, "ld64.so", 7) ||
	    !strncmp(base, "ld.so", 5))
		return PROGRAM_LIBC_GLIBC;
	return PROGRAM_LIBC_OTHER;
}

static const char *judge(const struct program *p)
{
	const struct program_file *f = &p->file;

	if (!f->readable)
		return NULL;
	if (f->go)
		return f->dynamic ? "a Go program: its network calls do not "
		    "go through libc" : "a static Go program: no library can "
		    "be preloaded";
	if (!f->dynamic)
		return "statically linked: no library can be preloaded";
	if (f->machine != MACHINE || f->wide != WIDE)
		return "made for another machine than the library";
	if (f->libc != PROGRAM_LIBC_GLIBC)
		return f->libc == PROGRAM_LIBC_MUSL ? "linked with musl: the "
		    "library is for glibc" : "its dynamic linker is not "
		    "glibc's";
	if (p->setid)
		return "set-user-ID or set-group-ID: the dynamic linker drops "
		    "LD_PRELOAD";
	if (p->caps)
		return "has file capabilities: the dynamic linker drops "
		    "LD_PRELOAD";
	return NULL;
}

/* The dynamic linker itself, which is static, loads what it is told. */
static void read_elf(struct program_file *f, const struct elf *e,
    const char *path)
{
	char interp[64] = "";

	f->elf = true;
	f->wide = e->wide;
	f->machine = e->machine;
	f->dynamic = elf_interp(e, interp, sizeof(interp)) != -ENOENT;
	if (f->dynamic) {
		f->libc = libc_of(interp);
	} else if (e->type == ET_DYN && libc_of(path) == PROGRAM_LIBC_GLIBC) {
		f->dynamic = true;
		f->libc = PROGRAM_LIBC_GLIBC;
	}
	f->go = elf_has_note(e, "Go") || elf_has_section(e, ".go.buildinfo");
}

/* Return: 0, also if it is no ELF file, or -errno. */
static int read_file(struct program_file *f, const char *path)
{
	struct elf e;
	int err = elf_open(&e, path);

	memset(f, 0, sizeof(*f));
	f->readable = err != -EACCES;
	if (err && err != -ENOEXEC && (f->readable || can_execute(path)))
		return err;
	if (!err) {
		read_elf(f, &e, path);
		elf_close(&e);
	}
	f->caps = SYS4(SYS_getxattr, path, "security.capability", NULL, 0) > 0;
	return 0;
}

int program_look(struct program *p, const char *path,
    const struct program_how *how)
{
	struct stat st;
	int err;

	memset(p, 0, offsetof(struct program, found));
	p->path = path;
	for (int i = 0; i <= SCRIPTS_MAX; i++) {
		err = stat_file(p->path, &st);
		if (err)
			return err;
		if (!S_ISREG(st.st_mode))
			return -EACCES;
		p->id = program_cache_id(&st);
		if (!program_cache_find(how->cache, &st, &p->file)) {
			err = read_file(&p->file, p->path);
			if (err)
				return err;
			program_cache_keep(how->cache, &st, &p->file);
		}
		if (p->file.elf || !p->file.readable) {
			look_privileges(p, &st);
			p->problem = judge(p);
			p->by_calls = p->problem && p->file.machine ==
			    MACHINE && p->file.wide == WIDE;
			p->bare = p->by_calls && p->file.dynamic &&
			    p->file.libc != PROGRAM_LIBC_GLIBC;
			return 0;
		}
		err = follow_script(p, how);
		if (err)
			return err;
	}
	return -ELOOP;
}
