/* ring.c: packets in shared memory; see ring.h. */
#include "stack/wire/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The other side writes where it likes: of a reader only tp_status is ever
 * read, and what a writer says is checked.
 */
struct ring {
	uint8_t *map;
	size_t size;
	int fd;
	uint32_t block_size, frame_size, per_block, frames;
	uint32_t head;		/* the frame that is filled next, or read */
	unsigned reserve;
	bool counted;		/* in ring_bytes */
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

static struct ring *allocate(const struct tpacket_req *req)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->fd = -1;
	r->size = (size_t)req->tp_block_size * req->tp_block_nr;
	r->block_size = req->tp_block_size;
	r->frame_size = req->tp_frame_size;
	r->per_block = req->tp_block_size / req->tp_frame_size;
	r->frames = req->tp_frame_nr;
	return r;
}

static int make(struct ring **out, const struct tpacket_req *req,
    unsigned reserve)
{
	struct ring *r;
	int err = check(req, reserve);

	if (err)
		return err;
	if (ring_bytes + (uint64_t)req->tp_block_size * req->tp_block_nr >
	    (uint64_t)ring_max)
		return -ENOMEM;
	r = allocate(req);
	if (!r)
		return -ENOMEM;
	r->reserve = reserve;
	r->counted = true;
	ring_bytes += (uint32_t)r->size;
	err = make_memory(r);
	if (err) {
		ring_free(r);
		return err;
	}
	*out = r;
	return 0;
}

int ring_set(struct ring **r, const void *val, size_t len, int version,
    unsigned reserve)
{
	struct tpacket_req q;

	if (len < sizeof(q))
		return -EINVAL;
	memcpy(&q, val, sizeof(q));
	if (!q.tp_block_nr) {
		if (q.tp_frame_nr)
			return -EINVAL;
		ring_free(*r);
		*r = NULL;
		return 0;
	}
	if (*r)
		return -EBUSY;
	if (version != TPACKET_V2)
		return -EINVAL;
	return make(r, &q, reserve);
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (r->map)
		munmap(r->map, r->size);
	if (r->fd >= 0)
		close(r->fd);
	if (r->counted)
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

int ring_map(struct ring **out, int fd, const struct tpacket_req *req)
{
	struct ring *r;
	struct stat st;
	int err = check(req, 0);

	if (err)
		return err;
	/* What may shrink would be the end of who looks at it. */
	if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size !=
	    (uint64_t)req->tp_block_size * req->tp_block_nr ||
	    !(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK))
		return -EINVAL;
	r = allocate(req);
	if (!r)
		return -ENOMEM;
	r->map = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	if (r->map == MAP_FAILED) {
		free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

bool ring_peek(const struct ring *r, struct ring_packet *p)
{
	const uint8_t *from = frame(r, r->head);
	struct tpacket2_hdr h;
	uint32_t is = status(r, r->head);

	if (!(is & TP_STATUS_USER))
		return false;
	memcpy(&h, from, sizeof(h));
	memset(p, 0, sizeof(*p));
	if (h.tp_mac < sizeof(h) || h.tp_mac > r->frame_size ||
	    h.tp_snaplen > r->frame_size - h.tp_mac)
		h.tp_mac = h.tp_snaplen = 0;
	p->data = from + h.tp_mac;
	p->len = h.tp_len;
	p->snaplen = h.tp_snaplen;
	p->net = (unsigned)(h.tp_net - h.tp_mac) & 0xff;
	p->when_ns = h.tp_sec * 1000000000ull + h.tp_nsec;
	p->vlan_tci = h.tp_vlan_tci;
	p->vlan_tpid = h.tp_vlan_tpid;
	p->status = is;
	memcpy(&p->from, from + TPACKET_ALIGN(sizeof(h)), sizeof(p->from));
	return true;
}

void ring_next(struct ring *r)
{
	/* release: what was read was read before */
	__atomic_store_n((uint32_t *)(void *)frame(r, r->head),
	    TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->head = r->head + 1 < r->frames ? r->head + 1 : 0;
}
