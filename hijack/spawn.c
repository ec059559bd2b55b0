/*
 * spawn.c: the private host of the embedded default, and the near half of a
 * relay to a host on another machine.
 *
 * Its socket lies in the per-user directory, named by a hash of what makes
 * two programs want the same host: bus and addresses, or, with no address
 * given, bus and process tree.  Who finds nobody there takes a lock on a
 * file beside it, looks again, and starts the server.
 */
#include "hijack/spawn.h"

#include <dlfcn.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus.h"
#include "hijack/aside.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"
#include "stack/wire/url.h"

#ifndef SHMIF_BINDIR
#define SHMIF_BINDIR	"/usr/local/bin"
#endif

#define START_MS	15000	/* for a server to come up */
#define SERVER		"shmif_server"
#define ENTRY		"shmif_entry"
#define RELAY		"shmif_relay"

struct launch {
	const char *program;		/* SERVER or RELAY */
	char sock[108];			/* path of the server's socket */
	char url[128], spec[1024], route[80], hosts[264], resolv[264];
	const char *argv[12];
	const char **env;		/* without LD_PRELOAD */
	/* Where the program may be. */
	char beside[PATH_MAX], up[PATH_MAX], installed[PATH_MAX];
};

/* In the child: nothing but system calls until exec. */
static int child_exec(void *arg)
{
	const struct launch *l = arg;
	const char *const where[] = { l->beside, l->up, l->installed };
	char dfl[64] = { 0 };	/* a struct sigaction of the kernel: SIG_DFL */
	uint64_t none = 0;
	int null;

	for (int sig = 1; sig <= 64; sig++)
		SYS4(SYS_rt_sigaction, sig, dfl, NULL, sizeof(none));
	SYS4(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	null = sys_null(0);
	if (null < 0)
		return 126;
	SYS3(SYS_dup3, null, 0, 0);
	SYS3(SYS_dup3, null, 1, 0);
	/* What the server has to say goes where the program's errors go. */
	if (hj_stderr_is_virtual() || sys_fcntl(2, F_SETFD, 0) < 0)
		SYS3(SYS_dup3, null, 2, 0);
	if (SYS3(SYS_close_range, 3, ~0u, 0) < 0)
		for (int fd = 3; fd < 4096; fd++)
			sys_close(fd);
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++)
		SYS3(SYS_execve, where[i], l->argv, l->env);
	return 127;
}

/* The library's folder, absolute; "" if it is not to be known. */
static char library_dir[PATH_MAX - sizeof("/../bin/" SERVER)];

/* A link to somewhere else, such as shmhijack makes: the server is there. */
static void follow(char *path, size_t size)
{
	char to[PATH_MAX];
	long n = SYS4(SYS_readlinkat, AT_FDCWD, path, to, sizeof(to) - 1);

	if (n <= 0 || (size_t)n >= size || to[0] != '/')
		return;
	memcpy(path, to, (size_t)n);
	path[n] = '\0';
}

static char entry[sizeof(library_dir) + sizeof("/../bin/" ENTRY)];

/* As the server. */
static void find_entry(void)
{
	static const char *const places[] = { "/" ENTRY, "/../bin/" ENTRY };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		strcpy(entry, library_dir);
		strcat(entry, places[i]);
		if (SYS3(SYS_faccessat, AT_FDCWD, entry, 1 /* X_OK */) == 0)
			return;
	}
	entry[0] = '\0';
}

const char *spawn_entry(void)
{
	return entry;
}

void spawn_init(void)
{
	Dl_info info;
	char *slash;
	size_t n = 0;

	if (!dladdr((void *)spawn_init, &info) || !info.dli_fname)
		return;
	if (info.dli_fname[0] != '/') {
		if (!getcwd(library_dir, sizeof(library_dir)))
			goto unknown;
		n = strlen(library_dir);
		library_dir[n++] = '/';
	}
	if (n + strlen(info.dli_fname) >= sizeof(library_dir))
		goto unknown;
	strcpy(library_dir + n, info.dli_fname);
	follow(library_dir, sizeof(library_dir));
	slash = strrchr(library_dir, '/');
	if (slash)
		*slash = '\0';
	find_entry();
	return;
unknown:
	library_dir[0] = '\0';
}

/* The server beside the library, as built, or in ../bin, as installed. */
static void find_server(struct launch *l)
{
	hj_append(l->installed, sizeof(l->installed), SHMIF_BINDIR "/");
	hj_append(l->installed, sizeof(l->installed), l->program);
	if (!library_dir[0])
		return;
	hj_append(l->beside, sizeof(l->beside), library_dir);
	hj_append(l->beside, sizeof(l->beside), "/");
	hj_append(l->beside, sizeof(l->beside), l->program);
	hj_append(l->up, sizeof(l->up), library_dir);
	hj_append(l->up, sizeof(l->up), "/../bin/");
	hj_append(l->up, sizeof(l->up), l->program);
}

/* Wait for the child that became the server to go into the background. */
static int wait_ready(int pid, const char *program)
{
	struct pollfd p = { .events = POLLIN };
	int status = 0, n, r;

	p.fd = (int)SYS2(SYS_pidfd_open, pid, 0);
	do {
		n = p.fd < 0 ? 1 : sys_poll(&p, 1, START_MS);
	} while (n == -EINTR);
	if (n == 0)
		SYS2(SYS_kill, pid, SIGKILL);
	if (p.fd >= 0)
		sys_close(p.fd);
	r = aside_wait(pid, &status);
	if (n == 0)
		hj_warn(program, " did not come up in time", NULL);
	else if (r == pid && WIFSIGNALED(status))
		hj_warn(program, " was killed while it started", NULL);
	else if (r == pid && WEXITSTATUS(status) == 127)
		hj_warn("cannot run ", program, ", which ",
		    hj_set.relay ? "makes the way to the host" :
		    "makes the private host", "; it belongs beside the "
		    "library or in " SHMIF_BINDIR, NULL);
	return r == pid && WIFEXITED(status) && !WEXITSTATUS(status) && n ?
	    0 : -ENETDOWN;
}

/*
 * In a child of ours that does not exec, and so tells the program nothing:
 * with exec the kernel makes SIGCHLD the exit signal, and the program's
 * handler, or its ignoring of that signal, would take the status from us.
 */
static int child_between(void *launch)
{
	const struct launch *l = launch;
	char dfl[64] = { 0 };
	int pid;

	SYS4(SYS_rt_sigaction, SIGCHLD, dfl, NULL, sizeof(uint64_t));
	pid = aside_start(child_exec, launch);
	return pid < 0 || wait_ready(pid, l->program) < 0;
}

/* The words of SHMIF_ADDR as ",ADDR/PLEN" each. */
static void append_addrs(char *dst, size_t size, const char *list)
{
	char word[80];

	for (;;) {
		size_t n;

		list += strspn(list, " \t");
		n = strcspn(list, " \t");
		if (!n)
			return;
		if (n >= sizeof(word) - 4)
			n = sizeof(word) - 4;
		memcpy(word, list, n);
		word[n] = '\0';
		hj_append(dst, size, ",");
		hj_append(dst, size, word);
		if (!strchr(word, '/'))
			hj_append(dst, size, strchr(word, ':') ? "/64" : "/24");
		list += strcspn(list, " \t");
	}
}

static uint64_t hash(uint64_t h, const char *s)
{
	do {
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	} while (*s++);
	return h;
}

/*
 * Who became another user, as by su(1), has buses of other names: so few
 * expect that, that it is told.
 */
static void tell_user(void)
{
	static bool told;
	char now[24];
	char *uid = hj_dec(now, (unsigned long)SYS0(SYS_geteuid));

	if (!strchr(hj_set.bus, '/') && strcmp(hj_set.user, uid))
		hj_warn_once(&told, "bus ", hj_set.bus, ": that of user ", uid,
		    ", not of user ", hj_set.user, ", as whom this was "
		    "started; to share a host: shmif_server -o allow=", uid,
		    " and shmhijack -s", NULL);
}

/*
 * The bus as one path, whatever it is called; a VNL stays one. 0 or -errno,
 * told.
 */
static int find_link(char link[static PATH_MAX])
{
	char err[BUS_ERRLEN];
	int r;

	if (strstr(hj_set.bus, "://")) {
		*link = '\0';
		hj_append(link, PATH_MAX, hj_set.bus);
		return 0;
	}
	tell_user();
	r = bus_path(link, PATH_MAX, hj_set.bus, true, err);
	if (!r && strchr(link, ',')) {
		r = -EINVAL;
		strcpy(err, "SHMIF_BUS: the path of a bus for a private host "
		    "may hold no comma; name another");
	}
	if (r)
		hj_warn(err, NULL);
	return r;
}

/* What -i is given: of a VNL, it is the rest. */
static void make_spec(struct launch *l, const char *link, const char *addrs)
{
	bool vnl = strstr(link, "://");

	strcpy(l->spec, vnl ? "vde0" : "shmif0=");
	if (!vnl)
		hj_append(l->spec, sizeof(l->spec), link);
	hj_append(l->spec, sizeof(l->spec), addrs);
	if (hj_set.name[0]) {
		hj_append(l->spec, sizeof(l->spec), ",name=");
		hj_append(l->spec, sizeof(l->spec), hj_set.name);
	}
	if (vnl) {
		hj_append(l->spec, sizeof(l->spec), "=");
		hj_append(l->spec, sizeof(l->spec), link);
	}
}

/*
 * The directory of sockets, where l->sock has room for it and len bytes more.
 * 0 or -errno, told.
 */
static int socket_dir(const struct launch *l, char dir[static PATH_MAX],
    size_t len)
{
	char err[BUS_ERRLEN];
	int r = bus_user_dir(dir, PATH_MAX, true, err);

	if (!r && strlen(dir) + len > sizeof(l->sock)) {
		r = -ENAMETOOLONG;
		strcpy(err, "the per-user directory's path is too long for a "
		    "socket; unset XDG_RUNTIME_DIR");
	}
	if (r)
		hj_warn(err, NULL);
	return r;
}

/* Socket, lock file and command line. 0 or -errno, told. */
static int describe(struct launch *l, char *lock, size_t lock_size)
{
	char link[PATH_MAX], dir[PATH_MAX], hex[24], addrs[640];
	uint64_t h = 0xcbf29ce484222325ull;
	int r;

	l->program = SERVER;
	r = find_link(link);
	if (!r)
		r = socket_dir(l, dir, sizeof("/0123456789abcdef.sock"));
	if (r)
		return r;
	addrs[0] = '\0';
	append_addrs(addrs, sizeof(addrs), hj_set.addr);
	h = hash(hash(h, link), addrs[0] ? addrs : hj_set.tree);
	for (int i = 0; i < 16; i++)
		hex[i] = "0123456789abcdef"[h >> (60 - 4 * i) & 15];
	hex[16] = '\0';

	*lock = '\0';
	hj_append(lock, lock_size, dir);
	hj_append(lock, lock_size, "/");
	hj_append(lock, lock_size, hex);
	strcpy(l->sock, lock);
	hj_append(l->sock, sizeof(l->sock), ".sock");
	hj_append(lock, lock_size, ".lock");
	strcpy(l->url, "unix://");
	hj_append(l->url, sizeof(l->url), l->sock);
	make_spec(l, link, addrs);
	return 0;
}

/* The same for a host on another machine. */
static int describe_relay(struct launch *l, char *lock, size_t lock_size)
{
	char dir[PATH_MAX], name[URL_SOCKLEN];
	int r = socket_dir(l, dir, sizeof("/") - 1 + sizeof(name));

	if (r)
		return r;
	l->program = RELAY;
	url_socket(hj_set.what, hj_set.key, name);
	hj_append(l->sock, sizeof(l->sock), dir);
	hj_append(l->sock, sizeof(l->sock), "/");
	hj_append(l->sock, sizeof(l->sock), name);
	*lock = '\0';
	hj_append(lock, lock_size, l->sock);
	hj_append(lock, lock_size, ".lock");
	strcpy(l->url, "unix://");
	hj_append(l->url, sizeof(l->url), l->sock);
	return 0;
}

/* -o NAME=FILE, if there is one. Return: where the next word goes. */
static const char **put_file(const char **a, char *text, size_t size,
    const char *name, const char *file)
{
	if (!file[0])
		return a;
	text[0] = '\0';
	hj_append(text, size, name);
	hj_append(text, size, file);
	*a++ = "-o";
	*a++ = text;
	return a;
}

static void command_line(struct launch *l)
{
	const char **a = l->argv;

	if (hj_set.relay) {
		*a++ = RELAY;
		*a++ = hj_set.what;
		*a++ = l->url;
		*a = NULL;
		return;
	}
	*a++ = SERVER;
	*a++ = "-P";
	*a++ = "-i";
	*a++ = l->spec;
	if (hj_set.gateway[0]) {
		strcpy(l->route, "default=");
		hj_append(l->route, sizeof(l->route), hj_set.gateway);
		*a++ = "-r";
		*a++ = l->route;
	}
	a = put_file(a, l->hosts, sizeof(l->hosts), "hosts=", hj_set.hosts);
	a = put_file(a, l->resolv, sizeof(l->resolv), "resolv=", hj_set.resolv);
	*a++ = l->url;
	*a = NULL;
}

/* Where the lock's name still leads to the file we hold, it is ours. */
static int lock_take(const char *path)
{
	struct stat st, now;
	int fd;

	for (int waited = 0; waited < START_MS; waited += 5) {
		fd = (int)SYS4(SYS_openat, AT_FDCWD, path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return fd;
		if (SYS2(SYS_flock, fd, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(fd, &st) == 0 && stat(path, &now) == 0 &&
		    st.st_ino == now.st_ino && st.st_dev == now.st_dev)
			return fd;
		sys_close(fd);
		sys_poll(NULL, 0, 5);
	}
	return -ETIMEDOUT;
}

static void lock_drop(const char *path, int fd)
{
	SYS3(SYS_unlinkat, AT_FDCWD, path, 0);
	sys_close(fd);
}

/* Room for the environment: only its pointers are copied. */
static const char **env_without_preload(size_t *size)
{
	size_t n = 0, k = 0;
	const char **env;
	long r;

	while (environ && environ[n])
		n++;
	*size = (n + 1) * sizeof(*env);
	r = SYS6(SYS_mmap, NULL, *size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r < 0 && r > -4096)
		return NULL;
	env = (const char **)r;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LD_PRELOAD=", 11))
			env[k++] = environ[i];
	return env;
}

static int connect_to(const struct launch *l, int min_fd, struct client_hello *hello)
{
	struct sockaddr_un sun;
	const char *why;
	int r = client_parse_url(l->url, &sun, &why);

	hello->holder = hj_set.holder;
	return r < 0 ? r : client_connect(&sun, program_invocation_short_name,
	    min_fd, hello);
}

static int start_locked(struct launch *l, int min_fd, struct client_hello *hello)
{
	size_t size;
	int fd = connect_to(l, min_fd, hello), r;

	if (fd >= 0 || fd == -EMFILE || fd == -ENFILE)
		return fd;	/* another was quicker */
	l->env = env_without_preload(&size);
	if (!l->env)
		return -ENOMEM;
	command_line(l);
	find_server(l);
	r = aside_run(child_between, l);
	SYS2(SYS_munmap, l->env, size);
	return r ? -ENETDOWN : connect_to(l, min_fd, hello);
}

int spawn_connect(int min_fd, struct client_hello *hello)
{
	static bool failed;	/* told once, not tried again */
	struct launch *l;
	char lock[PATH_MAX];
	int fd, held;
	long r;

	if (__atomic_load_n(&failed, __ATOMIC_RELAXED))
		return -ENETDOWN;
	r = SYS6(SYS_mmap, NULL, sizeof(*l), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r < 0 && r > -4096)
		return (int)r;
	l = (struct launch *)r;
	fd = hj_set.relay ? describe_relay(l, lock, sizeof(lock)) :
	    describe(l, lock, sizeof(lock));
	if (!fd)
		fd = connect_to(l, min_fd, hello);
	if (fd == -ENOENT || fd == -ECONNREFUSED || fd == -EPIPE ||
	    fd == -ECONNRESET) {
		held = fd = lock_take(lock);
		if (held >= 0) {
			fd = start_locked(l, min_fd, hello);
			lock_drop(lock, held);
		}
	}
	SYS2(SYS_munmap, l, sizeof(*l));
	if (fd < 0 && fd != -EMFILE && fd != -ENFILE)
		__atomic_store_n(&failed, true, __ATOMIC_RELAXED);
	return fd;
}
