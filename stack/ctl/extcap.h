/* extcap.h: shmif as a plug-in by which Wireshark captures from buses. */
#ifndef STACK_CTL_EXTCAP_H
#define STACK_CTL_EXTCAP_H

#include <stdbool.h>

/* Was the program called as extcap(4) has it? */
bool extcap_called(int argc, char **argv);
/* Return: an exit status. */
int extcap_main(int argc, char **argv);

#endif
