/* Private to the loaders: deductible and limit as OED states them for locations and policies. */
#ifndef CROSSMC_LOAD_TERMS_H
#define CROSSMC_LOAD_TERMS_H

#include "scenarios/common/table.h"

/* Columns in this order, from a first one on. */
enum {
    XMC_TERM_DED,
    XMC_TERM_DED_TYPE,
    XMC_TERM_MIN_DED,
    XMC_TERM_MAX_DED,
    XMC_TERM_LIMIT,
    XMC_TERM_LIMIT_TYPE,
    XMC_N_TERMS
};

/* Amounts in CNY, shares as they are. */
typedef struct {
    double ded, min_ded, max_ded, limit;
    uint8_t ded_type, limit_type;
} xmc_terms;

xmc_terms xmc_load_terms(xmc_table *t, size_t first, double cny_per_unit);

#endif
