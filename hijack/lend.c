/* lend.c: sockets that a program without the library inherits; see lend.h. */
#include "hijack/lend.h"

#include <fcntl.h>
#include <unistd.h>

#include "hijack/fd.h"
#include "hijack/rpc.h"
#include "stack/wire/client.h"
#include "stack/wire/sys.h"

/* Return: the socket to have instead, or -errno. */
static int ask_host(const struct wire_id *id)
{
	struct wire_req req = { .op = WIRE_LEND };
	const int own = STDIN_FILENO;
	struct wire_rep rep;
	int fd = -1, err = rpc_call_on(id, &req, &own, 1, &rep, &fd);

	return err ? err : fd;
}

/* Wherever the program has the old one, of the three that it knows. */
static void put_in_place(uint64_t sock, int fd)
{
	struct wire_id id;

	for (int to = 2; to >= 0; to--) {
		if (!client_id_of(to, &id) || id.sock != sock)
			continue;
		SYS3(SYS_dup3, fd, to, 0);
		fd_forget(to);
	}
}

void lend_stdin(void)
{
	struct wire_id id;
	int fd, fl;

	if (hj_sandboxed || !(fd_mark_ask(STDIN_FILENO) & MARK_DGRAM) ||
	    !client_id_of(STDIN_FILENO, &id))
		return;
	fl = sys_fcntl(STDIN_FILENO, F_GETFL, 0);
	fd = ask_host(&id);
	if (fd < 0)
		return;
	if (fl > 0 && fl & O_NONBLOCK)
		sys_fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	put_in_place(id.sock, fd);
	sys_close(fd);
}
