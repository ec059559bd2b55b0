# lwip.sed: what is changed in lwIP's TCP when it is built.  Each edit leaves
# this file's name behind, and the Makefile counts them: one that no longer
# finds its place ends the build.
#
# Look-ups in place of walks through all connections, and one acknowledgement
# for a batch of segments: see pcbhash.h.
/^tcp_input(/,/^}/ {
	s|for (pcb = tcp_active_pcbs; .*{$|for (pcb = pcbhash_active(tcphdr->dest, tcphdr->src); pcb; pcb = NULL) { /* lwip.sed */|
	s|for (pcb = tcp_tw_pcbs; .*{$|for (pcb = pcbhash_timewait(tcphdr->dest, tcphdr->src, flags, seqno); pcb; pcb = NULL) { /* lwip.sed */|
	s|^ *tcp_output(pcb);$|pcbhash_output(pcb); /* lwip.sed */|
}
s|^ */\* Remove PCB from tcp_active_pcbs list\. \*/$|pcbhash_unlink(pcb); /* lwip.sed */|
s|^ */\* Remove PCB from tcp_tw_pcbs list\. \*/$|pcbhash_unlink(pcb); /* lwip.sed */|
# An option whose kind is the last byte has no length: it ends there, and not
# one byte behind the segment.
/^tcp_get_next_optbyte(/,/^}/ {
	s|^  u16_t optidx = tcp_optidx++;$|&\
  if (optidx >= tcphdr_optlen) return 0; /* lwip.sed */|
}
