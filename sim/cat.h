/* Catastrophe: occurrences of the event set, ground-up loss of every location in the footprint,
 * location and policy terms, occurrence treaties; segments risk cat × line of business × region ×
 * peril group (xmc_segment.cause). Contract of sim/module.h.
 *
 * xmc_cat_block sets segment_gross, segment_net of its segments, risk_gross, risk_ceded, risk_net
 * of XMC_RISK_CAT, cat_gross_max_occ, cat_net_max_occ and reinstatement_premium, and adds to
 * treaty[] (which the run zeroes before the block). risk_ceded is recoveries less reinstatement
 * premiums paid, so risk_net = risk_gross - risk_ceded; treaty[] holds pure recoveries. Where a
 * treaty charges for reinstatement, the segment "cat/reinstatement_premium/all" has gross 0 and net
 * = premium, so that risk_net is the sum of segment_net. cat_net_max_occ is net of the occurrence
 * treaties, before reinstatement premiums and stop loss. */
#ifndef CROSSMC_CAT_H
#define CROSSMC_CAT_H

#include "sim/module.h"

typedef struct xmc_cat xmc_cat;

xmc_status xmc_cat_plan(const xmc_analysis *a, const xmc_run_shape *shape, xmc_segments *segments,
                        xmc_cat **out, xmc_diag *diag);
void xmc_cat_block(xmc_cat *plan, xmc_block *block);
void xmc_cat_describe(const xmc_cat *plan, xmc_module_cost *cost);
void xmc_cat_digest(const xmc_cat *plan, xmc_digest *d);
void xmc_cat_free(xmc_cat *plan);

/* 1 once a trial's loss has left the range in which sums on the loss grid are exact (2^53 steps):
 * the results are then void, and the grid must be coarser. */
int xmc_cat_overflowed(const xmc_cat *plan);

/* Peril groups: the segments' causes. */
enum {
    XMC_GROUP_EARTHQUAKE,
    XMC_GROUP_TYPHOON, /* wind and surge of tropical cyclones */
    XMC_GROUP_FLOOD,
    XMC_GROUP_CROP,
    XMC_GROUP_OTHER,
    XMC_N_GROUPS
};
extern const char *const xmc_group_names[XMC_N_GROUPS];
int xmc_group_of(xmc_perils peril); /* of a single bit */

/* What of the book is modelled: sums insured (CNY) by line of business, over locations with a
 * policy in force. A location under several lines counts in each. Modelled by a group: the event
 * set has a cell at the location, the location and a policy carry one of the group's perils, and
 * the location's class has a damage function; by coverage. */
typedef struct {
    uint32_t lob;
    size_t locations;
    double tiv;                    /* all */
    double covered[XMC_N_GROUPS];  /* carries a peril of the group that the event set has */
    double modelled[XMC_N_GROUPS]; /* of these, modelled */
    double modelled_any;           /* modelled by at least one group */
} xmc_cat_exposure;
/* One row per line of business of the book that has locations. */
const xmc_cat_exposure *xmc_cat_exposures(const xmc_cat *plan, size_t *n);

/* Gross losses of one occurrence of an event by segment of the registry (loss[segments of the
 * plan's registry] += CNY), with the draws of trial 0; exact where nothing is drawn. along: the
 * locations in the vector lanes, otherwise occurrences, of which there is one. */
void xmc_cat_event_losses(xmc_cat *plan, uint32_t event, bool along, double *loss);

/* The event loss table over all trials simulated so far: gross of reinsurance. Arrays of
 * xmc_cat_elt_events(plan) rows; any may be NULL. mean, sd (sample, n - 1) and max are over the
 * event's occurrences; NaN where an event has too few occurrences to say. Exact integer
 * accumulation: independent of order, threads and blocks. */
size_t xmc_cat_elt_events(const xmc_cat *plan);
void xmc_cat_elt(const xmc_cat *plan, uint32_t *event_id, double *rate, uint64_t *occurrences,
                 double *mean_loss, double *sd_loss, double *max_loss);

/* An occurrence of a trial that caused a loss; net as cat_net_max_occ counts it. */
typedef struct {
    uint64_t trial;
    uint32_t number;   /* of the occurrence in the trial, as drawn */
    uint32_t event_id; /* of the event set */
    uint16_t day;      /* of the year */
    double gross, net; /* CNY */
} xmc_cat_occurrence;

/* Occurrences that a trial has at most. */
size_t xmc_cat_most_occurrences(const xmc_cat *plan);
/* Simulates one trial again, with the draws that it had, and puts its occurrences with a loss into
 * out [xmc_cat_most_occurrences] in the order (day, number); returns how many. Between blocks only:
 * it uses the workspace of the loop. */
size_t xmc_cat_trace(xmc_cat *plan, uint64_t trial, xmc_cat_occurrence *out);

/* Average annual ground-up loss by location: expectation over the events' rates and the damage
 * distributions, before all terms, exact up to rounding. mean[XMC_N_GROUPS][locations of the book],
 * CNY a year; perils that no policy of the location covers are left out. */
xmc_status xmc_cat_location_means(const xmc_cat *plan, double *mean, xmc_diag *diag);

/* Samples of one event, outside of any trial: stream (damage, first + l, XMC_CAT_SAMPLE_STREAM +
 * event) for sample l. loss[k * n + l]: gross loss of the k-th of the event's segments and treaty
 * sets, whose registry indices xmc_cat_event_segments gives (ascending sets may share one). Threads
 * may sample at once, each under its own number below the plan's threads. */
#define XMC_CAT_SAMPLE_STREAM (UINT64_C(1) << 40)
size_t xmc_cat_event_segments(const xmc_cat *c, size_t event, size_t *segments);
void xmc_cat_sample(xmc_cat *c, int thread, size_t event, uint64_t first, uint32_t n, double *loss);

#endif
