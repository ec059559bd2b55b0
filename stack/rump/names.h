/*
 * names.h: the preload library's calls under names of their own.
 *
 * librumpshm has the same sockets as libshmhijack: it is made of the same
 * files, compiled once more with this before each (see the Makefile), so that
 * the hook of socket(2) becomes rump_sys_socket(3).  calls.c stands in for
 * what belongs to a preloaded library only.
 */
#ifndef STACK_RUMP_NAMES_H
#define STACK_RUMP_NAMES_H

#include "hijack/debug.h"
#include "hijack/hijack.h"

#undef HOOK
#undef HOOK_ALIAS
#define HOOK(ret, name, ...)						\
	HJ_EXPORT ret hook_##name(__VA_ARGS__)				\
	    __asm__("rump_sys_" #name);					\
	ret hook_##name(__VA_ARGS__)
/* libc's other names for a function are not wanted. */
#define HOOK_ALIAS(alias_name, name)					\
	extern __typeof__(hook_##name) hook_##name
/* Nor is there a trace of them. */
#undef CALL
#undef DEBUG_RETURN
#define CALL(ret, name, format, params, ...)				\
	HOOK(ret, name, DEBUG_OPEN params)
#define DEBUG_RETURN(name, format, function, ...)			\
	return function(__VA_ARGS__)

#endif
