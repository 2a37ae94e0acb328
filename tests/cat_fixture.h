/* Analyses built in memory for the tests of the catastrophe engine. */
#ifndef CROSSMC_CAT_FIXTURE_H
#define CROSSMC_CAT_FIXTURE_H

#include "kernels/stream.h"
#include "scenarios/analysis.h"
#include "sim/blocks.h"
#include "sim/cat.h"
#include "sim/treaty.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    xmc_analysis a;
    void **owned;
    size_t n_owned;
} fixture;

/* A random whole number in [0, n) and a random number in (0, 1). */
static inline uint32_t below(xmc_stream *s, uint32_t n) {
    return (uint32_t)((uint64_t)xmc_u32(s) * n >> 32);
}

static inline double unit(xmc_stream *s) {
    return xmc_uniform(s);
}

static inline void *fixture_get(fixture *f, size_t n, size_t size) {
    f->owned = realloc(f->owned, (f->n_owned + 1) * sizeof *f->owned);
    assert_non_null(f->owned);
    void *p = calloc(n ? n : 1, size);
    assert_non_null(p);
    f->owned[f->n_owned++] = p;
    return p;
}

static inline char *fixture_name(fixture *f, const char *prefix, unsigned long i) {
    char *s = fixture_get(f, 24, 1);
    snprintf(s, 24, "%s%05lu", prefix, i);
    return s;
}

static inline void fixture_free(fixture *f) {
    for (size_t i = 0; i < f->n_owned; i++)
        free(f->owned[i]);
    free(f->owned);
    memset(f, 0, sizeof *f);
}

/* Everything but books and events: seeds, grid, one line of business, one region. */
static inline void fixture_base(fixture *f, uint64_t seed) {
    memset(f, 0, sizeof *f);
    xmc_analysis *a = &f->a;
    a->loss_grid = 0x1p-6;
    a->has_cat = true;
    a->valuation_date = 20000;
    for (uint64_t i = 0; i < XMC_N_SEEDS; i++)
        a->seeds[i] = seed * 100 + i;
    a->events.cell_size = 0.25;
    a->book.lobs = fixture_get(f, 4, sizeof *a->book.lobs);
    a->book.regions = fixture_get(f, 8, sizeof *a->book.regions);
}

/* Middle of cell `cell` (number of the grid). */
static inline void fixture_place(xmc_location *l, uint32_t cell) {
    l->latitude = -90.0f + 0.25f * (float)(cell / 1440) + 0.125f;
    l->longitude = -180.0f + 0.25f * (float)(cell % 1440) + 0.125f;
}

/* The event set's columns, zero, for up to so many footprint entries. */
static inline xmc_event_set *fixture_events(fixture *f, size_t n_events, size_t n_cells,
                                            size_t most_entries) {
    xmc_event_set *e = &f->a.events;
    e->n_events = n_events;
    e->n_cells = n_cells;
    e->event_id = fixture_get(f, n_events, sizeof *e->event_id);
    e->peril = fixture_get(f, n_events, sizeof *e->peril);
    e->rate = fixture_get(f, n_events, sizeof *e->rate);
    e->day_first = fixture_get(f, n_events, sizeof *e->day_first);
    e->day_last = fixture_get(f, n_events, sizeof *e->day_last);
    e->cell_id = fixture_get(f, n_cells, sizeof *e->cell_id);
    e->offset = fixture_get(f, n_events + 1, sizeof *e->offset);
    e->footprint_cell = fixture_get(f, most_entries, sizeof *e->footprint_cell);
    e->footprint_bin = fixture_get(f, most_entries, sizeof *e->footprint_bin);
    return e;
}

/* Damage functions over these damage bins, probabilities zero; every class has function 0. */
static inline xmc_vulnerability *fixture_vulnerability(fixture *f, size_t n_classes,
                                                       size_t n_functions, size_t n_intensity_bins,
                                                       size_t n_damage_bins, const double *from,
                                                       const double *to) {
    xmc_vulnerability *v = &f->a.vulnerability;
    v->n_damage_bins = n_damage_bins;
    v->damage_from = fixture_get(f, n_damage_bins, sizeof(double));
    v->damage_to = fixture_get(f, n_damage_bins, sizeof(double));
    memcpy(v->damage_from, from, n_damage_bins * sizeof(double));
    memcpy(v->damage_to, to, n_damage_bins * sizeof(double));
    v->n_functions = n_functions;
    v->n_intensity_bins = n_intensity_bins;
    v->probability = fixture_get(f, n_functions * n_intensity_bins * n_damage_bins, sizeof(double));
    v->function = fixture_get(f, n_classes * 64 * XMC_N_COVERS, sizeof *v->function);
    v->function_name = fixture_get(f, n_functions, sizeof(char *));
    for (size_t i = 0; i < n_functions; i++)
        v->function_name[i] = "F";
    return v;
}

static inline void fixture_void_policy(xmc_policy *p, const char *number, uint32_t account,
                                       uint32_t lob) {
    *p = (xmc_policy){.acc_number = number,
                      .account_name = number,
                      .pol_number = number,
                      .account = account,
                      .lob = lob,
                      .layer_number = 1,
                      .perils = ~UINT64_C(0),
                      .inception = 0,
                      .expiry = 40000,
                      .participation = 1};
}

/* n earthquakes with these rates; event i destroys location i, whose sum insured is loss[i], alone.
 * A row of damage bins given by (n_bins, from, to, probability) replaces destruction. */
static inline void fixture_severity(fixture *f, uint64_t seed, size_t n, const double *rate,
                                    const double *loss, size_t n_bins, const double *from,
                                    const double *to, const double *probability) {
    fixture_base(f, seed);
    xmc_analysis *a = &f->a;
    xmc_book *b = &a->book;
    b->n_lobs = b->n_regions = b->n_vulnerability_classes = 1;
    b->lobs[0] = (xmc_lob){"P", "property", XMC_LINE_PROPERTY};
    b->regions[0] = "jiangxi";
    b->vulnerability_classes = fixture_get(f, 1, sizeof(char *));
    b->vulnerability_classes[0] = "C";
    b->n_accounts = b->n_policies = b->n_locations = n;
    b->policies = fixture_get(f, n, sizeof *b->policies);
    b->locations = fixture_get(f, n, sizeof *b->locations);
    xmc_event_set *e = fixture_events(f, n, n, n);
    e->n_footprint = n;
    for (uint32_t i = 0; i < n; i++) {
        fixture_void_policy(&b->policies[i], fixture_name(f, "A", i), i, 0);
        xmc_location *l = &b->locations[i];
        *l = (xmc_location){.loc_number = "1", .account = i, .perils = ~UINT64_C(0)};
        l->tiv[XMC_COVER_BUILDING] = loss[i];
        l->n_buildings = 1;
        fixture_place(l, 400000 + i);
        e->event_id[i] = i + 1;
        e->peril[i] = XMC_PERIL_QEQ;
        e->rate[i] = rate[i];
        e->day_first[i] = 1;
        e->day_last[i] = 365;
        e->cell_id[i] = 400000 + i;
        e->offset[i + 1] = i + 1;
        e->footprint_cell[i] = i;
    }
    static const double one = 1;
    if (!n_bins) {
        n_bins = 1;
        from = to = probability = &one;
    }
    xmc_vulnerability *v = fixture_vulnerability(f, 1, 1, 1, n_bins, from, to);
    memcpy(v->probability, probability, n_bins * sizeof(double));
}

/* An excess of loss over everything. */
static inline void fixture_layer(fixture *f, double limit, double attachment,
                                 uint32_t reinstatements, double charge, double premium) {
    xmc_book *b = &f->a.book;
    b->treaties = fixture_get(f, 1, sizeof *b->treaties);
    b->scopes = fixture_get(f, 1, sizeof *b->scopes);
    b->n_treaties = b->n_scopes = 1;
    b->treaties[0] = (xmc_treaty){.number = "1",
                                  .name = "layer",
                                  .type = XMC_TREATY_CXL,
                                  .perils = ~UINT64_C(0),
                                  .inuring_priority = 1,
                                  .expiry = 40000,
                                  .placed = 1,
                                  .occ_attachment = attachment,
                                  .occ_limit = limit,
                                  .premium = premium,
                                  .reinstatements = reinstatements,
                                  .reinstatement_charge = charge};
    b->scopes[0] = (xmc_treaty_scope){.treaty = 0, .account = UINT32_MAX, .lob = UINT32_MAX};
}

/* The columns of a whole run, as one block; and the plan, for what it reports. */
typedef struct {
    xmc_cat *cat;
    xmc_segments segments;
    xmc_treaty_plan *treaties;
    xmc_block block;
} fixture_run_result;

static inline fixture_run_result fixture_run(const fixture *f, uint32_t trials, uint32_t block,
                                             int threads) {
    fixture_run_result r;
    memset(&r, 0, sizeof r);
    xmc_run_shape shape = {block, threads};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_status s = xmc_cat_plan(&f->a, &shape, &r.segments, &r.cat, &diag);
    if (s == XMC_OK)
        s = xmc_treaties_plan(&f->a, &shape, &r.segments, &r.treaties, &diag);
    if (s != XMC_OK)
        xmc_diag_print(&diag, stderr);
    assert_int_equal(s, XMC_OK);
    xmc_diag_free(&diag);
    const size_t n_s = r.segments.n, n_t = f->a.book.n_treaties;
    assert_int_equal(xmc_block_init(&r.block, trials, n_s, n_t), 0);
    xmc_block_reset(&r.block, 0, trials);
    xmc_block one;
    assert_int_equal(xmc_block_init(&one, block, n_s, n_t), 0);
    for (uint32_t first = 0; first < trials; first += block) {
        const uint32_t n = trials - first < block ? trials - first : block;
        xmc_block_reset(&one, first, n);
        xmc_cat_block(r.cat, &one);
        xmc_treaties_finish(r.treaties, &one);
        const size_t bytes = n * sizeof(double);
        memcpy(r.block.risk_gross[0] + first, one.risk_gross[0], bytes);
        memcpy(r.block.risk_ceded[0] + first, one.risk_ceded[0], bytes);
        memcpy(r.block.risk_net[0] + first, one.risk_net[0], bytes);
        memcpy(r.block.cat_gross_max_occ + first, one.cat_gross_max_occ, bytes);
        memcpy(r.block.cat_net_max_occ + first, one.cat_net_max_occ, bytes);
        memcpy(r.block.reinstatement_premium + first, one.reinstatement_premium, bytes);
        for (size_t i = 0; i < n_s; i++) {
            memcpy(r.block.segment_gross[i] + first, one.segment_gross[i], bytes);
            memcpy(r.block.segment_net[i] + first, one.segment_net[i], bytes);
        }
        for (size_t i = 0; i < n_t; i++)
            memcpy(r.block.treaty[i] + first, one.treaty[i], bytes);
    }
    xmc_block_free(&one);
    assert_false(xmc_cat_overflowed(r.cat));
    return r;
}

static inline void fixture_result_free(fixture_run_result *r) {
    xmc_treaties_free(r->treaties);
    xmc_cat_free(r->cat);
    xmc_segments_free(&r->segments);
    xmc_block_free(&r->block);
}

/* SHA-256 over all columns. */
static inline void fixture_hash(const fixture_run_result *r, char hex[65]) {
    const xmc_block *b = &r->block;
    xmc_digest *d = xmc_digest_new();
    assert_non_null(d);
    xmc_digest_f64(d, b->risk_gross[0], b->n);
    xmc_digest_f64(d, b->risk_ceded[0], b->n);
    xmc_digest_f64(d, b->risk_net[0], b->n);
    xmc_digest_f64(d, b->cat_gross_max_occ, b->n);
    xmc_digest_f64(d, b->cat_net_max_occ, b->n);
    xmc_digest_f64(d, b->reinstatement_premium, b->n);
    for (size_t i = 0; i < b->n_segments; i++) {
        xmc_digest_string(d, r->segments.segments[i].line_name);
        xmc_digest_string(d, r->segments.segments[i].region);
        xmc_digest_string(d, r->segments.segments[i].cause);
        xmc_digest_f64(d, b->segment_gross[i], b->n);
        xmc_digest_f64(d, b->segment_net[i], b->n);
    }
    for (size_t i = 0; i < b->n_treaties; i++)
        xmc_digest_f64(d, b->treaty[i], b->n);
    xmc_digest_finish(d, hex);
}

#endif
