/* rump/rump_syscalls.h: for programs that look for rump_sys_*() here. */
#include <rump/rump.h>
