/* Inside of the results file, shared by the files of output/ that write and read it. */
#ifndef CROSSMC_RESULTS_INTERNAL_H
#define CROSSMC_RESULTS_INTERNAL_H

#include "output/comparison.h"
#include "output/credit_table.h"
#include "output/h5.h"
#include "output/results.h"

#include <time.h>

/* A dataset of the year loss table. */
typedef struct {
    const char *name;
    const char *row_scale; /* NULL: one-dimensional */
    size_t rows;
    hid_t dataset;
    const double *column; /* set block by block: one-dimensional */
    double *const *columns;
} xmc_ylt_dataset;

enum { XMC_YLT_MAX_DATASETS = 32 };

struct xmc_results {
    xmc_h5 h;
    char *path, *part; /* part: NULL when reading */
    time_t created;    /* when the run began to write */
    uint64_t trials, written;
    uint64_t independent; /* trials; the others repeat the years of a year-event table. 0: all */
    double grid;
    size_t n_treaties;
    xmc_segments segments;
    char **segment_names;
    char **treaty_names;
    xmc_results_meta meta; /* writing only */
    size_t n_datasets;
    xmc_ylt_dataset datasets[XMC_YLT_MAX_DATASETS]; /* by name */
    const xmc_credit_report *credit;                /* NULL: none */
    const xmc_equity_measures *equity;              /* NULL: none */
    xmc_comparison_plan *comparison;                /* NULL without a company sheet */
    double *edge;                                   /* one chunk, for the ragged end */
};

/* Writes every table computed from the year loss table (output/tables.c). */
xmc_status xmc_results_write_tables(xmc_results *r, const xmc_elt *elt, xmc_diag *diag);
/* Writes /exposure, when the run has given it. */
void xmc_results_write_exposure(xmc_results *r);
/* Writes /overlay, when the analysis has one. */
void xmc_results_write_overlay(xmc_results *r);
/* Writes /provenance (output/provenance.c). */
void xmc_results_write_provenance(xmc_results *r);

/* --- output/results_columns.c --- */

/* Lists the datasets that the analysis calls for, by name. */
void xmc_results_list_columns(xmc_results *r);
/* Finds a dataset's values in a block; column and columns NULL: it has none. */
void xmc_results_bind(xmc_ylt_dataset *d, const xmc_block *b);
const char *xmc_results_long_name(const char *name);

/* --- output/results_disk.c --- */

xmc_status xmc_results_check_unlocked(const char *part, xmc_diag *diag);
xmc_status xmc_results_check_room(xmc_results *r, const char *part, xmc_diag *diag);
xmc_status xmc_results_reserve_and_flush(xmc_results *r, const char *doing);
/* The file's descriptor, or -1. */
int xmc_results_descriptor(const xmc_results *r);
/* Before a file that is thrown away is closed. */
void xmc_results_divert(xmc_results *r);

#endif
