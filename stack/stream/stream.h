/*
 * stream.h: a TCP socket: bytes from the program's pair to lwIP and back.
 *
 * lwIP's callbacks only note what happened and defer the rest to
 * stream_flush(), which runs when lwIP is not on the stack: there a connection
 * may be closed or aborted without telling its caller.
 */
#ifndef STACK_STREAM_H
#define STACK_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lwip/ip_addr.h"
#include "stack/sock/sock.h"

struct accept_item;	/* an established connection nobody accepted yet */
struct pbuf;
struct stream_info;
struct tcp_pcb;
struct txbuf;		/* what a program wrote, lent to lwIP */

/*
 * A stream that is connected lives by three states, each with one setter in
 * stream.c that logs the change.  They only go forward, in the order below.
 *
 * The receiving half, from the network to the program:
 *
 * RX_OPEN	What comes in goes to the pair.
 * RX_DISCARD	The program reads no more (its end refused data): what comes is
 *		taken and dropped, so that the peer can go on.
 * RX_EOF	The peer's FIN came: what is queued still goes to the pair, and
 *		then the end.  Nothing more comes from lwIP.
 * RX_SHUT	The program asked for SHUT_RD, or the peer's FIN came and it
 *		reads no more: what is queued is dropped, and the end is due.
 * RX_DONE	The program was told: our end is shut down for writing.  What
 *		still comes is dropped.
 */
enum stream_rx { RX_OPEN, RX_DISCARD, RX_EOF, RX_SHUT, RX_DONE, RX_NUM };

/*
 * The sending half, from the program to the network:
 *
 * TX_OPEN	The program may write.
 * TX_ENDING	It has shut down its half or closed, but what it wrote before
 *		may still lie in the pair: a read that finds less than it asked
 *		for does not mean that nothing more comes.
 * TX_EOF	All that it wrote was read from the pair; some of it may wait for
 *		room in lwIP's queue.
 * TX_FIN	lwIP has all of it and was told to send FIN (or is gone).  Its
 *		queue may still refer to our buffers (tx_bytes).
 */
enum stream_tx { TX_OPEN, TX_ENDING, TX_EOF, TX_FIN, TX_NUM };

/*
 * The program's end of the pair; sock.gone is "not END_OPEN":
 *
 * END_OPEN	Somebody has it.
 * END_CLOSED	All who had it have closed it.  The connection ends by FIN once
 *		the sending half is done, or by RST if data lies unread.
 * END_RESET	Closed with data unread in the pair: the connection is reset.
 */
enum stream_end { END_OPEN, END_CLOSED, END_RESET, END_NUM };

struct rx_queue {
	struct pbuf **v;	/* ring of cap received segments */
	uint32_t head, count, cap;
	uint32_t skip;		/* bytes of the first one taken */
	uint32_t bytes;		/* in all, less skip */
};

/* urgent.c's, of a stream; all zero: there are none. */
struct urgent {
	/* From the peer. */
	uint32_t rx_next;	/* sequence number of the next byte queued */
	uint32_t rx_at;		/* ... of the urgent one, if rx_due */
	bool rx_due;		/* it is not yet in stream.out */
	uint32_t out_nth;	/* it is the nth byte of stream.out, from 1 */
	/* From the program. */
	bool look;		/* there may be a mark in the pair */
	bool tx_due;		/* the peer does not have all up to tx_end */
	uint32_t tx_end;	/* sequence number behind the urgent byte */
};

struct stream {
	struct sock s;		/* first */
	struct tcp_pcb *pcb;	/* NULL when lwIP has let go of it */
	enum stream_rx rx_state;
	enum stream_tx tx_state;
	enum stream_end end;
	bool fin_seen;		/* the peer's FIN came: reads end in good order */
	bool unwanted;		/* data came that nobody may read: to be reset */
	bool rx_lost;		/* the program did not want to read some */
	bool broken;		/* reset or timed out, so_error was set to why */

	/* expire.c's. */
	bool expired;		/* waited too long, to be given up */
	uint32_t lastack;	/* the pcb's, and since when */
	uint64_t lastack_ns;

	/* data.c's: to the program. */
	struct rx_queue rx;
	bool rx_merged;		/* the last of rx is a buffer of data_append() */
	/*
	 * What is on its way to the pair, ahead of rx.  While out_busy it
	 * belongs to whoever runs rx_send(), without the core lock.
	 */
	struct rx_queue out;
	bool out_busy;
	bool out_blocked;	/* the pair is full; EPOLLOUT comes */
	struct urgent urgent;

	/* data.c's: from the program. */
	struct txbuf *tx_head, *tx_tail;
	uint32_t tx_bytes;	/* in buffers, not yet acknowledged */
	uint32_t tx_unwritten;	/* of these, not yet given to tcp_write() */
	uint64_t tx_full_ns;	/* when its share was used up, or 0 */
	uint8_t tx_wide;	/* its share is doubled so often */

	/* tail.c's. */
	bool keeps_tail;	/* of a program without the library */
	bool tail;		/* the pair begins with a byte that was taken */
	uint32_t tail_run;	/* bytes since a message of the pair ended */

	/* delack.c's. */
	bool delack;		/* in the list of delayed acknowledgements */
	uint8_t quick_acks;	/* since rx_when */
	uint64_t rx_when;	/* data came that was not yet acknowledged */

	/* connect.c's. */
	uint32_t plug_bytes;	/* in our queue, not to be taken for data */
	bool plug_tail;		/* the last of them is to stay */
	int reply_fd;		/* a blocking connect waits here, or -1 */
	uint64_t connect_ns;	/* when it began, for time-outs */

	/* accept.c's, of a listener. */
	/* Connections the pair had no room for; the last one's next, if any. */
	struct accept_item *pending, **pending_end;
	int backlog;		/* 0..SOMAXCONN */
	int waiting;		/* for accept(2), at most; see accept.c */
};

static inline struct stream *stream_of(struct sock *s)
{
	return (struct stream *)s;
}

static inline const struct stream *stream_of_const(const struct sock *s)
{
	return (const struct stream *)s;
}

/* lwIP has eight bits for options and uses these: 04 08 20. */
#define SOF_APP_REUSE	0x40u	/* the program set SO_REUSEADDR */

void stream_init(void);		/* ops.c */

/* stream.c: states, and how a connection ends. */
/* To a later state; one that is not later changes nothing. */
void stream_set_rx(struct stream *st, enum stream_rx to);
void stream_set_tx(struct stream *st, enum stream_tx to);
void stream_set_end(struct stream *st, enum stream_end to);
/* Their names, for people to read. */
const char *stream_rx_name(enum stream_rx rx);
const char *stream_tx_name(enum stream_tx tx);
const char *stream_end_name(enum stream_end end);
/* All that is due now of one that is or was connected; may free it. */
void stream_flush(struct sock *s);
/* An established pcb that is to be this socket's: its events come here. */
void stream_attach(struct stream *st, struct tcp_pcb *pcb);
/* The connection is aborted, if there is one, and all data dropped. */
void stream_reset(struct stream *st);
/* sock_hang_up(), and nothing is on its way to the pair any more. */
void stream_hang_up(struct stream *st);
/* The same of one that was reset, of which nobody sees the program's close. */
void stream_show_reset(struct stream *st);
/* The error that a read gives at the end of the data, taken; 0: none. */
int stream_read_error(struct stream *st);

/* data.c: the bytes. */
/* sysctl net.inet.tcp.rx_memory: MiB that all programs have not read yet. */
extern int data_rx_max;
/* A received segment, taken over; false: no memory, not taken. */
bool data_append(struct stream *st, struct pbuf *p);
void data_acked(struct stream *st, uint32_t n);	/* the peer has n bytes more */
void data_rx_push(struct stream *st);	/* to the pair, as much as it takes */
void data_tx_pull(struct stream *st);	/* from the pair, as much as fits */
void data_tx_push(struct stream *st);	/* to lwIP, and out */
void data_tx_trim(struct stream *st);
void data_tx_drop(struct stream *st);	/* nobody sends that any more */
/*
 * Nothing is sent any more: the program's writes fail, and who waits for room
 * wakes up.  What came in and the pair had no room for finds more of it.
 */
void data_cut(struct stream *st);
void data_drop(struct stream *st);	/* both directions */
bool data_rx_empty(const struct stream *st);

/* Bytes written and not acknowledged; received and not taken. */
uint32_t stream_outq(const struct sock *s);
uint32_t stream_inq(const struct sock *s);

/* info.c */
void stream_fill_info(const struct sock *s, struct stream_info *ti);
int stream_linux_state(const struct sock *s);
void stream_fill_sockinfo(const struct sock *s, struct wire_sockinfo *w);

/* expire.c */
/*
 * To be asked every EXPIRE_TICKS of lwIP's slow timer, of one with a pcb: did
 * it wait for its peer too long?
 */
#define EXPIRE_TICKS	1
bool expire_due(struct stream *st);
/*
 * sysctl, as Linux's tcp_orphan_retries: how often what nobody owns is sent
 * again to a peer that does not answer; 0 means 8.
 */
extern int expire_orphan_retries;

/* urgent.c: urgent data, between a pair's mark and TCP's pointer. */
/* n bytes of the peer's have been queued; all of the queue is in out now. */
void urgent_queued(struct stream *st, uint32_t n);
void urgent_out(struct stream *st);
/* The pair took the first n bytes of out. */
void urgent_taken(struct stream *st, uint32_t n);
/*
 * How many of the bytes of out from byte `sent` on may go into the pair with
 * one call, and with which flags.  Without the core lock, as out is used.
 */
uint32_t urgent_part(const struct stream *st, uint32_t sent, int *flags);
/* The program begins to send urgent data: look for marks from now on. */
void urgent_expect(struct stream *st);
/* As recv(2) of the pair with MSG_DONTWAIT; finds a mark where it begins. */
ssize_t urgent_recv(struct stream *st, void *buf, size_t n);
void urgent_acked(struct stream *st);	/* what the peer has, has changed */

/* hops.c */
/* What pcb's packets have of IP_TTL, IPV6_UNICAST_HOPS, IP_TOS, IPV6_TCLASS. */
void hops_set(struct tcp_pcb *pcb, const struct sock_opts *o);

/* delack.c */
/* Every DELACK_MS while needed: acknowledgements that were put off. */
#define DELACK_MS 40
void delack_init(void);
/* An acknowledgement that lwIP has put off is sent, now or soon. */
void delack_soon(struct stream *st);
/*
 * The peer's FIN has just come.  If nothing else is to be acknowledged, that
 * can wait for the program's, as on Linux: most programs answer an end with
 * theirs.
 */
void delack_fin(struct tcp_pcb *pcb);

#endif
