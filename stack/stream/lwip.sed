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
# What an acknowledgement says, what is lost and what may be sent is stack/tcp/'s
# affair: see rec.h there.  In tcp_priv.h: what is known of a segment.
s|^  struct tcp_hdr \*tcphdr;  /\* the TCP header \*/$|&\
  u64_t sent_ns;   /* when it was sent last: lwip.sed */\
  /* What had arrived when it was sent, and when; of stack/tcp/bbr.c. */\
  u64_t arrived, arrived_ns, first_ns;\
  u8_t idle;\
  u8_t marks;      /* SEG_*, of stack/tcp/rec.h */\
  u32_t held;      /* of stack/stream/reass.h */\
  struct tcp_seg **last_of;  /* who remembers it, of stack/tcp/ooseq.c */|
# Nagle's algorithm: a segment is full that has no room but for its options.
s|((tpcb)->unsent->len >= (tpcb)->mss)|((tpcb)->unsent->len >= rec_mss(tpcb)) /* lwip.sed */|
# What came out of order is kept for 240 s (of ticks of half a second, with an
# RTO of 2), twice as long as the peer may wait to send again.
s|^#define TCP_OOSEQ_TIMEOUT .*|#define TCP_OOSEQ_TIMEOUT 240U /* lwip.sed */|
s|^    memp_free(MEMP_TCP_SEG, seg);$|    reass_give(seg->held); /* lwip.sed */\
    if (seg->last_of) *seg->last_of = NULL;\
&|
s|^  pbuf_ref(cseg->p);$|&\
  cseg->held = reass_take(cseg->p); /* lwip.sed */|
# tcp_in.c
/^    \/\* Clause 1 \*\/$/,/^  \/\* If the incoming segment contains data, we must process it$/ {
	/Clause 1/c\
    recv_acked = rec_ack(pcb, ackno, tcplen, pcb->snd_wl2 + pcb->snd_wnd == right_wnd_edge); /* lwip.sed */\
  }\

	/^  \/\* If the incoming segment contains data/!d
}
# A FIN that comes too early is told of as well, or it is sent again.
s|^            pcb->rcv_sacks\[0\].right = seqno + inseg.len;$|            pcb->rcv_sacks[0].right = seqno + TCP_TCPLEN(\&inseg); /* lwip.sed */\
            oos_last(pcb, pcb->ooseq, seqno);|
# Its place is mostly the last one; how many there are is known: ooseq.c.
s|^          for (next = pcb->ooseq; next != NULL; next = next->next) {$|          for (next = oos_from(pcb, seqno, \&sackbeg); next != NULL; next = next->next) { /* lwip.sed */|
s|^          if (pcb->flags & TF_SACK) {$|          if (!(pcb->flags \& TF_SACK)) oos_last(pcb, pcb->ooseq, seqno); else { /* lwip.sed */|
s|^              tcp_add_sack(pcb, sackbeg, sackend);$|&\
              if (!next) oos_last(pcb, prev ? prev : pcb->ooseq, sackbeg); /* lwip.sed */|
s|^          for (next = pcb->ooseq; next != NULL; prev = next, next = next->next) {$|          for (next = oos_count(pcb, inseg.p, ooseq_max_qlen); next != NULL; prev = next, next = next->next) { /* lwip.sed */|
s|^                sackend += next->len;$|                sackend += TCP_TCPLEN(next); /* lwip.sed */|
s|^ *pcb->cwnd = LWIP_TCP_CALC_INITIAL_CWND(pcb->mss);$|rec_established(pcb); /* lwip.sed */|
# A size is said in a SYN; later it would change what is queued already.
s|^ *pcb->mss = ((mss > TCP_MSS).*|          if (flags \& TCP_SYN) pcb->mss = rec_peer_mss(mss); /* lwip.sed */|
s|^ *tcp_rexmit(pcb);$|rec_again(pcb); /* lwip.sed */|
s|^ *tcp_rexmit_rto(pcb);$|rec_again(pcb); /* lwip.sed */|
/^tcp_listen_input(/,/^}/ s|^    tcp_parseopt(npcb);$|&\
    rec_begun(npcb, tcphdr); hops_begun(npcb); /* lwip.sed */|
# tcp_out.c
# What is new may be marked: stack/tcp/ecn.c.
s|^                     pcb->tos, IP_PROTO_TCP, netif);$|                     (u8_t)(pcb->tos \| rec_ect(pcb, seg)), IP_PROTO_TCP, netif); /* lwip.sed */|
# Segments of several frames: stack/tcp/large.c.  One that was made when longer
# ones might be is left as it is.
s|^  mss_local = LWIP_MIN(pcb->mss, TCPWND_MIN16(pcb->snd_wnd_max / 2));$|  mss_local = large_max(pcb); /* lwip.sed */|
/^    LWIP_ASSERT("mss_local is too small"/d
s|^    space = mss_local - (last_unsent->len + unsent_optlen);$|    space = LWIP_MAX(mss_local, last_unsent->len + unsent_optlen) - (last_unsent->len + unsent_optlen); /* lwip.sed */|
s|^  /\* Handle the current segment not fitting within the window \*/$|  large_route(pcb, output_large(netif, \&pcb->remote_ip, pcb->mss));\
  if (!large_fit(pcb, wnd)) return ERR_MEM; /* lwip.sed */|
s|^    seg = pcb->unsent;$|    if (!large_fit(pcb, wnd)) return ERR_MEM; /* lwip.sed */\
&|
/^tcp_output_segment(/,/^}/ s|^  TCP_STATS_INC(tcp.xmit);$|  large_mark(pcb, seg); /* lwip.sed */|
s|^  seg->flags = optflags;$|&\
  seg->marks = 0; seg->held = 0; seg->last_of = NULL; /* lwip.sed */|
s|^tcp_output(struct tcp_pcb \*pcb)$|rec_lwip_output(struct tcp_pcb *pcb) /* lwip.sed */|
s|^  wnd = LWIP_MIN(pcb->snd_wnd, pcb->cwnd);$|wnd = rec_window(pcb); /* lwip.sed */|
s|^    pcb->unsent = seg->next;$|&\
    rec_sent(pcb, seg); /* lwip.sed */|
s|tcp_get_num_sacks(pcb, optlen)) > 0|rec_sack_count(pcb, optlen)) > 0 /* lwip.sed */|
s|^    tcp_build_sack_option(pcb, opts, num_sacks);$|rec_sack_put(pcb, opts, num_sacks); /* lwip.sed */|
s|^  opts\[1\] = lwip_htonl(sys_now());$|opts[1] = lwip_htonl(rec_tsval()); /* lwip.sed */|
# What carries no data has a number that the peer accepts.
s|tcp_rst(pcb, pcb->snd_nxt, pcb->rcv_nxt,|tcp_rst(pcb, rec_seq(pcb), pcb->rcv_nxt, /* lwip.sed */|
s|^    seqno = pcb->snd_nxt;$|    seqno = rec_seq(pcb); /* lwip.sed */|
s|optlen, 0, lwip_htonl(pcb->snd_nxt));$|optlen, 0, lwip_htonl(rec_seq(pcb))); /* lwip.sed */|
# Probes have time stamps like any other segment.
/^tcp_keepalive(/,/^}/ {
	s|LWIP_TCP_OPT_LENGTH_SEGMENT(0, pcb);|LWIP_TCP_OPT_LENGTH_SEGMENT(PROBE_OPTS, pcb); /* lwip.sed */|
	s|tcp_output_fill_options(pcb, p, 0, 0);|tcp_output_fill_options(pcb, p, PROBE_OPTS, 0); /* lwip.sed */|
}
/^tcp_route(/,/^}/ s|^}$|&\
#define PROBE_OPTS (pcb->flags \& TF_TIMESTAMP ? TF_SEG_OPTS_TS : 0)\
err_t rec_lwip_emit(struct tcp_pcb *pcb, struct tcp_seg *seg, u32_t max) /* lwip.sed */\
{\
  struct netif *netif = tcp_route(pcb, \&pcb->local_ip, \&pcb->remote_ip);\
  if (!netif) return ERR_RTE;\
  large_route(pcb, output_large(netif, \&pcb->remote_ip, pcb->mss));\
  return large_cut(pcb, seg, max) ? tcp_output_segment(seg, pcb, netif) : ERR_MEM;\
}|
# tcp.c: the timers are stack/tcp/timer.c's, and how long a handshake or a close
# may take is for it to say.
/^tcp_slowtmr(/,/^}/ {
	/^    if (pcb->state == SYN_SENT && pcb->nrtx/,/Check if this PCB has stayed too long in FIN-WAIT-2/ {
		/FIN-WAIT-2/!d
		s|$|/* lwip.sed */|
	}
	/Check if KEEPALIVE should be sent/,/If this PCB has queued out of sequence/ {
		/out of sequence/!d
		s|^|/* lwip.sed */|
	}
	/Check if this PCB has stayed too long in SYN-RCVD/,/If the PCB should be removed, do it/ {
		/do it/!d
		s|$|/* lwip.sed */|
	}
}
