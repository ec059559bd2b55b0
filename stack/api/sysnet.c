/*
 * sysnet.c: the host's settings under the names and in the forms that they
 * have on Linux, each a file of /proc/sys/net; see sysnet.h.
 */
#include "stack/api/sysnet.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/api/descr.h"
#include "stack/api/sysctl.h"
#include "stack/core/counter.h"
#include "stack/core/log.h"
#include "stack/core/loop.h"
#include "stack/ip/iface.h"

#define FILES	64	/* open for writing at once, of a host */
#define TEXT	256	/* bytes of a value */

enum form {
	CONST,		/* not changed: `of` is the text */
	INT,		/* as the setting `of` */
	FLAG,		/* any number but 0 sets it */
	INVERSE,	/* the other way round */
	PORTS,		/* two numbers, a range */
	WORD,
};

static const struct row {
	const char *file;	/* "*": all, default, or an interface */
	enum form form;
	const char *of;
} rows[] = {
	{ "core/rmem_default", CONST, "212992" },
	{ "core/rmem_max", INT, "net.core.rmem_max" },
	{ "core/somaxconn", CONST, "4096" },
	{ "core/wmem_default", CONST, "212992" },
	{ "core/wmem_max", CONST, "4194304" },
	{ "ipv4/conf/*/accept_redirects", CONST, "0" },
	{ "ipv4/conf/*/forwarding", FLAG, "net.inet.ip.forwarding" },
	{ "ipv4/conf/*/rp_filter", CONST, "0" },
	{ "ipv4/conf/*/send_redirects", INT, "net.inet.ip.redirect" },
	{ "ipv4/icmp_echo_ignore_all", CONST, "0" },
	{ "ipv4/icmp_echo_ignore_broadcasts", INVERSE,
	    "net.inet.icmp.bmcastecho" },
	{ "ipv4/ip_default_ttl", INT, "net.inet.ip.ttl" },
	{ "ipv4/ip_forward", FLAG, "net.inet.ip.forwarding" },
	{ "ipv4/ip_local_port_range", PORTS, NULL },
	{ "ipv4/ip_no_pmtu_disc", INVERSE, "net.inet.ip.mtudisc" },
	{ "ipv4/ip_nonlocal_bind", CONST, "0" },
	{ "ipv4/ip_unprivileged_port_start", CONST, "0" },
	{ "ipv4/ping_group_range", CONST, "0\t2147483647" },
	{ "ipv4/tcp_allowed_congestion_control", CONST, "reno cubic bbr" },
	{ "ipv4/tcp_available_congestion_control", CONST, "reno cubic bbr" },
	{ "ipv4/tcp_congestion_control", WORD, "net.inet.tcp.congctl" },
	{ "ipv4/tcp_dsack", CONST, "1" },
	{ "ipv4/tcp_ecn", INT, "net.inet.tcp.ecn" },
	{ "ipv4/tcp_fin_timeout", CONST, "60" },
	{ "ipv4/tcp_keepalive_intvl", INT, "net.inet.tcp.keepintvl" },
	{ "ipv4/tcp_keepalive_probes", INT, "net.inet.tcp.keepcnt" },
	{ "ipv4/tcp_keepalive_time", INT, "net.inet.tcp.keepidle" },
	{ "ipv4/tcp_max_syn_backlog", INT, "net.inet.tcp.halfopen" },
	{ "ipv4/tcp_orphan_retries", INT, "net.inet.tcp.orphanretries" },
	{ "ipv4/tcp_retries2", INT, "net.inet.tcp.maxrtx" },
	{ "ipv4/tcp_rmem", CONST, "4096\t131072\t4194304" },
	{ "ipv4/tcp_sack", INT, "net.inet.tcp.sack" },
	{ "ipv4/tcp_syn_retries", INT, "net.inet.tcp.synretries" },
	{ "ipv4/tcp_synack_retries", INT, "net.inet.tcp.synackretries" },
	{ "ipv4/tcp_syncookies", CONST, "0" },
	{ "ipv4/tcp_timestamps", CONST, "1" },
	{ "ipv4/tcp_window_scaling", INT, "net.inet.tcp.window_scaling" },
	{ "ipv4/tcp_wmem", CONST, "4096\t16384\t2097152" },
	{ "ipv6/bindv6only", CONST, "0" },
	{ "ipv6/conf/*/accept_ra", FLAG, "net.inet6.ip6.accept_rtadv" },
	{ "ipv6/conf/*/accept_redirects", INT, "net.inet6.ip6.redirect" },
	{ "ipv6/conf/*/disable_ipv6", CONST, "0" },
	{ "ipv6/conf/*/forwarding", FLAG, "net.inet6.ip6.forwarding" },
	{ "ipv6/conf/*/hop_limit", INT, "net.inet6.ip6.hlim" },
};

static bool is_member(const char *name, size_t n)
{
	char ifname[WIRE_NAMELEN];

	if ((n == 3 && !strncmp(name, "all", n)) ||
	    (n == 2 && !strncmp(name, "lo", n)) ||
	    (n == 7 && !strncmp(name, "default", n)))
		return true;
	snprintf(ifname, sizeof(ifname), "%.*s", (int)n, name);
	return n < sizeof(ifname) && iface_find(ifname);
}

static bool matches(const char *pattern, const char *file)
{
	size_t before = strcspn(pattern, "*"), n;

	if (!pattern[before])
		return !strcmp(pattern, file);
	if (strncmp(pattern, file, before))
		return false;
	n = strcspn(file + before, "/");
	return !strcmp(pattern + before + 1, file + before + n) &&
	    is_member(file + before, n);
}

static const struct row *find(const char *file)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (matches(rows[i].file, file))
			return &rows[i];
	return NULL;
}

/* The settings below, as texts. */

static int node_get(const char *node, char out[static TEXT])
{
	char arg[TEXT];
	uint32_t len;

	snprintf(arg, sizeof(arg), "%s", node);
	return sysctl_request(arg, out, TEXT, &len);
}

/* A constant may be set to what it is. */
static int node_set(const char *node, const char *value)
{
	char arg[2 * TEXT], old[TEXT];
	uint32_t len;
	int err;

	snprintf(arg, sizeof(arg), "%s=%s", node, value);
	err = sysctl_request(arg, old, sizeof(old), &len);
	if (err != -EPERM)
		return err;
	node_get(node, old);
	return strcmp(old, value) ? -EROFS : 0;
}

static int node_set_long(const char *node, long v)
{
	char value[24];

	snprintf(value, sizeof(value), "%ld", v);
	return node_set(node, value);
}

/*
 * out gets the text that is in the file, without the line's end.
 * Return: 0, -ENOENT: no such setting, or of an interface that is not there.
 */
static int get(const char *file, char *out, size_t size)
{
	const struct row *r = find(file);
	char a[TEXT], b[TEXT];
	int err;

	if (!r)
		return -ENOENT;
	if (r->form == CONST) {
		snprintf(out, size, "%s", r->of);
		return 0;
	}
	if (r->form == PORTS) {
		node_get("net.inet.ip.anonportmin", a);
		node_get("net.inet.ip.anonportmax", b);
		snprintf(out, size, "%s\t%s", a, b);
		return 0;
	}
	err = node_get(r->of, a);
	if (err)
		return err;
	snprintf(out, size, "%s", r->form != INVERSE ? a :
	    strcmp(a, "0") ? "0" : "1");
	return 0;
}

/*
 * Numbers as proc_dointvec() of Linux reads them: what stands behind those
 * that are wanted is not looked at.  Return: how many, or -EINVAL.
 */
static int numbers(const char *s, long *v, int max)
{
	char *end;
	int n = 0;

	while (n < max) {
		s += strspn(s, " \t\n\v\f\r");
		if (!*s)
			break;
		errno = 0;
		v[n] = strtol(s, &end, 0);
		if (*s == '+' || end == s || errno || v[n] < INT_MIN ||
		    v[n] > INT_MAX || (*end && !strchr(" \t\n", *end)))
			return -EINVAL;
		n++;
		s = end;
	}
	return n ? n : -EINVAL;
}

static int set_ports(const char *text)
{
	char old[TEXT];
	long v[2];
	int n = numbers(text, v, 2), err;

	if (n < 0)
		return n;
	if (n < 2) {
		node_get("net.inet.ip.anonportmax", old);
		v[1] = atol(old);
	}
	if (v[0] > v[1])
		return -EINVAL;
	/* Each alone must stay a range with the other. */
	node_get("net.inet.ip.anonportmin", old);
	err = node_set_long("net.inet.ip.anonportmin", 1024);
	if (!err)
		err = node_set_long("net.inet.ip.anonportmax", v[1]);
	if (!err)
		err = node_set_long("net.inet.ip.anonportmin", v[0]);
	if (err)
		node_set("net.inet.ip.anonportmin", old);
	return err;
}

/* The same words, whatever is between them. */
static bool same_words(const char *a, const char *b)
{
	static const char blank[] = " \t\n";
	size_t n;

	for (;; a += n, b += n) {
		a += strspn(a, blank);
		b += strspn(b, blank);
		n = strcspn(a, blank);
		if (n != strcspn(b, blank) || strncmp(a, b, n))
			return false;
		if (!n)
			return true;
	}
}

/*
 * What was written to it, in whatever form Linux takes.
 * Return: 0, -ENOENT, -EINVAL, -EROFS: it is what it is.
 */
static int set(const char *file, const char *text)
{
	const struct row *r = find(file);
	char word[TEXT];
	long v;
	int n;

	if (!r)
		return -ENOENT;
	if (r->form == CONST)
		return same_words(r->of, text) ? 0 : -EROFS;
	if (r->form == PORTS)
		return set_ports(text);
	if (r->form == WORD) {
		text += strspn(text, " \t\n");
		snprintf(word, sizeof(word), "%.*s",
		    (int)strcspn(text, " \t\n"), text);
		return node_set(r->of, word);
	}
	n = numbers(text, &v, 1);
	if (n < 0)
		return n;
	return node_set_long(r->of, r->form == INT ? v : r->form == FLAG ?
	    v != 0 : !v);
}

int sysnet_request(char *arg, char *out, size_t size, uint32_t *len)
{
	char *value = strchr(arg, '='), *c;
	int e;

	if (value)
		*value++ = '\0';
	snprintf(out, size, "%.256s: no such name; shmif sysctl -a lists all",
	    arg);
	*len = (uint32_t)strlen(out);
	if (arg[0] != '/' && strncmp(arg, "net.", 4))
		return -ENOENT;
	for (c = strchr(arg, '.'); arg[0] != '/' && c; c = strchr(c, '.'))
		*c = '/';
	arg = strchr(arg, '/') + 1;
	e = find(arg) ? get(arg, out, size) : -ENOENT;
	if (e == -ENOENT)
		return e;
	*len = e ? 0 : (uint32_t)strlen(out);
	return e || !value ? e : set(arg, value);
}

/* Such a file, open in a program. */
struct file {
	struct pollable poll;	/* first */
	char name[TEXT];
};

static unsigned nfiles;

static void file_free(struct pollable *p)
{
	free(p);
}

/* Messages, and after the last one nothing. */
static void on_text(struct pollable *p, uint32_t events)
{
	struct file *f = (struct file *)p;
	char text[WIRE_DATA];
	ssize_t n;
	int err;

	(void)events;
	if (p->dead)
		return;
	n = recv(p->fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	/* Reset: the name was unread in the program's end.  More may follow. */
	if (n < 0 && (errno == EAGAIN || errno == EINTR ||
	    errno == ECONNRESET))
		return;
	if (n <= 0) {
		nfiles--;
		loop_retire(p);
		return;
	}
	text[n] = '\0';
	err = set(f->name, text);
	if (err)
		log_event("sysctl", "/proc/sys/net/%s: %s", f->name,
		    strerror(-err));
}

static int watch(const char *name, int fd)
{
	struct file *f;
	int err;

	if (!descr_is_pair(fd) || !descr_has_type(fd, SOCK_SEQPACKET))
		return -EINVAL;
	if (nfiles >= FILES) {
		counter_inc("sysctl.many_files");
		return -ENFILE;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->poll = (struct pollable){ .fn = on_text, .free = file_free,
	    .fd = fd };
	snprintf(f->name, sizeof(f->name), "%s", name);
	err = loop_add(&f->poll, EPOLLIN);
	if (err)
		free(f);
	else
		nfiles++;
	return err;
}

int sysnet_file(const struct wire_req *req, int fd, struct wire_rep *rep)
{
	char name[TEXT];
	int err = -ENOENT;

	if (req->len && req->data[0] == '/') {
		snprintf(name, sizeof(name), "%.*s", req->len - 1,
		    (const char *)req->data + 1);
		err = find(name) ? 0 : -ENOENT;
	}
	if (!err && fd >= 0) {
		err = watch(name, fd);
		rep->c = !err;
	}
	if (fd >= 0 && !rep->c)
		descr_close(fd);
	return err;
}
