/* cramped.h: a request of a program that has no fd number left. */
#ifndef HIJACK_CRAMPED_H
#define HIJACK_CRAMPED_H

#include "hijack/hijack.h"
#include "stack/wire/wire.h"

/* As client_call(), without a reply fd; -EMFILE: that was no help. */
HJ_HIDDEN int cramped_call(int ctl, struct wire_req *req, const int *fds,
    int nfds, struct wire_rep *rep, int timeout);

#endif
