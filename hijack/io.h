/* io.h: data calls, for the hooks of calls that are made of them. */
#ifndef HIJACK_IO_H
#define HIJACK_IO_H

#include "hijack/hijack.h"

/*
 * recvmsg and sendmsg on an fd with a mark: datagrams, netlink, and streams
 * that are not connected.  As the functions, with errno.
 */
HJ_HIDDEN ssize_t io_recv_marked(int fd, unsigned mark, struct msghdr *m,
    int flags);
HJ_HIDDEN ssize_t io_send_marked(int fd, unsigned mark,
    const struct msghdr *m, int flags);
/* Is it a stream of a virtual host's? */
HJ_HIDDEN bool io_is_stream(int fd);
/* As recvmsg(2) and sendmsg(2), on any fd. */
HJ_HIDDEN ssize_t io_recvmsg(int fd, struct msghdr *m, int flags);
HJ_HIDDEN ssize_t io_sendmsg(int fd, const struct msghdr *m, int flags);
/* The header as the program gave it: as the kernel takes it. 0 or -errno. */
HJ_HIDDEN int io_take_header(int fd, struct msghdr *h, const struct msghdr *m);
/* TCP does nothing with an address, but the call reads it. 0 or -errno. */
HJ_HIDDEN int io_check_name(int fd, const struct msghdr *m);
/* Fds that came along with a message are new here. */
HJ_HIDDEN void io_forget_rights(const struct msghdr *m);
/*
 * The result r of reading n bytes at most, with what the host knows about
 * the end of the stream.
 */
HJ_HIDDEN ssize_t io_stream_end(int fd, ssize_t r, size_t n);

static inline ssize_t io_read_done(int fd, ssize_t r, size_t n)
{
	return likely(r > 0) ? r : io_stream_end(fd, r, n);
}

#endif
