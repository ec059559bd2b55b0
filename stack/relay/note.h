/*
 * note.h: who was not let in: counted by the host (shmif netstat -s), and a
 * line in its log, of each source once a minute.
 */
#ifndef RELAY_NOTE_H
#define RELAY_NOTE_H

#include <sys/un.h>

#include "stack/wire/wire.h"

void note(const struct sockaddr_un *host, enum wire_note what,
    const char *who);

#endif
