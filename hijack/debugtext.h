/* debugtext.h: the text of a call, built without stdio. */
#ifndef HIJACK_DEBUGTEXT_H
#define HIJACK_DEBUGTEXT_H

#include "hijack/hijack.h"

#define DEBUG_LINE	600	/* bytes; what is longer is cut */

struct debug_line {
	size_t n;
	char text[DEBUG_LINE];
};

HJ_HIDDEN void debug_str(struct debug_line *l, const char *s);
HJ_HIDDEN void debug_dec(struct debug_line *l, long v);
HJ_HIDDEN void debug_hex(struct debug_line *l, unsigned long v);
/* " ECONNREFUSED"; nothing for a number that is no errno. */
HJ_HIDDEN void debug_errno(struct debug_line *l, int err);

/* The arguments, as the letters of format say (debug.h), up to its end. */
HJ_HIDDEN void debug_args(struct debug_line *l, const char *format,
    const long *arg, bool failed);

/* debugname.c: a constant's name, or NULL. */
HJ_HIDDEN const char *debug_domain(int v);
HJ_HIDDEN const char *debug_type(int v);
HJ_HIDDEN const char *debug_level(int v);
HJ_HIDDEN const char *debug_option(int level, int v);
HJ_HIDDEN const char *debug_fcntl(int v);
HJ_HIDDEN const char *debug_ioctl(unsigned long v);
HJ_HIDDEN const char *debug_eai(int v);

#endif
