/* note.h: what relays tell of those that they did not let in. */
#ifndef STACK_NOTE_H
#define STACK_NOTE_H

#include "stack/wire/wire.h"

/* WIRE_NOTE; 0 or -errno. */
int note_take(const struct wire_req *req);

#endif
