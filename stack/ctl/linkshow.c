/* linkshow.c: shmif link show; see linkshow.h. */
#include "stack/ctl/linkshow.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/ctl/ctl.h"
#include "stack/ctl/text.h"
#include "stack/wire/json.h"

#define NUMBERLEN	40

/* Numbers as the words take them. */

static const char *percent(char buf[static NUMBERLEN], uint32_t p)
{
	snprintf(buf, NUMBERLEN, "%.6g%%", 100.0 * p / UINT32_MAX);
	return buf;
}

static const char *with_unit(char buf[static NUMBERLEN], uint64_t n,
    const char *const units[], const uint64_t factors[])
{
	int i = 0;

	while (factors[i] > 1 && n < factors[i])
		i++;
	snprintf(buf, NUMBERLEN, "%.12g%s", (double)n / (double)factors[i],
	    units[i]);
	return buf;
}

static const char *duration(char buf[static NUMBERLEN], int64_t ns)
{
	static const char *const units[] = { "s", "ms", "us", "ns" };
	static const uint64_t factors[] = { 1000000000, 1000000, 1000, 1 };

	return with_unit(buf, (uint64_t)ns, units, factors);
}

static const char *rate(char buf[static NUMBERLEN], uint64_t bytes)
{
	static const char *const units[] = { "gbit", "mbit", "kbit", "bit" };
	static const uint64_t factors[] = { 1000000000, 1000000, 1000, 1 };

	return with_unit(buf, bytes * 8, units, factors);
}

static const char *direction(const struct wire_fault *c)
{
	switch (c->dirs) {
	case WIRE_FAULT_IN:
		return "in";
	case WIRE_FAULT_OUT:
		return "out";
	default:
		return "both";
	}
}

static const char *address(char buf[static TEXT_IPLEN],
    const struct wire_fault_addr *a)
{
	if (a->family == AF_PACKET)
		return text_mac(buf, a->addr);
	return text_ip(buf, a->family, a->addr);
}

/* As words. */

static void print_chance(const char *word, const struct wire_chance *c)
{
	char buf[NUMBERLEN];

	if (!c->p)
		return;
	printf(" %s %s", word, percent(buf, c->p));
	if (c->correlation)
		printf(" %s", percent(buf, c->correlation));
}

static void print_delay(const struct wire_fault *c)
{
	char buf[NUMBERLEN];

	if (!c->delay_ns && !c->jitter_ns)
		return;
	printf(" delay %s", duration(buf, c->delay_ns));
	if (c->jitter_ns)
		printf(" %s", duration(buf, c->jitter_ns));
	if (c->delay_correlation)
		printf(" %s", percent(buf, c->delay_correlation));
	if (c->dist[0] && c->jitter_ns)
		printf(" distribution %s", c->dist);
}

static void print_loss(const struct wire_fault *c)
{
	const uint32_t *m = c->markov;
	char buf[NUMBERLEN];
	int n = c->loss_model == WIRE_LOSS_STATE ? 5 : 4;

	if (c->loss_model == WIRE_LOSS_RANDOM) {
		print_chance("loss", &c->loss);
		return;
	}
	printf(" loss %s", n == 5 ? "state" : "gemodel");
	for (int i = 0; i < n; i++)
		printf(" %s", percent(buf, n == 4 && i == 2 ?
		    UINT32_MAX - m[i] : m[i]));
}

static void print_rate(const struct wire_fault *c)
{
	char buf[NUMBERLEN];

	if (!c->rate)
		return;
	printf(" rate %s", rate(buf, c->rate));
	if (c->overhead || c->cell_size)
		printf(" %d", c->overhead);
	if (c->cell_size)
		printf(" %u %d", c->cell_size, c->cell_overhead);
}

static void print_netem(const struct wire_fault *c)
{
	printf(" limit %u", c->limit);
	print_delay(c);
	print_loss(c);
	if (c->ecn)
		printf(" ecn");
	print_chance("duplicate", &c->duplicate);
	print_chance("reorder", &c->reorder);
	if (c->gap > 1)
		printf(" gap %u", c->gap);
	print_chance("corrupt", &c->corrupt);
	print_rate(c);
	printf(" seed %" PRIu64, c->seed);
}

static void print_counters(const struct wire_fault *c)
{
	if (c->kind != WIRE_FAULT_NETEM) {
		printf("\tframes %" PRIu64 " bytes %" PRIu64 " cut %" PRIu64
		    "\n", c->frames, c->bytes, c->cut);
		return;
	}
	printf("\tframes %" PRIu64 " bytes %" PRIu64 " sent %" PRIu64
	    " lost %" PRIu64 " marked %" PRIu64 " duplicated %" PRIu64 "\n",
	    c->frames, c->bytes, c->sent, c->lost, c->marked, c->duplicated);
	printf("\treordered %" PRIu64 " corrupted %" PRIu64 " delayed %" PRIu64
	    " limited %" PRIu64 " waiting %u (%u bytes)\n", c->reordered,
	    c->corrupted, c->delayed, c->limited, c->waiting,
	    c->waiting_bytes);
}

static void print_entry(const struct wire_fault *c,
    const struct wire_fault_addr *addr)
{
	char buf[TEXT_IPLEN];

	printf("%s %s", c->ifname, direction(c));
	switch (c->kind) {
	case WIRE_FAULT_DOWN:
		printf(" down");
		break;
	case WIRE_FAULT_PARTITION:
		printf(" partition");
		for (uint32_t i = 0; i < c->naddr; i++)
			printf(" %s", address(buf, &addr[i]));
		break;
	default:
		print_netem(c);
	}
	if (c->match[0])
		printf(" match %s", c->match);
	putchar('\n');
	print_counters(c);
}

/* To eight digits, so that 2 % are 0.02 again. */
static double share(uint32_t p)
{
	return rint(1e8 * p / UINT32_MAX) / 1e8;
}

/* As JSON: shares from 0 to 1, times in seconds, rates in bits a second. */

static void json_chance(struct json *j, const char *key,
    const struct wire_chance *c)
{
	char name[32];

	if (!c->p)
		return;
	json_real(j, key, share(c->p));
	if (!c->correlation)
		return;
	snprintf(name, sizeof(name), "%s_correlation", key);
	json_real(j, name, share(c->correlation));
}

static void json_delay(struct json *j, const struct wire_fault *c)
{
	if (!c->delay_ns && !c->jitter_ns)
		return;
	json_real(j, "delay", (double)c->delay_ns / 1e9);
	json_real(j, "jitter", (double)c->jitter_ns / 1e9);
	if (c->delay_correlation)
		json_real(j, "delay_correlation",
		    share(c->delay_correlation));
	if (c->jitter_ns)
		json_string(j, "distribution", c->dist[0] ? c->dist :
		    "uniform");
}

static void json_loss(struct json *j, const struct wire_fault *c)
{
	static const char *const names[2][5] = {
		{ "p13", "p31", "p32", "p23", "p14" },
		{ "p", "r", "1-h", "1-k" },
	};
	bool state = c->loss_model == WIRE_LOSS_STATE;
	uint32_t v;

	if (c->loss_model == WIRE_LOSS_RANDOM) {
		json_chance(j, "loss", &c->loss);
		return;
	}
	json_object(j, state ? "loss_state" : "loss_gemodel");
	for (int i = 0; i < 5 && names[!state][i]; i++) {
		v = c->markov[i];
		if (!state && i == 2)
			v = UINT32_MAX - v;
		json_real(j, names[!state][i], share(v));
	}
	json_end(j);
}

static void json_netem(struct json *j, const struct wire_fault *c)
{
	json_uint(j, "limit", c->limit);
	json_delay(j, c);
	json_loss(j, c);
	if (c->ecn)
		json_bool(j, "ecn", true);
	json_chance(j, "duplicate", &c->duplicate);
	json_chance(j, "reorder", &c->reorder);
	if (c->gap)
		json_uint(j, "gap", c->gap);
	json_chance(j, "corrupt", &c->corrupt);
	if (c->rate) {
		json_uint(j, "rate", c->rate * 8);
		json_int(j, "packet_overhead", c->overhead);
		json_uint(j, "cell_size", c->cell_size);
		json_int(j, "cell_overhead", c->cell_overhead);
	}
	json_uint(j, "seed", c->seed);
	json_bool(j, "seed_drawn", c->drawn);
}

static void json_counters(struct json *j, const struct wire_fault *c)
{
	const struct {
		const char *name;
		uint64_t n;
	} all[] = {
		{ "frames", c->frames }, { "bytes", c->bytes },
		{ "sent", c->sent }, { "sent_bytes", c->sent_bytes },
		{ "lost", c->lost }, { "marked", c->marked },
		{ "duplicated", c->duplicated }, { "reordered", c->reordered },
		{ "corrupted", c->corrupted }, { "delayed", c->delayed },
		{ "limited", c->limited }, { "cut", c->cut },
		{ "waiting", c->waiting },
		{ "waiting_bytes", c->waiting_bytes },
	};

	json_object(j, "counters");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_uint(j, all[i].name, all[i].n);
	json_end(j);
}

static void json_entry(struct json *j, const struct wire_fault *c,
    const struct wire_fault_addr *addr)
{
	static const char *const kinds[] = { "netem", "down", "partition" };
	char buf[TEXT_IPLEN];

	json_object(j, NULL);
	json_string(j, "interface", c->ifname);
	json_string(j, "direction", direction(c));
	json_string(j, "kind", c->kind < WIRE_FAULT_NUM_KINDS ?
	    kinds[c->kind] : "?");
	if (c->match[0])
		json_string(j, "match", c->match);
	if (c->kind == WIRE_FAULT_PARTITION) {
		json_array(j, "addresses");
		for (uint32_t i = 0; i < c->naddr; i++)
			json_string(j, NULL, address(buf, &addr[i]));
		json_end(j);
	} else if (c->kind == WIRE_FAULT_NETEM) {
		json_netem(j, c);
	}
	json_counters(j, c);
	json_end(j);
}

/* The addresses of the i-th entry, which come after those before it. */
static const struct wire_fault_addr *addrs_of(const struct ctl_list *addrs,
    size_t i, uint32_t *n)
{
	const struct wire_fault_addr *a = addrs->rec;
	size_t first = 0;

	while (first < addrs->n && a[first].entry != i)
		first++;
	for (*n = 0; first + *n < addrs->n && a[first + *n].entry == i; ++*n)
		;
	return a + first;
}

static int check_name(const char *ifname)
{
	struct ctl_list list;
	const struct wire_link *l;
	bool found = false;

	if (ctl_dump(WIRE_DUMP_LINK, &list))
		return CTL_FAILED;
	l = list.rec;
	for (size_t i = 0; i < list.n; i++)
		found |= !strcmp(l[i].name, ifname);
	free(list.rec);
	return found ? 0 : ctl_fail("%s: no such interface; shmif ifconfig -l "
	    "lists them", ifname);
}

static void show(const struct ctl_list *list, const struct ctl_list *addrs,
    const char *ifname, struct json *j)
{
	const struct wire_fault_addr *a;
	struct wire_fault *c = list->rec;

	for (size_t i = 0; i < list->n; i++) {
		if (ifname && strcmp(c[i].ifname, ifname))
			continue;
		a = addrs_of(addrs, i, &c[i].naddr);
		if (j)
			json_entry(j, &c[i], a);
		else
			print_entry(&c[i], a);
	}
}

int link_show(const char *ifname, bool json)
{
	struct ctl_list list, addrs = { .n = 0 };
	struct json j;
	int status;

	ifname = ifname ? wire_ifname(ifname) : NULL;
	status = ifname ? check_name(ifname) : 0;
	if (status || ctl_dump(WIRE_DUMP_FAULT, &list))
		return CTL_FAILED;
	status = ctl_dump(WIRE_DUMP_FAULT_ADDR, &addrs);
	if (!status && json) {
		json_init(&j, stdout, false);
		json_array(&j, NULL);
		show(&list, &addrs, ifname, &j);
		json_end(&j);
	} else if (!status) {
		show(&list, &addrs, ifname, NULL);
	}
	free(list.rec);
	free(addrs.rec);
	return status;
}
