/* dumpfilter.h: which frames shmif dump shows: a filter as pcap-filter(7). */
#ifndef STACK_CTL_DUMPFILTER_H
#define STACK_CTL_DUMPFILTER_H

#include <pcap/pcap.h>

struct bus;

/*
 * Compile the words of one; those that stand for a host may be names of
 * members of the bus.  None: every frame passes.
 * Return: 0 and *prog, for pcap_freecode(), or -1 and one line in err.
 */
int dumpfilter_compile(struct bpf_program *prog, struct bus *b, int words,
    char **word, char err[static PCAP_ERRBUF_SIZE]);

#endif
