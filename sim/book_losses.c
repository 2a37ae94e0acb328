/* The book under an event set of one event over all cells, with a damage function for every ratio,
 * and every policy layer a line of business of its own: the engine's segments are then the layers.
 */
#include "sim/book_losses.h"
#include "sim/cat_internal.h"
#include <stdlib.h>
#include <string.h>

static int compare_u32(const void *x, const void *y) {
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static int compare_f64(const void *x, const void *y) {
    const double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static size_t distinct(void *array, size_t n, size_t size,
                       int (*compare)(const void *, const void *)) {
    char *p = array;
    qsort(p, n, size, compare);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!kept || compare(p + i * size, p + (kept - 1) * size))
            memmove(p + kept++ * size, p + i * size, size);
    return kept;
}

/* One event over all cells of the book. */
static bool make_events(xmc_plan_memory *m, xmc_analysis *a, xmc_perils peril) {
    const xmc_book *b = &a->book;
    xmc_event_set *e = &a->events;
    *e = (xmc_event_set){.n_events = 1, .cell_size = 0.25};
    e->cell_id = xmc_plan_get(m, b->n_locations + 1, sizeof *e->cell_id);
    e->event_id = xmc_plan_get(m, 1, sizeof *e->event_id);
    e->peril = xmc_plan_get(m, 1, sizeof *e->peril);
    e->rate = xmc_plan_get(m, 1, sizeof *e->rate);
    e->day_first = xmc_plan_get(m, 1, sizeof *e->day_first);
    e->day_last = xmc_plan_get(m, 1, sizeof *e->day_last);
    e->offset = xmc_plan_get(m, 2, sizeof *e->offset);
    if (!e->cell_id || !e->event_id || !e->peril || !e->rate || !e->day_first || !e->day_last ||
        !e->offset)
        return false;
    for (size_t i = 0; i < b->n_locations; i++)
        e->cell_id[i] = xmc_cat_cell_of(&b->locations[i], e->cell_size);
    e->n_cells = distinct(e->cell_id, b->n_locations, sizeof *e->cell_id, compare_u32);
    e->n_footprint = e->n_cells;
    e->footprint_cell = xmc_plan_get(m, e->n_cells + 1, sizeof *e->footprint_cell);
    e->footprint_bin = xmc_plan_get(m, e->n_cells + 1, sizeof *e->footprint_bin);
    if (!e->footprint_cell || !e->footprint_bin)
        return false;
    for (uint32_t i = 0; i < e->n_cells; i++)
        e->footprint_cell[i] = i;
    e->event_id[0] = e->day_first[0] = e->day_last[0] = 1;
    e->peril[0] = peril;
    e->rate[0] = 1;
    e->offset[1] = e->n_footprint;
    return true;
}

/* A damage function for every ratio: total loss with that probability, of which the engine takes
 * the mean. A class for every location. */
static bool make_vulnerability(xmc_plan_memory *m, xmc_analysis *a, unsigned bit,
                               double (*ratio)[XMC_N_COVERS], xmc_location *locations) {
    xmc_book *b = &a->book;
    const size_t n = b->n_locations, n_ratios = n * XMC_N_COVERS;
    xmc_vulnerability *v = &a->vulnerability;
    *v = (xmc_vulnerability){.n_damage_bins = 2, .n_intensity_bins = 1};
    double *of = xmc_plan_get(m, n_ratios + 1, sizeof *of);
    v->damage_from = xmc_plan_get(m, 2, sizeof(double));
    v->damage_to = xmc_plan_get(m, 2, sizeof(double));
    v->function = xmc_plan_get(m, n * 64 * XMC_N_COVERS + 1, sizeof *v->function);
    b->vulnerability_classes = xmc_plan_get(m, n + 1, sizeof(char *));
    char(*name)[24] = xmc_plan_get(m, n + 1, sizeof *name);
    if (!of || !v->damage_from || !v->damage_to || !v->function || !b->vulnerability_classes ||
        !name)
        return false;
    memcpy(of, ratio, n_ratios * sizeof *of);
    v->n_functions = distinct(of, n_ratios, sizeof *of, compare_f64);
    v->probability = xmc_plan_get(m, 2 * v->n_functions + 1, sizeof(double));
    v->function_name = xmc_plan_get(m, v->n_functions + 1, sizeof(char *));
    if (!v->probability || !v->function_name)
        return false;
    v->damage_from[1] = v->damage_to[1] = 1;
    for (size_t k = 0; k < v->n_functions; k++) {
        v->probability[2 * k] = 1 - of[k];
        v->probability[2 * k + 1] = of[k];
        v->function_name[k] = "given";
    }
    b->n_vulnerability_classes = n;
    for (size_t i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "%010zu", i);
        b->vulnerability_classes[i] = name[i];
        locations[i].vulnerability = (uint32_t)i;
        for (size_t c = 0; c < XMC_N_COVERS; c++) {
            const double *at = bsearch(&ratio[i][c], of, v->n_functions, sizeof *of, compare_f64);
            v->function[(i * 64 + bit) * XMC_N_COVERS + c] = (uint32_t)(at - of);
        }
    }
    return true;
}

static bool make_lines(xmc_plan_memory *m, xmc_book *b, xmc_policy *policies) {
    b->lobs = xmc_plan_get(m, b->n_policies + 1, sizeof *b->lobs);
    char(*name)[24] = xmc_plan_get(m, b->n_policies + 1, sizeof *name);
    b->regions = xmc_plan_get(m, 1, sizeof(char *));
    if (!b->lobs || !name || !b->regions)
        return false;
    for (size_t i = 0; i < b->n_policies; i++) {
        snprintf(name[i], sizeof name[i], "%010zu", i);
        b->lobs[i] = (xmc_lob){name[i], name[i], XMC_LINE_PROPERTY};
        policies[i].lob = (uint32_t)i;
    }
    b->n_lobs = b->n_policies;
    b->regions[0] = "all";
    b->n_regions = 1;
    return true;
}

static xmc_status run(xmc_analysis *a, double *insured, xmc_diag *diag) {
    const xmc_run_shape shape = {.block = 1, .threads = 1};
    xmc_diag own; /* notes on what is modelled would be about this event set, not the user's */
    xmc_diag_init(&own);
    xmc_segments segments = {0};
    xmc_cat *cat = NULL;
    xmc_status st = xmc_cat_plan(a, &shape, &segments, &cat, &own);
    xmc_diag_errors(diag, &own);
    xmc_diag_free(&own);
    double *loss = st == XMC_OK ? calloc(segments.n + 1, sizeof *loss) : NULL;
    if (st == XMC_OK && !loss)
        st = xmc_no_memory(diag, segments.n * sizeof *loss, "policy losses");
    if (st == XMC_OK) {
        xmc_cat_event_losses(cat, 0, false, loss);
        for (size_t s = 0; s < segments.n; s++)
            insured[segments.segments[s].lob] += loss[s];
    }
    free(loss);
    xmc_cat_free(cat);
    xmc_segments_free(&segments);
    return st;
}

xmc_status xmc_book_losses(const xmc_analysis *a, xmc_perils peril, double (*ratio)[XMC_N_COVERS],
                           double *insured, xmc_diag *diag) {
    xmc_plan_memory m = {0};
    xmc_analysis given = *a;
    given.mean_damage = true;
    xmc_book *b = &given.book;
    b->n_treaties = b->n_scopes = 0;
    xmc_location *locations = xmc_plan_get(&m, b->n_locations + 1, sizeof *locations);
    xmc_policy *policies = xmc_plan_get(&m, b->n_policies + 1, sizeof *policies);
    xmc_status st = XMC_OK;
    unsigned bit = 0;
    while (peril >> bit > 1)
        bit++;
    if (!locations || !policies) {
        st = xmc_no_memory(diag, b->n_locations * sizeof *locations, "policy losses");
        goto done;
    }
    memcpy(locations, b->locations, b->n_locations * sizeof *locations);
    memcpy(policies, b->policies, b->n_policies * sizeof *policies);
    b->locations = locations;
    b->policies = policies;
    for (size_t i = 0; i < b->n_locations; i++)
        locations[i].region = 0;
    memset(insured, 0, b->n_policies * sizeof *insured);
    if (!make_lines(&m, b, policies) || !make_events(&m, &given, peril) ||
        !make_vulnerability(&m, &given, bit, ratio, locations))
        st = xmc_no_memory(diag, b->n_locations * sizeof *locations, "policy losses");
    else
        st = run(&given, insured, diag);
done:
    xmc_plan_memory_free(&m);
    return st;
}
