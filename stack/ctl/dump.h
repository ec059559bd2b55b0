/* dump.h: frames of a bus, to where and in which form they are wanted. */
#ifndef STACK_CTL_DUMP_H
#define STACK_CTL_DUMP_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/ctl/dumptext.h"
#include "stack/ctl/savefile.h"

struct dump {
	struct savefile save;	/* without a name: text */
	struct dumptext text;
	struct bpf_program filter;	/* all zero: every frame */
	bool follow;		/* go on with those that come */
	bool from_now;		/* not those that are there */
	bool at_once;		/* write out each frame by itself */
	bool header;		/* only what kind of bus it is */
	bool quiet;		/* no count at the end */
	uint64_t count;		/* frames to show, UINT64_MAX for all */

	uint64_t shown, missed, bytes;
	int write_errno;	/* of the first write that failed */
	int error;		/* errno to tell about */
};

struct bus;

/*
 * Until the end, a signal, or whoever reads goes away; bus: its name in error
 * lines.  Return: an exit status, after an error line.
 */
int dump_frames(struct dump *d, struct bus *b, const char *bus);

#endif
