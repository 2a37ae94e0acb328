#include "output/measures.h"

#include "kernels/reduce.h"
#include "output/allocation.h"
#include "output/results_internal.h"
#include "output/weighted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const xmc_level xmc_quantile_levels[XMC_N_QUANTILES] = {
    {1, 2},    {4, 5},     {9, 10},    {19, 20},   {49, 50},
    {99, 100}, {199, 200}, {249, 250}, {499, 500}, {999, 1000}};
const uint32_t xmc_return_periods[XMC_N_PERIODS] = {2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000};
const xmc_level xmc_allocation_levels[XMC_N_ALLOCATION_LEVELS] = {{99, 100}, {199, 200}};

const xmc_measure_row *xmc_measures_row(const xmc_measures *m, const char *name) {
    for (size_t i = 0; i < m->n_rows; i++)
        if (!strcmp(m->rows[i].name, name))
            return &m->rows[i];
    return NULL;
}

double xmc_diversification(const xmc_measures *m, int quantile, bool less_mean) {
    double sum = 0, total = NAN;
    int risks = 0;
    for (size_t i = 0; i < m->n_rows; i++) {
        const xmc_measure_row *row = &m->rows[i];
        double v = less_mean ? row->var_less_mean[quantile].value : row->var[quantile].value;
        if (row->gross)
            continue;
        if (row->risk == XMC_N_RISKS) {
            total = v;
        } else {
            sum += v;
            risks++;
        }
    }
    return risks > 1 && sum > 0 ? (sum - total) / sum : NAN;
}

static void describe_row(const xmc_distribution *d, xmc_measure_row *row) {
    row->mean = d->mean;
    row->sd = d->sd;
    for (int q = 0; q < XMC_N_QUANTILES; q++) {
        row->var[q] = xmc_var(d, xmc_quantile_levels[q]);
        row->tvar[q] = xmc_tvar(d, xmc_quantile_levels[q]);
        row->var_less_mean[q] = xmc_var_less_mean(d, xmc_quantile_levels[q]);
    }
}

static void exceedance(const xmc_distribution *d, xmc_estimate ep[2][XMC_N_PERIODS]) {
    for (int i = 0; i < XMC_N_PERIODS; i++) {
        xmc_level p = {xmc_return_periods[i] - 1, xmc_return_periods[i]};
        ep[0][i] = xmc_var(d, p);
        ep[1][i] = xmc_tvar(d, p);
    }
}

/* Reads a column into d->buffer and sorts it. */
static xmc_status load(xmc_results *r, xmc_distribution *d, const char *name, xmc_diag *diag) {
    xmc_status st = xmc_results_column(r, name, 0, d->buffer, diag);
    return st == XMC_OK ? xmc_distribution_set(d, d->buffer, r->trials, name, diag) : st;
}

/* Totals without a column: their parts are added up, exactly. paid: net of reinsurance, before the
 * reinsurers' default. */
static xmc_status load_total(xmc_results *r, bool paid, xmc_distribution *d, xmc_diag *diag) {
    static const char *const all[2][4] = {
        {"cat_gross", "attritional_gross", "credit_gross", "equity"},
        {"cat_net", "attritional_net", "credit_net", "equity"}};
    const char *const *parts = all[paid];
    memset(d->buffer, 0, r->trials * sizeof *d->buffer);
    for (int i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "ylt/%s", parts[i]);
        if (!xmc_results_has(r, path))
            continue;
        xmc_status st = xmc_results_column(r, parts[i], 0, d->sorted, diag);
        if (st != XMC_OK)
            return st;
        for (size_t t = 0; t < r->trials; t++)
            d->buffer[t] += d->sorted[t];
    }
    return xmc_distribution_set(d, d->buffer, r->trials, paid ? "total_paid" : "total_gross", diag);
}

static xmc_status compute_rows(xmc_results *r, xmc_distribution *d, xmc_measures *m,
                               xmc_diag *diag) {
    static const struct {
        const char *name;
        int risk;
        bool gross;
    } rows[XMC_MAX_ROWS] = {{"cat_gross", XMC_RISK_CAT, true},
                            {"cat_net", XMC_RISK_CAT, false},
                            {"attritional_gross", XMC_RISK_ATTRITIONAL, true},
                            {"attritional_net", XMC_RISK_ATTRITIONAL, false},
                            {"credit_gross", XMC_RISK_CREDIT, true},
                            {"credit_net", XMC_RISK_CREDIT, false},
                            {"equity", XMC_RISK_EQUITY, false},
                            {"reinsurers_default", XMC_RISK_REINSURERS, false},
                            {"total_gross", XMC_N_RISKS, true},
                            {"total_paid", XMC_N_RISKS, true},
                            {"total", XMC_N_RISKS, false}};
    for (int i = 0; i < XMC_MAX_ROWS; i++) {
        bool summed = rows[i].gross && rows[i].risk == XMC_N_RISKS;
        char path[64];
        snprintf(path, sizeof path, "ylt/%s", rows[i].name);
        const bool paid = !strcmp(rows[i].name, "total_paid");
        if (paid ? !xmc_results_has(r, "ylt/reinsurers_default")
                 : !summed && !xmc_results_has(r, path))
            continue;
        xmc_status st = summed ? load_total(r, paid, d, diag) : load(r, d, rows[i].name, diag);
        if (st != XMC_OK)
            return st;
        xmc_measure_row *row = &m->rows[m->n_rows++];
        *row = (xmc_measure_row){.risk = rows[i].risk, .gross = rows[i].gross};
        snprintf(row->name, sizeof row->name, "%s", rows[i].name);
        describe_row(d, row);
        for (int k = 0; k < 2; k++) /* no occurrences but those of catastrophes */
            for (int p = 0; p < XMC_N_PERIODS; p++)
                row->ep[k][p] = (xmc_estimate){NAN, NAN, NAN, NAN};
        exceedance(d, row->ep + 2);
        if (row->risk < XMC_N_RISKS && !row->gross)
            m->risks[row->risk] =
                (xmc_allocation){.mean = d->mean.value, .standalone_var = row->var[XMC_Q995].value};
        if (row->risk == XMC_RISK_CAT) {
            st = load(r, d, row->gross ? "cat_gross_max_occ" : "cat_net_max_occ", diag);
            if (st != XMC_OK)
                return st;
            exceedance(d, row->ep);
        }
    }
    return XMC_OK;
}

static xmc_status compute_convergence(xmc_results *r, xmc_distribution *d, xmc_measures *m,
                                      xmc_diag *diag) {
    enum { FEWEST = 1000 };
    for (uint64_t n = r->trials; m->n_convergence < XMC_MAX_CONVERGENCE; n /= 2) {
        if (n < FEWEST && n != r->trials)
            break;
        xmc_status st = xmc_results_column(r, "total", 0, d->buffer, diag);
        if (st == XMC_OK)
            st = xmc_distribution_set(d, d->buffer, n, "total", diag);
        if (st != XMC_OK)
            return st;
        m->convergence[m->n_convergence++] =
            (xmc_convergence){(double)n, d->mean, xmc_var(d, xmc_quantile_levels[XMC_Q995]),
                              xmc_tvar(d, xmc_quantile_levels[XMC_Q995])};
    }
    return XMC_OK;
}

/* Standalone VaR of a segment: selection, no sorting. */
static double var995(const double *x, size_t n, double *scratch) {
    xmc_level p = xmc_quantile_levels[XMC_Q995];
    uint64_t k = ((uint64_t)n * p.num + p.den - 1) / p.den;
    return xmc_kth_smallest(x, n, k ? k - 1 : 0, scratch);
}

static xmc_status compute_allocation(xmc_results *r, xmc_distribution *d, xmc_measures *m,
                                     xmc_diag *diag) {
    size_t n = r->trials;
    m->n_segments = r->segments.n;
    m->segments = calloc(m->n_segments + 1, sizeof *m->segments);
    if (!m->segments)
        return xmc_no_memory(diag, m->n_segments * sizeof *m->segments, "the allocation");
    xmc_allocator *a = NULL;
    xmc_status st = xmc_results_column(r, "total", 0, d->buffer, diag);
    const xmc_measure_row *total = xmc_measures_row(m, "total");
    xmc_estimate var[XMC_N_ALLOCATION_LEVELS];
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++)
        var[l] = total ? total->var[l ? XMC_Q995 : XMC_Q99] : (xmc_estimate){NAN, NAN, NAN, NAN};
    if (st == XMC_OK)
        st = xmc_allocator_new(d->buffer, d->weight, n, r->grid, m->n_segments, var, d->independent,
                               &a, diag);
    for (size_t s = 0; s < m->n_segments && st == XMC_OK; s++) {
        st = xmc_results_column(r, "segment_net", s, d->buffer, diag);
        if (st != XMC_OK)
            break;
        xmc_allocator_add(a, (int)r->segments.segments[s].risk, d->buffer);
        if (d->weight) {
            st = xmc_distribution_set(d, d->buffer, n, "segment_net", diag);
            m->segments[s].mean = d->mean.value;
            m->segments[s].standalone_var = xmc_var(d, xmc_quantile_levels[XMC_Q995]).value;
            continue;
        }
        xmc_i128 sum = 0;
        for (size_t t = 0; t < n; t++)
            sum += (xmc_i128)(d->buffer[t] / r->grid);
        m->segments[s].mean = (double)sum * r->grid / (double)n;
        m->segments[s].standalone_var = var995(d->buffer, n, d->sorted);
    }
    for (int l = 0; st == XMC_OK && total && l < XMC_N_ALLOCATION_LEVELS; l++)
        xmc_allocator_total(a, l, total->tvar[l ? XMC_Q995 : XMC_Q99].value);
    if (st == XMC_OK)
        st = xmc_allocator_finish(a, m->segments, m->risks, diag);
    xmc_allocator_free(a);
    return st;
}

xmc_status xmc_measures_compute(xmc_results *r, xmc_measures *m, xmc_diag *diag) {
    *m = (xmc_measures){.trials = r->trials};
    xmc_distribution d;
    xmc_status st = xmc_distribution_of(&d, r, diag);
    if (st == XMC_OK && d.weight) {
        m->weighted = true;
        m->weights = xmc_weights_describe(d.weight, r->trials);
    }
    if (st == XMC_OK)
        st = compute_rows(r, &d, m, diag);
    if (st == XMC_OK)
        st = compute_convergence(r, &d, m, diag);
    if (st == XMC_OK && r->segments.n)
        st = compute_allocation(r, &d, m, diag);
    xmc_distribution_free(&d);
    if (st != XMC_OK)
        xmc_measures_free(m);
    return st;
}

void xmc_measures_free(xmc_measures *m) {
    free(m->segments);
    *m = (xmc_measures){0};
}
