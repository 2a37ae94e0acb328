/* Memory that is taken piece by piece and given back at once, and numbered names kept in it. */
#ifndef CROSSMC_ARENA_H
#define CROSSMC_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as {0}. */
typedef struct {
    struct xmc_arena_block *first;
} xmc_arena;

/* Aligned for any object, not zeroed; NULL without memory. */
void *xmc_arena_alloc(xmc_arena *a, size_t bytes);
/* n bytes of s and a zero, packed without gaps; NULL without memory. */
char *xmc_arena_copy(xmc_arena *a, const char *s, size_t n);
/* As xmc_arena_copy, with `prefix` bytes for the caller in front of the string. */
char *xmc_arena_copy_behind(xmc_arena *a, size_t prefix, const char *s, size_t n);
void xmc_arena_free(xmc_arena *a);

/* Distinct names, numbered 0, 1, … in the order in which they were first added. Starts as
 * {.arena = …}; the names live in the arena, the index is freed by xmc_names_free. */
typedef struct {
    xmc_arena *arena;
    const char **name; /* [n] */
    size_t n, capacity;
    uint32_t *slot, *hash;
    size_t n_slots;
} xmc_names;

/* The number of s[0 … length). fresh (may be NULL) says whether it was new. UINT32_MAX without
 * memory. */
uint32_t xmc_names_add(xmc_names *names, const char *s, size_t length, bool *fresh);
/* The number of a known name, otherwise UINT32_MAX. */
uint32_t xmc_names_find(const xmc_names *names, const char *s, size_t length);
void xmc_names_free(xmc_names *names);

/* A 64-bit hash for tables in memory (never for results). */
uint64_t xmc_hash_bytes(const void *s, size_t n, uint64_t seed);

#endif
