/* probe.c: does somebody have an address?  See probe.h. */
#include "bus/probe.h"

#include <string.h>

enum { TYPE = 12, OP = 20, SHA = 22, SPA = 28, TPA = 38 };

/* Ethernet, IPv4, lengths of both addresses, request */
static const uint8_t arp[] = { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1 };

void probe_begin(struct probe *p, const uint8_t ip4[static 4],
    const uint8_t mac[static 6])
{
	uint32_t ip;

	memcpy(p->mac, mac, 6);
	memcpy(&ip, ip4, 4);
	atomic_store(&p->taken, false);
	atomic_store(&p->ip4, ip);
}

void probe_frame(const struct probe *p, uint8_t frame[static PROBE_FRAME])
{
	uint32_t ip = atomic_load(&p->ip4);

	memset(frame, 0, PROBE_FRAME);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, p->mac, 6);
	memcpy(frame + TYPE, arp, sizeof(arp));
	memcpy(frame + SHA, p->mac, 6);
	memcpy(frame + TPA, &ip, 4);
}

/*
 * Whoever sends from the address has it, and whoever asks for it with none of
 * its own is about to take it.
 */
void probe_see(struct probe *p, const uint8_t *frame, size_t len)
{
	static const uint8_t none[4];
	uint32_t ip = atomic_load(&p->ip4);

	if (!ip || len < PROBE_FRAME || memcmp(frame + TYPE, arp,
	    OP - TYPE) || !memcmp(frame + SHA, p->mac, 6))
		return;
	if (!memcmp(frame + SPA, &ip, 4) || (!memcmp(frame + SPA, none, 4) &&
	    !memcmp(frame + TPA, &ip, 4)))
		atomic_store(&p->taken, true);
}

bool probe_end(struct probe *p)
{
	atomic_store(&p->ip4, 0);
	return !atomic_load(&p->taken);
}
