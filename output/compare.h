/* Two results files trial by trial: what a treaty, a notice or a risk-reduction programme changes,
 * with its error. Where both ran on the same seeds their trials are the same years, and the error
 * is that of the difference, far below that of either; the formulas hold for any two runs of equal
 * length. */
#ifndef CROSSMC_COMPARE_H
#define CROSSMC_COMPARE_H

#include "output/estimate.h"
#include "output/results.h"

/* What is compared: mean, VaR, TVaR, and VaR less mean at one level. */
enum { XMC_CHANGE_MEAN, XMC_CHANGE_VAR, XMC_CHANGE_TVAR, XMC_CHANGE_VAR_LESS_MEAN, XMC_N_CHANGES };
extern const char *const xmc_change_names[XMC_N_CHANGES];

typedef struct {
    double a, b;         /* the estimates of the two files, CNY */
    xmc_estimate change; /* b - a */
} xmc_change;

typedef struct {
    char name[24]; /* column of the year loss table: "cat_net", "total" */
    bool same;     /* in every trial */
    xmc_change of[XMC_N_CHANGES];
} xmc_compare_row;

typedef struct {
    const char *name; /* borrowed from the files */
    xmc_change mean;  /* net; a segment that one file lacks counts as 0 there */
} xmc_compare_segment;

typedef struct {
    xmc_results *file[2];
    uint64_t trials;
    xmc_level level;
    bool same_seeds;
    size_t n_rows;
    xmc_compare_row rows[16];
    size_t n_segments;
    xmc_compare_segment *segments; /* those whose mean changed, largest change first */
    /* The programme of the second file's overlay; title NULL: none. */
    char *title;
    double cost;
} xmc_compare;

/* Compares two finished files at a level (0.995). Errors: files that are none, different numbers of
 * trials or loss grids, weighted trials. On failure *out must still be freed. */
xmc_status xmc_compare_files(const char *a, const char *b, xmc_level level, xmc_compare *out,
                             xmc_diag *diag);
void xmc_compare_free(xmc_compare *c);

/* Standard error of statistic(b) - statistic(a) from paired columns in trial order: the sd of the
 * difference of their influence functions over sqrt(n). VaR: (p - 1{x <= q}) / f, where 1/f comes
 * from the order statistics that enclose the quantile (xmc_var); TVaR: ((x - q)+)/(1-p) (Manistre
 * and Hancock). da, db: distributions of the same columns. */
void xmc_paired_changes(const double *a, const double *b, const xmc_distribution *da,
                        const xmc_distribution *db, xmc_level p, xmc_change out[XMC_N_CHANGES]);

void xmc_compare_text(const xmc_compare *c, FILE *f);
void xmc_compare_csv(const xmc_compare *c, FILE *f);

#endif
