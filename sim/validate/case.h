/* What a known-answer case works with: its files, its runs over several seeds, and the checks. */
#ifndef CROSSMC_VALIDATE_CASE_H
#define CROSSMC_VALIDATE_CASE_H

#include "output/results.h"
#include "sim/validate/validate.h"

enum { XMC_VALIDATE_SEEDS = 5 };

typedef struct {
    const xmc_validate_options *options;
    char folder[512]; /* of the case's files */
    const char *name; /* "T1" */
    uint64_t trials;
    unsigned checks, failed;
    xmc_diag *diag;
    /* The running seed's results: columns are read on demand. */
    xmc_results *results;
    double *column; /* [trials] */
} xmc_case;

/* Writes a text file of the case. */
xmc_status xmc_case_file(xmc_case *c, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Runs FOLDER/analysis.yaml with seeds offset by seed and opens the results. threads 0 and block 0:
 * the defaults. */
xmc_status xmc_case_run(xmc_case *c, uint64_t seed, uint64_t trials, int threads, uint32_t block,
                        char sha256[65]);
/* Loads a column of the open results into c->column. */
xmc_status xmc_case_column(xmc_case *c, const char *name, size_t row);

/* A quantity estimated once per seed: value and standard error pool over the seeds; the verdict
 * needs every seed within 4 standard errors, and the pool too. */
typedef struct {
    const char *what;
    double expected;
    double value[XMC_VALIDATE_SEEDS], se[XMC_VALIDATE_SEEDS];
    unsigned n;
} xmc_check;

/* Adds the running seed's estimate of a mean, of P(X <= x), of TVaR beyond the exact quantile x of
 * level p. */
void xmc_check_mean(xmc_check *k, const double *x, uint64_t n);
void xmc_check_at_most(xmc_check *k, const double *x, uint64_t n, double at);
/* TVaR at p: mean beyond the empirical quantile, Manistre-Hancock standard error. scratch: n
 * doubles. */
void xmc_check_tvar(xmc_check *k, const double *x, uint64_t n, double p, double *scratch);
void xmc_check_add(xmc_check *k, double value, double se);
/* Prints the line and counts. */
void xmc_check_print(xmc_case *c, const xmc_check *k);
/* A condition that holds exactly or not. */
void xmc_case_exact(xmc_case *c, const char *what, bool holds, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The cases. Each returns trouble of its own only; a failed check is counted in c. */
xmc_status xmc_case_compound(xmc_case *c);       /* T1, T2 */
xmc_status xmc_case_event_table(xmc_case *c);    /* T3 */
xmc_status xmc_case_occurrence(xmc_case *c);     /* T4, T5 */
xmc_status xmc_case_reinstatement(xmc_case *c);  /* T6 */
xmc_status xmc_case_credit_pool(xmc_case *c);    /* T7 to T9 */
xmc_status xmc_case_credit_student(xmc_case *c); /* T10 */
xmc_status xmc_case_credit_plus(xmc_case *c);    /* T11 */
xmc_status xmc_case_migration(xmc_case *c);      /* T18 */
xmc_status xmc_case_equity(xmc_case *c);         /* T12, T13 */
xmc_status xmc_case_equity_models(xmc_case *c);  /* of the same file */
xmc_status xmc_case_intervals(xmc_case *c);      /* T14 */
xmc_status xmc_case_importance(xmc_case *c);     /* T16 */
xmc_status xmc_case_streams(xmc_case *c);        /* T15 */
xmc_status xmc_case_dependence(xmc_case *c);     /* of T17, called by the next */
xmc_status xmc_case_invariants(xmc_case *c);     /* T17 */

#endif
