#include "sim/blocks.h"

#include <stdlib.h>
#include <string.h>

/* Columns beside segments and treaties: three per risk, two maxima, total, reinstatement premium,
 * weight, macro, three with mean damage. */
enum { FIXED_COLUMNS = 3 * XMC_N_RISKS + 9 };

static size_t column_count(size_t n_segments, size_t n_treaties) {
    return FIXED_COLUMNS + 2 * n_segments + n_treaties;
}

/* 64-byte alignment of each column: capacity is a multiple of 8. */
static size_t column_length(uint32_t capacity) {
    return ((size_t)capacity + 7) & ~(size_t)7;
}

uint64_t xmc_block_bytes(uint32_t capacity, size_t n_segments, size_t n_treaties) {
    return (uint64_t)column_count(n_segments, n_treaties) * column_length(capacity) *
           sizeof(double);
}

int xmc_block_init(xmc_block *b, uint32_t capacity, size_t n_segments, size_t n_treaties) {
    *b = (xmc_block){.capacity = capacity, .n_segments = n_segments, .n_treaties = n_treaties};
    size_t stride = column_length(capacity);
    double *p = aligned_alloc(64, xmc_block_bytes(capacity, n_segments, n_treaties));
    b->segment_gross = calloc(n_segments + 1, sizeof(double *));
    b->segment_net = calloc(n_segments + 1, sizeof(double *));
    b->treaty = calloc(n_treaties + 1, sizeof(double *));
    b->weight = p; /* the piece's start: owner of it all */
    if (!p || !b->segment_gross || !b->segment_net || !b->treaty) {
        xmc_block_free(b);
        return -1;
    }
    p += stride;
    for (int r = 0; r < XMC_N_RISKS; r++) {
        b->risk_gross[r] = p;
        b->risk_ceded[r] = p + stride;
        b->risk_net[r] = p + 2 * stride;
        p += 3 * stride;
    }
    b->cat_gross_max_occ = p;
    b->cat_net_max_occ = p + stride;
    b->total = p + 2 * stride;
    b->reinstatement_premium = p + 3 * stride;
    b->macro = p + 4 * stride;
    b->mean_damage_gross = p + 5 * stride;
    b->mean_damage_gross_max_occ = p + 6 * stride;
    b->mean_damage_net_max_occ = p + 7 * stride;
    p += 8 * stride;
    for (size_t i = 0; i < n_segments; i++, p += 2 * stride) {
        b->segment_gross[i] = p;
        b->segment_net[i] = p + stride;
    }
    for (size_t i = 0; i < n_treaties; i++, p += stride)
        b->treaty[i] = p;
    return 0;
}

void xmc_block_free(xmc_block *b) {
    free(b->weight);
    free(b->segment_gross);
    free(b->segment_net);
    free(b->treaty);
    *b = (xmc_block){0};
}

void xmc_block_reset(xmc_block *b, uint64_t first, uint32_t n) {
    b->first = first;
    b->n = n;
    memset(b->weight, 0, xmc_block_bytes(b->capacity, b->n_segments, b->n_treaties));
    for (uint32_t t = 0; t < n; t++)
        b->weight[t] = 1.0;
}
