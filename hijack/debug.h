/*
 * debug.h: SHMIF_DEBUG: a line for each call that is not about data, in the
 * style of strace(1).
 *
 * A hook is traced by being defined with CALL() in place of HOOK(); what its
 * arguments are, a text beside its name tells.  Nothing here takes a lock or
 * memory, so that it works wherever the calls do.
 */
#ifndef HIJACK_DEBUG_H
#define HIJACK_DEBUG_H

#include "hijack/hijack.h"

/*
 * Arguments as text: one letter each, in order.  Before a colon stands what
 * the function returns.
 *	i: an int, or -1 and errno	n: the same, a new fd
 *	p: a pointer, or NULL		u: a number, or 0 and errno
 *	e: 0 or an EAI_ code		r: 0 or an errno
 *	k: as a system call, -errno	m: the same, a new fd
 *
 *	f  an fd	F  the same: the call is shown only for a socket
 *	d  int		u  unsigned	s  string	_  not shown
 *	D  domain	T  type of socket
 *	H  how, of shutdown	C  command of fcntl	R  request of ioctl
 *	S  flags of accept4
 *	a  socket address, and its length
 *	A  where an address goes, and where its length
 *	o  level, option, value and length
 *	O  level, option, where the value goes, and where its length
 */
struct debug {
	const char *name, *format;
	const long *arg;
	uint64_t start;		/* ns, CLOCK_MONOTONIC; 0: not shown */
	char about[80];		/* what the fd is, found out before the call */
};

/* Constant after hj_init(): the one thing looked at when there is no trace. */
extern HJ_HIDDEN bool debug_on;

/* Reads SHMIF_DEBUG. A file that cannot be opened is one line on stderr. */
HJ_HIDDEN void debug_start(void);
HJ_HIDDEN void debug_begin(struct debug *d, const char *name,
    const char *format, const long *arg);
/* Writes the line; keeps errno. */
HJ_HIDDEN void debug_end(struct debug *d, long result);
/* A line of its own: s. */
HJ_HIDDEN void debug_note(const char *s);

#define DEBUG_L(a)			(long)(a)
#define DEBUG_L1(a)			DEBUG_L(a)
#define DEBUG_L2(a, b)			DEBUG_L(a), DEBUG_L(b)
#define DEBUG_L3(a, b, c)		DEBUG_L2(a, b), DEBUG_L(c)
#define DEBUG_L4(a, b, c, d)		DEBUG_L3(a, b, c), DEBUG_L(d)
#define DEBUG_L5(a, b, c, d, e)		DEBUG_L4(a, b, c, d), DEBUG_L(e)
#define DEBUG_L6(a, b, c, d, e, f)	DEBUG_L5(a, b, c, d, e), DEBUG_L(f)
#define DEBUG_L7(a, b, c, d, e, f, g)	DEBUG_L6(a, b, c, d, e, f), DEBUG_L(g)
#define DEBUG_L8(a, b, c, d, e, f, g, h) \
	DEBUG_L7(a, b, c, d, e, f, g), DEBUG_L(h)
#define DEBUG_PICK(a, b, c, d, e, f, g, h, pick, ...)	pick
#define DEBUG_LONGS(...)						\
	DEBUG_PICK(__VA_ARGS__, DEBUG_L8, DEBUG_L7, DEBUG_L6, DEBUG_L5,	\
	    DEBUG_L4, DEBUG_L3, DEBUG_L2, DEBUG_L1, )(__VA_ARGS__)

/* return function(arguments), with a line about it. */
#define DEBUG_RETURN(name, format, function, ...)			\
	do {								\
		if (likely(!debug_on))					\
			return function(__VA_ARGS__);			\
		const long arg_[] = { 0 __VA_OPT__(, DEBUG_LONGS(__VA_ARGS__)) }; \
		struct debug debug_;					\
									\
		debug_begin(&debug_, name, format, arg_ + 1);		\
		__auto_type ret_ = function(__VA_ARGS__);		\
		debug_end(&debug_, (long)ret_);				\
		return ret_;						\
	} while (0)

/*
 * CALL(ret, name, format, (parameters), their names) { body } is HOOK() with
 * a line for each call.
 */
#define DEBUG_OPEN(...)	__VA_ARGS__
#define CALL(ret, name, format, params, ...)				\
	static inline ret call_##name params;				\
	HOOK(ret, name, DEBUG_OPEN params)				\
	{								\
		DEBUG_RETURN(#name, format, call_##name, __VA_ARGS__);	\
	}								\
	static inline ret call_##name params

#endif
