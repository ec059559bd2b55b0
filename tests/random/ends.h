/*
 * ends.h: steps that end a socket or a direction of it, and that share it.
 */
#ifndef TESTS_RANDOM_ENDS_H
#define TESTS_RANDOM_ENDS_H

#include "tests/random/data.h"

static void do_shutdown(struct slot *s)
{
	int how = ONE_OF(SHUT_RD, SHUT_WR, SHUT_RDWR, SHUT_WR, 3, -1);

	if (differs_shutdown(s, how))
		return;
	tell(" %d", how);
	gives("%s", result(shutdown(s->fd, how)));
	reading_ended |= how == SHUT_RD || how == SHUT_RDWR;
}

static void do_close(struct slot *s)
{
	struct linger l = { one_in(2), one_in(2) };

	if (one_in(2)) {
		tell(" linger %d %d", l.l_onoff, l.l_linger);
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	}
	gives("%s", result(close(s->fd)));
	s->fd = -1;
}

static void do_dup(struct slot *s)
{
	struct slot *to = empty_slot();
	int fd;

	if (!to || differs_dup(s))
		return;
	s->copied = true;
	fd = one_in(2) ? dup(s->fd) : fcntl(s->fd, F_DUPFD_CLOEXEC, 100);
	*to = *s;
	to->fd = fd;
	gives("s%d %s", number(to), okay(fd));
}

/* The step's next choice is the child's, too. */
static void do_child(struct slot *s)
{
	int how = (int)pick(4);
	pid_t pid;

	tell(" %s", ((const char *const[]){ "exits", "shuts", "reads",
	    "writes" })[how]);
	pid = fork();
	if (pid) {
		gives("%s", ended(pid));
		return;
	}
	errno = 0;
	tell(" itself");
	if (how == 1 && !differs_shutdown(s, SHUT_WR))
		gives("%s", result(shutdown(s->fd, SHUT_WR)));
	else if (how == 2)
		gives("%s", result(recv(s->fd, memory, 50, MSG_DONTWAIT)));
	else if (how == 3 && !reading_ended)
		gives("%s", result(send(s->fd, memory, 50, MSG_DONTWAIT)));
	if (one_in(2))
		close(s->fd);
	_exit(0);
}

/* No socket at all. */
static void do_none(struct slot *s)
{
	int fd = ONE_OF(-1, 777, -100), r = -1;
	socklen_t len = 4;

	(void)s;
	errno = 0;
	switch (pick(8)) {
	case 0: r = listen(fd, 1); break;
	case 1: r = connect_to(fd, AF_INET, NULL, 1); break;
	case 2: r = (int)send(fd, "", 1, 0); break;
	case 3: r = (int)recv(fd, memory, 1, 0); break;
	case 4: r = getsockopt(fd, SOL_SOCKET, SO_ERROR, memory, &len); break;
	case 5: r = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1); break;
	case 6: r = shutdown(fd, 1); break;
	default: r = accept(fd, NULL, NULL); break;
	}
	gives("%s", result(r));
}

#endif
