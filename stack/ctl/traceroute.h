/*
 * traceroute.h: one run of traceroute, shared by traceroute.c (options, the
 * loop, the text) and tracenet.c (the socket).
 */
#ifndef STACK_CTL_TRACEROUTE_H
#define STACK_CTL_TRACEROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/ctl/ping.h"

#define TRACE_HOPS_MAX	255
#define TRACE_QUERIES_MAX	10
#define TRACE_SIZE_MAX	65000

enum trace_state {
	TRACE_NEW,		/* not sent yet */
	TRACE_SENT,		/* an answer may come */
	TRACE_ANSWERED,
	TRACE_LOST,		/* waited long enough */
};

struct trace_probe {
	enum trace_state state;
	uint64_t sent, back;	/* ns */
	union ping_addr from;	/* who answered */
	bool final;		/* no use in going farther */
	char mark[16];		/* " !H" and the like */
};

struct trace {
	/* settings */
	int family;
	bool icmp, numeric, json;
	unsigned first, max, queries, at_once;
	uint64_t wait;		/* ns */
	uint16_t port;		/* of the first probe */
	size_t size;		/* bytes of a whole packet, 0: the default */
	const char *source;	/* -i or -s */

	const char *target;
	union ping_addr to, local;
	socklen_t to_len;
	int fd;
	struct trace_probe probe[TRACE_HOPS_MAX * TRACE_QUERIES_MAX];
	unsigned n;		/* probes of the whole run */
};

/* Make the socket.  Return: 0, or -errno and the call that failed. */
int tracenet_open(struct trace *t, const char **call);
/* Send probe number i.  Return: 0, or -errno. */
int tracenet_send(struct trace *t, unsigned i);
/* Note all answers that have come in. */
void tracenet_receive(struct trace *t);

#endif
