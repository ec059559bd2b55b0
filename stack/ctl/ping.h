/*
 * ping.h: one run of ping: its settings and counters, shared by ping.c (the
 * options and the loop), pingnet.c (the socket) and pingstat.c (the text).
 */
#ifndef STACK_CTL_PING_H
#define STACK_CTL_PING_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PING_HEAD	8		/* bytes of an ICMP echo header */
#define PING_STAMP	16		/* of payload that hold the time sent */
#define PING_SIZE_MAX	(128u << 10)	/* payload; far beyond what fits */
#define PING_NAMELEN	1100
#define PING_SEQS	65536u

union ping_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* The same address, whatever the ports. */
static inline bool ping_same_host(const union ping_addr *a,
    const union ping_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

struct ping {
	/* settings */
	int family;
	bool flood, numeric, quiet, stamp, outstanding, verbose, broadcast;
	uint64_t count;			/* 0: no end */
	uint64_t interval, wait, deadline;	/* ns; deadline 0: none */
	unsigned preload;
	size_t size;
	int ttl;			/* 0: the stack's own */
	int pmtu;			/* -M: IP_PMTUDISC_, -1: not given */
	const char *source;		/* -I: interface or address */
	bool source_is_if;
	uint8_t pattern[16];
	size_t pattern_len;

	struct json *json;		/* NULL: text */

	/* the target */
	const char *target;		/* as the user wrote it */
	union ping_addr to, from;	/* from: as the routing table has it */
	socklen_t to_len;
	uint32_t mtu;			/* on the way there, 0: unknown */
	int fd;
	bool gone;			/* the virtual host, with the socket */

	/* counters */
	uint64_t sent, received, duplicates, corrupted, errors;
	int pipe;			/* most packets under way at once */
	uint64_t min, max, sum, trips;	/* us */
	double sum2;
	uint64_t ewma;			/* us * 8 */
	uint64_t start, last;		/* ns: first sent, last event */
	uint64_t sent_at[PING_SEQS];	/* ns, by sequence number */
	bool answered[PING_SEQS];
};

/* What came in. */
struct ping_reply {
	union ping_addr from;
	uint16_t seq;
	int ttl;			/* -1: unknown */
	size_t len;			/* ICMP header and payload */
	const uint8_t *data;		/* the payload */
	size_t data_len;
	bool truncated;
};

/* An error about one of our packets. */
struct ping_error {
	union ping_addr from;		/* who says so */
	bool local;			/* own stack, err tells */
	int err;
	uint8_t type, code;
	uint32_t info;			/* an MTU, or a pointer */
	int seq;			/* -1: unknown */
};


/*
 * Make the socket for p->to.  Return: 0, or -errno with the name of the call
 * that failed in *call.
 */
int pingnet_open(struct ping *p, const char **call);
/* Send the echo request with that number.  Return: 0, or -errno. */
int pingnet_send(struct ping *p, uint16_t seq);
/* Return: 1 and a reply, 0: something else came in, or -errno. */
int pingnet_recv(struct ping *p, struct ping_reply *r);
/* Return: 1 and an error, 0: nothing of ours, or -errno. */
int pingnet_recv_error(struct ping *p, struct ping_error *e);
/* The byte that belongs at that place of a payload. */
uint8_t pingnet_pattern(const struct ping *p, size_t at);

void pingstat_header(const struct ping *p);
/* Count a reply and print its line. */
void pingstat_reply(struct ping *p, const struct ping_reply *r);
void pingstat_error(struct ping *p, const struct ping_error *e);
void pingstat_status(const struct ping *p);	/* one line, for SIGQUIT */
void pingstat_summary(const struct ping *p);
uint64_t pingstat_mdev(const struct ping *p);	/* us */

/* The same as JSON: one object, which the summary ends. */
void pingjson_header(const struct ping *p);
void pingjson_reply(const struct ping *p, const struct ping_reply *r,
    uint64_t us, bool again, bool damaged);
void pingjson_error(const struct ping *p, const struct ping_error *e,
    const char *text);
void pingjson_summary(const struct ping *p);

/* The text of an ICMP error. */
void ping_icmp_text(char *dst, size_t size, int family, uint8_t type,
    uint8_t code, uint32_t info);

#endif
