/* Inside of the results file, shared by the files of output/ that write and read it. */
#ifndef CROSSMC_RESULTS_INTERNAL_H
#define CROSSMC_RESULTS_INTERNAL_H

#include "output/comparison.h"
#include "output/h5.h"
#include "output/results.h"

/* A dataset of the year loss table. */
typedef struct {
    const char *name;
    const char *row_scale; /* NULL: one-dimensional */
    size_t rows;
    hid_t dataset;
    const double *column; /* set block by block: one-dimensional */
    double *const *columns;
} xmc_ylt_dataset;

enum { XMC_YLT_MAX_DATASETS = 24 };

struct xmc_results {
    xmc_h5 h;
    char *path, *part; /* part: NULL when reading */
    uint64_t trials, written;
    double grid;
    size_t n_treaties;
    xmc_segments segments;
    char **segment_names;
    char **treaty_names;
    xmc_results_meta meta; /* writing only */
    size_t n_datasets;
    xmc_ylt_dataset datasets[XMC_YLT_MAX_DATASETS]; /* by name */
    xmc_comparison_plan *comparison;                /* NULL without a company sheet */
    double *edge;                                   /* one chunk, for the ragged end */
};

/* Writes every table computed from the year loss table (output/tables.c). */
xmc_status xmc_results_write_tables(xmc_results *r, const xmc_elt *elt, xmc_diag *diag);
/* Writes /exposure, when the run has given it. */
void xmc_results_write_exposure(xmc_results *r);
/* Writes /provenance (output/provenance.c). */
void xmc_results_write_provenance(xmc_results *r);

#endif
