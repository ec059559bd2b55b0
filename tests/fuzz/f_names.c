/*
 * f_names.c: files of hosts and of resolvers that a user gives a host, and the
 * names and addresses that programs ask it for.
 */
#include <fcntl.h>

#include "stack/api/names.c"
#include "tests/fuzz/fuzz.h"

static void write_file(const char *path, const uint8_t *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, p, n) == (ssize_t)n, "no file");
	close(fd);
}

/* What is asked for in a name or an address, and what comes. */
static void ask(struct input *in)
{
	static struct wire_req req;
	static struct wire_rep rep;
	struct wire_ifaddr a;
	int e;

	req.a = take8(in) % 2 ? WIRE_RESOLVE_ADDR : !WIRE_RESOLVE_ADDR;
	req.len = (uint32_t)take_bytes(in, req.data, sizeof(a));
	rep.len = 0;
	e = names_resolve(&req, &rep);
	must(rep.len <= WIRE_DATA && !e == !!rep.len, "a bad reply");
	if (e)
		return;
	if (req.a == WIRE_RESOLVE_ADDR)
		must(rep.len < BUS_NAMELEN && !memchr(rep.data, '\0', rep.len) &&
		    !memchr(rep.data, '\n', rep.len), "not a name");
	else
		must(rep.len % sizeof(a) == 0, "no addresses");
}

/* A file for programs: as long as what it is made of, at most. */
static void fetch(uint32_t which, size_t n)
{
	struct wire_req req = { .a = which };
	struct wire_rep rep = { 0 };
	struct stat st;
	int fd = -1;

	must(names_request(&req, &rep, &fd) == 0 && fd >= 0, "no file to read");
	must(fstat(fd, &st) == 0 && st.st_size <= (off_t)n, "a longer file");
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	char err[IFACE_ERRLEN];

	own_folder();
	write_file("hosts", p, n);
	write_file("resolv", p, n);
	must(names_option("hosts=hosts", err) == 0 &&
	    names_option("resolv=resolv", err) == 0, err);
	/* Words that are in the file are found, too. */
	for (int i = 0; i < 4; i++)
		ask(&in);
	fetch(WIRE_NAMES_HOSTS, n);
	fetch(WIRE_NAMES_RESOLV, n);
	return 0;
}
