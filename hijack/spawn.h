/*
 * spawn.h: the private host: a shmif_server for one (bus, address), started
 * by whoever needs it first.
 */
#ifndef HIJACK_SPAWN_H
#define HIJACK_SPAWN_H

#include "hijack/hijack.h"

struct client_hello;

/*
 * Connect to the private host that the settings describe, and start it if it
 * does not run.  An error has been told on stderr.
 * Return: as client_connect().
 */
HJ_HIDDEN int spawn_connect(int min_fd, struct client_hello *hello);

/* At load: the program may leave the folder that a relative path is from. */
HJ_HIDDEN void spawn_init(void);

/* Where shmif_entry is, "" if it is not to be found. */
HJ_HIDDEN const char *spawn_entry(void);

#endif
