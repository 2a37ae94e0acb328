#include "bench/cat_run.h"

#include "bench/plain.h"
#include "sim/blocks.h"
#include "sim/cat.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

double xmc_bench_peak_memory(void) {
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? 1024 * (double)u.ru_maxrss : 0;
}

double xmc_bench_ground_up_limit(void) {
    const char *isa = xmc_kernels_active()->isa;
    if (strcmp(isa, "avx512") == 0)
        return 1e9 / 0.45;
    return strcmp(isa, "avx2") == 0 ? 1e9 / 1.04 : 0;
}

xmc_status xmc_bench_in_force(const xmc_bench_options *o, const char **before, xmc_diag *diag) {
    *before = xmc_kernels_active()->isa;
    if (o->isa && !xmc_kernels_select(o->isa))
        return xmc_error(diag, XMC_USAGE, "no kernels for '%s'", o->isa);
    return XMC_OK;
}

static xmc_status loop(const char *name, xmc_cat *cat, const xmc_bench_cat *b, xmc_block *block,
                       uint64_t trials, double *loss, xmc_bench_cat_result *r, xmc_diag *diag) {
    double cpu = xmc_bench_process_cpu(), wall = xmc_bench_wall();
    for (uint64_t first = 0; first < trials; first += block->capacity) {
        const uint64_t left = trials - first;
        xmc_block_reset(block, first, (uint32_t)(left < block->capacity ? left : block->capacity));
        xmc_cat_block(cat, block);
        memcpy(loss + first, block->risk_gross[XMC_RISK_CAT], block->n * sizeof *loss);
    }
    r->wall = xmc_bench_wall() - wall;
    r->cpu = xmc_bench_process_cpu() - cpu;
    if (xmc_cat_overflowed(cat))
        return xmc_error(diag, XMC_FAILED, "%s: a sum has left the exact range", name);
    const size_t n_events = xmc_cat_elt_events(cat);
    uint64_t *occurrences = calloc(n_events, sizeof *occurrences);
    if (!occurrences)
        return xmc_no_memory(diag, n_events * sizeof *occurrences, "a benchmark");
    xmc_cat_elt(cat, NULL, NULL, occurrences, NULL, NULL, NULL);
    r->samples = 0;
    for (size_t e = 0; e < n_events; e++)
        r->samples += (double)occurrences[e] * b->event_samples[e];
    free(occurrences);
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < trials; i++)
        sum += loss[i];
    r->mean = sum / (double)trials;
    for (uint64_t i = 0; i < trials; i++)
        squares += (loss[i] - r->mean) * (loss[i] - r->mean);
    r->error = sqrt(squares / (double)trials / (double)(trials - 1));
    r->z = (r->mean - b->expected) / r->error;
    r->checksum = xmc_bench_checksum(loss, trials * sizeof *loss);
    const bool exact = b->a.book.n_accounts == 1 && b->a.book.locations[0].tiv[1] == 0;
    if (exact && !(fabs(r->z) < 5))
        return xmc_error(diag, XMC_FAILED, "%s: mean %.8g misses the expected %.8g, z = %.1f", name,
                         r->mean, b->expected, r->z);
    return XMC_OK;
}

xmc_status xmc_bench_cat_run(const char *name, const xmc_bench_cat *b, uint64_t trials,
                             uint32_t block, int threads, xmc_bench_cat_result *r, xmc_diag *diag) {
    *r = (xmc_bench_cat_result){0};
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    xmc_segments segments = {0};
    xmc_cat *cat = NULL;
    xmc_block buffer;
    double *loss = malloc(trials * sizeof *loss);
    xmc_status st = loss ? XMC_OK : xmc_no_memory(diag, trials * sizeof *loss, "year losses");
    if (!st) {
        double start = xmc_bench_wall();
        st = xmc_cat_plan(&b->a, &(xmc_run_shape){block, threads}, &segments, &cat, diag);
        r->plan_seconds = xmc_bench_wall() - start;
    }
    if (!st) {
        xmc_module_cost cost = {0};
        xmc_cat_describe(cat, &cost);
        r->plan_bytes = (double)cost.bytes;
        if (xmc_block_init(&buffer, block, segments.n, 0)) {
            st = xmc_no_memory(diag, xmc_block_bytes(block, segments.n, 0), "a block of trials");
        } else {
            st = loop(name, cat, b, &buffer, trials, loss, r, diag);
            xmc_block_free(&buffer);
        }
    }
    xmc_cat_free(cat);
    xmc_segments_free(&segments);
    free(loss);
    omp_set_num_threads(before);
    return st;
}

xmc_status xmc_bench_cat_passes(const char *name, const xmc_bench_cat *b, uint64_t trials,
                                uint32_t block, int threads, xmc_bench_cat_result *one,
                                xmc_bench_cat_result *all, xmc_diag *diag) {
    enum { PASSES = 3 };
    double cpu[PASSES], wall[PASSES];
    for (int i = 0; i < PASSES; i++) {
        xmc_status st = xmc_bench_cat_run(name, b, trials, block, 1, one, diag);
        if (!st)
            st = xmc_bench_cat_run(name, b, trials, block, threads, all, diag);
        if (st)
            return st;
        cpu[i] = one->cpu;
        wall[i] = all->wall;
    }
    if (one->checksum != all->checksum)
        return xmc_error(diag, XMC_FAILED, "%s: other losses with %d threads", name, threads);
    one->cpu = xmc_bench_median(cpu, PASSES);
    all->wall = xmc_bench_median(wall, PASSES);
    return XMC_OK;
}

xmc_status xmc_bench_on_book(const xmc_bench_cat_spec *spec, xmc_bench_cat_fn *f,
                             const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    xmc_bench_cat b;
    const char *before;
    xmc_status st = xmc_bench_in_force(o, &before, diag);
    if (!st && !(st = xmc_bench_cat_make(spec, &b, diag))) {
        st = f(&b, o, rows, diag);
        xmc_bench_cat_free(&b);
    }
    xmc_kernels_select(before);
    return st;
}

/* ---- plain C ---- */

typedef struct {
    uint32_t cell, function, at;
} place;

static int by_place(const void *x, const void *y) {
    const place *a = x, *b = y;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

typedef struct {
    place *places;
    plain_location *locations; /* by cell and function */
    size_t *offset;            /* [cells][functions] + 1 */
    xmc_damage_row *rows;      /* [functions][intensity bins] */
} plain_book;

static double plain_occurrence(const xmc_bench_cat *b, const plain_book *p, size_t event,
                               xmc_stream *s) {
    const xmc_event_set *e = &b->a.events;
    const xmc_vulnerability *v = &b->a.vulnerability;
    double sum = 0;
    for (uint64_t f = e->offset[event]; f < e->offset[event + 1]; f++)
        for (size_t k = 0; k < v->n_functions; k++) {
            const size_t at = e->footprint_cell[f] * v->n_functions + k;
            sum += plain_ground_up(p->locations + p->offset[at], p->offset[at + 1] - p->offset[at],
                                   p->rows + k * v->n_intensity_bins + e->footprint_bin[f], s,
                                   b->a.loss_grid, 1 / b->a.loss_grid);
        }
    return sum;
}

static xmc_status plain_fill(const xmc_bench_cat *b, plain_book *p, xmc_diag *diag) {
    const xmc_event_set *e = &b->a.events;
    const xmc_vulnerability *v = &b->a.vulnerability;
    const size_t n = b->a.book.n_locations, groups = e->n_cells * v->n_functions,
                 rows = v->n_functions * v->n_intensity_bins;
    p->places = malloc(n * sizeof *p->places);
    p->locations = malloc(n * sizeof *p->locations);
    p->offset = calloc(groups + 1, sizeof *p->offset);
    p->rows = malloc(rows * sizeof *p->rows);
    if (!p->places || !p->locations || !p->offset || !p->rows)
        return xmc_no_memory(diag, n * sizeof *p->locations, "a benchmark");
    for (uint32_t i = 0; i < n; i++) {
        const xmc_location *l = &b->a.book.locations[i];
        p->places[i] = (place){(uint32_t)((uint64_t)i * e->n_cells / n), l->vulnerability, i};
        p->offset[p->places[i].cell * v->n_functions + l->vulnerability + 1]++;
    }
    for (size_t g = 0; g < groups; g++)
        p->offset[g + 1] += p->offset[g];
    qsort(p->places, n, sizeof *p->places, by_place);
    for (size_t i = 0; i < n; i++) {
        const xmc_location *l = &b->a.book.locations[p->places[i].at];
        p->locations[i] = (plain_location){l->tiv[0], l->ded, l->limit};
    }
    for (size_t i = 0; i < rows; i++)
        if (xmc_damage_row_init(&p->rows[i], v->n_damage_bins, v->damage_from, v->damage_to,
                                v->probability + i * v->n_damage_bins))
            return xmc_error(diag, XMC_FAILED, "no damage row");
    return XMC_OK;
}

xmc_status xmc_bench_cat_plain(const char *name, const xmc_bench_cat *b, double *rate,
                               xmc_diag *diag) {
    plain_book p = {0};
    xmc_status st = plain_fill(b, &p, diag);
    const size_t n_events = b->a.events.n_events;
    double samples = 0, difference = 0, expected = 0, squares = 0;
    size_t n = 0;
    double start = xmc_bench_cpu();
    for (; !st && n < 32 && (n < 8 || samples < 3e7); n++) {
        const size_t event = n % n_events;
        xmc_stream s = xmc_stream_at(b->a.seeds[XMC_SEED_DAMAGE], 1000000007, n);
        const double d = plain_occurrence(b, &p, event, &s) - b->event_loss[event];
        difference += d;
        squares += d * d;
        expected += b->event_loss[event];
        samples += b->event_samples[event];
    }
    *rate = samples / (xmc_bench_cpu() - start);
    /* Independent errors of mean nil. */
    if (!st && !(fabs(difference) < 5 * sqrt(squares)))
        st = xmc_error(diag, XMC_FAILED, "%s: plain C misses the expected loss by %.2g", name,
                       difference / expected);
    free(p.places);
    free(p.locations);
    free(p.offset);
    free(p.rows);
    return st;
}
