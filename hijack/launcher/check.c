/*
 * check.c: shmhijack --check: the network calls a program and its libraries
 * import, held against what the preload library offers.
 */
#include "hijack/launcher/launcher.h"

#include <assert.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hijack/launcher/dynamic.h"
#include "hijack/look/elf.h"
#include "hijack/look/program.h"
#include "stack/wire/json.h"

#define LIBS_MAX	128

enum call_kind {
	CALL_NETWORK,	/* the library has to offer it */
	CALL_NATIVE,	/* works on a virtual socket as on any descriptor */
	CALL_HOST,	/* goes to the host, on purpose */
	CALL_NEVER,	/* nothing that is preloaded sees it */
	CALL_NUM_KINDS
};

static const char *const kind_names[CALL_NUM_KINDS] = {
	"covered", "native", "asked of the host", "not covered",
};

static const char *const json_keys[CALL_NUM_KINDS] = {
	"covered", "native", "host", "not_covered",
};

static const struct {
	const char *name;
	enum call_kind kind;
} calls[] = {
	{ "accept", CALL_NETWORK }, { "accept4", CALL_NETWORK },
	{ "bind", CALL_NETWORK }, { "bindresvport", CALL_NETWORK },
	{ "close", CALL_NETWORK }, { "close_range", CALL_NETWORK },
	{ "closefrom", CALL_NETWORK }, { "connect", CALL_NETWORK },
	{ "dup2", CALL_NETWORK }, { "dup3", CALL_NETWORK },
	{ "fcntl", CALL_NETWORK }, { "fcntl64", CALL_NETWORK },
	{ "freeifaddrs", CALL_NATIVE }, { "getaddrinfo", CALL_NETWORK },
	{ "gethostbyname", CALL_NETWORK },
	{ "gethostbyname2", CALL_NETWORK },
	{ "gethostbyname2_r", CALL_NETWORK },
	{ "gethostbyname_r", CALL_NETWORK }, { "getifaddrs", CALL_NETWORK },
	{ "getpeername", CALL_NETWORK }, { "getsockname", CALL_NETWORK },
	{ "getsockopt", CALL_NETWORK }, { "if_freenameindex", CALL_NATIVE },
	{ "if_indextoname", CALL_NETWORK }, { "if_nameindex", CALL_NETWORK },
	{ "if_nametoindex", CALL_NETWORK }, { "ioctl", CALL_NETWORK },
	{ "listen", CALL_NETWORK }, { "read", CALL_NETWORK },
	{ "__read_chk", CALL_NETWORK }, { "readv", CALL_NETWORK },
	{ "recv", CALL_NETWORK }, { "__recv_chk", CALL_NETWORK },
	{ "recvfrom", CALL_NETWORK }, { "__recvfrom_chk", CALL_NETWORK },
	{ "recvmmsg", CALL_NETWORK }, { "recvmsg", CALL_NETWORK },
	{ "send", CALL_NETWORK }, { "sendmmsg", CALL_NETWORK },
	{ "sendmsg", CALL_NETWORK }, { "sendto", CALL_NETWORK },
	{ "setsockopt", CALL_NETWORK }, { "shutdown", CALL_NETWORK },
	{ "sockatmark", CALL_NETWORK }, { "socket", CALL_NETWORK },
	{ "syscall", CALL_NETWORK }, { "write", CALL_NETWORK },
	{ "writev", CALL_NETWORK },
	{ "execl", CALL_NETWORK }, { "execle", CALL_NETWORK },
	{ "execlp", CALL_NETWORK }, { "execv", CALL_NETWORK },
	{ "execve", CALL_NETWORK }, { "execveat", CALL_NETWORK },
	{ "execvp", CALL_NETWORK }, { "execvpe", CALL_NETWORK },
	{ "fexecve", CALL_NETWORK }, { "popen", CALL_NETWORK },
	{ "posix_spawn", CALL_NETWORK }, { "posix_spawnp", CALL_NETWORK },
	{ "system", CALL_NETWORK }, { "wordexp", CALL_NETWORK },
	{ "dup", CALL_NATIVE }, { "epoll_create1", CALL_NATIVE },
	{ "epoll_ctl", CALL_NATIVE }, { "epoll_pwait", CALL_NATIVE },
	{ "epoll_wait", CALL_NATIVE }, { "poll", CALL_NATIVE },
	{ "__poll_chk", CALL_NATIVE }, { "ppoll", CALL_NATIVE },
	{ "__ppoll_chk", CALL_NATIVE }, { "pselect", CALL_NATIVE },
	{ "select", CALL_NATIVE }, { "sendfile", CALL_NATIVE },
	{ "sendfile64", CALL_NATIVE }, { "splice", CALL_NATIVE },
	{ "gethostbyaddr", CALL_NETWORK }, { "gethostbyaddr_r", CALL_NETWORK },
	{ "getnameinfo", CALL_NETWORK }, { "res_nquery", CALL_HOST },
	{ "res_nsearch", CALL_HOST }, { "res_query", CALL_HOST },
	{ "res_search", CALL_HOST }, { "__res_query", CALL_HOST },
	{ "__res_search", CALL_HOST }, { "__res_nquery", CALL_HOST },
	{ "dlmopen", CALL_NETWORK }, { "dlopen", CALL_NETWORK },
	{ "dlsym", CALL_NETWORK }, { "dlvsym", CALL_NETWORK },
	{ "io_uring_queue_init", CALL_NETWORK },
	{ "io_uring_queue_init_mem", CALL_NETWORK },
	{ "io_uring_queue_init_params", CALL_NETWORK },
	{ "io_uring_setup", CALL_NETWORK }, { "socketpair", CALL_NETWORK },
	{ "rcmd", CALL_NEVER },
	{ "rresvport", CALL_NEVER },
};
#define NUM_CALLS (sizeof(calls) / sizeof(calls[0]))

/* What a program needs these for, no virtual host has. */
static const struct {
	const char *lib, *why;
} foreign[] = {
	{ "libbluetooth.so", "Bluetooth" },
	{ "libibverbs.so", "RDMA" },
	{ "libip4tc.so", "the machine's packet filter" },
	{ "libip6tc.so", "the machine's packet filter" },
	{ "libipset.so", "the machine's packet filter" },
	{ "libnetfilter_", "the machine's packet filter" },
	{ "libnftables.so", "the machine's packet filter" },
	{ "libnftnl.so", "the machine's packet filter" },
	{ "librdmacm.so", "RDMA" },
	{ "libsctp.so", "SCTP" },
	{ "libxdp.so", "XDP" },
};

struct check {
	bool imported[NUM_CALLS];
	bool offered[NUM_CALLS];
	char *lib[LIBS_MAX];	/* paths, malloc'ed; [0] is the program */
	unsigned num_libs;
	char missing[1024];	/* names of libraries not found */
	const char *foreign;	/* what the program is about, or NULL */
};

static void add_symbols(const struct elf *e, const struct elf_dynamic *d,
    bool want_defined, bool *table)
{
	const char *name;
	bool defined;

	for (size_t i = 0; i < d->nsyms; i++) {
		name = elf_symbol(e, d, i, &defined);
		if (!name || defined != want_defined)
			continue;
		for (size_t j = 0; j < NUM_CALLS; j++)
			if (!strcmp(calls[j].name, name))
				table[j] = true;
	}
}

/* libc itself makes its calls inside: its imports tell nothing. */
static bool is_libc(const char *name)
{
	static const char *const parts[] = {
		"libc.so", "libc.musl-", "ld-linux", "libpthread.so.", "libdl.so.",
		"libm.so.", "librt.so.", "libresolv.so.", LIBRARY_NAME,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strncmp(name, parts[i], strlen(parts[i])))
			return true;
	return false;
}

static bool try_lib(struct check *c, const char *dir, size_t len,
    const char *name, const char *origin, const struct elf *like)
{
	char path[PATH_MAX];
	struct elf e;
	bool fits;
	int n;

	if (len >= 7 && !strncmp(dir, "$ORIGIN", 7)) {
		const char *slash = strrchr(origin, '/');

		n = snprintf(path, sizeof(path), "%.*s%.*s/%s",
		    slash ? (int)(slash - origin) : 1, slash ? origin : ".",
		    (int)len - 7, dir + 7, name);
	} else {
		n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir,
		    name);
	}
	if (n < 0 || n >= PATH_MAX || elf_open(&e, path))
		return false;
	fits = e.machine == like->machine && e.wide == like->wide;
	elf_close(&e);
	if (!fits)
		return false;
	for (unsigned i = 0; i < c->num_libs; i++)
		if (!strcmp(c->lib[i], path))
			return true;
	if (c->num_libs < LIBS_MAX) {
		c->lib[c->num_libs] = strdup(path);
		c->num_libs += c->lib[c->num_libs] != NULL;
	}
	return true;
}

/* The usual places, and those the file names; not ld.so.conf's own. */
static void find_lib(struct check *c, const char *name, const char *runpath,
    const char *origin, const struct elf *like)
{
	static const char *const dirs[] = {
#if defined(__x86_64__)
		"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
		"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
#endif
		"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib",
	};
	size_t n;

	if (!*name || is_libc(name) || strchr(name, '/'))
		return;
	for (; *runpath; runpath += n + (runpath[n] == ':')) {
		n = strcspn(runpath, ":");
		if (n && try_lib(c, runpath, n, name, origin, like))
			return;
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (try_lib(c, dirs[i], strlen(dirs[i]), name, origin, like))
			return;
	n = strlen(c->missing);
	snprintf(c->missing + n, sizeof(c->missing) - n, " %s", name);
}

static const char *what_for(const char *name)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!strncmp(name, foreign[i].lib, strlen(foreign[i].lib)))
			return foreign[i].why;
	return NULL;
}

/* One file: what it imports, and which libraries it needs in turn. */
static void look_at(struct check *c, const char *path)
{
	struct elf_dynamic d;
	struct elf e;

	if (elf_open(&e, path))
		return;
	if (!elf_dynamic_read(&e, &d)) {
		add_symbols(&e, &d, false, c->imported);
		for (unsigned i = 0; i < d.num_needed; i++) {
			const char *name = d.str + d.needed[i];

			/* Of the program itself: others may do without. */
			if (path == c->lib[0] && !c->foreign)
				c->foreign = what_for(name);
			find_lib(c, name, d.runpath ? d.str + d.runpath : "",
			    path, &e);
		}
		elf_dynamic_free(&d);
	}
	elf_close(&e);
}

static void look_at_library(struct check *c, const char *library)
{
	struct elf_dynamic d;
	struct elf e;

	if (elf_open(&e, library))
		return;
	if (!elf_dynamic_read(&e, &d)) {
		add_symbols(&e, &d, true, c->offered);
		elf_dynamic_free(&d);
	}
	elf_close(&e);
}

/* What becomes of a call; CALL_NUM_KINDS: the program does not make it. */
static enum call_kind kind_of(const struct check *c, size_t call)
{
	if (!c->imported[call])
		return CALL_NUM_KINDS;
	if (calls[call].kind == CALL_NETWORK && !c->offered[call])
		return CALL_NEVER;
	return calls[call].kind;
}

static void print_calls(const struct check *c, enum call_kind kind)
{
	bool any = false;

	for (size_t i = 0; i < NUM_CALLS; i++) {
		if (kind_of(c, i) != kind)
			continue;
		if (!any)
			printf("  %s:", kind_names[kind]);
		printf(" %s", calls[i].name);
		any = true;
	}
	if (any)
		putchar('\n');
}

static const char *const libc_names[] = {
	[PROGRAM_LIBC_NONE] = "none",
	[PROGRAM_LIBC_GLIBC] = "glibc",
	[PROGRAM_LIBC_MUSL] = "musl",
	[PROGRAM_LIBC_OTHER] = "unknown",
};
static_assert(sizeof(libc_names) / sizeof(libc_names[0]) ==
    PROGRAM_NUM_LIBCS, "a name for each libc");

static const char *machine_name(unsigned machine)
{
	return machine == EM_X86_64 ? "x86-64" :
	    machine == EM_386 ? "i386" :
	    machine == EM_AARCH64 ? "aarch64" :
	    machine == EM_ARM ? "arm" :
	    machine == EM_RISCV ? "riscv" :
	    machine == EM_PPC64 ? "ppc64" :
	    machine == EM_S390 ? "s390" : "another machine";
}

static const char *privileges(const struct program *p)
{
	return p->setid && p->caps ? "set-ID and file capabilities" :
	    p->setid ? "set-ID" : p->caps ? "file capabilities" :
	    "none gained";
}

/* The dynamic linker that the file names.  Return: 0 or -errno. */
static int linker_of(const struct program *p, char path[static PATH_MAX])
{
	struct elf e;
	int err = elf_open(&e, p->path);

	if (err)
		return err;
	err = elf_interp(&e, path, PATH_MAX);
	elf_close(&e);
	return err;
}

static void print_kind(const struct program *p)
{
	const struct program_file *f = &p->file;
	char interp[PATH_MAX];

	if (p->script)
		printf("%s: a script, read by %s\n", p->script, p->path);
	if (!f->elf) {
		printf("%s: it cannot be read\n", p->path);
		return;
	}
	printf("%s: %s%s ELF, %s, %d bit\n", p->path, f->go ? "Go, " : "",
	    f->dynamic ? "dynamic" : "static", machine_name(f->machine),
	    f->wide ? 64 : 32);
	if (!linker_of(p, interp))
		printf("  linker: %s (%s)\n", interp, libc_names[f->libc]);
	printf("  privileges: %s\n", privileges(p));
}

static void find_libraries(struct check *c, const char *path)
{
	c->lib[c->num_libs++] = strdup(path);
	/* The list grows while it is walked, up to LIBS_MAX. */
	for (unsigned i = 0; i < c->num_libs && c->lib[i]; i++)
		look_at(c, c->lib[i]);
}

static void print_libraries(const struct check *c)
{
	if (c->num_libs > 1) {
		printf("  libraries:");
		for (unsigned i = 1; i < c->num_libs; i++)
			printf(" %s", strrchr(c->lib[i], '/') + 1);
		putchar('\n');
	}
	if (c->missing[0])
		printf("  libraries not found here:%s\n", c->missing);
}

/* A shell does little by itself: what counts is what it starts. */
static bool is_shell(const char *path)
{
	static const char *const shells[] = {
		"sh", "bash", "dash", "zsh", "ksh", "mksh", "busybox", "csh",
		"tcsh", "fish",
	};
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (!strcmp(base, shells[i]))
			return true;
	return false;
}

enum verdict { WORKS = 0, DOES_NOT_WORK = 1, CANNOT_BE_TOLD = 3 };

/* With the reason; of what works, why it takes the second entry, or none. */
static enum verdict judge(const struct program *p, const struct check *c,
    const char *closed, char why[static 256])
{
	why[0] = '\0';
	if (p->problem) {
		snprintf(why, 256, "%s%s%s", p->problem, closed ? ", and " :
		    "", closed ? closed : "");
		return closed ? DOES_NOT_WORK : WORKS;
	}
	if (!p->file.readable) {
		strcpy(why, "it may be executed, not read");
		return CANNOT_BE_TOLD;
	}
	if (p->script && is_shell(p->path)) {
		strcpy(why, "the shell works, what the script starts is "
		    "looked at when it starts");
		return CANNOT_BE_TOLD;
	}
	if (c->foreign) {
		snprintf(why, 256, "it is made for %s, which no virtual host "
		    "has", c->foreign);
		return CANNOT_BE_TOLD;
	}
	return WORKS;
}

static void print_text(const struct program *p, const struct check *c,
    enum verdict v, const char *why)
{
	print_kind(p);
	print_libraries(c);
	for (int k = 0; k < CALL_NUM_KINDS; k++)
		print_calls(c, (enum call_kind)k);
	if (v == WORKS && *why)
		printf("  %s\n", why);
	if (v == WORKS)
		printf("  works%s, as far as can be told from outside\n",
		    *why ? " by the second entry" : "");
	else
		printf("  %s: %s\n", v == DOES_NOT_WORK ? "does not work" :
		    "cannot be told", why);
}

static void json_file(struct json *j, const struct program *p)
{
	const struct program_file *f = &p->file;
	char interp[PATH_MAX];

	json_string(j, "path", p->path);
	if (p->script)
		json_string(j, "script", p->script);
	if (!f->elf)
		return;
	json_bool(j, "dynamic", f->dynamic);
	json_bool(j, "go", f->go);
	json_string(j, "machine", machine_name(f->machine));
	json_uint(j, "bits", f->wide ? 64 : 32);
	if (!linker_of(p, interp)) {
		json_string(j, "linker", interp);
		json_string(j, "libc", libc_names[f->libc]);
	}
	json_string(j, "privileges", privileges(p));
}

/* Words with blanks between them. */
static void json_words(struct json *j, const char *key, const char *words)
{
	char word[256];
	size_t n;

	json_array(j, key);
	for (words += strspn(words, " "); *words;
	    words += n + strspn(words + n, " ")) {
		n = strcspn(words, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, words);
		json_string(j, NULL, word);
	}
	json_end(j);
}

static void json_calls(struct json *j, const struct check *c)
{
	json_object(j, "calls");
	for (int k = 0; k < CALL_NUM_KINDS; k++) {
		json_array(j, json_keys[k]);
		for (size_t i = 0; i < NUM_CALLS; i++)
			if (kind_of(c, i) == (enum call_kind)k)
				json_string(j, NULL, calls[i].name);
		json_end(j);
	}
	json_end(j);
}

static void print_json(const struct program *p, const struct check *c,
    enum verdict v, const char *why)
{
	struct json j;

	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_file(&j, p);
	json_array(&j, "libraries");
	for (unsigned i = 1; i < c->num_libs; i++)
		json_string(&j, NULL, c->lib[i]);
	json_end(&j);
	json_words(&j, "libraries_not_found", c->missing);
	json_calls(&j, c);
	if (v == CANNOT_BE_TOLD)
		json_null(&j, "works");
	else
		json_bool(&j, "works", v == WORKS);
	if (v == WORKS)
		json_bool(&j, "second_entry", *why);
	if (*why)
		json_string(&j, "reason", why);
	json_end(&j);
}

int check_print(const struct program *p, const char *library,
    const char *closed, bool json)
{
	static struct check c;
	char why[256];
	enum verdict v;

	look_at_library(&c, library);
	if (p->file.elf && p->file.dynamic)
		find_libraries(&c, p->path);
	v = judge(p, &c, closed, why);
	if (json)
		print_json(p, &c, v, why);
	else
		print_text(p, &c, v, why);
	for (unsigned i = 0; i < c.num_libs; i++)
		free(c.lib[i]);
	return v;
}
