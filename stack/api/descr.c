/* descr.c: descriptors that clients send; see descr.h. */
#include "stack/api/descr.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/core/counter.h"
#include "stack/wire/thread.h"

#define QUEUE	256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int queue[QUEUE];
static unsigned head, count;
static bool running;

static int option(int fd, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) < 0 ? -1 : v;
}

bool descr_is_pair(int fd)
{
	return option(fd, SO_DOMAIN) == AF_UNIX;
}

bool descr_has_type(int fd, int type)
{
	return option(fd, SO_TYPE) == type;
}

bool descr_is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

static void *closer(void *arg)
{
	int fd;

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&lock);
		while (!count)
			pthread_cond_wait(&more, &lock);
		fd = queue[head++ % QUEUE];
		count--;
		pthread_mutex_unlock(&lock);
		close(fd);
	}
	return NULL;
}

void descr_close(int fd)
{
	counter_inc("request.bad_descriptor");
	pthread_mutex_lock(&lock);
	running = running || !thread_start(NULL, closer, NULL);
	/* No room: it stays open, which is better than to wait for it. */
	if (running && count < QUEUE) {
		queue[(head + count++) % QUEUE] = fd;
		pthread_cond_signal(&more);
	}
	pthread_mutex_unlock(&lock);
}
