/* h_conform_proc.c: processes, fds, and the calls by number. */
#include "tests/h_conform.h"

#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

extern char **environ;

/* In a new program: echo back on fd 3 what comes, and say how it went. */
static int child_main(void)
{
	char b[16];
	ssize_t n = read(3, b, sizeof(b));

	if (n <= 0 || write(3, b, (size_t)n) != n)
		return 1;
	return strcmp(peer_text(3), "ENOTCONN") ? 0 : 2;
}

static const char *echoed(int fd)
{
	static char b[16];

	if (write(fd, "ping", 4) != 4 || !wait_for(fd, POLLIN) ||
	    read(fd, b, sizeof(b)) != 4)
		return "no";
	return b;
}

static void forked(void)
{
	int c, s, l, port;
	char b[8];
	pid_t pid;

	tcp_pair(&c, &s);
	pid = fork();
	if (!pid) {
		read(s, b, 4);
		write(s, b, 4);
		_exit(0);
	}
	say("the child has it", "%s", echoed(c));
	say("child", "%s", ended(pid));
	say("goes on", "%d", write(c, "x", 1) == 1 && read(s, b, 1) == 1);
	close(s);
	say("end with the last copy", "%d", wait_for(c, POLLRDHUP));
	l = tcp_listener(&port);
	pid = fork();
	if (!pid) {
		s = accept(l, NULL, NULL);
		write(s, "hi", 2);
		_exit(0);
	}
	c = sock(SOCK_STREAM);
	CALL("connect", connect_to(c, fam, NULL, port));
	CALL("accepted by the child", wait_for(c, POLLIN) ?
	    read(c, b, 8) : -1);
	ended(pid);
	pid = fork();
	if (!pid) {
		c = sock(SOCK_STREAM);
		_exit(connect_to(c, fam, NULL, port) ? 1 : 0);
	}
	say("a socket of the child's own", "%s", ended(pid));
	pid = fork();
	if (!pid) {
		pid = fork();
		if (!pid)
			_exit(socket(fam, SOCK_DGRAM, 0) < 0);
		_exit(strcmp(ended(pid), "exit 0") != 0);
	}
	say("and of its child's", "%s", ended(pid));
}

static int to_three(int fd)
{
	return dup2(fd, 3) < 0 ? -1 : fcntl(3, F_SETFD, 0);
}

static void executed(void)
{
	char *argv[] = { "/proc/self/exe", "child", NULL };
	char *none[] = { NULL };
	posix_spawn_file_actions_t fa;
	int c, s;
	pid_t pid;

	tcp_pair(&c, &s);
	pid = fork();
	if (!pid) {
		to_three(s);
		execv(argv[0], argv);
		_exit(9);
	}
	say("exec", "%s", echoed(c));
	say("exec, status", "%s", ended(pid));
	pid = vfork();
	if (!pid) {
		to_three(s);
		execv(argv[0], argv);
		_exit(9);
	}
	say("vfork", "%s", echoed(c));
	say("vfork, status", "%s", ended(pid));
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, s, 3);
	CALL("posix_spawn", posix_spawn(&pid, argv[0], &fa, NULL, argv,
	    environ));
	say("spawned", "%s", echoed(c));
	ended(pid);
	pid = fork();
	if (!pid) {
		to_three(s);
		execve(argv[0], argv, none);
		_exit(9);
	}
	say("empty environment", "%s", echoed(c));
	waitpid(pid, NULL, 0);
}

static int pass_fd(int via, int fd)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c;
	struct iovec v = { "f", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
	    .msg_controllen = sizeof(c) };

	memset(&c, 0, sizeof(c));
	c.h.cmsg_level = SOL_SOCKET;
	c.h.cmsg_type = SCM_RIGHTS;
	c.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&c.h), &fd, sizeof(int));
	return (int)sendmsg(via, &m, 0);
}

static int take_fd(int via)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c;
	char b;
	struct iovec v = { &b, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
	    .msg_controllen = sizeof(c) };
	int fd = -1;

	if (recvmsg(via, &m, 0) == 1 && m.msg_controllen)
		memcpy(&fd, CMSG_DATA(&c.h), sizeof(int));
	return fd;
}

static void passed(void)
{
	int sv[2], c, s, l, port, u, fd;
	char b[8];
	pid_t pid;

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pid = fork();
	if (!pid) {
		close(sv[0]);
		fd = take_fd(sv[1]);
		read(fd, b, 4);
		write(fd, b, 4);
		fd = take_fd(sv[1]);
		fd = accept(fd, NULL, NULL);
		write(fd, "ok", 2);
		fd = take_fd(sv[1]);
		_exit(recv(fd, b, 8, 0) != 3);
	}
	tcp_pair(&c, &s);
	CALL("pass a connection", pass_fd(sv[0], s));
	close(s);
	say("used there", "%s", echoed(c));
	l = tcp_listener(&port);
	CALL("pass a listener", pass_fd(sv[0], l));
	close(l);
	c = sock(SOCK_STREAM);
	CALL("connect to it", connect_to(c, fam, NULL, port));
	CALL("accepted there", wait_for(c, POLLIN) ? read(c, b, 8) : -1);
	u = udp_bound(&port);
	CALL("pass a udp socket", pass_fd(sv[0], u));
	close(u);
	u = sock(SOCK_DGRAM);
	connect_to(u, fam, NULL, port);
	CALL("send to it", send(u, "udp", 3, 0));
	say("received there", "%s", ended(pid));
	tcp_pair(&c, &s);
	CALL("rights over tcp", pass_fd(c, s));
}

static void closing(void)
{
	int c, s, port;
	pid_t pid;

	for (int how = 0; how < 4; how++) {
		static const char *const name[] = { "close loop", "closefrom",
		    "close_range", "cloexec range" };

		pid = fork();
		if (!pid) {
			tcp_pair(&c, &s);
			switch (how) {
			case 0:
				for (int i = 3; i < 4096; i++)
					close(i);
				break;
			case 1:
				closefrom(3);
				break;
			case 2:
				syscall(SYS_close_range, 3u, ~0u, 0u);
				break;
			case 3:
				syscall(SYS_close_range, 3u, ~0u,
				    (unsigned)CLOSE_RANGE_CLOEXEC);
				closefrom(3);
				break;
			}
			_exit(sock(SOCK_STREAM) == 3 && (tcp_pair(&c, &s), 1) &&
			    write(c, "x", 1) == 1 ? 0 : 1);
		}
		say(name[how], "%s", ended(pid));
	}
	pid = fork();
	if (!pid) {
		sock(SOCK_STREAM);
		for (int i = 3; i < 1100; i++)
			dup2(0, i);
		closefrom(3);
		_exit(sock(SOCK_STREAM) == 3 ? 0 : 1);
	}
	say("dup2 over every number", "%s", ended(pid));
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 3; i++)
			close(i);
		c = sock(SOCK_STREAM);
		s = sock(SOCK_DGRAM);
		_exit(c == 0 && s == 1 ? 0 : 1);
	}
	say("sockets as 0 and 1", "%s", ended(pid));
	close(sock(SOCK_STREAM));
	c = sock(SOCK_STREAM);
	CALL("close", close(c));
	CALL("close again", close(c));
	CALL("use then", send(c, "x", 1, 0));
	tcp_listener(&port);
	say("number used again", "%d", sock(SOCK_DGRAM) > 2);
}

static void thousand(void)
{
	struct rlimit rl;
	int port, l, n = 0, c[1000], s[1000], ok = 0;
	char b;

	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max < 4096 ? rl.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &rl);
	l = tcp_listener(&port);
	listen(l, 1000);
	for (n = 0; n < 1000; n++) {
		c[n] = sock(SOCK_STREAM);
		if (connect_to(c[n], fam, NULL, port) < 0)
			break;
		s[n] = accept(l, NULL, NULL);
		if (s[n] < 0)
			break;
	}
	say("made", "%d", n);
	for (int i = 0; i < n; i++)
		ok += write(c[i], "x", 1) == 1 && wait_for(s[i], POLLIN) &&
		    read(s[i], &b, 1) == 1;
	say("all work", "%d", ok);
}

static void limit(void)
{
	int port, l = tcp_listener(&port), c = sock(SOCK_STREAM), fd, last = -1;
	struct rlimit rl = { 64, 64 }, old;
	char b[4];

	NEED(connect_to(c, fam, NULL, port));
	wait_for(l, POLLIN);
	getrlimit(RLIMIT_NOFILE, &old);
	rl.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	while ((fd = dup(0)) >= 0)
		last = fd;
	CALL("socket", socket(fam, SOCK_STREAM, 0));
	CALL("udp socket", socket(fam, SOCK_DGRAM, 0));
	CALL("accept", accept(l, NULL, NULL));
	nonblock(l, true);
	CALL("nonblocking accept", accept(l, NULL, NULL));
	CALL("dup", dup(c));
	CALL("setsockopt", set_int(c, IPPROTO_TCP, TCP_NODELAY, 1));
	say("getpeername", "%s", peer_text(c));
	CALL("write", write(c, "x", 1));
	close(last);
	OKAY("one free, accept", fd = accept(l, NULL, NULL));
	CALL("nothing lost", wait_for(fd, POLLIN) ? read(fd, b, 4) : -1);
	setrlimit(RLIMIT_NOFILE, &old);
}

static void dropped(void)
{
	char dir[] = "/tmp/conformXXXXXX";
	int c, s, fd;

	tcp_pair(&c, &s);
	NEED(mkdtemp(dir) ? 0 : -1);
	CALL("chroot", chroot(dir));
	rmdir(dir);
	CALL("chdir", chdir("/"));
	CALL("setuid", setresuid(65534, 65534, 65534));
	say("works", "%d", write(c, "x", 1) == 1);
	say("peer", "%s", peer_text(c));
	OKAY("a new socket", fd = socket(fam, SOCK_STREAM, 0));
	CALL("a low port", bind_to(fd, fam, NULL, 81));
	OKAY("a raw socket", socket(fam, SOCK_RAW, IPPROTO_UDP));
}

/* What OpenSSH's child may do before somebody has logged in. */
static int shut_in(void)
{
	static const int calls[] = { SYS_read, SYS_write, SYS_close, SYS_poll,
	    SYS_shutdown, SYS_exit_group, SYS_brk, SYS_mmap, SYS_munmap };
	struct sock_filter f[40];
	size_t n = 0, k = sizeof(calls) / sizeof(calls[0]);
	struct sock_fprog p = { .filter = f };

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	for (size_t i = 0; i < k; i++)
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, (uint32_t)calls[i], (uint8_t)(k - i), 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_KILL_PROCESS);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	p.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p);
}

static void sandboxed(void)
{
	struct pollfd p = { .events = POLLIN };
	int c, s;
	char b[8];
	pid_t pid;

	tcp_pair(&c, &s);
	pid = fork();
	if (!pid) {
		if (shut_in())
			_exit(8);
		p.fd = s;
		if (poll(&p, 1, 2000) != 1 || read(s, b, 4) != 4 ||
		    write(s, b, 4) != 4 || shutdown(s, SHUT_WR) || close(s))
			_exit(1);
		_exit(0);
	}
	close(s);
	say("it works", "%s", echoed(c));
	say("end", "%d", wait_for(c, POLLRDHUP));
	say("child", "%s", ended(pid));
}

static void by_number(void)
{
	union any_addr a = addr_of(fam, NULL, 0);
	socklen_t len = sizeof(a);
	long l, c, s;
	int one = 1;
	char b[8];

	OKAY("socket", l = syscall(SYS_socket, fam, SOCK_STREAM, 0));
	CALL("setsockopt", syscall(SYS_setsockopt, l, SOL_SOCKET,
	    SO_REUSEADDR, &one, sizeof(one)));
	CALL("bind", syscall(SYS_bind, l, &a, (long)size_of(fam)));
	CALL("listen", syscall(SYS_listen, l, 5l));
	CALL("getsockname", syscall(SYS_getsockname, l, &a, &len));
	c = syscall(SYS_socket, fam, SOCK_STREAM, 0);
	CALL("connect", syscall(SYS_connect, c, &a, (long)len));
	len = sizeof(a);
	OKAY("accept4", s = syscall(SYS_accept4, l, &a, &len, SOCK_CLOEXEC));
	say("from", "%s", addr_text(&a, len));
	CALL("sendto", syscall(SYS_sendto, c, "abc", 3l, 0l, NULL, 0l));
	wait_for((int)s, POLLIN);
	CALL("recvfrom", syscall(SYS_recvfrom, s, b, 8l, 0l, NULL, NULL));
	CALL("write", syscall(SYS_write, c, "abc", 3l));
	wait_for((int)s, POLLIN);
	CALL("read", syscall(SYS_read, s, b, 8l));
	CALL("getpeername", syscall(SYS_getpeername, c, &a, &len));
	CALL("shutdown", syscall(SYS_shutdown, c, (long)SHUT_WR));
	OKAY("dup3", syscall(SYS_dup3, c, 100l, 0l));
	CALL("close", syscall(SYS_close, c));
	CALL("close the copy", syscall(SYS_close, 100l));
	say("end", "%d", wait_for((int)s, POLLRDHUP));
	CALL("bad socket", syscall(SYS_socket, fam, 99l, 0l));
	OKAY("getpid", syscall(SYS_getpid));
}

/* Interfaces: all ways of asking agree.  How many there are. */
static int indexes(int fd)
{
	struct if_nameindex *ni = if_nameindex(), *n;
	int wrong = 0, links = 0;
	char name[IFNAMSIZ];
	struct ifreq ifr;

	say("nameindex", "%d", ni != NULL);
	for (n = ni; n && n->if_index; n++) {
		links++;
		wrong += if_nametoindex(n->if_name) != n->if_index;
		wrong += !if_indextoname(n->if_index, name) ||
		    strcmp(name, n->if_name);
		memset(&ifr, 0, sizeof(ifr));
		strcpy(ifr.ifr_name, n->if_name);
		wrong += ioctl(fd, SIOCGIFINDEX, &ifr) ||
		    ifr.ifr_ifindex != (int)n->if_index;
		memset(&ifr, 0, sizeof(ifr));
		ifr.ifr_ifindex = (int)n->if_index;
		wrong += ioctl(fd, SIOCGIFNAME, &ifr) ||
		    strcmp(ifr.ifr_name, n->if_name);
	}
	say("names and indexes differ", "%d", wrong);
	return links;
}

/* How many IPv4 addresses there are. */
static int addresses(int fd, int links)
{
	int wrong = 0, four = 0, six = 0;
	struct ifaddrs *ifa, *i;
	struct ifreq ifr;

	NEED(getifaddrs(&ifa));
	for (i = ifa; i; i = i->ifa_next) {
		memset(&ifr, 0, sizeof(ifr));
		strcpy(ifr.ifr_name, i->ifa_name);
		if (ioctl(fd, SIOCGIFFLAGS, &ifr) || ((unsigned short)
		    ifr.ifr_flags ^ i->ifa_flags) & 0xffff)
			wrong++;
		if (!i->ifa_addr)
			continue;
		switch (i->ifa_addr->sa_family) {
		case AF_PACKET:
			links--;
			break;
		case AF_INET6:
			six++;
			break;
		case AF_INET:
			four++;
			wrong += ioctl(fd, SIOCGIFADDR, &ifr) ||
			    memcmp((char *)&ifr.ifr_addr + 4,
			    (char *)i->ifa_addr + 4, 4);
			wrong += ioctl(fd, SIOCGIFNETMASK, &ifr) ||
			    memcmp((char *)&ifr.ifr_addr + 4,
			    (char *)i->ifa_netmask + 4, 4);
		}
	}
	say("addresses differ", "%d", wrong);
	say("a link for each name", "%d", links);
	say("IPv6 is there", "%d", six >= 2);
	return four;
}

static void list_of_addresses(int fd, int four)
{
	struct ifreq many[32];
	struct ifconf ifc;

	memset(many, 0, sizeof(many));
	ifc.ifc_len = sizeof(many);
	ifc.ifc_req = many;
	CALL("ifconf", ioctl(fd, SIOCGIFCONF, &ifc));
	say("as many", "%d", ifc.ifc_len == four * (int)sizeof(many[0]));
	ifc.ifc_len = 10;
	CALL("ifconf, short", ioctl(fd, SIOCGIFCONF, &ifc));
	say("length", "%d", ifc.ifc_len);
}

static void interfaces(void)
{
	int fd = sock(SOCK_DGRAM), links = indexes(fd);
	char name[IFNAMSIZ];
	struct ifreq ifr;

	list_of_addresses(fd, addresses(fd, links));
	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, "nix0");
	CALL("no such", ioctl(fd, SIOCGIFFLAGS, &ifr));
	CALL("no such name", if_nametoindex("nix0") ? 0 : -1);
	CALL("no such index", if_indextoname(999, name) ? 0 : -1);
	strcpy(ifr.ifr_name, "shmif0");
	CALL("mtu", ioctl(fd, SIOCGIFMTU, &ifr));
	CALL("hwaddr", ioctl(fd, SIOCGIFHWADDR, &ifr));
	say("ethernet", "%d", ifr.ifr_hwaddr.sa_family);
	CALL("brdaddr", ioctl(fd, SIOCGIFBRDADDR, &ifr));
	say("it is", "%s", addr_text(&ifr.ifr_broadaddr, 16));
	CALL("null", ioctl(fd, SIOCGIFFLAGS, NULL));
	CALL("on a tcp socket", ioctl(sock(SOCK_STREAM), SIOCGIFMTU, &ifr));
	CALL("on a unix socket", ioctl(socket(AF_UNIX, SOCK_STREAM, 0),
	    SIOCGIFMTU, &ifr));
}

static const struct conform_case cases[] = {
	{ "fork", forked, false },
	{ "exec", executed, false },
	{ "passed", passed, false },
	{ "closing", closing, true },
	{ "thousand", thousand, true },
	{ "limit", limit, true },
	{ "dropped", dropped, true },
	{ "sandbox", sandboxed, true },
	{ "syscall", by_number, false },
	{ "interfaces", interfaces, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "child"))
		return child_main();
	return conform_main(argc, argv, cases);
}
