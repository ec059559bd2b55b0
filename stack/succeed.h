/*
 * succeed.h: a private host takes the place of one of the same user that
 * nobody uses any more, without waiting for its end.
 */
#ifndef STACK_SUCCEED_H
#define STACK_SUCCEED_H

#include "stack/spec.h"

/*
 * If the name or the address that s wants is on its bus already, ask the
 * private hosts whose sockets lie beside `own` to make way.  From one of that
 * name s gets the addresses as well, if it has none.
 */
void succeed(struct spec *s, const char *own);

#endif
