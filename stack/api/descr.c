/* descr.c: descriptors that clients send; see descr.h. */
#include "stack/api/descr.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/core/counter.h"

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

bool descr_is_pair(int fd, int type)
{
	return option(fd, SO_DOMAIN) == AF_UNIX &&
	    (!type || option(fd, SO_TYPE) == type);
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

/* It takes no signals: the main thread does. */
static bool start(void)
{
	sigset_t all, old;
	pthread_t t;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	e = pthread_create(&t, NULL, closer, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!e)
		pthread_detach(t);
	return !e;
}

void descr_close(int fd)
{
	counter_inc("request.bad_descriptor");
	pthread_mutex_lock(&lock);
	running = running || start();
	/* No room: it stays open, which is better than to wait for it. */
	if (running && count < QUEUE) {
		queue[(head + count++) % QUEUE] = fd;
		pthread_cond_signal(&more);
	}
	pthread_mutex_unlock(&lock);
}
