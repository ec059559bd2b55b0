/* nlmsg.h: composing and reading netlink messages in a bounded buffer. */
#ifndef STACK_NLMSG_H
#define STACK_NLMSG_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NLMSG_ROOM	4096	/* bytes a datagram: any reader has as much */

/* Bytes of an address; anything that is not IPv6 is shown as IPv4. */
static inline size_t nlmsg_addr_len(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* What is being answered, and the datagram in the making. */
struct nlmsg_out {
	int fd;			/* the socket, which is also where it goes */
	uint32_t pid, seq;	/* of the request */
	bool generic;		/* it is of NETLINK_GENERIC */
	int err;		/* first failure to send, -errno */
	const char *why;	/* the error in the making, in words, or NULL */
	size_t used;		/* bytes of whole messages */
	struct nlmsghdr *cur;	/* the message being made, NULL: none */
	union {
		char data[NLMSG_ROOM];
		struct nlmsghdr align;
	};
};

/*
 * Begin a message with a header of its family, zeroed; a full datagram is
 * sent first.  Return: that header.
 */
void *nlmsg_begin(struct nlmsg_out *o, int type, int flags,
    size_t header);
/* Add an attribute; one that does not fit is left out. */
void nlmsg_attr(struct nlmsg_out *o, int type, const void *data, size_t len);
void nlmsg_attr_u32(struct nlmsg_out *o, int type, uint32_t val);
void nlmsg_attr_str(struct nlmsg_out *o, int type, const char *s);
/* Bytes without a header of their own: what some nests begin with. */
void nlmsg_raw(struct nlmsg_out *o, const void *data, size_t len);
/* Attributes within one. */
struct nlmsg_nest {
	size_t at;
};
struct nlmsg_nest nlmsg_nest(struct nlmsg_out *o, int type);
void nlmsg_nest_end(struct nlmsg_out *o, struct nlmsg_nest nest);
void nlmsg_end(struct nlmsg_out *o);
/* Put what is there into the socket's receive queue. */
void nlmsg_flush(struct nlmsg_out *o);

/*
 * The attribute of that type in a request whose family header takes `header`
 * bytes.  Return: its data, NULL if there is none with min bytes or more.
 */
const void *nlmsg_find(const struct nlmsghdr *h, size_t header,
    int type, size_t min, size_t *len);
/* The same among len bytes of attributes. */
const void *nlmsg_find_in(const char *attrs, size_t bytes, int type,
    size_t min, size_t *len);

#endif
