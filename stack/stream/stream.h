/* tcp.h: what others ask of the streams. */
#ifndef STACK_TCP_H
#define STACK_TCP_H

#include <stdbool.h>
#include <stdint.h>

struct sock;
struct tcp_pcb;
struct tcp_info;

/* Every DELACK_MS while needed: acknowledgements that were put off. */
#define DELACK_MS 40
bool delack_needed(void);
void delack_timer(void);
void connect_second(void);		/* once a second: connects that time out */
void stream_tx_ready(void);		/* an interface has room again */
/*
 * The connection attempt of s goes on without a plug; answer fd when it is
 * over (a blocking connect), -1: nobody waits.
 */
void connect_wait(struct sock *s, int reply_fd);
/* dup, sndbuf: see WIRE_CONNECT_ASYNC. */
void connect_plugged(struct sock *s, int dup, int sndbuf);
void connect_unplug(struct sock *s);	/* take the plug out again */
/* Bytes written and not acknowledged; received and not taken. */
uint32_t stream_outq(const struct sock *s);
uint32_t stream_inq(const struct sock *s);
void stream_fill_info(const struct sock *s, struct tcp_info *ti);
int stream_linux_state(const struct sock *s);

#endif
