/* Aggregate risk analysis: one layer over event loss tables. A trial is a fixed number of
 * occurrences of a catalogue's events, all equally likely. Each table that knows the event gives
 * its loss, after the table's own terms; the sum over the tables goes through the layer's
 * occurrence terms, the year's sum of these through its aggregate terms.
 *
 * A table's loss for an event is fixed, or beta distributed with the row's mean and standard
 * deviation on [0, exposure], drawn anew for each occurrence and table.
 *
 * Fixed losses after terms are a property of the event, so the plan sums them up once, and a trial
 * needs the events that pay only:
 *   XMC_ELT_OCCURRENCES draws the event of every occurrence, and finds by one bit per event of the
 *                       catalogue, which fits the second cache level, those that pay;
 *   XMC_ELT_HITS        draws how many occurrences pay (binomial) and which paying events these are
 *                       (uniform): the same law, other random numbers;
 *   XMC_ELT_LOOKUPS     looks every occurrence up in every table and applies all terms each time:
 *                       the bits of XMC_ELT_OCCURRENCES. */
#ifndef CROSSMC_ELT_LAYER_H
#define CROSSMC_ELT_LAYER_H

#include "kernels/terms.h"
#include "scenarios/common/status.h"
#include <stdbool.h>

enum { XMC_ELT_MOST_TABLES = 16 };

/* An event loss table. Amounts in CNY; means are taken in single precision. */
typedef struct {
    size_t n;
    const uint32_t *event;       /* [n] numbers of the catalogue, ascending */
    const double *mean;          /* [n] */
    const double *sd, *exposure; /* [n] sampled tables: 0 < sd² < mean (exposure − mean) */
    xmc_layer terms;
} xmc_elt_table;

typedef struct {
    uint32_t n_events;    /* of the catalogue */
    uint32_t occurrences; /* of a trial */
    size_t n_tables;      /* at most XMC_ELT_MOST_TABLES */
    const xmc_elt_table *tables;
    bool sampled; /* secondary uncertainty */
    bool lookups; /* prepare XMC_ELT_LOOKUPS, too: 64 bytes per event of the catalogue */
    xmc_layer occurrence, aggregate;
    double loss_grid; /* CNY, a power of two */
    uint64_t seed_events, seed_damage;
} xmc_elt_layer_spec;

typedef struct xmc_elt_layer xmc_elt_layer;

/* Errors: bad input (a row whose beta law cannot exist, with table and row; events out of order or
 * range; too many tables), or no memory. The tables are not needed afterwards. */
xmc_status xmc_elt_layer_plan(const xmc_elt_layer_spec *spec, int threads, xmc_elt_layer **out,
                              xmc_diag *diag);
void xmc_elt_layer_free(xmc_elt_layer *p);
uint64_t xmc_elt_layer_bytes(const xmc_elt_layer *p);

typedef enum { XMC_ELT_OCCURRENCES, XMC_ELT_HITS, XMC_ELT_LOOKUPS } xmc_elt_mode;

/* Trials first … first + n - 1 on so many threads: the layer's loss after aggregate terms, the sum
 * before them, and the ground-up loss (sampled layers only); [n] each, CNY on the grid; the last
 * two may be NULL. The mode is for fixed losses (XMC_ELT_LOOKUPS where the plan was asked for it);
 * a sampled layer draws every occurrence. The same
 * bits however the trials are cut up and threaded. */
void xmc_elt_layer_trials(const xmc_elt_layer *p, xmc_elt_mode mode, uint64_t first, size_t n,
                          int threads, double *loss, double *before, double *ground_up);

/* Expected year sum before aggregate terms (fixed losses), or ground-up loss of a year (sampled);
 * and the share of occurrences that pay, or that any table knows. */
double xmc_elt_layer_expected(const xmc_elt_layer *p);
double xmc_elt_layer_hit_share(const xmc_elt_layer *p);

#endif
