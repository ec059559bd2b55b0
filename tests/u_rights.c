/*
 * u_rights.c: rights by name, what each request takes, and that a connection
 * can lose rights but not get any.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/api/rights.h"

#define CHECK(x)							\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__,	\
			    __LINE__, #x);				\
			exit(1);					\
		}							\
	} while (0)

static uint32_t parsed(const char *text)
{
	struct right_set s = { 0 };
	const char *bad = "";

	return right_parse(&s, text, &bad) ? 0 : s.bits;
}

static void by_name(void)
{
	char buf[RIGHT_TEXTLEN];
	const char *bad = "";
	struct right_set s;

	CHECK(parsed("use") == RIGHT_USE);
	CHECK(parsed("raw") == (RIGHT_USE | RIGHT_RAW));
	CHECK(parsed("config") == (RIGHT_USE | RIGHT_WATCH | RIGHT_CONFIG));
	CHECK(parsed("use,raw,watch,config,halt") == RIGHT_ALL);
	CHECK(!parsed("") && !parsed("use,") && !parsed(",use"));
	CHECK(!parsed("Use") && !parsed("use raw") && !parsed("us"));
	CHECK(right_parse(&s, "raw,nix,use", &bad) == -EINVAL &&
	    !strncmp(bad, "nix", 3));
	CHECK(!strcmp(right_text(buf, RIGHT_ALL),
	    "use,raw,watch,config,halt"));
	CHECK(!strcmp(right_text(buf, 0), ""));
}

static int ask(uint32_t may, int op, int a, int b, const char *data)
{
	struct wire_req q = {
		.op = (uint16_t)op, .a = a, .b = b,
		.len = (uint16_t)strlen(data),
	};
	struct rights r = { .may = { may } };
	struct wire_rep rep = { .len = 0 };
	int e;

	memcpy(q.data, data, q.len);
	e = rights_check(&r, &q, &rep);
	CHECK(e == 0 || (e == -EPERM && rep.len > 10));
	return e;
}

/* With that right alone, and with all but that right. */
static void takes(enum right need, int op, int a, int b, const char *data)
{
	CHECK(ask(need, op, a, b, data) == 0);
	CHECK(ask(RIGHT_ALL & ~(uint32_t)need, op, a, b, data) == -EPERM);
}

static void each_request(void)
{
	static const int plain[] = {
		WIRE_HELLO, WIRE_BIND, WIRE_CONNECT, WIRE_LISTEN,
		WIRE_GETSOCKNAME, WIRE_GETPEERNAME, WIRE_SETSOCKOPT,
		WIRE_GETSOCKOPT, WIRE_SHUTDOWN, WIRE_QUERY, WIRE_RESOLVE,
		WIRE_CHANNEL, WIRE_LEND, WIRE_NOTIFY, WIRE_LIMIT,
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		takes(RIGHT_USE, plain[i], 0, 0, "");
	takes(RIGHT_USE, WIRE_SOCKET, AF_INET, SOCK_STREAM, "");
	takes(RIGHT_USE, WIRE_SOCKET, AF_INET6, SOCK_DGRAM, "");
	takes(RIGHT_RAW, WIRE_SOCKET, AF_INET, SOCK_RAW, "");
	takes(RIGHT_RAW, WIRE_SOCKET, AF_PACKET, SOCK_DGRAM, "");
	for (int a = 0; a < WIRE_NUM_DUMPS; a++)
		takes(a == WIRE_DUMP_LOG || a == WIRE_DUMP_COUNTER ?
		    RIGHT_WATCH : RIGHT_USE, WIRE_DUMP, a, 0, "");
	takes(RIGHT_WATCH, WIRE_TRACE, 0, 0, "");
	for (int a = WIRE_IF_CREATE; a <= WIRE_IF_HOSTNAME; a++)
		takes(RIGHT_CONFIG, WIRE_IF, a, 0, "");
	takes(RIGHT_CONFIG, WIRE_ROUTE, WIRE_TABLE_ADD, 0, "");
	takes(RIGHT_CONFIG, WIRE_ROUTE, WIRE_TABLE_DEL, 0, "");
	takes(RIGHT_USE, WIRE_ROUTE, WIRE_TABLE_GET, 0, "");
	takes(RIGHT_CONFIG, WIRE_NEIGH, WIRE_TABLE_ADD, 0, "");
	takes(RIGHT_CONFIG, WIRE_NEIGH, WIRE_TABLE_USE, 0, "");
	takes(RIGHT_USE, WIRE_SYSCTL, 0, 0, "net.inet.ip.ttl");
	takes(RIGHT_CONFIG, WIRE_SYSCTL, 0, 0, "net.inet.ip.ttl=1");
	takes(RIGHT_HALT, WIRE_HALT, 0, 0, "");
	takes(RIGHT_HALT, WIRE_YIELD, 0, 0, "");
}

/* Of others' sockets, those that may be seen. */
static void sees(void)
{
	struct sock_owner mine = { .uid = 7, .conn = 1 };
	struct sock_owner same = { .uid = 7, .conn = 2 };
	struct sock_owner other = { .uid = 8, .conn = 3 };
	struct sock_owner key = { .uid = 7, .conn = 4, .key = "alice" };
	struct rights r = { .may = { RIGHT_USE }, .number = 1, .uid = 7 };

	CHECK(rights_sees(&r, &mine) && rights_sees(&r, &same));
	CHECK(!rights_sees(&r, &other) && !rights_sees(&r, &key));
	r.may.bits |= RIGHT_WATCH;
	CHECK(rights_sees(&r, &other) && rights_sees(&r, &key));
}

/* A stranger, let in by a socket of root's, or of one who may not much. */
static void lets_in(void)
{
	struct sock_owner root = { .rights = RIGHT_ALL };
	struct sock_owner key = { .rights = RIGHT_USE, .key = "alice" };
	struct rights r = { .number = 9 };
	struct wire_req q = { .op = WIRE_HELLO };
	struct wire_rep rep;

	CHECK(rights_check(&r, &q, &rep) == -EACCES);
	rights_of_socket(&r, &root);
	CHECK(r.may.bits == RIGHT_USE && !r.key[0]);
	r = (struct rights){ .number = 9 };
	rights_of_socket(&r, &key);
	CHECK(r.may.bits == RIGHT_USE && !strcmp(r.key, "alice"));
	r = (struct rights){ .may = { RIGHT_ALL } };
	rights_of_socket(&r, &key);
	CHECK(r.may.bits == RIGHT_ALL && !r.key[0]);
}

static int limit(struct rights *r, const char *text)
{
	struct wire_req q = { .op = WIRE_LIMIT, .len = (uint16_t)strlen(text) };
	struct wire_rep rep = { .len = 0 };
	int e;

	memcpy(q.data, text, q.len);
	e = rights_limit(r, &q, &rep);
	CHECK(e || rep.value == r->may.bits);
	return e;
}

static void only_down(void)
{
	struct rights r = { .may = { RIGHT_ALL } };

	CHECK(limit(&r, ":use,config,raw") == 0);
	CHECK(r.may.bits == parsed("config,raw") && !r.key[0]);
	CHECK(limit(&r, "alice:nix") == -EINVAL);
	CHECK(limit(&r, "alice:") == -EINVAL);
	CHECK(limit(&r, "al ice:use") == -EINVAL);
	CHECK(limit(&r, "al\nice:use") == -EINVAL);
	CHECK(r.may.bits == parsed("config,raw") && !r.key[0]);
	CHECK(limit(&r, "alice:raw,halt") == 0);
	CHECK(r.may.bits == parsed("raw") && !strcmp(r.key, "alice"));
	CHECK(limit(&r, "bob:raw") == -EPERM);
	CHECK(limit(&r, ":use,raw,watch,config,halt") == 0);
	CHECK(r.may.bits == parsed("raw") && !strcmp(r.key, "alice"));
	CHECK(limit(&r, "alice") == 0);
	CHECK(r.may.bits == RIGHT_USE);
	CHECK(limit(&r, "0123456789012345678901234567890123456789") ==
	    -EINVAL);
}

int main(void)
{
	by_name();
	each_request();
	sees();
	lets_in();
	only_down();
	return 0;
}
