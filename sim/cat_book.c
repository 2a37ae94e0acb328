/* The canonical order of the book: every draw of secondary uncertainty is numbered by it, so it may
 * depend on names and places only, never on the order of the file. */
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include "sim/named.h"
#include <stdlib.h>
#include <string.h>

void *xmc_plan_get(xmc_plan_memory *a, size_t n, size_t size) {
    if (a->n == a->capacity) {
        size_t capacity = a->capacity ? 2 * a->capacity : 64;
        void **grown = realloc(a->blocks, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        a->blocks = grown;
        a->capacity = capacity;
    }
    if (size && n > (SIZE_MAX - 128) / size)
        return NULL;
    size_t bytes = (n * size + 64) & ~(size_t)63;
    void *p = aligned_alloc(64, bytes);
    if (!p)
        return NULL;
    memset(p, 0, bytes);
    a->blocks[a->n++] = p;
    a->bytes += bytes;
    return p;
}

void xmc_plan_memory_free(xmc_plan_memory *a) {
    for (size_t i = 0; i < a->n; i++)
        free(a->blocks[i]);
    free(a->blocks);
    *a = (xmc_plan_memory){0};
}

typedef struct {
    uint32_t cell, class_rank, account_rank, account;
    const char *number;
    uint32_t location;
} sort_key;

static int compare_keys(const void *x, const void *y) {
    const sort_key *a = x, *b = y;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->class_rank != b->class_rank)
        return a->class_rank < b->class_rank ? -1 : 1;
    if (a->account_rank != b->account_rank)
        return a->account_rank < b->account_rank ? -1 : 1;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    int c = strcmp(a->number, b->number);
    return c ? c : a->location < b->location ? -1 : a->location > b->location;
}

/* Ranks by name; equal names share a rank. 0, or -1 without memory. */
static int rank_names(xmc_named *names, size_t n, uint32_t *rank) {
    xmc_sort_names(names, n);
    uint32_t r = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(names[i].name, names[i - 1].name))
            r++;
        rank[names[i].number] = r;
    }
    return 0;
}

/* Number of the grid cell: row × 1440 + column for cells of 0.25 degree. */
uint32_t xmc_cat_cell_of(const xmc_location *l, double size) {
    double rows = 180 / size, columns = 360 / size;
    double row = floor(((double)l->latitude + 90) / size);
    double column = floor(((double)l->longitude + 180) / size);
    if (row >= rows)
        row = rows - 1;
    if (column >= columns)
        column = 0; /* longitude 180 is longitude -180 */
    return (uint32_t)(row * columns + column);
}

static double tiv_of(const xmc_location *l) {
    double sum = 0;
    for (int c = 0; c < XMC_N_COVERS; c++)
        sum += l->tiv[c];
    return sum;
}

static int compare_u32(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* An account's policies by number and layer, whatever the order of the file. */
static int compare_rows(const void *x, const void *y, void *policies) {
    const uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
    const xmc_policy *all = policies, *a = &all[i], *b = &all[j];
    const int c = strcmp(a->pol_number, b->pol_number);
    if (c)
        return c;
    if (a->layer_number != b->layer_number)
        return a->layer_number < b->layer_number ? -1 : 1;
    return i < j ? -1 : i > j;
}

xmc_status xmc_cat_book_build(const xmc_analysis *a, xmc_plan_memory *arena, xmc_cat_book *out,
                              xmc_diag *diag) {
    const xmc_book *b = &a->book;
    xmc_plan_memory temporary = {0};
    xmc_status status = XMC_OK;
    size_t most = b->n_locations > b->n_accounts ? b->n_locations : b->n_accounts;
    most = most > b->n_vulnerability_classes ? most : b->n_vulnerability_classes;
    most = most > b->n_regions ? most : b->n_regions;
    xmc_named *names = xmc_plan_get(&temporary, most, sizeof *names);
    uint32_t *class_rank = xmc_plan_get(&temporary, b->n_vulnerability_classes, sizeof(uint32_t));
    uint32_t *account_rank = xmc_plan_get(&temporary, b->n_accounts, sizeof(uint32_t));
    sort_key *keys = xmc_plan_get(&temporary, b->n_locations, sizeof *keys);
    out->account_tiv = xmc_plan_get(arena, b->n_accounts, sizeof(double));
    out->row_offset = xmc_plan_get(arena, b->n_accounts + 1, sizeof(size_t));
    out->row = xmc_plan_get(arena, b->n_policies, sizeof(uint32_t));
    out->region_rank = xmc_plan_get(arena, b->n_regions, sizeof(uint32_t));
    out->location = xmc_plan_get(arena, b->n_locations, sizeof(uint32_t));
    out->rank = xmc_plan_get(arena, b->n_locations, sizeof(uint32_t));
    out->cell = xmc_plan_get(arena, b->n_locations, sizeof(uint32_t));
    if (!names || !class_rank || !account_rank || !keys || !out->account_tiv || !out->row_offset ||
        !out->row || !out->region_rank || !out->location || !out->rank || !out->cell) {
        status = xmc_no_memory(diag, most * sizeof *keys, "sorting locations");
        goto done;
    }
    for (uint32_t i = 0; i < b->n_vulnerability_classes; i++)
        names[i] = (xmc_named){i, b->vulnerability_classes[i]};
    rank_names(names, b->n_vulnerability_classes, class_rank);
    for (uint32_t i = 0; i < b->n_regions; i++)
        names[i] = (xmc_named){i, b->regions[i]};
    rank_names(names, b->n_regions, out->region_rank);
    for (uint32_t i = 0; i < b->n_accounts; i++)
        names[i] = (xmc_named){i, ""};
    for (size_t i = 0; i < b->n_policies; i++) {
        names[b->policies[i].account].name = b->policies[i].account_name;
        out->row_offset[b->policies[i].account + 1]++;
    }
    rank_names(names, b->n_accounts, account_rank);
    for (size_t i = 0; i < b->n_accounts; i++)
        out->row_offset[i + 1] += out->row_offset[i];
    for (size_t i = b->n_policies; i-- > 0;) {
        size_t account = b->policies[i].account;
        out->row[--out->row_offset[account + 1]] = (uint32_t)i;
    }
    /* Filling from the back has moved each offset to its account's start: shift them down again. */
    for (size_t i = 0; i < b->n_accounts; i++)
        out->row_offset[i] = out->row_offset[i + 1];
    out->row_offset[b->n_accounts] = b->n_policies;

    for (size_t i = 0; i < b->n_accounts; i++)
        qsort_r(out->row + out->row_offset[i], out->row_offset[i + 1] - out->row_offset[i],
                sizeof *out->row, compare_rows, b->policies);

    size_t n = 0;
    double total = 0;
    for (uint32_t i = 0; i < b->n_locations; i++) {
        const xmc_location *l = &b->locations[i];
        double tiv = tiv_of(l);
        if (tiv <= 0)
            continue;
        /* On the grid, so that the sum does not depend on the order of the file. */
        double on_grid = xmc_to_grid(tiv, a->loss_grid, 1 / a->loss_grid);
        out->account_tiv[l->account] += on_grid;
        total += on_grid;
        const xmc_hazard *h = a->events.hazard;
        keys[n++] = (sort_key){h ? h->location_cell[i] : xmc_cat_cell_of(l, a->events.cell_size),
                               h ? h->location_class[i] : class_rank[l->vulnerability],
                               account_rank[l->account],
                               l->account,
                               l->loc_number,
                               i};
    }
    if (total / a->loss_grid >= 0x1p51) {
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "loss_grid: %g: sums insured of CNY %.6g need a grid of at least %g for "
                           "exact sums",
                           a->loss_grid, total, total * 0x1p-50);
        goto done;
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    uint64_t rank = 0;
    for (size_t i = 0; i < n; i++) {
        const xmc_location *l = &b->locations[keys[i].location];
        const uint32_t *cell =
            bsearch(&keys[i].cell, a->events.cell_id, a->events.n_cells, sizeof *cell, compare_u32);
        out->location[i] = keys[i].location;
        out->cell[i] = cell ? (uint32_t)(cell - a->events.cell_id) : NONE;
        out->rank[i] = (uint32_t)rank;
        for (int c = 0; c < XMC_N_COVERS; c++)
            rank += l->tiv[c] > 0 ? xmc_cat_draws(a) : 0;
    }
    out->n = n;
    if (rank > UINT32_MAX)
        status = xmc_error(diag, XMC_BAD_INPUT, "locations: more than 2^32 coverages");
done:
    xmc_plan_memory_free(&temporary);
    return status;
}
