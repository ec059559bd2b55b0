/* rump/netconfig.h: for programs that look for rump_pub_netconfig_*() here. */
#include <rump/rump.h>
