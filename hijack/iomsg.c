/* iomsg.c: headers of messages, as the kernel takes and gives them: io.h. */
#include "hijack/io.h"

#include <string.h>

#include "hijack/fd.h"

int io_take_header(int fd, struct msghdr *h, const struct msghdr *m)
{
	if (hj_get(fd, h, m, sizeof(*h)))
		return -EFAULT;
	if (!h->msg_name)
		h->msg_namelen = 0;
	if ((int)h->msg_namelen < 0)
		return -EINVAL;
	if (h->msg_namelen > sizeof(struct sockaddr_storage))
		h->msg_namelen = sizeof(struct sockaddr_storage);
	return 0;
}

int io_check_name(int fd, const struct msghdr *m)
{
	struct sockaddr_storage ss;

	if (!m->msg_name)
		return 0;
	return m->msg_namelen > sizeof(ss) ? -EINVAL :
	    hj_get(fd, &ss, m->msg_name, m->msg_namelen);
}

void io_forget_rights(const struct msghdr *m)
{
	struct cmsghdr *c;
	size_t n;
	int fd;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len < CMSG_LEN(0))
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(int));
			fd_forget(fd);
		}
	}
}
