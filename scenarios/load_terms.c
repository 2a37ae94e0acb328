#include "scenarios/load_terms.h"

#include <math.h>

/* An amount (type 0) or a share (types 1 and 2). */
static double value(xmc_table *t, size_t column, uint8_t type, double cny) {
    if (type == 0)
        return cny * xmc_cell_number(t, column, 0, 0, INFINITY);
    double x = xmc_cell_number(t, column, 0, 0, INFINITY);
    if (x > 1) {
        xmc_cell_error(t, column, "a fraction from 0 to 1, since its type is %d (a share)", type);
        return 0;
    }
    return x;
}

xmc_terms xmc_load_terms(xmc_table *t, size_t first, double cny) {
    xmc_terms x;
    x.ded_type = (uint8_t)xmc_cell_integer(t, first + XMC_TERM_DED_TYPE, 0, 0, 2);
    x.limit_type = (uint8_t)xmc_cell_integer(t, first + XMC_TERM_LIMIT_TYPE, 0, 0, 2);
    x.ded = value(t, first + XMC_TERM_DED, x.ded_type, cny);
    x.limit = value(t, first + XMC_TERM_LIMIT, x.limit_type, cny);
    x.min_ded = cny * xmc_cell_number(t, first + XMC_TERM_MIN_DED, 0, 0, INFINITY);
    x.max_ded = cny * xmc_cell_number(t, first + XMC_TERM_MAX_DED, 0, 0, INFINITY);
    if (x.max_ded > 0 && x.max_ded < x.min_ded)
        xmc_cell_error(t, first + XMC_TERM_MAX_DED, "at least the minimum deductible");
    return x;
}
