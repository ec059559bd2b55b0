/*
 * hijack.h: what the files of the preload library share.
 *
 * A virtual socket is an ordinary fd of the program, one end of a pair whose
 * other end the virtual host holds.  The kernel's fd table is the only one:
 * what an fd is, is asked of the kernel each time (fd.h).
 */
#ifndef HIJACK_HIJACK_H
#define HIJACK_HIJACK_H

#undef _FORTIFY_SOURCE	/* its inline forms would stand in our hooks' way */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#define HJ_EXPORT	__attribute__((visibility("default")))
#define HJ_HIDDEN	__attribute__((visibility("hidden")))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/*
 * HOOK(ret, name, args) { body } defines the function that programs find as
 * `name`.  The C name differs, so that libc's declaration with its
 * attributes (nonnull, transparent unions) does not bind us.
 */
#define HOOK(ret, name, ...)						\
	HJ_EXPORT ret hook_##name(__VA_ARGS__) __asm__(#name);		\
	ret hook_##name(__VA_ARGS__)
/* Another name under which libc exports the same function. */
#define HOOK_ALIAS(alias_name, name)					\
	extern HJ_EXPORT __typeof__(hook_##name) hook_##alias_name	\
	__asm__(#alias_name) __attribute__((alias(#name)))

/* libc's end of a program that overruns a buffer of known size. */
_Noreturn void hj_chk_fail(void) __asm__("__chk_fail");

/* The one place where -errno turns into -1 and errno. */
static inline long hj_ret(long r)
{
	if (r >= 0 || r < -4095)
		return r;
	errno = (int)-r;
	return -1;
}

enum hj_family {	/* as RUMPHIJACK names them on Linux */
	HJ_LOCAL = 1, HJ_INET = 2, HJ_ROUTE = 4, HJ_INET6 = 8, HJ_MPLS = 16,
	HJ_OTHER = 32,	/* what the original has no name for */
	HJ_ALL = 63,
};

enum hj_host {
	HJ_HOST_NONE,		/* neither RUMP_SERVER nor SHMIF_BUS */
	HJ_HOST_URL,		/* RUMP_SERVER */
	HJ_HOST_PRIVATE,	/* SHMIF_BUS */
};

enum hj_retry {		/* what to do when the virtual host is gone */
	HJ_RETRY_NEVER, HJ_RETRY_DIE, HJ_RETRY_ONCE, HJ_RETRY_SECONDS,
	HJ_RETRY_FOREVER,
};

enum hj_escape {	/* SHMIF_ESCAPE: a program out of the library's reach */
	HJ_ESCAPE_WARN,		/* is a line on stderr */
	HJ_ESCAPE_DENY,		/* that, and is not executed */
	HJ_ESCAPE_ALLOW,
	HJ_ESCAPE_HOST,		/* no library, on purpose */
	HJ_ESCAPE_NUM
};

/* Read from the environment once; constant after hj_init(). */
struct hj_settings {
	unsigned families;	/* enum hj_family: these are virtual */
	enum hj_host host;
	enum hj_retry retry;
	enum hj_escape escape;	/* never HJ_ESCAPE_HOST */
	unsigned retry_s;	/* HJ_RETRY_SECONDS */
	struct sockaddr_un sun;	/* HJ_HOST_URL: where it serves, or */
	bool relay;		/* a near half of a relay does, which we start */
	char key[256];		/* with the keys in this file; "": none */
	char what[448];		/* its URL or the bus's name, for messages */
	char bus[256];		/* HJ_HOST_PRIVATE: SHMIF_BUS and company */
	char addr[512];
	char gateway[64];
	char name[64];
	char hosts[256], resolv[256];
	char tree[20];		/* marks the process tree without an address */
	bool machine_name;	/* gethostname(2) says the machine's */
	char holder[48];	/* who keeps the host; see WIRE_HELLO */
	char user[12];		/* whose bus a name means, as a number */
};
extern HJ_HIDDEN struct hj_settings hj_set;

/* init.c */

/*
 * Set once the process may make no system call but the one it asked for
 * (seccomp), or when another copy of the library does the work: fds are
 * then not looked at.
 */
extern HJ_HIDDEN bool hj_sandboxed;
/* Another copy of the library does the work. */
extern HJ_HIDDEN bool hj_dormant;
/* Reads the settings and finds libc's functions, once; keeps errno. */
HJ_HIDDEN void hj_init(void);
/* Are sockets of this domain the virtual host's? */
HJ_HIDDEN bool hj_wants(int domain);
/* Why a socket of this domain, AF_INET or AF_INET6, is the machine's. */
HJ_HIDDEN const char *hj_why_not(int domain);
/* libc's own function of that name, NULL if there is none; may allocate. */
HJ_HIDDEN void *hj_libc(const char *name);

/* env.c */

/* A bad value is one line on stderr and exit status 1. */
HJ_HIDDEN void hj_env_read(struct hj_settings *set);
/* Return: enum hj_escape, or -1: no such word. */
HJ_HIDDEN int hj_escape(const char *word);

/* warn.c */

/*
 * "libshmhijack: " and the strings up to NULL, as one line on stderr; nothing
 * if that is a virtual socket.
 */
HJ_HIDDEN void hj_warn(const char *s, ...) __attribute__((sentinel));
/* The same, but only the first time this *once is used. */
HJ_HIDDEN void hj_warn_once(bool *once, const char *s, ...)
    __attribute__((sentinel));
HJ_HIDDEN bool hj_stderr_is_virtual(void);

/* text.c */

/* strlcat(3): add as much of s as there is room for. */
HJ_HIDDEN void hj_append(char *dst, size_t size, const char *s);
/* Decimal text of v in buf; returns it. */
HJ_HIDDEN char *hj_dec(char buf[static 24], unsigned long v);

/* mem.c */

/*
 * Copy between us and memory the program named, which may not be there.
 * Return: 0 or -EFAULT.
 */
HJ_HIDDEN int hj_copy_in(void *dst, const void *user, size_t n);
HJ_HIDDEN int hj_copy_out(void *user, const void *src, size_t n);
/*
 * The same for data calls on fd, a socket, with a system call at most that
 * such a program is surely allowed, and with none where the memory is known
 * to be there.
 */
#define HJ_KNOWN	-1	/* in place of fd: it has been looked at */
HJ_HIDDEN int hj_get(int fd, void *dst, const void *user, size_t n);
HJ_HIDDEN int hj_put(int fd, void *user, const void *src, size_t n);
/* Can n bytes there be read? */
HJ_HIDDEN bool hj_readable(int fd, const void *user, size_t n);
/* A quick test for the hot path: NULL and kernel addresses are no memory. */
static inline bool hj_no_memory(const void *user)
{
	return (uintptr_t)user < 4096 || (intptr_t)user < 0;
}

#endif
