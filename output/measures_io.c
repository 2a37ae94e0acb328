/* Measures to and from the results file. */
#include "output/estimate_io.h"
#include "output/measures.h"
#include "output/results_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char by_order[] =
    "limits: order statistics at ranks n p -+ 1.96 sqrt(n p (1-p)), widened to 2.5 % a side by the "
    "binomial; standard error: their distance / 3.92";
static const char by_tail[] = "Manistre and Hancock (2005), normal limits";

#define ROWS(m, field)                                                                             \
    ((xmc_estimate_series){(char *)(m)->rows + offsetof(xmc_measure_row, field), (m)->n_rows,      \
                           sizeof(xmc_measure_row)})

/* Every table of rows, written and read by one list. */
static void each_row_table(xmc_measures *m,
                           void (*visit)(void *, const char *, xmc_estimates, int, const char *,
                                         const char *),
                           void *context) {
    visit(context, "/measures/mean", (xmc_estimates){ROWS(m, mean), 1}, 0, "mean", "normal limits");
    visit(context, "/measures/sd", (xmc_estimates){ROWS(m, sd), 1}, 0, "standard deviation",
          "64 batches of consecutive trials, Student limits");
    visit(context, "/measures/var", (xmc_estimates){ROWS(m, var), XMC_N_QUANTILES}, 1,
          "value at risk: the smallest x with F_n(x) >= p", by_order);
    visit(context, "/measures/tvar", (xmc_estimates){ROWS(m, tvar), XMC_N_QUANTILES}, 1,
          "tail value at risk: mean of the worst 1 - p of the trials", by_tail);
    visit(context, "/measures/var_less_mean",
          (xmc_estimates){ROWS(m, var_less_mean), XMC_N_QUANTILES}, 1, "value at risk less mean",
          "order statistics shifted by the mean and scaled by the standard error, which has the "
          "covariance of quantile and mean");
    visit(context, "/ep/loss", (xmc_estimates){ROWS(m, ep), (size_t)XMC_N_EP_TYPES * XMC_N_PERIODS},
          2, "loss at the return period",
          "types 1 and 3 as /measures/var, 2 and 4 as /measures/tvar");
}

static void write_row_table(void *context, const char *path, xmc_estimates t, int kind,
                            const char *long_name, const char *method) {
    static const xmc_h5_dims dims[] = {{1, {"/measures/risk", NULL, NULL}},
                                       {2, {"/measures/risk", "/measures/quantile", NULL}},
                                       {3, {"/ep/risk", "/ep/ep_type", "/ep/return_period"}}};
    xmc_estimates_write(context, path, dims[kind], t, "CNY", long_name, method);
}

static void read_row_table(void *context, const char *path, xmc_estimates t, int kind,
                           const char *long_name, const char *method) {
    (void)kind, (void)long_name, (void)method;
    xmc_estimates_read(context, path, t);
}

static void write_allocation(xmc_h5 *h, xmc_measures *m) {
    static const char method[] = "delta method with the error of the quantile, normal limits";
    double level[XMC_N_ALLOCATION_LEVELS];
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++)
        level[l] = (double)xmc_allocation_levels[l].num / xmc_allocation_levels[l].den;
    xmc_h5_group(h, "/allocation");
    xmc_h5_scale_f64(h, "/allocation/quantile", level, XMC_N_ALLOCATION_LEVELS, "1",
                     "level of the total's TVaR");
    xmc_h5_scale_strings(h, "/allocation/risk", xmc_risk_names, XMC_N_RISKS, "risk");
    static const char long_name[] =
        "Euler contribution to the TVaR of the total, net: expected loss in its worst 1 - p "
        "trials; "
        "on the loss grid by largest remainder, so that they add up exactly";
    xmc_estimates_write(
        h, "/allocation/contribution", XMC_H5_DIMS2("/segment", "/allocation/quantile"),
        (xmc_estimates){{(char *)m->segments + offsetof(xmc_allocation, contribution),
                         m->n_segments, sizeof(xmc_allocation)},
                        XMC_N_ALLOCATION_LEVELS},
        "CNY", long_name, method);
    xmc_estimates_write(h, "/allocation/risk_contribution",
                        XMC_H5_DIMS2("/allocation/risk", "/allocation/quantile"),
                        (xmc_estimates){{(char *)m->risks + offsetof(xmc_allocation, contribution),
                                         XMC_N_RISKS, sizeof(xmc_allocation)},
                                        XMC_N_ALLOCATION_LEVELS},
                        "CNY", "contribution of the risk: sum of its segments", method);
    double *v = calloc(2 * m->n_segments + 1, sizeof *v);
    if (!v) {
        h->status = xmc_no_memory(h->diag, m->n_segments * 16, "writing the allocation");
        return;
    }
    for (size_t s = 0; s < m->n_segments; s++) {
        v[s] = m->segments[s].mean;
        v[m->n_segments + s] = m->segments[s].standalone_var;
    }
    xmc_h5_f64(h, "/allocation/mean", XMC_H5_DIMS1("/segment"), v, "CNY", "mean, net");
    xmc_h5_f64(h, "/allocation/standalone_var", XMC_H5_DIMS1("/segment"), v + m->n_segments, "CNY",
               "value at risk at 99.5 % of the segment by itself, net");
    free(v);
}

#define RUNS(m, field)                                                                             \
    ((xmc_estimate_series){(char *)(m)->convergence + offsetof(xmc_convergence, field),            \
                           (m)->n_convergence, sizeof(xmc_convergence)})

xmc_status xmc_measures_write(xmc_results *r, const xmc_measures *measures, xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    xmc_measures copy = *measures, *m = &copy; /* series point to what they may write */
    const char *names[XMC_MAX_ROWS];
    double level[XMC_N_QUANTILES], period[XMC_N_PERIODS];
    for (size_t i = 0; i < m->n_rows; i++)
        names[i] = m->rows[i].name;
    for (int q = 0; q < XMC_N_QUANTILES; q++)
        level[q] = (double)xmc_quantile_levels[q].num / xmc_quantile_levels[q].den;
    for (int i = 0; i < XMC_N_PERIODS; i++)
        period[i] = xmc_return_periods[i];
    static const char risk_words[] = "risk before (gross) and after (net) reinsurance";
    xmc_h5_group(h, "/measures");
    xmc_h5_scale_strings(h, "/measures/risk", names, m->n_rows, risk_words);
    xmc_h5_scale_f64(
        h, "/measures/quantile", level, XMC_N_QUANTILES, "1",
        "level p; the quantile is the smallest x with F_n(x) >= p, the order statistic "
        "ceil(n p)");
    xmc_h5_group(h, "/ep");
    xmc_h5_scale_strings(h, "/ep/risk", names, m->n_rows, risk_words);
    xmc_h5_scale_u64(h, "/ep/ep_type", (const uint64_t[]){1, 2, 3, 4}, XMC_N_EP_TYPES, "1",
                     "1 OEP, 2 OEP TVaR, 3 AEP, 4 AEP TVaR (Oasis ORD); OEP of catastrophe only");
    xmc_h5_scale_f64(h, "/ep/return_period", period, XMC_N_PERIODS, "year", "return period");
    each_row_table(m, write_row_table, h);
    if (m->weighted) {
        static const char *const figures[] = {"effective sample size", "largest", "mean"};
        const double v[] = {m->weights.effective, m->weights.largest, m->weights.mean};
        xmc_h5_scale_strings(h, "/measures/weight_figure", figures, 3, "figure of the weights");
        xmc_h5_f64(h, "/measures/weights", XMC_H5_DIMS1("/measures/weight_figure"), v, "1",
                   "weights of the trials (importance sampling): (sum w)^2 / sum w^2, the largest, "
                   "and the mean, whose expectation is 1");
    }

    double share[2 * XMC_N_QUANTILES];
    for (int q = 0; q < XMC_N_QUANTILES; q++) {
        share[q] = xmc_diversification(m, q, false);
        share[XMC_N_QUANTILES + q] = xmc_diversification(m, q, true);
    }
    xmc_h5_dims by_level = XMC_H5_DIMS1("/measures/quantile");
    xmc_h5_f64(h, "/measures/diversification", by_level, share, "1",
               "1 less VaR of the total over the sum of the risks' VaR, net");
    xmc_h5_f64(h, "/measures/diversification_less_mean", by_level, share + XMC_N_QUANTILES, "1",
               "the same of VaR less mean");

    xmc_h5_group(h, "/convergence");
    double trials[XMC_MAX_CONVERGENCE];
    for (size_t i = 0; i < m->n_convergence; i++)
        trials[i] = m->convergence[i].trials;
    xmc_h5_scale_f64(h, "/convergence/trials", trials, m->n_convergence, "1",
                     "number of trials: the first so many");
    xmc_h5_dims run = XMC_H5_DIMS1("/convergence/trials");
    xmc_estimates_write(h, "/convergence/mean", run, (xmc_estimates){RUNS(m, mean), 1}, "CNY",
                        "mean of the total", "normal limits");
    xmc_estimates_write(h, "/convergence/var", run, (xmc_estimates){RUNS(m, var), 1}, "CNY",
                        "value at risk of the total at 99.5 %", by_order);
    xmc_estimates_write(h, "/convergence/tvar", run, (xmc_estimates){RUNS(m, tvar), 1}, "CNY",
                        "tail value at risk of the total at 99.5 %", by_tail);
    if (m->n_segments)
        write_allocation(h, m);
    return h->status;
}

/* The rows that a file has, by their names. */
static void read_row_names(xmc_h5 *h, xmc_measures *m) {
    size_t n = 0;
    char **names = xmc_h5_read_strings(h, "/measures/risk", SIZE_MAX, &n);
    if (!names)
        return;
    if (n > XMC_MAX_ROWS) {
        h->status = xmc_error(h->diag, XMC_BAD_INPUT,
                              "%s: /measures/risk has %zu rows, expected "
                              "at most %d",
                              h->path, n, XMC_MAX_ROWS);
    } else {
        m->n_rows = n;
        for (size_t i = 0; i < n; i++) {
            xmc_measure_row *row = &m->rows[i];
            snprintf(row->name, sizeof row->name, "%s", names[i]);
            row->gross = strstr(names[i], "_gross") || !strcmp(names[i], "total_paid");
            row->risk = XMC_N_RISKS;
            for (int k = 0; k < XMC_N_RISKS; k++)
                if (!strncmp(names[i], xmc_risk_names[k], strlen(xmc_risk_names[k])))
                    row->risk = k;
        }
    }
    xmc_h5_free_strings(names, n);
}

xmc_status xmc_measures_read(xmc_results *r, xmc_measures *m, xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    *m = (xmc_measures){.trials = r->trials};
    read_row_names(h, m);
    if (h->status == XMC_OK)
        each_row_table(m, read_row_table, h);
    if (h->status == XMC_OK && xmc_results_has(r, "measures/weights")) {
        double *v = xmc_h5_read_f64(h, "/measures/weights", 3, NULL);
        m->weighted = v != NULL;
        if (v)
            m->weights = (xmc_weight_report){v[0], v[1], v[2]};
        free(v);
    }
    size_t n = 0;
    double *trials = xmc_h5_read_f64(h, "/convergence/trials", SIZE_MAX, &n);
    if (trials && n <= XMC_MAX_CONVERGENCE) {
        m->n_convergence = n;
        for (size_t i = 0; i < n; i++)
            m->convergence[i].trials = trials[i];
        xmc_estimates_read(h, "/convergence/mean", (xmc_estimates){RUNS(m, mean), 1});
        xmc_estimates_read(h, "/convergence/var", (xmc_estimates){RUNS(m, var), 1});
        xmc_estimates_read(h, "/convergence/tvar", (xmc_estimates){RUNS(m, tvar), 1});
    }
    free(trials);
    if (h->status == XMC_OK && xmc_results_has(r, "allocation")) {
        m->n_segments = r->segments.n;
        m->segments = calloc(m->n_segments + 1, sizeof *m->segments);
        if (!m->segments) {
            h->status = xmc_no_memory(diag, m->n_segments * sizeof *m->segments, "the allocation");
        } else {
            xmc_estimates_read(
                h, "/allocation/contribution",
                (xmc_estimates){{(char *)m->segments + offsetof(xmc_allocation, contribution),
                                 m->n_segments, sizeof(xmc_allocation)},
                                XMC_N_ALLOCATION_LEVELS});
            xmc_estimates_read(
                h, "/allocation/risk_contribution",
                (xmc_estimates){{(char *)m->risks + offsetof(xmc_allocation, contribution),
                                 XMC_N_RISKS, sizeof(xmc_allocation)},
                                XMC_N_ALLOCATION_LEVELS});
            double *mean = xmc_h5_read_f64(h, "/allocation/mean", m->n_segments, NULL);
            double *alone = xmc_h5_read_f64(h, "/allocation/standalone_var", m->n_segments, NULL);
            for (size_t s = 0; mean && alone && s < m->n_segments; s++) {
                m->segments[s].mean = mean[s];
                m->segments[s].standalone_var = alone[s];
            }
            free(mean);
            free(alone);
        }
    }
    for (size_t i = 0; i < m->n_rows; i++)
        if (m->rows[i].risk < XMC_N_RISKS && !m->rows[i].gross) {
            m->risks[m->rows[i].risk].mean = m->rows[i].mean.value;
            m->risks[m->rows[i].risk].standalone_var = m->rows[i].var[XMC_Q995].value;
        }
    if (h->status != XMC_OK)
        xmc_measures_free(m);
    return h->status;
}
