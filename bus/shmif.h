/* shmif.h: what the files of the interface on a bus share. */
#ifndef BUS_SHMIF_H
#define BUS_SHMIF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/probe.h"
#include "lwip/err.h"
#include "lwip/pbuf.h"

struct bus;
struct iface;
struct iface_driver;
struct netif;
struct stuck;

extern const struct iface_driver shmif_driver;

/* Received frames by size: what is larger than RX_TINY is recycled. */
enum { RX_TINY, RX_USUAL, RX_JUMBO, RX_SIZES };

struct shmif {
	struct iface *f;
	struct bus *bus;
	pthread_t thread;
	atomic_bool stop;
	bool batch;		/* what is sent is gathered; core lock */
	/* The sender had no room: the thread tries again.  Core lock. */
	bool blocked;
	atomic_bool push_queued;	/* core_after() calls push() */
	/* The thread was only woken to learn of `blocked`. */
	atomic_bool told;
	/*
	 * Without room, and counted as sent: a large segment, the rest of a
	 * datagram's fragments.  They go before all.  Core lock.
	 */
	struct stuck *stuck, **stuck_last;
	size_t stuck_bytes;
	struct rxbuf *mine[RX_SIZES];	/* the thread's own supply */
	/* Under spare_lock: lwIP's side puts, the thread takes all. */
	pthread_mutex_t spare_lock;
	struct rxbuf *spare[RX_SIZES];
	unsigned nspare[RX_SIZES];
	unsigned nout;		/* recycled buffers that are not in spare[] */
	bool gone;
	struct probe probe;	/* of an address that it may take */
};

/*
 * A received frame.  lwIP frees it through the pbuf; a recycled one goes back
 * to its owner's list, so the owner lives until all have come back.
 */
struct rxbuf {
	struct pbuf_custom pc;	/* first */
	struct rxbuf *next;
	struct shmif *owner;	/* NULL: not recycled */
	int size;
	uint32_t seg_size;	/* as bus_take gave it */
	size_t cap;
	uint8_t data[];
};
#define RXBUF_ALIGN	2	/* puts the IP header on a 4-byte boundary */

/*
 * In rxbuf.c.  rxbuf_get() is for the thread: a buffer for len bytes behind
 * RXBUF_ALIGN, or NULL.  The pbuf's free function is rxbuf_free().
 */
struct rxbuf *rxbuf_get(struct shmif *sh, size_t len);
void rxbuf_free(struct pbuf *p);
/* The thread is gone: and so is sh, once the last buffer has come back. */
void rxbuf_end(struct shmif *sh);
/* When nothing refers to it any more. */
void shmif_release(struct shmif *sh);

/* The driver's operations in output.c. */
void shmif_batch_begin(struct iface *f);
void shmif_batch_end(struct iface *f);
/* netif.linkoutput */
err_t shmif_output(struct netif *nif, struct pbuf *p);
/* Each frame of a large segment to fn, which owns it. */
struct gso_cut;
void shmif_cut(struct shmif *sh, struct gso_cut *c, void (*fn)(
    struct shmif *sh, struct pbuf *p));
/* Send what is stuck.  Return: false if it still is. */
bool shmif_unstick(struct shmif *sh);
void shmif_drop_stuck(struct shmif *sh);

#endif
