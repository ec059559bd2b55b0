/* text.c: text without stdio. */
#include "hijack/hijack.h"

#include <string.h>

void hj_append(char *dst, size_t size, const char *s)
{
	size_t used = strlen(dst), n = strlen(s);

	if (n > size - used - 1)
		n = size - used - 1;
	memcpy(dst + used, s, n);
	dst[used + n] = '\0';
}

char *hj_dec(char buf[static 24], unsigned long v)
{
	char *p = buf + 23;

	*p = '\0';
	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return p;
}
