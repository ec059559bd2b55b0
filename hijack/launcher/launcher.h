/* launcher.h: what the parts of shmhijack share. */
#ifndef HIJACK_LAUNCHER_LAUNCHER_H
#define HIJACK_LAUNCHER_LAUNCHER_H

#include <limits.h>
#include <stdbool.h>

#define LIBRARY_NAME	"libshmhijack.so"

/* One line on stderr, "shmhijack: text". */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Find the preload library: beside this program, in ../lib from there, or
 * where it was installed.  Return: 0, or -ENOENT after an error line.
 */
int library_find(char path[static PATH_MAX]);
/* The same for the second entry, which is beside this program; "": no line. */
void entry_find(char path[static PATH_MAX]);
/* Put it in front of LD_PRELOAD.  Return: 0, or -errno after an error line. */
int library_preload(const char *path);
/* Take it out of LD_PRELOAD.  Return: 0, or -errno. */
int library_drop(void);

/* A line for what may be a slip: a new bus, an odd address, an idle -n. */
void hint_bus(const char *bus, const char *addrs, const char *name);

#define WAIT_MAX	16	/* hosts to wait for */

/*
 * Wait until they answer, as seen from the host that the environment names;
 * seconds may be NULL.
 * Return: 0, or after an error line the status of `shmif wait`, or -1.
 */
int wait_for_hosts(const char *const *target, int n, const char *seconds);

struct program;

/*
 * Tell all about a program; closed: why the second entry is closed to it, or
 * NULL.  Return: an exit status: 0 if it works, 1 if not, 3 if that cannot be
 * told.
 */
int check_print(const struct program *p, const char *library,
    const char *closed, bool json);

/*
 * If argv is an interactive shell, arrange for the virtual host's name in its
 * prompt; the user's own start-up files are read as ever.  name may be NULL:
 * it is found out.  Return: the argv to use, argv itself or a new one.
 */
char **shell_mark_prompt(char **argv, const char *name);

#endif
