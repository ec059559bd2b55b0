/* tcp.h: what others ask of the streams. */
#ifndef STACK_TCP_H
#define STACK_TCP_H

#include <stdbool.h>
#include <stdint.h>

struct sock;
struct tcp_pcb;
struct tcp_info;

/* Every TCP_DELACK_MS while needed: acknowledgements that were put off. */
#define TCP_DELACK_MS 40
bool tcp_delack_needed(void);
void tcp_delack_timer(void);
void tcp_second(void);		/* once a second: connects that time out */
void tcp_room(void);		/* an interface has room again */
/*
 * The connection attempt of s goes on without a plug; answer fd when it is
 * over (a blocking connect), -1: nobody waits.
 */
void tcp_connect_wait(struct sock *s, int reply_fd);
/* dup, sndbuf: see WIRE_CONNECT_ASYNC. */
void tcp_connect_plugged(struct sock *s, int dup, int sndbuf);
void conn_unplug(struct sock *s);	/* take the plug out again */
/* Bytes written and not acknowledged; received and not taken. */
uint32_t tcp_outq(const struct sock *s);
uint32_t tcp_inq(const struct sock *s);
void tcp_fill_info(const struct sock *s, struct tcp_info *ti);
int tcp_linux_state(const struct sock *s);

#endif
