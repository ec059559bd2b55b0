/*
 * wait.h: the question of shmif wait, asked of one address: is a host there,
 * or does something listen on its port?
 */
#ifndef STACK_CTL_WAIT_H
#define STACK_CTL_WAIT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

union wait_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum wait_answer {
	WAIT_SILENT,		/* nothing came back yet */
	WAIT_REFUSED,		/* the host is there, nothing listens */
	WAIT_UP,
};

/* The question to one address; its sockets live until waitnet_close(). */
struct wait_probe {
	union wait_addr to, from;
	socklen_t len;
	bool open;
	int fd;			/* raw TCP, or ICMP */
	int hold;		/* keeps the source port ours; -1 */
	uint32_t seq;		/* of the SYN, or the echo request */
	uint64_t asked;		/* ns, when last; 0: not yet */
	enum wait_answer answer;	/* the last one */
};

/* Begin: p->to and p->len are set, a port of 0 asks for the host alone. */
void waitnet_open(struct wait_probe *p);
/*
 * Take what came in, and ask again when it is time to.  A SYN that is answered
 * is reset by our own stack, which knows of no such connection: the program
 * that listens there does not see it.
 */
enum wait_answer waitnet_ask(struct wait_probe *p);
void waitnet_close(struct wait_probe *p);

#endif
