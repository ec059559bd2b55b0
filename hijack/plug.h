/*
 * plug.h: what makes our end of a pair poll as nothing, neither readable nor
 * writable: a stream that connects, and one that listens.
 */
#ifndef HIJACK_PLUG_H
#define HIJACK_PLUG_H

#include "hijack/hijack.h"

/* Make fd not writable until the other end reads.  Return: WIRE_CONNECT's b. */
HJ_HIDDEN int plug_in(int fd);
/* This is an entry: plugs have tails. */
extern HJ_HIDDEN bool plug_tail;
/* Once it has read: room for what a program writes, as before. */
HJ_HIDDEN void plug_out(int fd);

/*
 * The program set SO_SNDBUF, to half of what it will read: our end holds that
 * much, though not more than usual.  plugged: once it is not any more.
 */
HJ_HIDDEN void plug_size(int fd, int half, bool plugged);
/*
 * Pages of a file go by in portions of a pipe, whatever the buffer is.
 * Return: of n bytes those that sendfile(2) may try at once.
 */
HJ_HIDDEN size_t plug_fits(int fd, size_t n);

#endif
