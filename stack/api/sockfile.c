/* sockfile.c: the files of the sockets that we listen on; see sockfile.h. */
#include "stack/api/sockfile.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/api/allow.h"

#define FILES	16

static struct file {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;
} files[FILES];
static unsigned nfiles;

int sockfile_bind(int fd, const struct sockaddr_un *sun)
{
	struct file *f = &files[nfiles];
	mode_t mask;
	int e;

	if (nfiles == FILES)
		return -EMFILE;
	/* The umask is the whole process's, another one's files included. */
	mask = umask(allow_any() ? 0 : 077);
	e = fchmod(fd, 0666) < 0 || bind(fd, (const struct sockaddr *)sun,
	    sizeof(*sun)) < 0 ? -errno : 0;
	umask(mask);
	if (e)
		return e;
	strcpy(f->path, sun->sun_path);
	if (lstat(f->path, &f->st) < 0)
		memset(&f->st, 0, sizeof(f->st));
	nfiles++;
	return 0;
}

bool sockfile_is(int32_t dev, int32_t ino)
{
	for (unsigned i = 0; i < nfiles; i++)
		if ((int32_t)files[i].st.st_dev == dev &&
		    (int32_t)files[i].st.st_ino == ino)
			return true;
	return false;
}

void sockfile_remove_all(void)
{
	struct stat st;

	for (unsigned i = 0; i < nfiles; i++)
		if (lstat(files[i].path, &st) == 0 &&
		    st.st_ino == files[i].st.st_ino &&
		    st.st_dev == files[i].st.st_dev)
			unlink(files[i].path);
	nfiles = 0;
}

void sockfile_forget_all(void)
{
	nfiles = 0;
}
