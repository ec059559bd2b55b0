/* sockstat.c: shmif sockstat: each socket with the program behind it. */
#include "stack/ctl/ctl.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stack/ctl/json.h"
#include "stack/ctl/socktext.h"

#define LINE	"%-8s %-10s %6s %3s %-6s %-21s %s\n"

struct sockstat {
	bool four, six, connected, listening;
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

static void print_line(const struct wire_sock *s)
{
	char local[SOCKTEXT_ADDR], peer[SOCKTEXT_ADDR], pid[12];

	/* A socket whose program is gone lives on for its last bytes. */
	snprintf(pid, sizeof(pid), "%d", s->pid);
	printf(LINE, s->pid > 0 ? user_name(s->uid) : "-",
	    s->comm[0] ? s->comm : "-", s->pid > 0 ? pid : "-", "-",
	    socktext_proto(s), socktext_addr(local, &s->local),
	    socktext_addr(peer, &s->peer));
}

static void json_line(struct json *j, const struct wire_sock *s)
{
	json_object(j, NULL);
	if (s->pid > 0) {
		json_string(j, "user", user_name(s->uid));
		json_int(j, "pid", s->pid);
	}
	json_string(j, "command", s->comm);
	socktext_json(j, s);
	json_end(j);
}

int cmd_sockstat(int argc, char **argv)
{
	struct sockstat o = { .four = false };
	bool json = ctl_take_json(&argc, argv);
	const struct wire_sock *s;
	struct ctl_list list;
	struct json j;
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "46cln")) != -1) {
		if (c == '?')
			return ctl_usage("-%c: unknown option", optopt);
		o.four |= c == '4';
		o.six |= c == '6';
		o.connected |= c == 'c';
		o.listening |= c == 'l';
	}
	if (optind < argc)
		return ctl_usage("%s: one word too many", argv[optind]);
	if (ctl_dump(WIRE_DUMP_SOCK, &list))
		return CTL_FAILED;
	json_init(&j, stdout, false);
	if (json)
		json_array(&j, NULL);
	else
		printf(LINE, "USER", "COMMAND", "PID", "FD", "PROTO",
		    "LOCAL ADDRESS", "FOREIGN ADDRESS");
	s = list.rec;
	for (size_t i = 0; i < list.n; i++) {
		if (!wanted(&o, &s[i]))
			continue;
		if (json)
			json_line(&j, &s[i]);
		else
			print_line(&s[i]);
	}
	if (json)
		json_end(&j);
	free(list.rec);
	return CTL_OK;
}
