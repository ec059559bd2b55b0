/* link.c: shmif link: faults of the host's interfaces. */
#include "stack/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/ctl/linkshow.h"
#include "stack/ctl/linkwords.h"
#include "stack/wire/json.h"

static bool write_all(int fd, const void *from, size_t n)
{
	return !n || write(fd, from, n) == (ssize_t)n;
}

/* The file that goes with a request; -1: none is needed, or there is none. */
static int make_file(const struct link_words *w)
{
	const struct wire_fault *c = &w->conf;
	int fd;

	if (!c->ninsn && !c->ndist && !c->naddr)
		return -1;
	fd = memfd_create("shmif-link", MFD_CLOEXEC);
	if (fd >= 0 && write_all(fd, w->insn, c->ninsn * sizeof(*w->insn)) &&
	    write_all(fd, w->dist, c->ndist * sizeof(*w->dist)) &&
	    write_all(fd, w->addr, c->naddr * sizeof(*w->addr)))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int send_words(struct link_words *w, enum wire_fault_op op,
    struct wire_rep *rep)
{
	struct wire_req req = { .op = WIRE_FAULT, .a = (int)op,
	    .len = sizeof(w->conf) };
	int fd = make_file(w), status;

	memcpy(req.data, &w->conf, sizeof(w->conf));
	status = ctl_call_with(&req, fd, rep, NULL, w->conf.ifname);
	if (fd >= 0)
		close(fd);
	return status;
}

static int set_name(struct wire_fault *c, const char *name)
{
	name = wire_ifname(name);
	if (strlen(name) >= sizeof(c->ifname))
		return ctl_fail("%s: no such interface; shmif ifconfig -l "
		    "lists them", name);
	strcpy(c->ifname, name);
	return 0;
}

/* A seed that was drawn is told: with it the same can be had again. */
static void tell_seed(const struct wire_rep *rep, bool as_json)
{
	struct wire_fault c;
	struct json j;

	if (rep->len != sizeof(c))
		return;
	memcpy(&c, rep->data, sizeof(c));
	if (as_json) {
		json_init(&j, stdout, true);
		json_object(&j, NULL);
		json_uint(&j, "seed", c.seed);
		json_end(&j);
	} else if (c.drawn && c.kind == WIRE_FAULT_NETEM) {
		printf("seed %llu\n", (unsigned long long)c.seed);
	}
}

/* An entry that takes all frames leaves nothing to one behind it. */
static void warn_shadow(const struct wire_fault *c)
{
	struct ctl_list list;
	const struct wire_fault *all;

	if (c->kind != WIRE_FAULT_NETEM || !c->match[0] ||
	    ctl_dump(WIRE_DUMP_FAULT, &list))
		return;
	all = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(all[i].ifname, c->ifname) ||
		    !(all[i].dirs & c->dirs) || all[i].kind ==
		    WIRE_FAULT_PARTITION)
			continue;
		if (!strcmp(all[i].match, c->match))
			break;
		if (!all[i].match[0]) {
			fprintf(stderr, "%s: an entry before it takes every "
			    "frame; clear that one, and set it again after "
			    "this\n", ctl_prog());
			break;
		}
	}
	free(list.rec);
}

static int set(const char *ifname, char **words, bool json)
{
	struct link_words w = { .conf.dirs = 0 };
	struct wire_rep rep;
	int status = set_name(&w.conf, ifname);

	if (!status)
		status = link_words_parse(&w, words);
	if (!status)
		status = send_words(&w, WIRE_FAULT_SET, &rep);
	if (!status) {
		tell_seed(&rep, json);
		warn_shadow(&w.conf);
	}
	link_words_free(&w);
	return status;
}

/* [in|out] [down|partition] [match FILTER] */
static int parse_clear(struct link_words *w, char **words)
{
	struct wire_fault *c = &w->conf;
	int status;

	c->dirs = WIRE_FAULT_IN | WIRE_FAULT_OUT;
	if (*words && (!strcmp(*words, "in") || !strcmp(*words, "out")))
		c->dirs = !strcmp(*words++, "in") ? WIRE_FAULT_IN :
		    WIRE_FAULT_OUT;
	if (*words && (!strcmp(*words, "down") ||
	    !strcmp(*words, "partition"))) {
		c->this_kind = 1;
		c->kind = !strcmp(*words++, "down") ? WIRE_FAULT_DOWN :
		    WIRE_FAULT_PARTITION;
	}
	if (*words && !strcmp(*words, "match")) {
		status = link_words_match(w, words + 1);
		c->this_match = 1;
		return status;
	}
	return *words ? ctl_unknown("link", *words, "shmif help link") : 0;
}

static int clear(const char *ifname, char **words)
{
	struct link_words w = { .conf.dirs = 0 };
	struct wire_rep rep;
	int status = set_name(&w.conf, ifname);

	if (!status)
		status = parse_clear(&w, words);
	if (!status) {
		w.conf.ninsn = 0;
		status = send_words(&w, WIRE_FAULT_CLEAR, &rep);
	}
	link_words_free(&w);
	return status;
}

int cmd_link(int argc, char **argv)
{
	bool json = ctl_take_json(&argc, argv);
	const char *ifname = NULL;
	int i = 1;

	if (i < argc && *argv[i] == '-')
		return ctl_usage("%s: unknown option", argv[i]);
	if (i < argc && strcmp(argv[i], "show"))
		ifname = argv[i++];
	if (!ifname || i == argc || !strcmp(argv[i], "show")) {
		if (i + 1 < argc)
			return ctl_usage("%s: show takes no more", argv[i + 1]);
		return link_show(ifname, json);
	}
	if (!strcmp(argv[i], "set"))
		return set(ifname, argv + i + 1, json);
	if (!strcmp(argv[i], "clear"))
		return clear(ifname, argv + i + 1);
	return ctl_unknown("link", argv[i], "shmif help link");
}
