/* affinity.c: the memory in which a program tells where it runs. */
#include "hijack/affinity.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "stack/wire/client.h"
#include "stack/wire/sys.h"

static uint32_t nobody;
static uint64_t mapped;		/* server id */

uint32_t *affinity_word = &nobody;

/* All that it says is there, and nobody can take it away: else a store kills. */
static bool is_whole(int fd)
{
	struct stat st;

	return SYS2(SYS_fstat, fd, &st) == 0 &&
	    st.st_size >= WIRE_AFFINITY_WORDS * WIRE_AFFINITY_STEP &&
	    sys_fcntl(fd, F_GET_SEALS, 0) & F_SEAL_SHRINK;
}

void affinity_map(const struct client_hello *hello)
{
	size_t at = (size_t)hello->affinity * WIRE_AFFINITY_STEP, page = 4096;
	long p = -1;

	if (hello->affinity_fd < 0)
		return;
	/*
	 * A lost connection to the same host was made anew: the word is as
	 * good.  Another host's stays mapped, since threads may be storing.
	 */
	if (hello->affinity >= 0 && hello->affinity < WIRE_AFFINITY_WORDS &&
	    mapped != hello->server && is_whole(hello->affinity_fd))
		p = SYS6(SYS_mmap, NULL, page, PROT_READ | PROT_WRITE,
		    MAP_SHARED, hello->affinity_fd, at & ~(page - 1));
	sys_close(hello->affinity_fd);
	if (p < 0 && p > -4096)
		return;
	mapped = hello->server;
	__atomic_store_n(&affinity_word, (uint32_t *)(p + (long)(at % page)),
	    __ATOMIC_RELAXED);
}
