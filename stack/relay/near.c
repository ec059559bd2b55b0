/* near.c: the near half's life; see near.h. */
#include "stack/relay/near.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/wire/clock.h"

#define UNUSED_MS	10000	/* until the first program comes */
#define GRACE_MS	1000	/* after the last one */

struct link near_link;
uint32_t near_link_number;
uint64_t near_server_id;

static void on_message(struct link *l, const struct relay_msg *m,
    const uint8_t *data)
{
	struct near_sock *s = m->stream ? near_by_stream(m->stream) : NULL;

	(void)l;
	if (s && flow_hold(&s->flow, m, data))
		return;
	if (m->op == RELAY_REPLY)
		near_reply(m, data);
	else if (s || m->op == RELAY_ACCEPT)
		near_told(s, m, data);
}

/* Programs see it as they see the end of a host. */
static void on_down(struct link *l, const char *why)
{
	(void)l;
	(void)why;
	watch_stop();
}

static bool settle(void)
{
	return link_settle(&near_link);
}

static void tick(void)
{
	static uint64_t since;	/* ns; 0: in use */
	uint64_t now = clock_ns();

	link_tick(&near_link);
	if (near_clients() || near_open_sockets()) {
		since = 0;
		return;
	}
	if (!since)
		since = now;
	if (now - since >= (near_was_used() ? GRACE_MS : UNUSED_MS) * CLOCK_NS_MS)
		watch_stop();
}

static bool is_ours(const char *path, const struct stat *made)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_ino == made->st_ino &&
	    st.st_dev == made->st_dev;
}

int near_run(const struct trans *t, uint32_t number, const void *ahead,
    size_t n, const struct sockaddr_un *sun, void (*ready)(void))
{
	static const struct link_ops ops = {
		.message = on_message, .down = on_down,
	};
	struct stat made;
	int e;

	near_link_number = number;
	while (!near_server_id)
		if (getrandom(&near_server_id, sizeof(near_server_id), 0) < 0)
			near_server_id = clock_ns();
	e = link_start(&near_link, t, true, &ops, ahead, n);
	if (!e)
		e = near_listen(sun);
	if (e) {
		fprintf(stderr, "shmif_relay: %s: %s\n", sun->sun_path,
		    strerror(-e));
		return 1;
	}
	if (lstat(sun->sun_path, &made))
		memset(&made, 0, sizeof(made));
	ready();
	watch_run(settle, tick);
	if (is_ours(sun->sun_path, &made))
		unlink(sun->sun_path);
	link_end(&near_link);
	return 0;
}
