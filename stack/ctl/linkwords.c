/* linkwords.c: the words of shmif link; see linkwords.h. */
#include "stack/ctl/linkwords.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"

#define ADDRS_MAX	4096
#define LIMIT	1000	/* frames, tc's default */

/* What is left to read, and what was read of it. */
struct parse {
	struct link_words *w;
	char **next;
	const char *word;	/* the one that is being read */
	bool seen_in_out, seen_loss, seen_gap, seen_netem, seen_cut;
};

static struct wire_fault *conf(struct parse *p)
{
	return &p->w->conf;
}

/* Does a number follow? */
static bool more(const struct parse *p)
{
	return *p->next && **p->next >= '0' && **p->next <= '9';
}

static bool more_signed(const struct parse *p)
{
	return more(p) || (*p->next && **p->next == '-' &&
	    (*p->next)[1] >= '0' && (*p->next)[1] <= '9');
}

/* It, which was not what the word takes. */
static int bad(const struct parse *p, const char *wanted)
{
	if (!*p->next)
		return ctl_usage("%s needs %s", p->word, wanted);
	return ctl_usage("%s %s: not %s", p->word, *p->next, wanted);
}

static int take_percent(struct parse *p, uint32_t *out)
{
	if (!*p->next || link_percent(*p->next, out))
		return bad(p, "a percentage, 0 to 100");
	p->next++;
	return 0;
}

static int take_time(struct parse *p, int64_t *out)
{
	if (!*p->next || link_time(*p->next, out))
		return bad(p, "a time, as 50ms, 1.5s, 200us");
	p->next++;
	return 0;
}

static int take_u32(struct parse *p, uint32_t *out)
{
	uint64_t v;

	if (!*p->next || text_parse_u64(*p->next, 0, UINT32_MAX, &v))
		return bad(p, "a number");
	*out = (uint32_t)v;
	p->next++;
	return 0;
}

static int take_int(struct parse *p, int32_t *out)
{
	const char *s = *p->next;
	uint64_t v;

	if (text_parse_u64(s + (*s == '-'), 0, INT32_MAX, &v))
		return bad(p, "a number");
	*out = *s == '-' ? -(int32_t)v : (int32_t)v;
	p->next++;
	return 0;
}

static int take_chance(struct parse *p, struct wire_chance *c)
{
	int status = take_percent(p, &c->p);

	if (!status && more(p))
		status = take_percent(p, &c->correlation);
	return status;
}

/* Up to n percentages; out holds what those are that are left out. */
static int take_markov(struct parse *p, uint32_t *out[], int n)
{
	int status = 0;

	for (int i = 0; i < n && !status && (i == 0 || more(p)); i++)
		status = take_percent(p, out[i]);
	return status;
}

/* The words, each with what follows it. */

static int do_limit(struct parse *p)
{
	return take_u32(p, &conf(p)->limit);
}

static int do_delay(struct parse *p)
{
	int status = take_time(p, &conf(p)->delay_ns);

	if (!status && more(p))
		status = take_time(p, &conf(p)->jitter_ns);
	else
		return status;
	if (!status && more(p))
		status = take_percent(p, &conf(p)->delay_correlation);
	return status;
}

static int do_distribution(struct parse *p)
{
	const char *name = *p->next;

	free(p->w->dist);
	p->w->dist = NULL;
	conf(p)->ndist = 0;
	if (!name)
		return bad(p, "normal, pareto, paretonormal or uniform");
	if (strcmp(name, "uniform")) {
		p->w->dist = link_dist(name);
		if (!p->w->dist)
			return bad(p, "normal, pareto, paretonormal or "
			    "uniform");
		conf(p)->ndist = LINK_DIST;
	}
	strcpy(conf(p)->dist, name);
	p->next++;
	return 0;
}

static int do_state(struct parse *p)
{
	uint32_t *m = conf(p)->markov;
	/* In the order that tc has: p13 p31 p32 p23 p14. */
	uint32_t *out[] = { &m[0], &m[1], &m[2], &m[3], &m[4] };
	uint32_t p31 = 0;
	int status;

	memset(m, 0, sizeof(conf(p)->markov));
	m[3] = UINT32_MAX;
	conf(p)->loss_model = WIRE_LOSS_STATE;
	out[1] = &p31;
	status = take_percent(p, out[0]);
	if (status)
		return status;
	p31 = UINT32_MAX - m[0];
	if (more(p))
		status = take_markov(p, out + 1, 4);
	m[1] = p31;
	return status;
}

static int do_gemodel(struct parse *p)
{
	uint32_t *m = conf(p)->markov, lost_in_bad = UINT32_MAX;
	uint32_t *out[] = { &m[1], &lost_in_bad, &m[3] };
	int status;

	memset(m, 0, sizeof(conf(p)->markov));
	conf(p)->loss_model = WIRE_LOSS_GEMODEL;
	status = take_percent(p, &m[0]);
	if (status)
		return status;
	m[1] = UINT32_MAX - m[0];
	if (more(p))
		status = take_markov(p, out, 3);
	m[2] = UINT32_MAX - lost_in_bad;
	return status;
}

static int do_loss(struct parse *p)
{
	const char *model = *p->next ? *p->next : "";

	p->seen_loss = true;
	if (!strcmp(model, "state") || !strcmp(model, "gemodel")) {
		p->next++;
		return *model == 's' ? do_state(p) : do_gemodel(p);
	}
	p->next += !strcmp(model, "random");
	conf(p)->loss_model = WIRE_LOSS_RANDOM;
	return take_chance(p, &conf(p)->loss);
}

static int do_duplicate(struct parse *p)
{
	return take_chance(p, &conf(p)->duplicate);
}

static int do_reorder(struct parse *p)
{
	return take_chance(p, &conf(p)->reorder);
}

static int do_corrupt(struct parse *p)
{
	return take_chance(p, &conf(p)->corrupt);
}

static int do_gap(struct parse *p)
{
	p->seen_gap = true;
	return take_u32(p, &conf(p)->gap);
}

static int do_rate(struct parse *p)
{
	struct wire_fault *c = conf(p);
	int status = 0;

	if (!*p->next || link_rate(*p->next, &c->rate))
		return bad(p, "a rate, as 10mbit, 512kbit, 2gbit");
	p->next++;
	if (more_signed(p))
		status = take_int(p, &c->overhead);
	else
		return 0;
	if (!status && more(p))
		status = take_u32(p, &c->cell_size);
	else
		return status;
	if (!status && more_signed(p))
		status = take_int(p, &c->cell_overhead);
	return status;
}

static int do_ecn(struct parse *p)
{
	conf(p)->ecn = 1;
	return 0;
}

static int do_slot(struct parse *p)
{
	(void)p;
	return ctl_usage("slot is tc-netem's, and not known here; rate holds "
	    "frames back as well");
}

static int do_down(struct parse *p)
{
	conf(p)->kind = WIRE_FAULT_DOWN;
	return 0;
}

static int add_addr(struct parse *p, const struct wire_fault_addr *a)
{
	struct wire_fault_addr *all;

	if (conf(p)->naddr == ADDRS_MAX)
		return ctl_usage("%s: more than %d addresses", p->word,
		    ADDRS_MAX);
	all = realloc(p->w->addr, (conf(p)->naddr + 1) * sizeof(*all));
	if (!all)
		return ctl_usage("out of memory");
	p->w->addr = all;
	all[conf(p)->naddr++] = *a;
	return 0;
}

/* false: *p->next is none. */
static bool parse_addr(const struct parse *p, struct wire_fault_addr *a)
{
	struct text_ip ip;
	uint8_t mac[6];

	*a = (struct wire_fault_addr){ .family = AF_PACKET };
	if (!text_parse_mac(*p->next, mac)) {
		memcpy(a->addr, mac, sizeof(mac));
		return true;
	}
	if (text_parse_ip(*p->next, 0, &ip) || ip.plen >= 0)
		return false;
	a->family = ip.family;
	memcpy(a->addr, ip.ip, ip.family == AF_INET ? 4 : 16);
	return true;
}

static int do_partition(struct parse *p)
{
	struct wire_fault_addr a;
	int status = 0;

	conf(p)->kind = WIRE_FAULT_PARTITION;
	while (!status && *p->next && parse_addr(p, &a)) {
		status = add_addr(p, &a);
		p->next++;
	}
	if (!status && !conf(p)->naddr)
		return bad(p, "an IPv4, IPv6 or Ethernet address");
	return status;
}

static int do_seed(struct parse *p)
{
	uint64_t v;

	if (!*p->next || text_parse_u64(*p->next, 0, UINT64_MAX, &v))
		return bad(p, "a number");
	conf(p)->seed = v;
	conf(p)->drawn = 0;
	p->next++;
	return 0;
}

static int take_filter(struct parse *p)
{
	struct bpf_program prog = { 0 };
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	int status = 0;

	if (!pcap)
		return ctl_usage("out of memory");
	if (pcap_compile(pcap, &prog, conf(p)->match, 1,
	    PCAP_NETMASK_UNKNOWN) < 0) {
		status = ctl_usage("match %s: %s", conf(p)->match,
		    pcap_geterr(pcap));
	} else {
		conf(p)->ninsn = prog.bf_len;
		free(p->w->insn);
		p->w->insn = calloc(prog.bf_len, sizeof(*p->w->insn));
		if (p->w->insn)
			memcpy(p->w->insn, prog.bf_insns,
			    prog.bf_len * sizeof(*p->w->insn));
		else
			status = ctl_usage("out of memory");
		pcap_freecode(&prog);
	}
	pcap_close(pcap);
	return status;
}

/* All that follows, as tcpdump(8) takes it, or one argument. */
static int do_match(struct parse *p)
{
	char *to = conf(p)->match;
	size_t room = sizeof(conf(p)->match), n;

	if (!*p->next || !**p->next)
		return bad(p, "a filter, as pcap-filter(7) has them");
	for (*to = '\0'; *p->next; p->next++) {
		if (p->next[1] && !strcmp(*p->next, "seed"))
			break;
		n = strlen(*p->next) + (*to != '\0');
		if (strlen(to) + n >= room)
			return ctl_usage("match: a filter has at most %zu "
			    "characters", room - 1);
		if (*to)
			strcat(to, " ");
		strcat(to, *p->next);
	}
	return take_filter(p);
}

enum { CUT = 1, NETEM = 2 };	/* what a word makes it */

static const struct {
	const char *name;
	int (*read)(struct parse *p);
	int makes;
} all_words[] = {
	{ "limit", do_limit, NETEM },
	{ "delay", do_delay, NETEM },
	{ "latency", do_delay, NETEM },
	{ "distribution", do_distribution, NETEM },
	{ "loss", do_loss, NETEM },
	{ "drop", do_loss, NETEM },
	{ "duplicate", do_duplicate, NETEM },
	{ "reorder", do_reorder, NETEM },
	{ "gap", do_gap, NETEM },
	{ "corrupt", do_corrupt, NETEM },
	{ "rate", do_rate, NETEM },
	{ "ecn", do_ecn, NETEM },
	{ "slot", do_slot, NETEM },
	{ "down", do_down, CUT },
	{ "partition", do_partition, CUT },
	{ "seed", do_seed, 0 },
	{ "match", do_match, 0 },
};

static int one(struct parse *p)
{
	p->word = *p->next++;
	for (size_t i = 0; i < sizeof(all_words) / sizeof(all_words[0]); i++) {
		if (strcmp(all_words[i].name, p->word))
			continue;
		if (p->seen_cut && all_words[i].makes)
			return ctl_usage("%s: down and partition stand alone",
			    p->word);
		p->seen_cut |= all_words[i].makes == CUT;
		if (p->seen_cut && p->seen_netem)
			return ctl_usage("%s: down and partition stand alone",
			    p->word);
		p->seen_netem |= all_words[i].makes == NETEM;
		return all_words[i].read(p);
	}
	return ctl_unknown("link", p->word, "shmif help link");
}

/* What goes only with something else, as tc has it. */
static int finish(struct parse *p)
{
	struct wire_fault *c = conf(p);

	if (!p->seen_cut && !p->seen_netem)
		return ctl_usage("say what shall happen: delay, loss, rate, "
		    "down, ...");
	if (c->dist[0] && !(c->delay_ns && c->jitter_ns))
		return ctl_usage("distribution needs a delay with jitter");
	if (c->reorder.p && !c->delay_ns)
		return ctl_usage("reorder needs a delay: what is not delayed "
		    "overtakes");
	if (p->seen_gap && !c->reorder.p)
		return ctl_usage("gap needs reorder");
	if (c->ecn && !p->seen_loss)
		return ctl_usage("ecn needs loss");
	if (c->reorder.p && !c->gap)
		c->gap = 1;
	if (!c->dirs)
		c->dirs = p->seen_cut ? WIRE_FAULT_IN | WIRE_FAULT_OUT :
		    WIRE_FAULT_OUT;
	return 0;
}

int link_words_parse(struct link_words *w, char **words)
{
	struct parse p = { .w = w, .next = words };
	int status = 0;

	w->conf.limit = LIMIT;
	w->conf.drawn = 1;
	if (*p.next && !strcmp(*p.next, "in"))
		w->conf.dirs = WIRE_FAULT_IN;
	else if (*p.next && !strcmp(*p.next, "out"))
		w->conf.dirs = WIRE_FAULT_OUT;
	p.next += w->conf.dirs != 0;
	while (!status && *p.next)
		status = one(&p);
	return status ? status : finish(&p);
}

int link_words_match(struct link_words *w, char **words)
{
	struct parse p = { .w = w, .next = words, .word = "match" };

	return do_match(&p);
}

void link_words_free(struct link_words *w)
{
	free(w->insn);
	free(w->dist);
	free(w->addr);
}
