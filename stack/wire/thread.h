/* thread.h: threads of ours in processes whose signals are others' business. */
#ifndef STACK_THREAD_H
#define STACK_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

/*
 * Start a thread that takes no signals, which are the main thread's or the
 * program's, but for those of its own faults.  t: whom to join, or NULL: nobody
 * joins it.  Return 0 or -errno.
 */
static inline int thread_start(pthread_t *t, void *(*run)(void *), void *arg)
{
	sigset_t all, old;
	pthread_t own;
	int e;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	e = pthread_create(t ? t : &own, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!e && !t)
		pthread_detach(own);
	return -e;
}

#endif
