/* ring.c: packets in shared memory; see ring.h. */
#include "stack/packet/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/core/counter.h"

/* The program writes where it likes: of it only tp_status is ever read. */
struct ring {
	uint8_t *map;
	size_t size;
	int fd;
	uint32_t block_size, frame_size, per_block, frames;
	uint32_t head;		/* the frame that is filled next */
	unsigned reserve;
};

int ring_max = 64 << 20;
uint32_t ring_bytes;

static int check(const struct tpacket_req *q, unsigned reserve)
{
	uint32_t per_block;

	if ((int)q->tp_block_size <= 0 ||
	    q->tp_block_size % (uint32_t)sysconf(_SC_PAGESIZE) ||
	    q->tp_frame_size < TPACKET2_HDRLEN + reserve ||
	    q->tp_frame_size % TPACKET_ALIGNMENT)
		return -EINVAL;
	per_block = q->tp_block_size / q->tp_frame_size;
	if (!per_block || q->tp_block_size > UINT_MAX / q->tp_block_nr ||
	    per_block * q->tp_block_nr != q->tp_frame_nr)
		return -EINVAL;
	return 0;
}

/* It can neither shrink under us nor grow. */
static int make_memory(struct ring *r)
{
	r->fd = memfd_create("shmif-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (r->fd < 0)
		return -errno;
	if (ftruncate(r->fd, (off_t)r->size) < 0 ||
	    fcntl(r->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_SEAL) < 0)
		return -ENOMEM;
	r->map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    r->fd, 0);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return -ENOMEM;
	}
	return 0;
}

int ring_new(struct ring **out, const struct tpacket_req *req,
    unsigned reserve)
{
	struct ring *r;
	int err = check(req, reserve);
	size_t size;

	if (err)
		return err;
	size = (size_t)req->tp_block_size * req->tp_block_nr;
	if (ring_bytes + (uint64_t)size > (uint64_t)ring_max) {
		counter_inc("packet.ring_max");
		return -ENOMEM;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->size = size;
	r->block_size = req->tp_block_size;
	r->frame_size = req->tp_frame_size;
	r->per_block = req->tp_block_size / req->tp_frame_size;
	r->frames = req->tp_frame_nr;
	r->reserve = reserve;
	ring_bytes += (uint32_t)size;
	err = make_memory(r);
	if (err) {
		ring_free(r);
		return err;
	}
	*out = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (r->map)
		munmap(r->map, r->size);
	if (r->fd >= 0)
		close(r->fd);
	ring_bytes -= (uint32_t)r->size;
	free(r);
}

int ring_fd(const struct ring *r)
{
	return r->fd;
}

static uint8_t *frame(const struct ring *r, uint32_t i)
{
	return r->map + (size_t)(i / r->per_block) * r->block_size +
	    (size_t)(i % r->per_block) * r->frame_size;
}

/* tp_status is the first word of each frame. */
static uint32_t status(const struct ring *r, uint32_t i)
{
	return __atomic_load_n((uint32_t *)frame(r, i), __ATOMIC_ACQUIRE);
}

bool ring_ready(const struct ring *r)
{
	return status(r, (r->head ? r->head : r->frames) - 1) !=
	    TP_STATUS_KERNEL;
}

static uint32_t offset_of_net(const struct ring *r, unsigned maclen)
{
	if (!maclen)
		return TPACKET_ALIGN(TPACKET2_HDRLEN) + 16 + r->reserve;
	return TPACKET_ALIGN(TPACKET2_HDRLEN + (maclen < 16 ? 16 : maclen)) +
	    r->reserve;
}

bool ring_put(struct ring *r, const struct ring_packet *p)
{
	uint32_t net = offset_of_net(r, p->net), mac = net - p->net;
	uint32_t snaplen = p->snaplen;
	uint8_t *to = frame(r, r->head);
	struct tpacket2_hdr h = {
		.tp_len = p->len, .tp_mac = (uint16_t)mac,
		.tp_net = (uint16_t)net,
		.tp_sec = (uint32_t)(p->when_ns / 1000000000),
		.tp_nsec = (uint32_t)(p->when_ns % 1000000000),
		.tp_vlan_tci = p->vlan_tci, .tp_vlan_tpid = p->vlan_tpid,
	};
	uint32_t is = TP_STATUS_USER | TP_STATUS_TS_SOFTWARE | p->status;

	if (status(r, r->head) != TP_STATUS_KERNEL)
		return false;
	if (mac >= r->frame_size)
		snaplen = 0;
	else if (snaplen > r->frame_size - mac)
		snaplen = r->frame_size - mac;
	h.tp_snaplen = snaplen;
	memcpy(to + mac, p->data, snaplen);
	memcpy(to + sizeof(uint32_t), (uint8_t *)&h + sizeof(uint32_t),
	    sizeof(h) - sizeof(uint32_t));
	memcpy(to + TPACKET_ALIGN(sizeof(h)), &p->from, sizeof(p->from));
	/* release: who sees the status sees the packet */
	__atomic_store_n((uint32_t *)to, is, __ATOMIC_RELEASE);
	r->head = r->head + 1 < r->frames ? r->head + 1 : 0;
	return true;
}
