/* tail.c: the last byte of what a program wrote; see tail.h. */
#include "stack/stream/tail.h"

#include <errno.h>
#include <sys/socket.h>

#include "stack/stream/stream.h"

ssize_t tail_recv(struct stream *st, void *buf, size_t n)
{
	char old;
	struct iovec v[2] = { { &old, 1 }, { buf, n } };
	struct msghdr m = {
		.msg_iov = v + !st->tail, .msg_iovlen = 1u + st->tail,
	};
	ssize_t there = recvmsg(st->s.poll.fd, &m, MSG_PEEK | MSG_DONTWAIT);

	if (there <= 0)
		return there;
	if (there == st->tail) {
		/* All that was written before an end was seen is there now. */
		errno = EAGAIN;
		return st->tx_state == TX_OPEN ? -1 : 0;
	}
	/* All but one are taken: the same bytes to the same places. */
	v[1].iov_len = (size_t)there - 1 - st->tail;
	if (there > 1)
		there = recvmsg(st->s.poll.fd, &m, MSG_DONTWAIT) + 1;
	if (there <= st->tail)
		return -1;
	there -= st->tail;
	st->tail = true;
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
