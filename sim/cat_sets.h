/* Which treaties cover which policy at which location, for the plan of catastrophe. */
#ifndef CROSSMC_CAT_SETS_H
#define CROSSMC_CAT_SETS_H

#include "sim/cat_internal.h"

/* Distinct sets of treaties, numbered by their bits, and who has which. Locations are canonical
 * numbers. An account is told apart when a treaty distinguishes its locations. */
typedef struct {
    size_t n, n_words;
    uint64_t *set;         /* [n][n_words] */
    uint64_t *risk;        /* [n][n_words] those that act in the risk stage */
    uint32_t *of;          /* [views][policies] where the account is not told apart */
    size_t *apart;         /* [accounts] into by_location; SIZE_MAX: not told apart */
    uint32_t *by_location; /* [views][rows][locations] of each account told apart */
    uint32_t *first;       /* [accounts] first location, NONE: none */
    uint32_t *n_locations; /* [accounts] */
    uint32_t *place;       /* [locations] within the account */
    uint32_t *row;         /* [policies] within the account */
} xmc_cat_sets;

xmc_status xmc_cat_sets_build(const xmc_cat *c, xmc_plan_memory *m, xmc_cat_sets *out,
                              xmc_diag *diag);

/* Set of a policy at a location under the peril of a view. */
uint32_t xmc_cat_set(const xmc_cat *c, const xmc_cat_sets *s, size_t view, uint32_t policy,
                     uint32_t location);

/* Whether an account has per-risk treaties under the view's peril. */
bool xmc_cat_has_risks(const xmc_cat *c, const xmc_cat_sets *s, size_t view, uint32_t account);

/* An account's per-risk treaties: rows[n_rows] policies, location[n_parts] one of each part, and
 * class_id[n_rows][n_parts] the gross classes. */
xmc_status xmc_cat_risks_build(const xmc_cat *c, const xmc_cat_sets *s, size_t view,
                               const uint32_t *rows, uint32_t n_rows, const uint32_t *location,
                               uint32_t n_parts, const uint32_t *class_id, xmc_plan_memory *m,
                               xmc_risk_programme *out, xmc_diag *diag);

#endif
