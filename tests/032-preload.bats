#!/usr/bin/env bats
# The library among others: what comes before it, beside it, twice, and which
# of libc's names it has.

load helpers
load helpers.net

LIB=$B/libshmhijack.so

# usage: shared NAME <SOURCE: a shared object in the test's directory
shared() {
	cat >"$1.c"
	"${CC:-cc}" -shared -fPIC -o "$1.so" "$1.c"
}

fetch() {
	run_cmd env RUMP_SERVER="unix://$PWD/b.sock" LD_PRELOAD="$1" \
		curl -sS -o got http://10.0.0.1/file
	same_file got file
}

setup_hosts() {
	random_file file 100000
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_http web a 80
}

@test "a library whose constructor makes calls before ours has run" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	setup_hosts
	shared early <<-'EOF'
	#include <sys/socket.h>
	#include <sys/un.h>
	#include <unistd.h>
	__attribute__((constructor(101))) static void early(void)
	{
		char c;
		int sv[2] = { -1, -1 }, fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (fd < 0 || close(fd) ||
		    socketpair(AF_UNIX, SOCK_STREAM, 0, sv) ||
		    write(sv[0], "x", 1) != 1 || read(sv[1], &c, 1) != 1 ||
		    send(sv[0], "y", 1, 0) != 1 || recv(sv[1], &c, 1, 0) != 1 ||
		    dup2(sv[0], sv[1]) < 0 || close(sv[0]) || close(sv[1]))
			_exit(99);
	}
	EOF
	fetch "$LIB:$PWD/early.so"
	fetch "$PWD/early.so:$LIB"
}

@test "the library loaded twice, under two names" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	setup_hosts
	cp "$LIB" copy.so
	fetch "$LIB:$PWD/copy.so"
	fetch "$PWD/copy.so:$LIB"
}

@test "another preload library that wraps the same calls" {
	[ -z "$SAN" ] || skip "the sanitizer's library must come first"
	setup_hosts
	shared wrap <<-'EOF'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <sys/socket.h>
	#include <unistd.h>
	int connect(int fd, const struct sockaddr *a, socklen_t n)
	{
		int (*next)(int, const struct sockaddr *, socklen_t) =
		    (int (*)(int, const struct sockaddr *, socklen_t))
		    dlsym(RTLD_NEXT, "connect");
		return next(fd, a, n);
	}
	int close(int fd)
	{
		int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
		return next(fd);
	}
	EOF
	fetch "$PWD/wrap.so:$LIB"
	fetch "$LIB:$PWD/wrap.so"
}

# A new libc may have new names: then this list is to be looked at again.
@test "of libc's names about sockets, those left out are known" {
	local libc kinds

	libc=$(ldd "$LIB" | awk '$1 ~ /^libc\./ { print $3 }')
	kinds='socket|bind|connect|listen|accept4?|getsockname|getpeername'
	kinds+='|[gs]etsockopt|shutdown|send|recv|sendto|recvfrom|sendm?msg'
	kinds+='|recvm?msg|p?readv?2?|p?writev?2?|close|close_range|closefrom'
	kinds+='|dup2|dup3|ioctl|fcntl|p?poll|p?select|epoll_p?wait2?'
	kinds+='|(get|free)ifaddrs|if_[a-z]+|getaddrinfo|getnameinfo'
	kinds+='|gethostby[a-z0-9_]+|bindresvport|syscall|sockatmark'
	kinds+='|isfdtype|rcmd|rresvport|sendfile|splice'
	kinds+='|f?exec[vl][a-z]*|(posix|pidfd)_spawnp?|system|popen|wordexp'
	nm -D --defined-only "$libc" | awk '$2 ~ /[TWi]/ { print $3 }' |
		sed 's/@.*//' | grep -E "^_{0,2}($kinds)(64)?(_chk)?\$" |
		sort -u >names
	nm -D --defined-only "$LIB" | awk '{ print $3 }' | sed 's/@.*//' |
		sort -u >ours
	comm -23 names ours >left
	[ "$(wc -l <names)" -gt 90 ]
	# Positions are no business of sockets (ESPIPE); the kernel's own
	# readiness is right; nothing of ours is in what is freed; private
	# names cannot be called; the r-commands are out of use.
	grep -vE '^_*p(read|write)|^(p?select|__select|epoll_.*|splice)$' \
		<left | grep -vE '^(freeifaddrs|if_freenameindex|isfdtype)$' |
		grep -vE '^(__socket|__recv|rcmd|rresvport)$' >unknown || :
	cat unknown
	[ ! -s unknown ]
}
