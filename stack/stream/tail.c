/* tail.c: the last byte of what a program wrote; see tail.h. */
#include "stack/stream/tail.h"

#include <errno.h>
#include <sys/socket.h>

#include "stack/stream/stream.h"

/*
 * The kernel counts a message of the pair as a whole until its last byte is
 * read, and lets nobody write while a quarter of the buffer is taken: of a long
 * one, as sendfile(2) makes them, nothing may stay.
 */
#define MESSAGE_MAX	16384

/* Is the last byte to be left?  all: the pair has no more. */
static bool may_stay(struct stream *st, size_t fresh, bool all)
{
	bool stay;

	st->tail_run += (uint32_t)fresh;
	stay = st->tail_run <= MESSAGE_MAX;
	if (all)
		st->tail_run = 0;
	return stay;
}

ssize_t tail_recv(struct stream *st, void *buf, size_t n)
{
	char old;
	struct iovec v[2] = { { &old, 1 }, { buf, n } };
	struct msghdr m = {
		.msg_iov = v + !st->tail, .msg_iovlen = 1u + st->tail,
	};
	ssize_t there = recvmsg(st->s.poll.fd, &m, MSG_PEEK | MSG_DONTWAIT);
	bool stay;

	if (there <= 0)
		return there;
	if (there == st->tail) {
		/* All that was written before an end was seen is there now. */
		errno = EAGAIN;
		return st->tx_state == TX_OPEN ? -1 : 0;
	}
	stay = may_stay(st, (size_t)there - st->tail,
	    (size_t)there < n + st->tail);
	/* What is taken: the same bytes to the same places. */
	v[1].iov_len = (size_t)there - stay - st->tail;
	if (there > stay)
		there = recvmsg(st->s.poll.fd, &m, MSG_DONTWAIT) + stay;
	if (there <= st->tail)
		return -1;
	there -= st->tail;
	st->tail = stay;
	return there;
}

void tail_begin(struct stream *st)
{
	st->keeps_tail = st->tail = true;
}

void tail_drop(struct stream *st)
{
	char old;

	if (st->tail && st->s.poll.fd >= 0)
		recv(st->s.poll.fd, &old, 1, MSG_DONTWAIT);
	st->keeps_tail = st->tail = false;
}
