/* join.h: shmif bus join. */
#ifndef STACK_CTL_JOIN_H
#define STACK_CTL_JOIN_H

#include <stdbool.h>

int bus_cmd_join(int argc, char **argv, bool json);

#endif
