/* allow.c: other users of the machine; see allow.h. */
#include "stack/api/allow.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENTRIES		64
#define GROUPS_MAX	65536	/* NGROUPS_MAX of Linux */

static struct entry {
	bool group;
	uint32_t id;
	struct right_set may;
} entries[ENTRIES];
static unsigned nentries;

static bool number(const char *text, uint32_t *id)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	*id = (uint32_t)n;
	return *text >= '0' && *text <= '9' && !*end && !errno &&
	    n < UINT32_MAX;
}

static bool who(struct entry *e, const char *name)
{
	struct passwd *pw;
	struct group *gr;

	e->group = *name == '@';
	if (number(name + e->group, &e->id))
		return true;
	if (e->group) {
		gr = getgrnam(name + 1);
		if (gr)
			e->id = gr->gr_gid;
		return gr != NULL;
	}
	pw = getpwnam(name);
	if (pw)
		e->id = pw->pw_uid;
	return pw != NULL;
}

int allow_add(const char *text, char err[static ALLOW_ERRLEN])
{
	struct entry e = { .may = { RIGHT_USE } };
	size_t n = strcspn(text, ":");
	char name[64];
	const char *bad;

	if (nentries == ENTRIES) {
		snprintf(err, ALLOW_ERRLEN, "allow=%s: too many; name a group",
		    text);
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(n < INT_MAX ? n : 0), text);
	if (n >= sizeof(name) || !who(&e, name)) {
		snprintf(err, ALLOW_ERRLEN, "allow=%s: no such %s; give a uid, "
		    "a user, or @ and a group", name, name[0] == '@' ?
		    "group" : "user");
		return -EINVAL;
	}
	if (text[n] && right_parse(&e.may, text + n + 1, &bad)) {
		snprintf(err, ALLOW_ERRLEN, "allow=%s: %.*s is no right; there "
		    "are use, raw, watch, config and halt", text,
		    (int)strcspn(bad, ","), bad);
		return -EINVAL;
	}
	entries[nentries++] = e;
	return 0;
}

bool allow_any(void)
{
	return nentries > 0;
}

/* Its supplementary groups; *n of them, to be freed. */
static gid_t *groups_of(int fd, size_t *n)
{
	socklen_t len = 64 * sizeof(gid_t);
	gid_t *g = NULL, *more;

	for (int i = 0; i < 2; i++) {
		more = realloc(g, len);
		if (!more)
			break;
		g = more;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, g, &len) == 0) {
			*n = len / sizeof(*g);
			return g;
		}
		/* len is what it takes */
		if (errno != ERANGE || len > GROUPS_MAX * sizeof(gid_t))
			break;
	}
	free(g);
	*n = 0;
	return NULL;
}

static bool is_in(uint32_t gid, const gid_t *g, size_t n)
{
	while (n--)
		if (g[n] == gid)
			return true;
	return false;
}

struct right_set allow_peer(int fd, uint32_t *uid)
{
	struct right_set may = { 0 };
	struct ucred cred = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t len = sizeof(cred);
	size_t n = 0;
	gid_t *g;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		cred.uid = (uid_t)-1;
	*uid = cred.uid;
	if (cred.uid == 0 || cred.uid == geteuid())
		return (struct right_set){ RIGHT_ALL };
	g = nentries ? groups_of(fd, &n) : NULL;
	for (unsigned i = 0; i < nentries; i++) {
		const struct entry *e = &entries[i];

		if (e->group ? e->id == cred.gid || is_in(e->id, g, n) :
		    e->id == cred.uid)
			may.bits |= e->may.bits;
	}
	free(g);
	return may;
}
