/*
 * affinity.h: a host's threads run where its programs do.
 *
 * A byte that a program hands to its host, or gets from it, is in the cache
 * of the CPU it was copied on, and waking a thread of another CPU costs ten
 * times as much as one's own.  The scheduler knows neither which program a
 * thread works for nor what a copy costs, and puts them anywhere: the same
 * stream ran at 13 or at 33 Gbit/s by luck.  So programs tell on which CPU
 * they make their data calls, in memory they share with the host, and a
 * thread that works for one of them stays on its CPU.
 */
#ifndef STACK_PLACE_H
#define STACK_PLACE_H

#include <stdint.h>

extern int affinity_follow;	/* sysctl net.follow; 0: the kernel decides */

/*
 * Reserve a program's word in the shared memory.
 * Return: its index, and in *fd a descriptor of the memory that the caller
 * closes; -1: none, the program is not followed.
 */
int affinity_give(int *fd);

/* The calling thread did something for the program whose index this is. */
void affinity_sample(int index);

/*
 * The calling thread is done with a turn and may sleep: move it if most of
 * what it did lately was for a program elsewhere.  Affinity that somebody else
 * gives the thread is respected and never widened, unless it is just the CPU
 * where the thread had gone by itself: that cannot be told apart.
 */
void affinity_turn(void);

#endif
