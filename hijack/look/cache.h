/*
 * cache.h: what was found of the files that were looked at, kept by what
 * stat(2) says of them.  The table may lie in memory that a program shares
 * with its children: what is read there is checked, nobody waits for it.
 */
#ifndef HIJACK_LOOK_CACHE_H
#define HIJACK_LOOK_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRAM_CACHE_SLOTS	102	/* they fill a page */

struct program_cache {
	struct program_cache_slot {
		uint64_t id;	/* 0: free */
		uint64_t fresh;	/* hash of the times and the size */
		uint64_t facts;
		uint64_t check;	/* of the three: a torn slot does not match */
		uint64_t told;	/* id of the file about which a line was
				   printed */
	} slot[PROGRAM_CACHE_SLOTS];
};

struct program_file;
struct stat;

/* Which file it is: device and inode. */
uint64_t program_cache_id(const struct stat *st);
/* Return: whether the file is there, unchanged since; cache may be NULL. */
bool program_cache_find(const struct program_cache *cache,
    const struct stat *st, struct program_file *f);
void program_cache_keep(struct program_cache *cache, const struct stat *st,
    const struct program_file *f);
/* Return: true the first time for that file. */
bool program_cache_tell(struct program_cache *cache, uint64_t id);

#endif
