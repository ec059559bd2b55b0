/*
 * listener.h: the netlink sockets of programs that want news, by groups (bit
 * n - 1: RTNLGRP_ n), and what waits for those that do not read.
 */
#ifndef STACK_LISTENER_H
#define STACK_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "stack/wire/wire.h"

/* Of all of them. */
uint32_t listener_groups(void);
/*
 * key: SO_COOKIE of the program's socket; fd, which may be -1, becomes ours.
 * Return: 0 or -errno.
 */
int listener_join(uint64_t key, const struct wire_notify *n, int fd);
/* A netlink message to all in one of the groups; lost by who is full. */
void listener_tell(uint32_t groups, const void *msg, size_t len);

#endif
