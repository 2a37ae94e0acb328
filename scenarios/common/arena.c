#include "scenarios/common/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct xmc_arena_block {
    struct xmc_arena_block *next;
    size_t used, size;
    max_align_t data[];
};

static char *take(xmc_arena *a, size_t bytes, size_t align) {
    struct xmc_arena_block *b = a->first;
    if (b) {
        size_t at = (b->used + align - 1) / align * align;
        if (at <= b->size && bytes <= b->size - at) {
            b->used = at + bytes;
            return (char *)b->data + at;
        }
    }
    size_t size = b ? 2 * b->size : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (bytes > size)
        size = bytes;
    if (size > SIZE_MAX - sizeof *b)
        return NULL;
    struct xmc_arena_block *fresh = malloc(sizeof *fresh + size);
    if (!fresh)
        return NULL;
    *fresh = (struct xmc_arena_block){.next = b, .used = bytes, .size = size};
    a->first = fresh;
    return (char *)fresh->data;
}

void *xmc_arena_alloc(xmc_arena *a, size_t bytes) {
    return take(a, bytes, alignof(max_align_t));
}

char *xmc_arena_copy_behind(xmc_arena *a, size_t prefix, const char *s, size_t n) {
    char *p = take(a, prefix + n + 1, 1);
    if (!p)
        return NULL;
    p += prefix;
    if (n)
        memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *xmc_arena_copy(xmc_arena *a, const char *s, size_t n) {
    return xmc_arena_copy_behind(a, 0, s, n);
}

void xmc_arena_free(xmc_arena *a) {
    for (struct xmc_arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->first = NULL;
}

uint64_t xmc_hash_bytes(const void *s, size_t n, uint64_t seed) {
    const unsigned char *p = s;
    uint64_t h = seed ^ (n * UINT64_C(0x9e3779b97f4a7c15));
    while (n) {
        uint64_t w = 0;
        size_t k = n < 8 ? n : 8;
        memcpy(&w, p, k);
        h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
        p += k;
        n -= k;
    }
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 29);
}

/* The slot that holds the name or the empty one where it belongs. */
static size_t find_slot(const xmc_names *names, const char *s, size_t length, uint32_t hash) {
    size_t mask = names->n_slots - 1, i = hash & mask;
    for (;; i = (i + 1) & mask) {
        uint32_t k = names->slot[i];
        if (k == UINT32_MAX)
            return i;
        if (names->hash[k] == hash && !strncmp(names->name[k], s, length) &&
            !names->name[k][length])
            return i;
    }
}

static bool grow(xmc_names *names) {
    size_t capacity = names->capacity ? 2 * names->capacity : 16;
    if (capacity > UINT32_MAX / 4)
        return false;
    const char **name = realloc(names->name, capacity * sizeof *name);
    if (name)
        names->name = name;
    uint32_t *hash = realloc(names->hash, capacity * sizeof *hash);
    if (hash)
        names->hash = hash;
    uint32_t *slot = malloc(2 * capacity * sizeof *slot);
    if (!name || !hash || !slot) {
        free(slot);
        return false;
    }
    free(names->slot);
    names->slot = slot;
    names->n_slots = 2 * capacity;
    names->capacity = capacity;
    memset(slot, 0xff, names->n_slots * sizeof *slot);
    for (size_t i = 0; i < names->n; i++) {
        size_t j = names->hash[i] & (names->n_slots - 1);
        while (slot[j] != UINT32_MAX)
            j = (j + 1) & (names->n_slots - 1);
        slot[j] = (uint32_t)i;
    }
    return true;
}

uint32_t xmc_names_find(const xmc_names *names, const char *s, size_t length) {
    if (!names->n_slots)
        return UINT32_MAX;
    return names->slot[find_slot(names, s, length, (uint32_t)xmc_hash_bytes(s, length, 0))];
}

uint32_t xmc_names_add(xmc_names *names, const char *s, size_t length, bool *fresh) {
    if (fresh)
        *fresh = false;
    if (names->n == names->capacity && !grow(names))
        return UINT32_MAX;
    uint32_t hash = (uint32_t)xmc_hash_bytes(s, length, 0);
    size_t i = find_slot(names, s, length, hash);
    if (names->slot[i] != UINT32_MAX)
        return names->slot[i];
    char *copy = xmc_arena_copy(names->arena, s, length);
    if (!copy)
        return UINT32_MAX;
    names->name[names->n] = copy;
    names->hash[names->n] = hash;
    names->slot[i] = (uint32_t)names->n;
    if (fresh)
        *fresh = true;
    return (uint32_t)names->n++;
}

void xmc_names_free(xmc_names *names) {
    free(names->name);
    free(names->slot);
    free(names->hash);
    *names = (xmc_names){.arena = names->arena};
}
