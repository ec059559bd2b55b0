/*
 * client.h: how a program asks its virtual host: the URL, the control
 * connection, one request and its reply.  Used by the preload library and the
 * control tool; no allocation, no lock, no errno, safe in a vfork child.
 */
#ifndef STACK_CLIENT_H
#define STACK_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "stack/wire/wire.h"

/*
 * The socket address of a URL, unix://path.  A relative path is taken from
 * the current directory and made absolute.
 * Return: 0; -EINVAL: no URL of ours; -EPROTONOSUPPORT: tcp:// or ssh://;
 * -ENAMETOOLONG: the path does not fit.  *why gets a static text.
 */
int client_parse_url(const char *url, struct sockaddr_un *sun,
    const char **why);

/* What a program and a virtual host say to each other of themselves. */
struct client_hello {
	const char *holder;	/* for it: see WIRE_HELLO; NULL: none */
	const struct client_held *held;	/* for client_connect_held() */
	uint64_t server;	/* its id */
	uint32_t rights;	/* enum right */
	char host[64];		/* its name */
	bool named;		/* that was given to it */
	/*
	 * Where to tell on which CPU the program runs, see WIRE_HELLO.  Only
	 * if want_affinity; then affinity_fd is the caller's, or -1: none.
	 */
	bool want_affinity;
	int timeout;		/* ms to wait for it; 0: 10 s */
	int affinity_fd, affinity;
};

/*
 * The other name of a host, by its id: a way in for those who hold a socket of
 * it but may not use its socket's file, or do not see it (any more).  They show
 * their socket with the first request.  Return: the name's length.
 */
socklen_t client_hatch(uint64_t server, struct sockaddr_un *sun);

/*
 * Connect and introduce ourselves as program name.  The new fd is
 * close-on-exec and at least min_fd (kept away from 0-2 and from the numbers
 * programs expect).
 * Return: the fd, or -errno (-ECONNREFUSED, -ENOENT: nobody serves there;
 * -EPROTO: not a server of ours; -EACCES: it is not for this user).
 */
int client_connect(const struct sockaddr_un *sun, const char *name,
    int min_fd, struct client_hello *hello);

/* A virtual socket that is a way in. */
struct client_held {
	struct wire_id id;
	uint32_t owner;		/* who may serve, too: uid, or -1: nobody */
	int32_t dev, ino;	/* of the socket's file, see WIRE_HELLO */
};
/*
 * The same through the hatch of the host that the socket is of.  It has to be
 * root's, ours, the owner's or of who made the socket's pair: with the host
 * gone anybody may take the hatch's name.
 */
int client_connect_held(const struct client_held *held, const char *name,
    int min_fd, struct client_hello *hello);

/*
 * Send one request and wait for its reply.  req->magic is filled in.  fds are
 * passed along after the reply socket and stay the caller's.  A reply fd
 * comes in *rep_fd (may be NULL).  timeout in ms, < 0: for ever.
 * Return: 0 when there is a reply (look at rep->error), or -errno:
 * -EPIPE and friends: the server is gone; -EINTR only if `intr`: a signal came
 * while waiting.
 */
int client_call(int ctl, struct wire_req *req, const int *fds, int nfds,
    struct wire_rep *rep, int *rep_fd, int timeout, bool intr);

/*
 * The two halves of it, for a caller that waits by itself.  client_send
 * gives the fd on which the reply will come; the caller closes it.
 */
int client_send(int ctl, struct wire_req *req, const int *fds, int nfds);
int client_recv(int reply, struct wire_rep *rep, int *rep_fd);
/* Wait for it and take it, as client_call() does. */
int client_wait(int reply, struct wire_rep *rep, int *rep_fd, int timeout,
    bool intr);

/*
 * Send a request that nobody waits for an answer of: fds, if any, go with it
 * (WIRE_SOCKET), or none (WIRE_SETSOCKOPT).
 */
int client_post(int ctl, struct wire_req *req, const int *fds, int nfds);

/* Draw a number for a new socket, and the random part of its name. */
void client_id_new(struct wire_id *id);
/*
 * Give a virtual socket's fd its name.  All users of a machine share the space
 * of such names, first come, first served: so a part of it is random.
 * Return: 0 or -errno.
 */
int client_id_bind(int fd, const struct wire_id *id);
/* Return: true if fd is the program's end of a virtual socket; 1 system call. */
bool client_id_of(int fd, struct wire_id *id);
/*
 * fd is the other end of such a pair.  Return: is the program's end closed by
 * all who had it?  A pair that is shut down both ways hangs up just the same.
 */
bool client_end_closed(int fd);

#endif
