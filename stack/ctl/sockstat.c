/* sockstat.c: shmif sockstat: each socket with the program behind it. */
#include "stack/ctl/ctl.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stack/ctl/socktext.h"
#include "stack/wire/json.h"
#include "stack/wire/right.h"

#define LINE	"%-8s %-10s %6s %3s %-6s %-21s %s%s\n"

struct sockstat {
	bool four, six, connected, listening, verbose;
};

static bool wanted(const struct sockstat *o, const struct wire_sock *s)
{
	bool listening = socktext_listening(s);

	if ((o->four || o->six) &&
	    !(s->domain == AF_INET ? o->four : o->six))
		return false;
	if (o->connected || o->listening)
		return listening ? o->listening : o->connected;
	return true;
}

static const char *user_name(uint32_t uid)
{
	static char number[12];
	struct passwd *pw = getpwuid(uid);

	if (pw)
		return pw->pw_name;
	snprintf(number, sizeof(number), "%u", uid);
	return number;
}

/* NULL: there is none, or it was not asked for. */
static const struct wire_sockinfo *find_info(const struct ctl_list *l,
    uint64_t id)
{
	const struct wire_sockinfo *w = l->rec;

	for (size_t i = 0; i < l->n; i++)
		if (w[i].id == id)
			return &w[i];
	return NULL;
}

/* The line below, as ss(8) shows such numbers. */
static void print_info(const struct wire_sock *s,
    const struct wire_sockinfo *w)
{
	printf("\tsocket:%llx", (unsigned long long)w->id);
	if (s->type != SOCK_STREAM) {
		printf(" dropped:%" PRIu64, w->dropped);
	} else if (socktext_listening(s)) {
		printf(" backlog:%u waiting:%u", w->backlog, w->waiting);
	} else {
		printf(" rx:%s tx:%s end:%s recvq:%u sendq:%u unsent:%u "
		    "in_flight:%u rcv_wnd:%u snd_wnd:%u cwnd:%u ssthresh:%u",
		    w->rx, w->tx, w->end, w->recvq, w->sendq, w->unsent,
		    w->in_flight, w->rcv_wnd, w->snd_wnd, w->cwnd,
		    w->ssthresh);
		printf(" rtt:%u/%uus rto:%uus retrans:%u mss:%u", w->rtt_us,
		    w->rttvar_us, w->rto_us, w->retransmits, w->mss);
		printf(" minrtt:%uus sacked:%u lost:%u total_retrans:%u "
		    "dsacks:%u reordered:%u", w->min_rtt_us, w->sacked,
		    w->lost, w->total_retransmits, w->dsacks, w->reordered);
	}
	if (w->pmtu)
		printf(" pmtu:%u", w->pmtu);
	putchar('\n');
}

static void json_info(struct json *j, const struct wire_sock *s,
    const struct wire_sockinfo *w)
{
	json_object(j, "info");
	if (s->type != SOCK_STREAM) {
		json_uint(j, "dropped", w->dropped);
	} else if (socktext_listening(s)) {
		json_uint(j, "backlog", w->backlog);
		json_uint(j, "waiting", w->waiting);
	} else {
		json_string(j, "rx", w->rx);
		json_string(j, "tx", w->tx);
		json_string(j, "end", w->end);
		json_uint(j, "unsent", w->unsent);
		json_uint(j, "in_flight", w->in_flight);
		json_uint(j, "rcv_wnd", w->rcv_wnd);
		json_uint(j, "snd_wnd", w->snd_wnd);
		json_uint(j, "cwnd", w->cwnd);
		json_uint(j, "ssthresh", w->ssthresh);
		json_uint(j, "rtt_us", w->rtt_us);
		json_uint(j, "rttvar_us", w->rttvar_us);
		json_uint(j, "rto_us", w->rto_us);
		json_uint(j, "retransmits", w->retransmits);
		json_uint(j, "mss", w->mss);
		json_uint(j, "min_rtt_us", w->min_rtt_us);
		json_uint(j, "sacked", w->sacked);
		json_uint(j, "lost", w->lost);
		json_uint(j, "total_retransmits", w->total_retransmits);
		json_uint(j, "dsacks", w->dsacks);
		json_uint(j, "reordered", w->reordered);
	}
	if (w->pmtu)
		json_uint(j, "pmtu", w->pmtu);
	json_end(j);
}

/* Of a program that may not do all: " [KEY:RIGHT,...]", else "". */
static const char *limits(const struct wire_sock *s)
{
	static char text[WIRE_KEYLEN + RIGHT_TEXTLEN + 4];
	char rights[RIGHT_TEXTLEN];

	if (s->rights == RIGHT_ALL && !s->key[0])
		return "";
	snprintf(text, sizeof(text), " [%s%s%s]", s->key, s->key[0] ? ":" : "",
	    right_text(rights, s->rights));
	return text;
}

static void print_line(const struct wire_sock *s,
    const struct wire_sockinfo *w)
{
	char local[SOCKTEXT_ADDR], peer[SOCKTEXT_ADDR], pid[12];

	/* A socket whose program is gone lives on for its last bytes. */
	snprintf(pid, sizeof(pid), "%d", s->pid);
	printf(LINE, s->pid > 0 ? user_name(s->uid) : "-",
	    s->comm[0] ? s->comm : "-", s->pid > 0 ? pid : "-", "-",
	    socktext_proto(s), socktext_addr(local, &s->local),
	    socktext_addr(peer, &s->peer), limits(s));
	if (w)
		print_info(s, w);
}

static void json_line(struct json *j, const struct wire_sock *s,
    const struct wire_sockinfo *w)
{
	char rights[RIGHT_TEXTLEN];

	json_object(j, NULL);
	if (s->pid > 0) {
		json_string(j, "user", user_name(s->uid));
		json_int(j, "pid", s->pid);
	}
	json_string(j, "command", s->comm);
	json_string(j, "rights", right_text(rights, s->rights));
	if (s->key[0])
		json_string(j, "key", s->key);
	socktext_json(j, s);
	if (w)
		json_info(j, s, w);
	json_end(j);
}

int cmd_sockstat(int argc, char **argv)
{
	struct sockstat o = { .four = false };
	bool json = ctl_take_json(&argc, argv);
	const struct wire_sock *s;
	struct ctl_list list, infos = { NULL, 0 };
	struct json j;
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "46clnv")) != -1) {
		if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
		o.four |= c == '4';
		o.six |= c == '6';
		o.connected |= c == 'c';
		o.listening |= c == 'l';
		o.verbose |= c == 'v';
	}
	if (optind < argc)
		return ctl_usage("%s: one word too many", argv[optind]);
	if (ctl_dump(WIRE_DUMP_SOCK, &list))
		return CTL_FAILED;
	if (o.verbose && ctl_dump(WIRE_DUMP_SOCKINFO, &infos)) {
		free(list.rec);
		return CTL_FAILED;
	}
	json_init(&j, stdout, false);
	if (json)
		json_array(&j, NULL);
	else
		printf(LINE, "USER", "COMMAND", "PID", "FD", "PROTO",
		    "LOCAL ADDRESS", "FOREIGN ADDRESS", "");
	s = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (!wanted(&o, &s[i]))
			continue;
		if (json)
			json_line(&j, &s[i], find_info(&infos, s[i].id));
		else
			print_line(&s[i], find_info(&infos, s[i].id));
	}
	if (json)
		json_end(&j);
	free(list.rec);
	free(infos.rec);
	return CTL_OK;
}
