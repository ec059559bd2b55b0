#!/usr/bin/env bats
# shellcheck disable=SC2016	# $ORIGIN is the linker's
# Programs that load what makes their sockets, or take libc by its name.

load helpers
load helpers.net

# usage: build FILE.so|FILE [OPTION]... <SOURCE
build() {
	local file=$1 shared=

	shift
	cat >"${file%.so}.c"
	case $file in *.so) shared=-shared ;; esac
	# shellcheck disable=SC2086
	"${CC:-cc}" -D_GNU_SOURCE $shared -fPIC -o "$file" "${file%.so}.c" "$@"
}

# One function that makes a socket, and a constructor that does.
build_extension() {
	build "$@" <<-'EOF'
	#include <stdio.h>
	#include <sys/socket.h>
	__attribute__((visibility("protected"))) int early = -1;
	__attribute__((constructor)) static void start(void)
	{
		early = socket(AF_INET, SOCK_DGRAM, 0);
	}
	int make(void)
	{
		return socket(AF_INET, SOCK_DGRAM, 0);
	}
	EOF
}

# An address of the virtual host's is none of the machine's.
build_program() {
	build "$@" <<-'EOF'
	#include <arpa/inet.h>
	#include <dlfcn.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/socket.h>
	#include <unistd.h>
	#ifdef __x86_64__
	#define OLD "GLIBC_2.2.5"
	#else
	#define OLD "GLIBC_2.17"
	#endif
	typedef int maker(int, int, int);

	static void is(const char *what, int fd)
	{
		struct sockaddr_in in = { .sin_family = AF_INET };

		inet_pton(AF_INET, "10.0.0.1", &in.sin_addr);
		printf("%s: %s\n", what, fd < 0 ? "none" : bind(fd,
		    (struct sockaddr *)&in, sizeof(in)) ? "machine" :
		    "virtual");
		close(fd);
	}

	static void made(const char *what, void *f)
	{
		is(what, f ? ((maker *)f)(AF_INET, SOCK_DGRAM, 0) : -1);
	}

	static void extension(const char *what, void *h)
	{
		char name[64];

		if (!h) {
			printf("%s: %s\n", what, dlerror());
			return;
		}
		is(what, ((int (*)(void))dlsym(h, "make"))());
		snprintf(name, sizeof(name), "%s, constructor", what);
		is(name, *(int *)dlsym(h, "early"));
	}

	int main(void)
	{
		void *libc = dlopen("libc.so.6", RTLD_NOW), *h;
		void *(*sym)(void *, const char *);

		extension("deepbind", dlopen("./ext.so", RTLD_NOW |
		    RTLD_DEEPBIND));
		extension("deepbind, lazy and global", dlopen("./lazy.so",
		    RTLD_LAZY | RTLD_GLOBAL | RTLD_DEEPBIND));
		h = dlopen("./middle.so", RTLD_NOW);
		extension("by the RUNPATH of who calls",
		    ((void *(*)(void))dlsym(h, "load"))());
		extension("another namespace", dlmopen(LM_ID_NEWLM, "./ext.so",
		    RTLD_NOW));
		made("libc's handle", dlsym(libc, "socket"));
		made("libc's handle and a version",
		    dlvsym(libc, "socket", OLD));
		made("a handle of what needs libc", dlsym(h, "socket"));
		made("the program's handle", dlsym(dlopen(NULL, RTLD_NOW),
		    "socket"));
		made("default", dlsym(RTLD_DEFAULT, "socket"));
		made("default and a version",
		    dlvsym(RTLD_DEFAULT, "socket", OLD));
		made("next", dlsym(RTLD_NEXT, "socket"));
		*(void **)&sym = dlsym(libc, "dlsym");
		made("dlsym by dlsym", sym(libc, "socket"));
		printf("others are libc's: %d\n", dlsym(libc, "strlen") ==
		    dlsym(RTLD_DEFAULT, "strlen"));
		printf("%s\n", dlsym(libc, "no_such") ? "" : dlerror());
		return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
	}
	EOF
}

# usage: build_all: program and what it loads
build_all() {
	mkdir sub
	build_extension ext.so
	cp ext.so lazy.so
	cp ext.so sub/deep.so
	build middle.so -Wl,-rpath,'$ORIGIN/sub' <<-'EOF'
	#include <dlfcn.h>
	void *load(void)
	{
		return dlopen("deep.so", RTLD_NOW | RTLD_DEEPBIND);
	}
	EOF
	build_program program -ldl
}

@test "what is loaded deep, and libc by its name, find the virtual host" {
	[ -z "$SAN" ] || skip "a sanitizer takes no RTLD_DEEPBIND"
	build_all
	run_cmd ./program
	grep -c ': machine$' out >plain || :
	[ "$(cat plain)" -ge 15 ] || fail "the program tells nothing"
	start_host a 10.0.0.1
	run_cmd on a ./program
	! grep -vE ': virtual$|^others|no_such' out || fail "not virtual"
	[ "$(grep -c ': virtual$' out)" = "$(cat plain)" ]
	expect '^others are libc.s: 1$'
	expect 'undefined symbol: no_such'
	run_cmd on a env RUMPHIJACK= ./program
	[ "$(grep -c ': machine$' out)" = "$(cat plain)" ]
}

@test "a library that wraps a call finds the next one, which is ours" {
	[ -z "$SAN" ] || skip "a sanitizer takes no RTLD_DEEPBIND"
	build wrap.so <<-'EOF'
	#include <dlfcn.h>
	#include <stdio.h>
	#ifdef __x86_64__
	#define OLD "GLIBC_2.2.5"
	#else
	#define OLD "GLIBC_2.17"
	#endif
	int socket(int a, int b, int c)
	{
		static int (*next)(int, int, int);

		if (!next)
			*(void **)&next = dlsym(RTLD_NEXT, "socket");
		if (dlvsym(RTLD_NEXT, "socket", OLD) != (void *)next)
			puts("two answers");
		puts("wrapped");
		return next(a, b, c);
	}
	EOF
	build_all
	build_program program -Wl,--no-as-needed ./wrap.so -ldl
	start_host a 10.0.0.1
	run_cmd on a ./program
	expect '^wrapped$'
	! grep -E 'machine|two answers' out || fail "not virtual"
	for order in "$PWD/wrap.so:$HIJACK" "$HIJACK:$PWD/wrap.so"; do
		run_cmd env RUMP_SERVER=unix://a.sock LD_PRELOAD="$order" \
			curl -sS --max-time 5 http://10.0.0.1:9/ || :
		[ "$status" -eq 7 ]
	done
}

# As socket_wrapper takes libc, and tcmalloc maps memory.
@test "a library behind that takes libc by its name or number ends there" {
	[ -z "$SAN" ] || skip "a sanitizer takes no RTLD_DEEPBIND"
	build behind.so <<-'EOF'
	#include <dlfcn.h>
	#include <stdarg.h>
	#include <sys/socket.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	static void *libc(const char *name)
	{
		return dlsym(dlopen("libc.so.6", RTLD_LAZY), name);
	}
	int fcntl(int fd, int cmd, ...)
	{
		va_list ap;
		long arg;

		va_start(ap, cmd);
		arg = va_arg(ap, long);
		va_end(ap);
		return ((int (*)(int, int, long))libc("fcntl"))(fd, cmd, arg);
	}
	ssize_t recv(int fd, void *p, size_t n, int flags)
	{
		return ((ssize_t (*)(int, void *, size_t, int))
		    libc("recv"))(fd, p, n, flags);
	}
	int getnameinfo(const void *a, socklen_t al, void *h, socklen_t hl,
	    void *s, socklen_t sl, int flags)
	{
		return ((int (*)(const void *, socklen_t, void *, socklen_t,
		    void *, socklen_t, int))libc("getnameinfo"))(a, al, h, hl,
		    s, sl, flags);
	}
	void *mmap(void *a, size_t n, int prot, int flags, int fd, off_t at)
	{
		return (void *)syscall(SYS_mmap, a, n, prot, flags, fd, at);
	}
	int close(int fd)
	{
		return (int)syscall(SYS_close, fd);
	}
	EOF
	start_host a 10.0.0.1
	run_cmd env RUMP_SERVER=unix://a.sock \
		LD_PRELOAD="$HIJACK:$PWD/behind.so" "$PYTHON" -c '
import mmap, socket
mmap.mmap(-1, 65536).close()
a = socket.create_server(("10.0.0.1", 80))
c = socket.create_connection(("10.0.0.1", 80))
c.setblocking(False)
s = a.accept()[0]
s.sendall(b"data")
c.settimeout(5)
print(c.recv(9), socket.getnameinfo(("192.0.2.9", 80), 3)[0])
c.close()'
	[ "$output" = "b'data' 192.0.2.9" ]
}

@test "programs with sanitizers" {
	[ -z "$SAN" ] || skip "two of them do not go together"
	start_host a 10.0.0.1
	for kind in address undefined thread; do
		build "$kind" -fsanitize="$kind" <<-'EOF'
		#include <arpa/inet.h>
		#include <stdio.h>
		#include <sys/socket.h>
		#include <unistd.h>
		int main(void)
		{
			struct sockaddr_in in = { .sin_family = AF_INET };
			int fd = socket(AF_INET, SOCK_STREAM, 0);

			inet_pton(AF_INET, "10.0.0.1", &in.sin_addr);
			puts(bind(fd, (struct sockaddr *)&in, sizeof(in)) ?
			    "machine" : "virtual");
			return close(fd);
		}
		EOF
		# That for threads takes not every kernel's addresses.
		run_cmd "./$kind" || [ "$kind" = thread ] || fail "$kind"
		[ "$output" = machine ] || continue
		run_cmd on a "./$kind"
		[ "$output" = virtual ]
	done
}

@test "Python's ctypes: libc by its name" {
	[ -z "$SAN" ] || skip "a sanitizer needs dlsym for itself"
	start_host a 10.0.0.1
	run_cmd on a "$PYTHON" -c 'import ctypes, socket
for lib in "libc.so.6", None:
    c = ctypes.CDLL(lib, use_errno=True)
    s = socket.socket(fileno=c.socket(2, 2, 0))
    s.bind(("10.0.0.1", 0))
    print("virtual", s.getsockname()[0])'
	[ "$output" = $'virtual 10.0.0.1\nvirtual 10.0.0.1' ]
}

@test "a module of the name service makes virtual sockets" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	build libnss_probe.so.2 -shared <<-'EOF'
	#include <arpa/inet.h>
	#include <nss.h>
	#include <pwd.h>
	#include <sys/socket.h>
	enum nss_status _nss_probe_getpwnam_r(const char *name,
	    struct passwd *pw, char *buf, size_t n, int *err)
	{
		struct sockaddr_in in = { .sin_family = AF_INET };
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		inet_pton(AF_INET, "10.0.0.1", &in.sin_addr);
		pw->pw_name = (char *)name;
		pw->pw_passwd = pw->pw_dir = pw->pw_shell = "";
		pw->pw_gecos = bind(fd, (struct sockaddr *)&in, sizeof(in)) ?
		    "machine" : "virtual";
		pw->pw_uid = pw->pw_gid = 1;
		return NSS_STATUS_SUCCESS;
	}
	EOF
	start_host a 10.0.0.1
	run_cmd on a env LD_LIBRARY_PATH="$PWD" getent -s passwd:probe \
		passwd somebody
	expect '^somebody:.*:virtual:'
}

@test "io_uring is not there, but on purpose" {
	build ring <<-'EOF'
	#include <errno.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int main(void)
	{
		char params[256] = { 0 };
		long fd = syscall(SYS_io_uring_setup, 4, params);

		puts(fd < 0 ? strerror(errno) : "there");
		return 0;
	}
	EOF
	start_host a 10.0.0.1
	run_cmd ./ring
	cp out plain
	run_cmd on a ./ring
	[ "$output" = 'Function not implemented' ]
	run_cmd on a env RUMPHIJACK=socket=all:noother ./ring
	same_file out plain
}
