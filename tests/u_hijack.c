/*
 * u_hijack.c: the parts of the preload library that need no virtual host:
 * settings, marks and hints of fds, addresses, control and netlink messages.
 */
#include "hijack/hijack.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hijack/addr.c"
#include "hijack/cmsg.c"
#include "hijack/env.c"
#include "hijack/fd.c"
#include "hijack/mem.c"
#include "stack/wire/nlmsg.c"
#include "hijack/plug.c"
#include "hijack/warn.c"

struct hj_settings hj_set;
bool hj_sandboxed;

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		printf("%s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		exit(1);						\
	}								\
} while (0)

/* Read the settings in a child. Return: its families, -1: it exited 1. */
static int parsed(const char *hijack)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct hj_settings set = { 0 };

		close(2);
		clearenv();
		if (hijack)
			setenv("RUMPHIJACK", hijack, 1);
		hj_env_read(&set);
		_exit(64 + (int)(set.families & HJ_ALL));
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status) == 1 ? -1 : WEXITSTATUS(status) - 64;
}

static void test_hijack(void)
{
	static const struct {
		const char *env;
		int want;
	} t[] = {
		{ NULL, HJ_ALL & ~HJ_LOCAL },
		{ "", 0 },
		{ "socket=all", HJ_ALL },
		{ "s=all", HJ_ALL },
		{ "so=inet", HJ_INET },
		{ "socket=inet:inet6", HJ_INET | HJ_INET6 },
		{ "socket=all:noinet6:noroute",
		    HJ_LOCAL | HJ_INET | HJ_MPLS | HJ_OTHER },
		{ "socket=all:noother", HJ_ALL & ~HJ_OTHER },
		{ "socket=noinet", 0 },
		{ "path=/rump", 0 },
		{ "path=//,socket=inet", HJ_INET },
		{ "path=/rump/,socket=inet", -1 },
		{ "path=rump", -1 },
		{ "path=/", -1 },
		{ "blanket=/a:/b,socket=inet", HJ_INET },
		{ "blanket=a", -1 },
		{ "vfs=all:nofhcalls,sysctl,fdoff=128,socket=inet", HJ_INET },
		{ "vfs=what", -1 },
		{ "sysctl=yep", 0 },
		{ "sysctl=maybe", -1 },
		{ "fdoff=2", -1 },
		{ "fdoff=12x", -1 },
		{ "fdoff", -1 },
		{ "socket", -1 },
		{ "socket=", -1 },
		{ "socket=inet:all", -1 },
		{ "socket=internet", -1 },
		{ "sockets=all", -1 },
		{ "what=1", -1 },
		{ "=1", -1 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int got = parsed(t[i].env);

		if (got != t[i].want) {
			printf("RUMPHIJACK=%s: %d, not %d\n",
			    t[i].env ? t[i].env : "(unset)", got, t[i].want);
			exit(1);
		}
	}
}

static void test_server(void)
{
	struct hj_settings set = { 0 };
	char cwd[256], want[300];

	clearenv();
	setenv("RUMP_SERVER", "unix://some.sock", 1);
	setenv("RUMPHIJACK_RETRYCONNECT", "17", 1);
	hj_env_read(&set);
	CHECK(getcwd(cwd, sizeof(cwd)));
	snprintf(want, sizeof(want), "unix://%s/some.sock", cwd);
	CHECK(!strcmp(getenv("RUMP_SERVER"), want));
	CHECK(set.host == HJ_HOST_URL && !strcmp(set.what, want));
	CHECK(set.retry == HJ_RETRY_SECONDS && set.retry_s == 17);

	clearenv();
	memset(&set, 0, sizeof(set));
	setenv("SHMIF_BUS", "dir/bus", 1);
	hj_env_read(&set);
	CHECK(set.host == HJ_HOST_PRIVATE && set.bus[0] == '/');
	CHECK(strlen(set.tree) == 16);
	CHECK(!strcmp(getenv("SHMIF_HOST__"), set.tree));

	clearenv();
	memset(&set, 0, sizeof(set));
	setenv("SHMIF_BUS", "demo", 1);
	setenv("SHMIF_ADDR", "10.0.0.2", 1);
	hj_env_read(&set);
	CHECK(!strcmp(set.bus, "demo") && !set.tree[0]);
}

static void test_marks(void)
{
	int sv[2], copy;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	fd_mark_set(sv[0], MARK_DGRAM | MARK_V6);
	copy = dup(sv[0]);
	fd_forget(copy);
	CHECK(fd_mark(sv[0]) == (MARK_DGRAM | MARK_V6));
	CHECK(fd_mark(copy) == (MARK_DGRAM | MARK_V6));
	CHECK(fd_mark(sv[1]) == 0);
	CHECK(fd_hint_of(sv[1]) == (FD_PLAIN | FD_SOCKET));
	CHECK(fd_hint_of(copy) == 0);
	fd_mark_set(sv[0], 0);
	CHECK(fd_mark(sv[0]) == 0 && fd_mark(copy) == 0);

	/* A number that comes again is looked at again. */
	fd_mark_set(sv[1], MARK_FRESH);
	CHECK(dup2(sv[1], copy) == copy);
	fd_forget(copy);
	CHECK(fd_mark(copy) == MARK_FRESH);
	/* What the kernel said before a clearing is not noted after it. */
	uint64_t seen = fd_hint[copy / FD_PER_WORD];

	fd_forget(copy);
	hint_set(copy, seen, FD_PLAIN);
	CHECK(fd_hint_of(copy) == 0);
	close(sv[0]);
	close(sv[1]);
	close(copy);

	copy = open("/dev/null", O_RDONLY);
	fd_forget(copy);
	CHECK(fd_mark(copy) == 0 && fd_hint_of(copy) == FD_PLAIN);
	close(copy);
	CHECK(fd_mark(-1) == 0 && fd_mark(1 << 20) == 0);
}

static void test_memory(void)
{
	char a[4] = "abc", b[4];

	CHECK(hj_copy_in(b, a, 4) == 0 && !strcmp(a, b));
	CHECK(hj_copy_in(b, NULL, 4) == -EFAULT);
	CHECK(hj_copy_in(b, NULL, 0) == 0);
	CHECK(hj_copy_in(b, (void *)-1l, 1) == -EFAULT);
	CHECK(hj_copy_out((void *)0x5000, a, 4) == -EFAULT);
}

static void test_addr(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 7 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_storage ss;
	struct wire_addr a;
	socklen_t len = 5;

	in.sin_addr.s_addr = htonl(0x0a000001);
	CHECK(addr_in(&a, false, &in, sizeof(in)) == 0);
	CHECK(addr_out(&a, AF_INET, &ss) == sizeof(in));
	CHECK(!memcmp(&ss, &in, 8));
	CHECK(addr_out(&a, AF_INET6, &ss) == sizeof(in6));
	CHECK(IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)&ss)->sin6_addr));
	CHECK(addr_in(&a, false, &in, 8) == -EINVAL);
	CHECK(addr_in(&a, false, &in6, sizeof(in6)) == -EAFNOSUPPORT);
	CHECK(addr_in(&a, true, &in6, sizeof(in6)) == 0);
	CHECK(addr_in(&a, true, &in6, 20) == -EINVAL);
	CHECK(addr_in(&a, true, NULL, sizeof(in6)) == -EFAULT);

	memset(&ss, 0x55, sizeof(ss));
	CHECK(addr_give(&in, sizeof(in), &ss, &len) == 0);
	CHECK(len == sizeof(in) && ((char *)&ss)[5] == 0x55);
	len = (socklen_t)-1;
	CHECK(addr_give(&in, sizeof(in), &ss, &len) == -EINVAL);
}

static void test_cmsg(void)
{
	struct wire_dgram h = {
		.want = WIRE_WANT_PKTINFO | WIRE_WANT_TTL | WIRE_WANT_TOS,
		.local = { .family = AF_INET, .ip = { 10, 0, 0, 1 } },
		.ttl = 9, .tos = 0x10, .ifindex = 3,
	}, back = { 0 };
	char room[256];
	struct msghdr m = {
		.msg_control = room, .msg_controllen = sizeof(room),
	};
	struct cmsghdr *c;
	int n = 0;

	cmsg_write(-1, &m, &h, false);
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		n++;
	CHECK(n == 3 && !m.msg_flags);
	CHECK(cmsg_read(-1, 0, &m, &back) == 0);
	CHECK(back.ifindex == 3 && back.ttl == 9 && back.tos == 0x10);
	CHECK(back.local.family == AF_INET && back.local.ip[0] == 10);

	/* Each length of buffer: nothing beyond it, and it is said. */
	for (size_t len = 0; len < sizeof(room); len++) {
		memset(room, 0x55, sizeof(room));
		m.msg_controllen = len;
		m.msg_flags = 0;
		cmsg_write(-1, &m, &h, false);
		CHECK(m.msg_controllen <= len);
		CHECK(len == sizeof(room) - 1 || room[len] == 0x55);
		CHECK(len >= 73 || m.msg_flags & MSG_CTRUNC);
	}

	/* Lengths that lie. */
	m.msg_controllen = sizeof(room);
	for (int i = 0; i < 100000; i++) {
		for (size_t k = 0; k < sizeof(room); k++)
			room[k] = (char)(random() >> 8 & 31);
		cmsg_read(-1, 0, &m, &back);
	}
}

static void test_netlink(void)
{
	union {
		char bytes[512];
		struct nlmsghdr h;
	} u;
	struct nlmsg_out o = { .fd = -1, .seq = 5 };
	struct rtmsg *r = nlmsg_begin(&o, RTM_NEWROUTE, 0, sizeof(*r));
	const struct nlmsghdr *h = (const struct nlmsghdr *)o.data;
	size_t len;

	nlmsg_attr_u32(&o, RTA_OIF, 7);
	nlmsg_attr_str(&o, RTA_METRICS, "text");
	nlmsg_end(&o);
	CHECK(h->nlmsg_seq == 5 && o.used == NLMSG_ALIGN(h->nlmsg_len));
	CHECK(*(const int *)nlmsg_find(h, sizeof(*r), RTA_OIF, 4, &len) == 7);
	CHECK(len == 4);
	CHECK(!nlmsg_find(h, sizeof(*r), RTA_OIF, 5, &len));
	CHECK(!nlmsg_find(h, sizeof(*r), RTA_DST, 0, &len));

	for (int i = 0; i < 200000; i++) {
		for (size_t k = 0; k < sizeof(u.bytes); k++)
			u.bytes[k] = (char)(random() >> 8 & 15);
		u.h.nlmsg_len = (uint32_t)(random() % sizeof(u.bytes));
		const char *p = nlmsg_find(&u.h, sizeof(*r), 3, 2, &len);

		CHECK(!p || (p + len <= u.bytes + u.h.nlmsg_len && len >= 2));
	}
}

int main(void)
{
	alarm(60);
	test_hijack();
	test_server();
	test_marks();
	test_memory();
	test_addr();
	test_cmsg();
	test_netlink();
	return 0;
}
