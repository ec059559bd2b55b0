/* newfile.h: files that get their name when they are complete. */
#ifndef BUS_NEWFILE_H
#define BUS_NEWFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One that is being made. */
struct newfile {
	int fd;
	char tmp[4200];		/* its name until then, or "" */
};

/* In the folder of `path`, for nobody but us.  Return: 0, -errno. */
int newfile_open(struct newfile *f, const char *path);
/* Real blocks, so that a full disk is noticed now and not by a SIGBUS. */
int newfile_allocate(struct newfile *f, uint64_t size);
/* Give it its mode, and then its name.  Return: 0, -EEXIST, -errno. */
int newfile_name(struct newfile *f, mode_t mode, const char *path);
/* Without a name it is gone; else this is close(2). */
void newfile_close(struct newfile *f);

#endif
