/* A results file from columns made in a test: what the run does, without the simulation. */
#ifndef CROSSMC_TESTS_RESULTS_FIXTURE_H
#define CROSSMC_TESTS_RESULTS_FIXTURE_H

#include "output/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    xmc_analysis analysis;
    xmc_segments segments;
    xmc_results_meta meta;
    xmc_treaty treaty;
} fixture;

static inline size_t fixture_segment(fixture *f, xmc_risk risk, xmc_line line, const char *name,
                                     const char *region, const char *cause) {
    xmc_segment s = {.risk = risk, .line = line, .lob = UINT32_MAX, .exposure = 1e9};
    snprintf(s.line_name, sizeof s.line_name, "%s", name);
    snprintf(s.region, sizeof s.region, "%s", region);
    snprintf(s.cause, sizeof s.cause, "%s", cause);
    return xmc_segments_add(&f->segments, &s);
}

/* Every risk present, one treaty; segments are the caller's. */
static inline void fixture_init(fixture *f, uint64_t trials) {
    *f = (fixture){0};
    f->treaty = (xmc_treaty){.number = "1", .name = "cat layer", .type = XMC_TREATY_CXL};
    f->analysis = (xmc_analysis){.title = "fixture",
                                 .currency = "CNY",
                                 .valuation_date = 20453,
                                 .trials = trials,
                                 .loss_grid = 0x1p-6,
                                 .seeds = {1, 2, 3, 4, 5},
                                 .text = "title: fixture\n",
                                 .has_cat = true,
                                 .has_attritional = true,
                                 .has_credit = true,
                                 .has_equity = true,
                                 .admin_margin = NAN};
    f->analysis.book.n_treaties = 1;
    f->analysis.book.treaties = &f->treaty;
    f->meta = (xmc_results_meta){.analysis = &f->analysis,
                                 .segments = &f->segments,
                                 .trials = trials,
                                 .block = 32768,
                                 .software_version = "0.1.0",
                                 .plan_sha256 = "00",
                                 .isa = "ref",
                                 .threads = 1};
}

/* Sets the segments' net losses of trial t. */
typedef void fixture_law(void *context, uint64_t trial, double *segment_net, size_t n);

/* Writes PATH.part block by block; columns follow from the segments' net losses: gross = 2 net for
 * catastrophe, else gross = net. */
static inline xmc_status fixture_write(fixture *f, const char *path, fixture_law *law,
                                       void *context, xmc_results **out, xmc_diag *diag) {
    xmc_status st = xmc_results_create(path, &f->meta, out, diag);
    if (st != XMC_OK)
        return st;
    uint64_t trials = f->meta.trials;
    uint32_t full = f->meta.block < trials ? f->meta.block : (uint32_t)trials;
    size_t n = f->segments.n, columns = 3 * XMC_N_RISKS + 6 + 2 * n;
    double *data = aligned_alloc(64, (columns * (size_t)full * sizeof(double) + 63) / 64 * 64);
    double **rows = calloc(2 * n + 2, sizeof *rows), *net = calloc(n + 1, sizeof *net);
    xmc_block b = {.capacity = full, .n_segments = n, .n_treaties = 1};
    double *next = data;
    for (int k = 0; k < XMC_N_RISKS; k++) {
        b.risk_gross[k] = next, next += full;
        b.risk_ceded[k] = next, next += full;
        b.risk_net[k] = next, next += full;
    }
    b.cat_gross_max_occ = next, next += full;
    b.cat_net_max_occ = next, next += full;
    b.total = next, next += full;
    b.reinstatement_premium = next, next += full;
    b.weight = next, next += full;
    double *treaty = next;
    next += full;
    b.treaty = &treaty;
    b.segment_gross = rows;
    b.segment_net = rows + n;
    for (size_t i = 0; i < n; i++) {
        rows[i] = next, next += full;
        rows[n + i] = next, next += full;
    }
    for (uint64_t first = 0; first < trials && st == XMC_OK; first += full) {
        b.first = first;
        b.n = trials - first < full ? (uint32_t)(trials - first) : full;
        memset(data, 0, columns * (size_t)full * sizeof *data);
        for (uint32_t t = 0; t < b.n; t++) {
            law(context, first + t, net, n);
            b.weight[t] = 1;
            for (size_t i = 0; i < n; i++) {
                xmc_risk k = f->segments.segments[i].risk;
                double gross = k == XMC_RISK_CAT ? 2 * net[i] : net[i];
                b.segment_net[i][t] = net[i];
                b.segment_gross[i][t] = gross;
                b.risk_net[k][t] += net[i];
                b.risk_gross[k][t] += gross;
                b.risk_ceded[k][t] += gross - net[i];
                b.total[t] += net[i];
            }
            b.cat_gross_max_occ[t] = b.risk_gross[XMC_RISK_CAT][t];
            b.cat_net_max_occ[t] = b.risk_net[XMC_RISK_CAT][t];
            treaty[t] = b.risk_ceded[XMC_RISK_CAT][t];
        }
        st = xmc_results_write_block(*out, &b, diag);
    }
    free(data);
    free(rows);
    free(net);
    if (st != XMC_OK) {
        xmc_results_abort(*out);
        *out = NULL;
    }
    return st;
}

/* fixture_write, finished and opened again. */
static inline xmc_status fixture_results(fixture *f, const char *path, fixture_law *law,
                                         void *context, xmc_results **out, xmc_diag *diag) {
    xmc_status st = fixture_write(f, path, law, context, out, diag);
    if (st == XMC_OK)
        st = xmc_results_finish(*out, NULL, NULL, diag);
    return st == XMC_OK ? xmc_results_open(path, out, diag) : st;
}

static inline void fixture_free(fixture *f) {
    xmc_segments_free(&f->segments);
}

#endif
