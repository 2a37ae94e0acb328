/* Variance reduction by importance sampling, on the portfolio of bench/credit36k.c: the work for a
 * 1 % standard error of VaR and TVaR, plain and shifted, from the spread of independent runs and
 * the processor time of a trial. */
#include "bench/loans.h"
#include "output/weighted.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

enum { TRIALS = 16384, RUNS = 24, LEVELS = 2, FIGURES = 2 * LEVELS };
static const xmc_level levels[LEVELS] = {{199, 200}, {999, 1000}};

typedef struct {
    double mean[FIGURES], error[FIGURES]; /* of one run, relative to the mean */
    double cpu;                           /* of a trial */
    double effective, largest;
} spread;

/* What is run: the quantile of the shift (0: plain), whether probabilities are twisted, and whether
 * on 200 loans of which ten are twenty times the others. */
typedef struct {
    double quantile;
    bool twist, lumpy;
} way;

static void make_lumpy(xmc_loans *l) {
    l->a.book.n_obligors = 200;
    for (size_t i = 0; i < 200; i += 20)
        l->obligors[i + i / 20].exposure *= 20; /* over regions and ratings */
}

static xmc_status one_run(uint64_t seed, const way *y, int threads, double *x, double *w,
                          double figures[FIGURES], spread *s, xmc_diag *diag) {
    xmc_loans *l = xmc_loans_new(TRIALS, 1000 + 10 * seed);
    if (!l)
        return xmc_no_memory(diag, sizeof *l, "36,000 loans");
    l->a.importance = y->quantile > 0;
    l->a.importance_quantile = y->quantile;
    l->a.importance_scale = 1;
    l->a.importance_twist = y->twist;
    if (y->lumpy)
        make_lumpy(l);
    xmc_loans_plan plan;
    double seconds, cpu;
    xmc_status st = xmc_loans_plan_build(l, threads, &plan, diag);
    if (st == XMC_OK)
        st = xmc_loans_run(l, &plan, x, w, &seconds, &cpu, diag);
    xmc_loans_plan_free(&plan);
    free(l);
    xmc_distribution d = {0};
    if (st == XMC_OK)
        st = xmc_distribution_init(&d, TRIALS, 0x1p-6, diag);
    if (st == XMC_OK)
        st = xmc_distribution_weights(&d, w, TRIALS, diag);
    if (st == XMC_OK)
        st = xmc_distribution_set(&d, x, TRIALS, "loss", diag);
    if (st == XMC_OK) {
        s->cpu += cpu / TRIALS / RUNS;
        const xmc_weight_report r = xmc_weights_describe(w, TRIALS);
        s->effective += r.effective / RUNS;
        s->largest = r.largest > s->largest ? r.largest : s->largest;
        for (int k = 0; k < LEVELS; k++) {
            figures[2 * k] = xmc_var(&d, levels[k]).value;
            figures[2 * k + 1] = xmc_tvar(&d, levels[k]).value;
        }
    }
    xmc_distribution_free(&d);
    return st;
}

static xmc_status runs(const way *y, int threads, double *x, double *w, spread *s, xmc_diag *diag) {
    double figures[RUNS][FIGURES];
    *s = (spread){{0}, {0}, 0, 0, 0};
    xmc_status st = XMC_OK;
    for (uint64_t r = 0; r < RUNS && st == XMC_OK; r++)
        st = one_run(r, y, threads, x, w, figures[r], s, diag);
    for (int k = 0; k < FIGURES && st == XMC_OK; k++) {
        for (int r = 0; r < RUNS; r++)
            s->mean[k] += figures[r][k] / RUNS;
        for (int r = 0; r < RUNS; r++)
            s->error[k] += pow(figures[r][k] / s->mean[k] - 1, 2) / (RUNS - 1);
        s->error[k] = sqrt(s->error[k]);
    }
    return st;
}

/* Plain runs beside two ways, one for each level. */
static xmc_status compare(const char *name, bool lumpy, bool twist, double *x, double *w,
                          const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    static const char *const names[FIGURES] = {"VaR 99.5 %", "TVaR 99.5 %", "VaR 99.9 %",
                                               "TVaR 99.9 %"};
    const way ways[3] = {{0, false, lumpy}, {0.995, twist, lumpy}, {0.999, twist, lumpy}};
    spread s[3];
    xmc_status st = XMC_OK;
    for (int i = 0; i < 3 && st == XMC_OK; i++)
        st = runs(&ways[i], o->threads, x, w, &s[i], diag);
    if (st != XMC_OK)
        return st;
    fprintf(o->out, "\n%s\n%-14s %14s %14s %9s %10s %10s\n", name, "measure", "plain", "importance",
            "z", "trials x", "work x");
    for (int k = 0; k < FIGURES; k++) {
        const spread *a = &s[0], *b = &s[k < 2 ? 1 : 2];
        const double plain_trials = TRIALS * pow(a->error[k] / 0.01, 2);
        const double trials = TRIALS * pow(b->error[k] / 0.01, 2);
        const double z =
            (b->mean[k] - a->mean[k]) /
            sqrt((pow(a->mean[k] * a->error[k], 2) + pow(b->mean[k] * b->error[k], 2)) / RUNS);
        fprintf(o->out, "%-14s %9.3g tr. %9.3g tr. %9.2f %10.1f %10.1f\n", names[k], plain_trials,
                trials, z, plain_trials / trials, plain_trials * a->cpu / (trials * b->cpu));
        char row[96];
        snprintf(row, sizeof row, "importance, %s: %s", name, names[k]);
        st = xmc_bench_add(rows,
                           &(xmc_bench_row){.name = row,
                                            .isa = xmc_kernels_active()->isa,
                                            .unit = "estimates of 1 % standard error",
                                            .reference = "plain sampling, same program",
                                            .threads = 1,
                                            .work = 1,
                                            .seconds = trials * b->cpu,
                                            .reference_rate = 1 / (plain_trials * a->cpu),
                                            .quiet = -1},
                           diag);
        if (st != XMC_OK)
            return st;
        /* Quantiles from few trials are biased a little: the means of the runs may differ by more
         * than their spread says, but not by much. */
        if (!(fabs(z) < 6))
            return xmc_error(diag, XMC_FAILED, "importance: %s misses the plain runs, z = %.1f",
                             names[k], z);
    }
    for (int i = 0; i < 3; i++)
        fprintf(o->out,
                "%s: effective sample size %.0f of %d, largest weight %.3f, %.2f us a trial\n",
                i ? i == 1 ? "for 99.5 %" : "for 99.9 %" : "plain", s[i].effective, TRIALS,
                s[i].largest, 1e6 * s[i].cpu);
    return XMC_OK;
}

xmc_status xmc_bench_importance(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    double *x = malloc(TRIALS * sizeof *x), *w = malloc(TRIALS * sizeof *w);
    const int before = omp_get_max_threads();
    omp_set_num_threads(o->threads);
    xmc_status st = x && w ? XMC_OK : xmc_no_memory(diag, 2 * TRIALS * sizeof *x, "a run");
    fprintf(o->out,
            "\nimportance sampling, %d runs of %d trials: work for a standard error of 1 %%\n",
            RUNS, TRIALS);
    if (st == XMC_OK)
        st = compare("36,000 loans, shifted", false, false, x, w, o, rows, diag);
    if (st == XMC_OK)
        st = compare("200 lumpy loans, shifted", true, false, x, w, o, rows, diag);
    if (st == XMC_OK)
        st = compare("200 lumpy loans, shifted and twisted", true, true, x, w, o, rows, diag);
    omp_set_num_threads(before);
    free(x);
    free(w);
    return st;
}
