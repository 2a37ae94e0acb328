/* Private to the loaders: deductibles and limits as OED states them for locations, conditions,
 * policies and accounts. docs/terms.md says how they act. */
#ifndef CROSSMC_LOAD_TERMS_H
#define CROSSMC_LOAD_TERMS_H

#include "scenarios/load.h"

/* Columns of one coverage, in this order, from a first one on. */
enum {
    XMC_TERM_DED,
    XMC_TERM_DED_TYPE,
    XMC_TERM_DED_CODE,
    XMC_TERM_MIN_DED,
    XMC_TERM_MAX_DED,
    XMC_TERM_LIMIT,
    XMC_TERM_LIMIT_TYPE,
    XMC_TERM_LIMIT_CODE,
    XMC_N_TERMS,
    XMC_N_SET_COLUMNS = XMC_N_TERMS * XMC_N_TERMS_AT
};

#define XMC_COVER_COLUMNS(AT, PREFIX, COVER)                                                       \
    [(AT) + XMC_TERM_DED] = {PREFIX "Ded" COVER, false},                                           \
            [(AT) + XMC_TERM_DED_TYPE] = {PREFIX "DedType" COVER, false},                          \
            [(AT) + XMC_TERM_DED_CODE] = {PREFIX "DedCode" COVER, false},                          \
            [(AT) + XMC_TERM_MIN_DED] = {PREFIX "MinDed" COVER, false},                            \
            [(AT) + XMC_TERM_MAX_DED] = {PREFIX "MaxDed" COVER, false},                            \
            [(AT) + XMC_TERM_LIMIT] = {PREFIX "Limit" COVER, false},                               \
            [(AT) + XMC_TERM_LIMIT_TYPE] = {PREFIX "LimitType" COVER, false},                      \
            [(AT) + XMC_TERM_LIMIT_CODE] = {PREFIX "LimitCode" COVER, false}

/* The columns of a whole set, places in the order of xmc_term_set. */
#define XMC_SET_COLUMNS(AT, PREFIX)                                                                \
    XMC_COVER_COLUMNS(AT, PREFIX, "1Building"),                                                    \
        XMC_COVER_COLUMNS((AT) + XMC_N_TERMS, PREFIX, "2Other"),                                   \
        XMC_COVER_COLUMNS((AT) + 2 * XMC_N_TERMS, PREFIX, "3Contents"),                            \
        XMC_COVER_COLUMNS((AT) + 3 * XMC_N_TERMS, PREFIX, "4BI"),                                  \
        XMC_COVER_COLUMNS((AT) + 4 * XMC_N_TERMS, PREFIX, "5PD"),                                  \
        XMC_COVER_COLUMNS((AT) + 5 * XMC_N_TERMS, PREFIX, "6All")

/* First column of a place of a set. */
#define XMC_SET_AT(AT, PLACE) ((size_t)(AT) + (size_t)XMC_N_TERMS * (size_t)(PLACE))

/* Which places of a set have columns in the file: the others need no look. */
typedef struct {
    bool at[XMC_N_TERMS_AT];
} xmc_set_columns;
xmc_set_columns xmc_load_set_columns(const xmc_table *t, size_t first);

/* The set of the current row for all perils; cells are checked as OED's code lists and ranges have
 * them. */
xmc_term_set xmc_load_set(const xmc_loader *l, xmc_table *t, size_t first,
                          const xmc_set_columns *there, double cny_per_unit);

bool xmc_cover_terms_void(const xmc_cover_terms *c);
bool xmc_term_set_void(const xmc_term_set *s);
/* Whether the set says more than regular terms on all coverages together. */
bool xmc_term_set_beyond_all(const xmc_term_set *s);
bool xmc_term_set_same(const xmc_term_set *a, const xmc_term_set *b);

/* Adds a set to the book: its number, or 0 without memory (reported). */
uint32_t xmc_load_add_set(xmc_loader *l, const xmc_term_set *s);

/* Adds the row's set to a list of sets for distinct perils. A set that is there already is passed
 * over. Sets that differ and share perils are an error at the column. *fresh says whether the set
 * is new. */
void xmc_load_link_set(xmc_loader *l, xmc_table *t, size_t column, uint32_t *list,
                       const xmc_term_set *s, bool *fresh);

/* Columns first … end - 1 are fields of OED that would change losses and are not modelled: nothing
 * or what has no effect may stand there. */
void xmc_load_refuse(xmc_table *t, size_t first, size_t end, double no_effect);

#endif
