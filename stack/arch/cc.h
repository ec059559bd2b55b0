/* cc.h: what lwIP wants to know of compiler and platform. */
#ifndef STACK_ARCH_CC_H
#define STACK_ARCH_CC_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define LWIP_NO_STDDEF_H	0
#define LWIP_TIMEVAL_PRIVATE	0
#define LWIP_ERRNO_STDINCLUDE	1
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS	/* libc has them */

/* Port numbers and sequence numbers start at numbers nobody can guess. */
uint32_t stack_random(void);
#define LWIP_RAND()		stack_random()

uint16_t stack_chksum(const void *data, int len);

void stack_lwip_assert(const char *text, const char *file, int line);
#define LWIP_PLATFORM_DIAG(x)	do { printf x; } while (0)
#define LWIP_PLATFORM_ASSERT(x)	stack_lwip_assert(x, __FILE__, __LINE__)

#endif
