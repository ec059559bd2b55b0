/* buslist.h: the buses of the user, or one of them, one after the other. */
#ifndef STACK_CTL_BUSLIST_H
#define STACK_CTL_BUSLIST_H

struct bus;

/* Called with the name the user knows it by; the bus is open for reading. */
typedef void buslist_fn(void *arg, const char *name, const char *path,
    struct bus *b);

/*
 * All named ones, by name; what is no bus is passed over.
 * Return: 0, or CTL_FAILED after an error line.
 */
int buslist_all(buslist_fn *fn, void *arg);
int buslist_one(const char *name, buslist_fn *fn, void *arg);

#endif
