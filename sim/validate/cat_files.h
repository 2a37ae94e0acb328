/* The smallest catastrophe book: one location, one policy, and events each of which causes a fixed
 * loss. */
#ifndef CROSSMC_VALIDATE_CAT_FILES_H
#define CROSSMC_VALIDATE_CAT_FILES_H

#include "sim/validate/case.h"

typedef struct {
    size_t n;
    const double *rate, *loss; /* [n]; losses > 0, ascending, at most tiv */
    double tiv;
    size_t
        cells; /* cells, northwards from the location's, that every event touches; 0 = that one */
    const char *reinsurance; /* rows of reins_info.csv, without header; "" = none. Each covers
                                everything. */
    const char *treaties[8]; /* ReinsNumbers of those rows, NULL after the last */
} xmc_cat_case;

/* Writes all files of FOLDER/analysis.yaml. */
xmc_status xmc_case_cat_files(xmc_case *c, const xmc_cat_case *cat);

#endif
