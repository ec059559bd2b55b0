/* pingjson.c: ping --json. */
#include "stack/ctl/ping.h"
#include "stack/wire/json.h"

#include <netdb.h>

static void put_address(const struct ping *p, const char *key,
    const union ping_addr *a)
{
	char ip[INET6_ADDRSTRLEN + 20] = "?";

	getnameinfo(&a->sa, p->to_len, ip, sizeof(ip), NULL, 0,
	    NI_NUMERICHOST);
	json_string(p->json, key, ip);
}

void pingjson_header(const struct ping *p)
{
	json_object(p->json, NULL);
	json_string(p->json, "target", p->target);
	put_address(p, "address", &p->to);
	json_uint(p->json, "size", p->size);
	json_array(p->json, "replies");
}

void pingjson_reply(const struct ping *p, const struct ping_reply *r,
    uint64_t us, bool again, bool damaged)
{
	struct json *j = p->json;

	json_object(j, NULL);
	json_uint(j, "seq", r->seq);
	put_address(p, "from", &r->from);
	json_uint(j, "bytes", r->len);
	if (r->ttl >= 0)
		json_int(j, "ttl", r->ttl);
	if (p->size >= PING_STAMP)
		json_uint(j, "time_us", us);
	if (again)
		json_bool(j, "duplicate", true);
	if (damaged)
		json_bool(j, "corrupted", true);
	json_end(j);
	fflush(stdout);
}

void pingjson_error(const struct ping *p, const struct ping_error *e,
    const char *text)
{
	struct json *j = p->json;

	json_object(j, NULL);
	if (e->seq >= 0)
		json_int(j, "seq", e->seq);
	if (e->from.sa.sa_family)
		put_address(p, "from", &e->from);
	json_string(j, "error", text);
	json_end(j);
	fflush(stdout);
}

void pingjson_summary(const struct ping *p)
{
	struct json *j = p->json;

	json_end(j);
	json_uint(j, "transmitted", p->sent);
	json_uint(j, "received", p->received);
	json_uint(j, "duplicates", p->duplicates);
	json_uint(j, "corrupted", p->corrupted);
	json_uint(j, "errors", p->errors);
	if (p->trips) {
		json_uint(j, "min_us", p->min);
		json_uint(j, "avg_us", p->sum / p->trips);
		json_uint(j, "max_us", p->max);
		json_uint(j, "mdev_us", pingstat_mdev(p));
	}
	json_end(j);
}
