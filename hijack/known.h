/*
 * known.h: sockets that the host knows to be ours, so that they need not be
 * shown (WIRE_SHOWS).  It is a memory with holes: what is not in it is shown
 * once more.  Forked children have it, with the connection it is about.
 */
#ifndef HIJACK_KNOWN_H
#define HIJACK_KNOWN_H

#include <stdint.h>

#include "hijack/hijack.h"

/* Over the control connection of that cookie; made: there, not only shown. */
HJ_HIDDEN void known_add(uint64_t sock, uint64_t ctl, bool made);
HJ_HIDDEN bool known_is(uint64_t sock, uint64_t ctl);
HJ_HIDDEN bool known_is_made(uint64_t sock, uint64_t ctl);
HJ_HIDDEN void known_drop(uint64_t sock);

#endif
