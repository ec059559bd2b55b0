# lwip.sed: look-ups in place of lwIP's walks through its connections, and one
# acknowledgement for a batch of segments; see pcbhash.h.  The Makefile checks
# that all of it found its place.
/^tcp_input(/,/^}/ {
	s/for (pcb = tcp_active_pcbs; .*{$/for (pcb = pcbhash_active(tcphdr->dest, tcphdr->src); pcb; pcb = NULL) {/
	s/for (pcb = tcp_tw_pcbs; .*{$/for (pcb = pcbhash_timewait(tcphdr->dest, tcphdr->src, flags, seqno); pcb; pcb = NULL) {/
	s/^ *tcp_output(pcb);$/pcbhash_output(pcb);/
}
s/^ *\/\* Remove PCB from tcp_active_pcbs list\. \*\/$/pcbhash_unlink(pcb);/
s/^ *\/\* Remove PCB from tcp_tw_pcbs list\. \*\/$/pcbhash_unlink(pcb);/
