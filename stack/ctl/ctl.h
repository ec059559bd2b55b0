/*
 * ctl.h: what the commands of the control tool share: their entry points,
 * error lines, and the conversation with the virtual host.
 */
#ifndef STACK_CTL_CTL_H
#define STACK_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "stack/wire/wire.h"

/* Exit statuses, but for ping's and traceroute's own. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2,
       CTL_AGAIN = -1 /* never one: ctl_call() */ };

/*
 * A command gets its own name as argv[0] and returns an exit status.  Each
 * is in the file of its name.
 */
int cmd_arp(int argc, char **argv);
int cmd_bus(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_halt(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_ifconfig(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_ndp(int argc, char **argv);
int cmd_netstat(int argc, char **argv);
int cmd_ping(int argc, char **argv);
int cmd_ping6(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_route(int argc, char **argv);
int cmd_sockstat(int argc, char **argv);
int cmd_sysctl(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_traceroute(int argc, char **argv);
int cmd_traceroute6(int argc, char **argv);
int cmd_wait(int argc, char **argv);

/* What error lines begin with: "shmif ifconfig", or "rump.ifconfig". */
const char *ctl_prog(void);
/* One line on stderr, "PROG: text".  Return: CTL_FAILED. */
int ctl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same of an argument that says what is wrong.  Return: CTL_USAGE. */
int ctl_malformed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same with the command's usage behind it.  Return: CTL_USAGE. */
int ctl_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * A word that is neither a command nor, if command is not NULL, an option or
 * word of that one: tell what may be meant, or where to look.
 * Return: CTL_USAGE.
 */
int ctl_unknown(const char *command, const char *word, const char *see);

/*
 * Take --json out of argv wherever it stands before a "--".
 * Return: whether it was there; *argc is put right.
 */
bool ctl_take_json(int *argc, char **argv);

/*
 * The absolute path of a bus as the user calls it (bus_path()); mkdir: make
 * the directory of named buses.  Return: 0, or CTL_FAILED after an error line.
 */
int ctl_bus_path(const char *name, bool mkdir, char *dst, size_t size);
/* From now on a name without a slash is a file's where there is such a bus. */
void ctl_buses_are_files(void);

/*
 * The host that serves at a URL, or with host NULL a private one on a bus, or
 * the one of that name: argv[skip] on is the command.  These start the program
 * over when the environment changes, since the preload library, which it is
 * linked with, has read that before main.
 * Return: 0 to go on, or an exit status after an error line.
 */
int ctl_use_url(const char *url, char **argv, int skip);
int ctl_use_bus(const char *bus, const char *host, char **argv, int skip);

/*
 * Connect to $RUMP_SERVER, or to the private host on $SHMIF_BUS; once, later
 * calls give the same connection.
 * Return: 0, or CTL_FAILED after an error line.
 */
int ctl_connect(void);
/*
 * For commands that use sockets: the same check with its one error line,
 * before a socket call fails.  With RUMPHIJACK set, its word holds.
 */
int ctl_need_host(void);
const char *ctl_url(void);		/* what was connected to */
const char *ctl_hostname(void);		/* what it calls itself */
int ctl_fd(void);			/* the control connection */

/*
 * One request and its reply.  what, which may be NULL, is named in the error
 * line.  A reply fd comes in *fd (may be NULL).
 * Return: 0; CTL_AGAIN: it is not decided yet, ask again; CTL_FAILED after an error line; rep->error then tells why,
 * and is -1 if there was no reply.
 */
int ctl_call(struct wire_req *req, struct wire_rep *rep, int *fd,
    const char *what);
/* The same with a descriptor that goes with it, which stays the caller's. */
int ctl_call_with(struct wire_req *req, int with, struct wire_rep *rep,
    int *fd, const char *what);

/* A table of the virtual host: n records in one malloc'ed block. */
struct ctl_list {
	void *rec;
	size_t n;
};

/*
 * Fetch one; every string in it is terminated.  The caller frees list->rec.
 * Return: 0, or CTL_FAILED after an error line.
 */
int ctl_dump(enum wire_dump kind, struct ctl_list *list);
/*
 * From the host whose socket that is, over a connection for this only; ms.
 * Return: 0, or -errno in silence.
 */
int ctl_ask_host(const char *path, enum wire_dump kind, int timeout,
    struct ctl_list *list);
/* The same for WIRE_DUMP_LOG: lines numbered above `after`. */
int ctl_dump_after(enum wire_dump kind, uint64_t after, struct ctl_list *list);

#endif
