/* h_conform_memory.c: messages whose memory is not there. */
#include "h_conform.h"

#include <sys/mman.h>

#define PAGE	65536u	/* any kernel's at least */

enum call { SENDMSG, RECVMSG, SENDMMSG, RECVMMSG, CALLS };
enum field { HEADER, IOV, BASE, NAME, CONTROL, NAMELEN, NO_IOV, FIELDS };

static const char *const call_names[CALLS] = {
	"sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
};
static const char *const field_names[FIELDS] = {
	"header", "iov", "buffer", "name", "control", "namelen", "no iov",
};

/* What the good ones point to; not on the stack. */
struct message {
	struct mmsghdr v;
	struct iovec iov;
	union any_addr to;
	char data[8];
	char control[64];
};

static struct {
	const char *name;
	void *at;
} bad[] = {
	{ "null", NULL }, { "low", (void *)8 }, { "no access", NULL },
	{ "end of the page", NULL }, { "kernel's", (void *)-4096 },
};
#define NUM_BAD	(sizeof(bad) / sizeof(bad[0]))
static struct message *good;

static char *map(int prot)
{
	char *p = mmap(NULL, PAGE * 2, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);

	NEED(p == MAP_FAILED ? -1 : 0);
	return p;
}

static void make_memory(void)
{
	char *edge = map(PROT_READ | PROT_WRITE);

	signal(SIGPIPE, SIG_IGN);
	good = (struct message *)(void *)map(PROT_READ | PROT_WRITE);
	NEED(mprotect(edge + PAGE, PAGE, PROT_NONE));
	bad[2].at = edge + PAGE;
	bad[3].at = edge + PAGE - 4;
}

/* A datagram socket connected to itself, with something to read if wanted. */
static int own(bool something)
{
	int fd = (int)NEED(socket(fam, SOCK_DGRAM, 0)), on = 1;
	union any_addr a;
	socklen_t len = sizeof(a);

	NEED(bind_to(fd, fam, NULL, 0));
	NEED(getsockname(fd, &a.sa, &len));
	NEED(connect(fd, &a.sa, len));
	NEED(fam == AF_INET ?
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) :
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)));
	if (something) {
		NEED(send(fd, "hello", 5, 0));
		wait_for(fd, POLLIN);
	}
	return fd;
}

static void fill(int fd, enum call c, enum field f, void *at)
{
	struct msghdr *m = &good->v.msg_hdr;
	socklen_t len = sizeof(good->to);

	memset(good, 0, sizeof(*good));
	NEED(getsockname(fd, &good->to.sa, &len));
	good->iov = (struct iovec){ f == BASE ? at : good->data, 5 };
	m->msg_name = f == NAME ? at : &good->to;
	m->msg_namelen = f == NAMELEN ? (socklen_t)-1 : len;
	m->msg_iov = f == IOV ? at : &good->iov;
	m->msg_iovlen = f != NO_IOV;
	if (f == CONTROL || c == RECVMSG || c == RECVMMSG) {
		m->msg_control = f == CONTROL ? at : good->control;
		m->msg_controllen = sizeof(good->control);
	}
}

static long do_call(int fd, enum call c, void *m, struct timespec *limit)
{
	switch (c) {
	case SENDMSG:
		return sendmsg(fd, m, MSG_DONTWAIT);
	case RECVMSG:
		return recvmsg(fd, m, MSG_DONTWAIT);
	case SENDMMSG:
		return sendmmsg(fd, m, 1, MSG_DONTWAIT);
	default:
		return recvmmsg(fd, m, 1, MSG_DONTWAIT, limit);
	}
}

static void try_field(enum call c, enum field f, void *at, const char *name)
{
	bool reads = c == RECVMSG || c == RECVMMSG;
	int fd = own(reads);
	char line[80];

	fill(fd, c, f, at);
	snprintf(line, sizeof(line), "%s, %s, %s", call_names[c],
	    field_names[f], name);
	CALL(line, do_call(fd, c, f == HEADER ? at : &good->v, NULL));
	/* Was it taken all the same? */
	strcat(line, ", then");
	if (reads)
		CALL(line, recv(fd, good->data, 8, MSG_DONTWAIT));
	close(fd);
}

static void messages(void)
{
	make_memory();
	for (int c = 0; c < CALLS; c++)
		for (int f = 0; f < FIELDS; f++)
			for (size_t i = 0; i < NUM_BAD; i++) {
				/* The rest of such a header is garbage. */
				if (i == 0 && f >= NAMELEN)
					i = NUM_BAD - 1;
				try_field((enum call)c, (enum field)f,
				    bad[i].at, bad[i].name);
			}
}

static void addresses(void)
{
	char b[8];

	make_memory();
	for (size_t i = 0; i < NUM_BAD; i++) {
		struct timespec *limit = bad[i].at;
		union any_addr from;
		socklen_t len = sizeof(from);
		char line[80];
		int fd = own(true);

		snprintf(line, sizeof(line), "recvfrom, address, %s",
		    bad[i].name);
		CALL(line, recvfrom(fd, b, 8, MSG_DONTWAIT, bad[i].at, &len));
		NEED(send(fd, "hello", 5, 0));
		wait_for(fd, POLLIN);
		snprintf(line, sizeof(line), "recvfrom, length, %s",
		    bad[i].name);
		memset(bad[3].at, 0, 4);	/* half an address by now */
		CALL(line, recvfrom(fd, b, 8, MSG_DONTWAIT, &from.sa,
		    bad[i].at));
		strcat(line, ", then");
		CALL(line, recvfrom(fd, b, 8, MSG_DONTWAIT, &from.sa,
		    bad[i].at));
		snprintf(line, sizeof(line), "sendto, %s", bad[i].name);
		CALL(line, sendto(fd, b, 8, 0, bad[i].at, size_of(fam)));
		snprintf(line, sizeof(line), "recvmmsg, time, %s",
		    bad[i].name);
		fill(fd, RECVMMSG, NO_IOV, NULL);
		if (limit)
			CALL(line, do_call(fd, RECVMMSG, &good->v, limit));
		close(fd);
	}
}

static void streams(void)
{
	int l, c, pair[2];

	make_memory();
	l = (int)NEED(socket(fam, SOCK_STREAM, 0));
	NEED(bind_to(l, fam, NULL, 0));
	NEED(listen(l, 1));
	c = (int)NEED(socket(fam, SOCK_STREAM, 0));
	fill(l, SENDMSG, NO_IOV, NULL);
	NEED(connect(c, &good->to.sa, size_of(fam)));
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (size_t i = 0; i < NUM_BAD; i++)
		for (int call = 0; call < CALLS; call++) {
			char line[80];

			snprintf(line, sizeof(line), "%s, %s",
			    call_names[call], bad[i].name);
			CALL(line, do_call(c, (enum call)call, bad[i].at,
			    NULL));
			strcat(line, ", unix");
			CALL(line, do_call(pair[0], (enum call)call, bad[i].at,
			    NULL));
		}
}

static const struct conform_case cases[] = {
	{ "messages", messages, false },
	{ "addresses", addresses, false },
	{ "streams", streams, false },
	{ NULL, NULL, false },
};

int main(int argc, char **argv)
{
	return conform_main(argc, argv, cases);
}
