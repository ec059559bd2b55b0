/* h_conform_mcast.c: source filters of multicast memberships (RFC 3678). */
#include "tests/h_conform.h"

#include <net/if.h>

#define SENDER4	"10.0.0.1"
#define SENDER6	"fd00::1"

static bool six(void)
{
	return fam == AF_INET6;
}

static int level(void)
{
	return six() ? IPPROTO_IPV6 : IPPROTO_IP;
}

static const char *group(void)
{
	return six() ? "ff15::77" : "232.1.1.1";
}

static const char *sender(void)
{
	return six() ? SENDER6 : SENDER4;
}

static const char *stranger(void)
{
	return six() ? "fd00::99" : "10.0.0.99";
}

static void to_storage(struct sockaddr_storage *ss, const char *text)
{
	union any_addr a = addr_of(fam, text, 0);

	memcpy(ss, &a.ss, sizeof(*ss));
}

static int any(int fd, int name, const char *to, const char *source)
{
	struct group_source_req r = { .gsr_interface = if_nametoindex("shmif0") };
	struct group_req g = { .gr_interface = r.gsr_interface };

	to_storage(&r.gsr_group, to);
	to_storage(&g.gr_group, to);
	if (!source)
		return setsockopt(fd, level(), name, &g, sizeof(g));
	to_storage(&r.gsr_source, source);
	return setsockopt(fd, level(), name, &r, sizeof(r));
}

/* As IPv4 had them first. */
static int old(int fd, int name, const char *to, const char *source)
{
	struct ip_mreq_source r;

	inet_pton(AF_INET, to, &r.imr_multiaddr);
	inet_pton(AF_INET, SENDER4, &r.imr_interface);
	inet_pton(AF_INET, source, &r.imr_sourceaddr);
	return setsockopt(fd, IPPROTO_IP, name, &r, sizeof(r));
}

static int receiver(int *port)
{
	int fd = sock(SOCK_DGRAM);

	NEED(bind_to(fd, fam, six() ? "::" : "0.0.0.0", 0));
	*port = port_of(fd);
	return fd;
}

/* Does what the host itself sends to the group come? */
static void comes(const char *name, int fd, int port)
{
	int w = sock(SOCK_DGRAM), i = (int)if_nametoindex("shmif0");
	union any_addr a = addr_of(fam, group(), port);
	struct ip_mreqn m = { .imr_ifindex = i };
	char b[8];

	NEED(bind_to(w, fam, sender(), 0));
	if (six())
		set_int(w, IPPROTO_IPV6, IPV6_MULTICAST_IF, i);
	else
		setsockopt(w, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m));
	NEED(sendto(w, "x", 1, 0, &a.sa, size_of(fam)));
	say(name, "%d", !!(poll_fd(fd, POLLIN, 300) & POLLIN));
	while (recv(fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	close(w);
}

static void include(void)
{
	int port, fd = receiver(&port);

	CALL("another source", any(fd, MCAST_JOIN_SOURCE_GROUP, group(),
	    stranger()));
	comes("not from here", fd, port);
	CALL("this one", any(fd, MCAST_JOIN_SOURCE_GROUP, group(), sender()));
	comes("from here", fd, port);
	CALL("again", any(fd, MCAST_JOIN_SOURCE_GROUP, group(), sender()));
	CALL("block one", any(fd, MCAST_BLOCK_SOURCE, group(), sender()));
	CALL("join all", any(fd, MCAST_JOIN_GROUP, group(), NULL));
	CALL("leave it", any(fd, MCAST_LEAVE_SOURCE_GROUP, group(),
	    sender()));
	comes("not any more", fd, port);
	CALL("leave it again", any(fd, MCAST_LEAVE_SOURCE_GROUP, group(),
	    sender()));
	CALL("leave the last", any(fd, MCAST_LEAVE_SOURCE_GROUP, group(),
	    stranger()));
	CALL("that was all", any(fd, MCAST_LEAVE_GROUP, group(), NULL));
	CALL("leave a source of nothing", any(fd, MCAST_LEAVE_SOURCE_GROUP,
	    group(), sender()));
}

static void exclude(void)
{
	int port, fd = receiver(&port);

	CALL("block before", any(fd, MCAST_BLOCK_SOURCE, group(), sender()));
	CALL("join", any(fd, MCAST_JOIN_GROUP, group(), NULL));
	comes("from here", fd, port);
	CALL("block", any(fd, MCAST_BLOCK_SOURCE, group(), sender()));
	comes("blocked", fd, port);
	CALL("block again", any(fd, MCAST_BLOCK_SOURCE, group(), sender()));
	CALL("include one", any(fd, MCAST_JOIN_SOURCE_GROUP, group(),
	    sender()));
	CALL("unblock a stranger", any(fd, MCAST_UNBLOCK_SOURCE, group(),
	    stranger()));
	CALL("unblock", any(fd, MCAST_UNBLOCK_SOURCE, group(), sender()));
	comes("unblocked", fd, port);
	CALL("include now", any(fd, MCAST_JOIN_SOURCE_GROUP, group(),
	    stranger()));
	comes("but others", fd, port);
	CALL("leave", any(fd, MCAST_LEAVE_GROUP, group(), NULL));
}

static void limits(void)
{
	int port, fd = receiver(&port), ok = 0;
	char source[32];

	for (int i = 1; i < 70; i++) {
		snprintf(source, sizeof(source), six() ? "fd00::1:%x" :
		    "10.0.1.%d", i);
		if (any(fd, MCAST_JOIN_SOURCE_GROUP, group(), source) < 0)
			break;
		ok++;
	}
	say("sources", "%d, then %s", ok, result(-1));
	CALL("no group", any(fd, MCAST_JOIN_SOURCE_GROUP, stranger(),
	    sender()));
	fam = six() ? AF_INET : AF_INET6;
	errno = 0;
	say("another family", "%s", result(setsockopt(fd, six() ? IPPROTO_IP :
	    IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &(struct group_source_req){
	    .gsr_interface = 1 }, sizeof(struct group_source_req))));
}

static void ipv4_names(void)
{
	int port, fd;

	fam = AF_INET;
	fd = receiver(&port);
	CALL("add", old(fd, IP_ADD_SOURCE_MEMBERSHIP, group(), SENDER4));
	comes("comes", fd, port);
	CALL("add another", old(fd, IP_ADD_SOURCE_MEMBERSHIP, group(),
	    "10.0.0.99"));
	CALL("drop", old(fd, IP_DROP_SOURCE_MEMBERSHIP, group(), SENDER4));
	comes("not any more", fd, port);
	CALL("block", old(fd, IP_BLOCK_SOURCE, group(), SENDER4));
	CALL("drop the last", old(fd, IP_DROP_SOURCE_MEMBERSHIP, group(),
	    "10.0.0.99"));
	CALL("unblock nothing", old(fd, IP_UNBLOCK_SOURCE, group(), SENDER4));
	CALL("no such interface", setsockopt(fd, IPPROTO_IP,
	    IP_ADD_SOURCE_MEMBERSHIP, &(struct ip_mreq_source){
	    .imr_multiaddr.s_addr = inet_addr("232.1.1.1"),
	    .imr_interface.s_addr = inet_addr("192.0.2.1") },
	    sizeof(struct ip_mreq_source)));
}

/* Who has joined nothing gets what others have joined, and no more. */
static void others(void)
{
	int port, fd, other;

	fam = AF_INET;
	fd = receiver(&port);
	other = sock(SOCK_DGRAM);
	CALL("another socket joins", any(other, MCAST_JOIN_SOURCE_GROUP,
	    group(), stranger()));
	comes("not wanted by it", fd, port);
	CALL("and this sender", any(other, MCAST_JOIN_SOURCE_GROUP, group(),
	    sender()));
	comes("wanted by it", fd, port);
	set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	comes("without IP_MULTICAST_ALL", fd, port);
}

static const struct conform_case cases[] = {
	{ "include", include, false },
	{ "exclude", exclude, false },
	{ "limits", limits, false },
	{ "ipv4", ipv4_names, true },
	{ "others", others, true },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
