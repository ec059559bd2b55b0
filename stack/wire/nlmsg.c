/* nlmsg.c: netlink messages; see nlmsg.h. */
#include "stack/wire/nlmsg.h"

#include <string.h>
#include <sys/un.h>

#include "stack/wire/sys.h"

#define ROOM_FOR_ONE	2048	/* bytes: more than any message made here */

/* The socket is bound; a datagram to its own name comes in by its own queue. */
void nlmsg_flush(struct nlmsg_out *o)
{
	struct iovec iov = { o->data, o->used };
	struct sockaddr_un sun;
	struct msghdr m = {
		.msg_name = &sun, .msg_namelen = sizeof(sun),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	long r;

	if (!o->used)
		return;
	r = SYS3(SYS_getsockname, o->fd, &sun, &m.msg_namelen);
	/* Not sendto(2), whose address leaves no room for the mark: sys.h. */
	if (r >= 0)
		r = sys_sendmsg(o->fd, &m, MSG_DONTWAIT);
	if (r < 0 && !o->err)
		o->err = r == -EAGAIN ? -ENOBUFS : (int)r;
	o->used = 0;
}

void *nlmsg_begin(struct nlmsg_out *o, int type, int flags, size_t header)
{
	struct nlmsghdr *h;

	if (NLMSG_ROOM - o->used < ROOM_FOR_ONE + NLMSG_SPACE(header))
		nlmsg_flush(o);
	h = o->cur = (struct nlmsghdr *)(o->data + o->used);
	memset(h, 0, NLMSG_SPACE(header));
	h->nlmsg_len = (uint32_t)NLMSG_LENGTH(header);
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)flags;
	h->nlmsg_seq = o->seq;
	h->nlmsg_pid = o->pid;
	return NLMSG_DATA(h);
}

void nlmsg_attr(struct nlmsg_out *o, int type, const void *data, size_t len)
{
	struct nlmsghdr *h = o->cur;
	size_t at = NLMSG_ALIGN(h->nlmsg_len);
	struct rtattr *a = (struct rtattr *)((char *)h + at);

	if ((char *)a + RTA_SPACE(len) > o->data + NLMSG_ROOM)
		return;
	memset(a, 0, RTA_SPACE(len));
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	a->rta_type = (uint16_t)type;
	memcpy(RTA_DATA(a), data, len);
	h->nlmsg_len = (uint32_t)(at + RTA_LENGTH(len));
}

void nlmsg_attr_u32(struct nlmsg_out *o, int type, uint32_t val)
{
	nlmsg_attr(o, type, &val, sizeof(val));
}

void nlmsg_attr_str(struct nlmsg_out *o, int type, const char *s)
{
	nlmsg_attr(o, type, s, strlen(s) + 1);
}

void nlmsg_raw(struct nlmsg_out *o, const void *data, size_t len)
{
	struct nlmsghdr *h = o->cur;
	size_t at = NLMSG_ALIGN(h->nlmsg_len);

	if ((char *)h + at + len > o->data + NLMSG_ROOM)
		return;
	memcpy((char *)h + at, data, len);
	h->nlmsg_len = (uint32_t)(at + len);
}

struct nlmsg_nest nlmsg_nest(struct nlmsg_out *o, int type)
{
	struct nlmsg_nest nest = { NLMSG_ALIGN(o->cur->nlmsg_len) };

	nlmsg_attr(o, type, "", 0);
	return nest;
}

void nlmsg_nest_end(struct nlmsg_out *o, struct nlmsg_nest nest)
{
	struct rtattr *a = (struct rtattr *)((char *)o->cur + nest.at);

	/* As the kernel counts; see nlmsg_end(). */
	o->cur->nlmsg_len = NLMSG_ALIGN(o->cur->nlmsg_len);
	if (nest.at < o->cur->nlmsg_len)	/* there was room for it */
		a->rta_len = (uint16_t)(o->cur->nlmsg_len - nest.at);
}

void nlmsg_end(struct nlmsg_out *o)
{
	/* As the kernel counts, with what fills up the last attribute. */
	o->cur->nlmsg_len = NLMSG_ALIGN(o->cur->nlmsg_len);
	o->used += o->cur->nlmsg_len;
	o->cur = NULL;
}

const void *nlmsg_find(const struct nlmsghdr *h, size_t header, int type,
    size_t min, size_t *len)
{
	size_t at = NLMSG_SPACE(header);

	if (at > h->nlmsg_len)
		return NULL;
	return nlmsg_find_in((const char *)h + at, h->nlmsg_len - at, type,
	    min, len);
}

const void *nlmsg_find_in(const char *attrs, size_t bytes, int type,
    size_t min, size_t *len)
{
	size_t at = 0;
	struct rtattr a;

	while (at + sizeof(a) <= bytes) {
		memcpy(&a, attrs + at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > bytes - at)
			return NULL;
		if ((a.rta_type & NLA_TYPE_MASK) == type &&
		    a.rta_len - RTA_LENGTH(0) >= min) {
			if (len)
				*len = a.rta_len - RTA_LENGTH(0);
			return attrs + at + RTA_LENGTH(0);
		}
		at += RTA_ALIGN(a.rta_len);
	}
	return NULL;
}
