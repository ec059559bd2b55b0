/* pcbargs.h: who has which place in tcp_pcb.ext_args. */
#ifndef STACK_PCBARGS_H
#define STACK_PCBARGS_H

enum {
	PCBARG_PREV, PCBARG_NEXT,	/* pcbhash.c's links */
	PCBARG_REC,			/* loss recovery's */
	PCBARG_NUM
};

#endif
