/* busall.h: the commands of shmif bus that are about all named buses. */
#ifndef STACK_CTL_BUSALL_H
#define STACK_CTL_BUSALL_H

#include <stdbool.h>

int bus_cmd_list(int argc, char **argv, bool json);
int bus_cmd_prune(int argc, char **argv, bool json);

#endif
