/*
 * aside.h: work in a child that has our memory and fds of its own: what it
 * opens and closes there the program never sees.
 */
#ifndef HIJACK_ASIDE_H
#define HIJACK_ASIDE_H

#include "hijack/hijack.h"

/*
 * Run fn(arg) in a child that shares our memory but has its own fds and signal
 * handlers, while this thread waits.  Neither wait(2) nor SIGCHLD
 * of the program sees it.  fn must use raw system calls only.
 * Return: 0 if it ran to its end and returned 0, its positive exit
 * status, or -errno.
 */
HJ_HIDDEN int aside_run(int (*fn)(void *), void *arg);

/*
 * The halves of it, for a child that becomes another program: this thread goes
 * on when it has done so or ended.  Exit signal 0: no SIGCHLD, and the
 * program's wait(2) does not see it; nor does who traces the program.
 * Return: its pid, or -errno.
 */
HJ_HIDDEN int aside_start(int (*fn)(void *), void *arg);
HJ_HIDDEN int aside_wait(int pid, int *status);

#endif
