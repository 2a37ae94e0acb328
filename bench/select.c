/* A year loss table's column of a million values: VaR and TVaR by selection, moments. */
#include "bench/cases.h"
#include "bench/plain.h"
#include "kernels/fill.h"

#include <stdlib.h>
#include <string.h>

enum { TRIALS = 1000000, RANK = 995000 };

static struct {
    double *x, *work;
    double var, tvar;
    double exact[2]; /* value at risk, how many are above it */
    xmc_moments moments;
    double extremes[2];
} b;

static void restart(void) {
    memset(b.work, 0, TRIALS * sizeof *b.work);
}

static void run_tail(const xmc_kernels *k) {
    size_t above;
    if (k) {
        xmc_tail t;
        b.var = k->kth_and_tail(b.x, TRIALS, RANK, b.work, &t);
        b.tvar = t.sum / (double)t.n_above;
        above = t.n_above;
    } else {
        memcpy(b.work, b.x, TRIALS * sizeof *b.x);
        b.var = plain_quickselect(b.work, TRIALS, RANK);
        b.tvar = plain_tail(b.x, TRIALS, b.var, &above) / (double)above;
    }
    b.exact[0] = b.var;
    b.exact[1] = (double)above;
}

static void run_moments(const xmc_kernels *k) {
    if (k)
        b.moments = k->column_moments(b.x, NULL, TRIALS);
    else
        plain_moments(b.x, TRIALS, &b.moments.sum, &b.moments.sum_squares, &b.moments.min,
                      &b.moments.max);
    b.extremes[0] = b.moments.min;
    b.extremes[1] = b.moments.max;
}

static int ascending(const void *p, const void *q) {
    double x = *(const double *)p, y = *(const double *)q;
    return (x > y) - (x < y);
}

static void sort_all(void *context) {
    (void)context;
    memcpy(b.work, b.x, TRIALS * sizeof *b.x);
    qsort(b.work, TRIALS, sizeof *b.work, ascending);
}

static const xmc_bench_case cases[] = {
    {"VaR and TVaR 99.5 % of 1e6 values", "values", "plain C quickselect and sum", TRIALS, restart,
     run_tail, b.exact, sizeof b.exact, true, 0.65, 0.66},
    {"moments of 1e6 values", "values", "plain C", TRIALS, restart, run_moments, b.extremes,
     sizeof b.extremes, true, 0, 0},
};

xmc_status xmc_bench_select(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    const size_t bytes = TRIALS * sizeof(double);
    b.x = aligned_alloc(64, bytes);
    b.work = aligned_alloc(64, bytes);
    xmc_status st;
    if (!b.x || !b.work) {
        st = xmc_no_memory(diag, 2 * bytes, "a million values");
    } else {
        xmc_stream s = xmc_stream_at(2026, 0, 0);
        xmc_fill_normal(&s, b.x, TRIALS);
        st = xmc_bench_cases(cases, sizeof cases / sizeof *cases, o, rows, diag);
        if (!st) {
            double start = xmc_bench_cpu();
            sort_all(NULL);
            double took = xmc_bench_cpu() - start;
            if (b.work[RANK] != b.var)
                st = xmc_error(diag, XMC_FAILED, "selection finds another value than qsort");
            fprintf(o->out, "%-8s %-42s %9.4f\n", "qsort", "all 1e6 values, for comparison",
                    1e9 * took / TRIALS);
        }
    }
    free(b.x);
    free(b.work);
    b.x = b.work = NULL;
    return st;
}
