/*
 * savefile.h: the file that a capture goes to, in either format, and the next
 * one when it is large or old enough.
 */
#ifndef STACK_CTL_SAVEFILE_H
#define STACK_CTL_SAVEFILE_H

#include <limits.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct bus;
struct bus_frame;

struct savefile {
	/* Set by the caller. */
	const char *name;	/* "-": standard output */
	bool ng;		/* pcapng, else pcap */
	bool nano;		/* stamps of pcap; those of pcapng always are */
	uint64_t limit;		/* bytes after which another begins; 0: none */
	uint64_t seconds;	/* the same of time */
	uint64_t files;		/* how many there may be; 0: any number */
	FILE *notes;		/* pcapng: lines for its comments, or NULL; ours */

	FILE *out;
	char path[PATH_MAX];	/* the one that is open */
	uint64_t made;		/* files so far */
	uint64_t part;		/* number of this one among those by size */
	uint64_t since;		/* ns: when the time of this one began */
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	struct capifaces *ifaces;
	struct owners *owners;
};

/*
 * Open the first; bus: what the user calls it.  Frames are snaplen bytes long
 * at most.  Return: 0, or CTL_FAILED after an error line.
 */
int savefile_open(struct savefile *s, struct bus *b, const char *bus,
    uint32_t snaplen);
/*
 * Before each frame: begin another file if it is time to.
 * Return: 1; 0: there were as many as there may be; -errno.
 */
int savefile_turn(struct savefile *s);
/* Errors show in the stream s->out. */
void savefile_write(struct savefile *s, const struct bus_frame *f,
    const uint8_t *bytes, uint32_t n);
void savefile_close(struct savefile *s);

#endif
