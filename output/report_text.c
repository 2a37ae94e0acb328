/* The report as text. Amounts in CNY million. */
#include "output/report_text.h"
#include "output/report_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void write_head(const xmc_report_data *d, const char *path, FILE *f) {
    time_t seconds = (time_t)d->valuation_date * 86400;
    struct tm day;
    char date[16] = "", trials[32];
    if (gmtime_r(&seconds, &day))
        strftime(date, sizeof date, "%Y-%m-%d", &day);
    xmc_text_grouped(trials, sizeof trials, d->measures.trials);
    fprintf(f, "%s\n%.*s\n", d->title, (int)strlen(d->title), xmc_text_rule);
    fprintf(f, "%s, crossmc %s, valuation date %s\n", path, d->software, date);
    fprintf(f, "%s trials of one year; seeds", trials);
    for (size_t i = 0; i < d->n_seeds; i++)
        fprintf(f, "%s %s %" PRIu64, i ? "," : "", xmc_seed_names[i], d->seeds[i]);
    fprintf(f, "; loss grid %g CNY\n", xmc_results_grid(d->results));
    if (d->results->independent) {
        xmc_text_grouped(trials, sizeof trials, d->results->independent);
        fprintf(f,
                "effective size %s: the years of the year-event table; all errors and limits go by "
                "it\n",
                trials);
    }
    fprintf(f, "year loss table SHA-256 %s\n", d->sha256);
    if (d->measures.weighted)
        fprintf(
            f,
            "Importance sampling: trials are weighted, mean weight %.4f, largest %.3f, effective "
            "sample size %.0f;\nlimits by inversion of the weighted tail, approximate.\n",
            d->measures.weights.mean, d->measures.weights.largest, d->measures.weights.effective);
    fputs("\nAmounts in CNY million. Losses are positive, an equity gain is negative. Limits in "
          "brackets are 95 % and\n"
          "cover simulation error only: not event set, parameters or model.\n",
          f);
}

/* --- what was simulated --- */

static const char *const cross_lines[XMC_N_LINES + 1] = {
    "motor",    "property", "hull, cargo", "liability",  "agriculture", "credit",
    "accident", "health",   "short life",  "other line", "financing",   "-"};

static void write_exposure(const xmc_report_data *d, FILE *f) {
    const xmc_segments *s = &d->results->segments;
    xmc_text_heading(f, "What was simulated");
    fprintf(f, "%-12s %-26s %-12s %9s %16s %15s\n", "risk", "line", "C-ROSS line", "locations",
            "exposure", "not modelled %");
    bool *done = calloc(s->n + 1, sizeof *done), *chosen = calloc(s->n + 1, sizeof *chosen);
    for (size_t i = 0; done && chosen && i < s->n; i++) {
        if (done[i])
            continue;
        const xmc_segment *g = &s->segments[i];
        for (size_t j = 0; j < s->n; j++) {
            chosen[j] = s->segments[j].risk == g->risk && s->segments[j].line == g->line &&
                        !strcmp(s->segments[j].line_name, g->line_name);
            done[j] |= chosen[j];
        }
        fprintf(f, "%-12s %-26s %-12s ", xmc_risk_names[g->risk], g->line_name,
                cross_lines[g->line]);
        size_t k = d->n_lines;
        if (g->risk == XMC_RISK_CAT)
            for (k = 0; k < d->n_lines && strcmp(d->line[k], g->line_name);)
                k++;
        if (k < d->n_lines) {
            fprintf(f, "%9" PRIu64, d->locations[k]);
            xmc_text_amount(f, 17, d->sum_insured[k]);
            xmc_text_percent(f, 16, 1 - d->modelled[k] / d->sum_insured[k]);
        } else {
            fprintf(f, "%9s", "");
            double exposure = xmc_exposure_of(s, chosen);
            xmc_text_amount(f, 17, exposure > 0 ? exposure : NAN);
        }
        fputc('\n', f);
    }
    free(done);
    free(chosen);
    static const char *const words[] = {"catastrophe", "attritional losses",
                                        "export credit and guarantee", "equity",
                                        "default of reinsurers"};
    for (int k = 0; k < XMC_N_RISKS; k++) {
        bool any = false;
        for (size_t i = 0; i < s->n; i++)
            any |= (int)s->segments[i].risk == k;
        if (!any)
            fprintf(f, "not simulated: %s\n", words[k]);
    }
    if (d->n_treaties) {
        fprintf(f, "\n%-40s %14s %14s\n", "treaty", "mean recovery", "pays in % of years");
        for (size_t i = 0; i < d->n_treaties; i++) {
            fprintf(f, "%-40s", d->results->treaty_names[i]);
            xmc_text_amount(f, 15, d->treaty_mean[i]);
            xmc_text_percent(f, 15, d->treaty_p[i]);
            fputc('\n', f);
        }
    }
}

/* --- capital at risk --- */

static void row_name(FILE *f, const xmc_measure_row *row) {
    char name[40];
    snprintf(name, sizeof name, "%s%s%s",
             row->risk < XMC_N_RISKS ? xmc_risk_names[row->risk] : "total",
             *xmc_report_stage(row) ? ", " : "", xmc_report_stage(row));
    fprintf(f, "%-20s", name);
}

static void write_capital(const xmc_report_data *d, FILE *f) {
    const xmc_measures *m = &d->measures;
    xmc_text_heading(f, "Capital at risk: VaR at 99.5 % over one year");
    fprintf(f, "%-20s%9s%9s%10s %-21s%10s %-21s%10s %-21s\n", "", "mean", "sd", "VaR", "",
            "VaR-mean", "", "TVaR", "");
    double sum[3] = {0, 0, 0};
    for (size_t i = 0; i < m->n_rows; i++) {
        const xmc_measure_row *row = &m->rows[i];
        if (!strcmp(row->name, "total_gross"))
            fprintf(f, "%.*s\n", 20, xmc_text_rule);
        row_name(f, row);
        xmc_text_amount(f, 9, row->mean.value);
        xmc_text_amount(f, 9, row->sd.value);
        xmc_text_amount(f, 10, row->var[XMC_Q995].value);
        xmc_text_limits(f, &row->var[XMC_Q995]);
        xmc_text_amount(f, 10, row->var_less_mean[XMC_Q995].value);
        xmc_text_limits(f, &row->var_less_mean[XMC_Q995]);
        xmc_text_amount(f, 10, row->tvar[XMC_Q995].value);
        xmc_text_limits(f, &row->tvar[XMC_Q995]);
        fputc('\n', f);
        if (row->risk < XMC_N_RISKS && !row->gross) {
            sum[0] += row->var[XMC_Q995].value;
            sum[1] += row->var_less_mean[XMC_Q995].value;
            sum[2] += row->tvar[XMC_Q995].value;
        }
    }
    fprintf(f, "%-20s%9s%9s", "sum of risks, net", "", "");
    for (int k = 0; k < 3; k++) {
        xmc_text_amount(f, 10, sum[k]);
        if (k < 2)
            fprintf(f, " %-21s", "");
    }
    fprintf(f, "\n%-20s%9s%9s", "diversification, %", "", "");
    const xmc_measure_row *total = xmc_measures_row(m, "total");
    xmc_text_percent(f, 10, xmc_diversification(m, XMC_Q995, false));
    fprintf(f, " %-21s", "");
    xmc_text_percent(f, 10, xmc_diversification(m, XMC_Q995, true));
    fprintf(f, " %-21s", "");
    xmc_text_percent(f, 10, total && sum[2] > 0 ? 1 - total->tvar[XMC_Q995].value / sum[2] : NAN);
    fputc('\n', f);
    if (total && !isnan(d->comparison.admin_margin) && d->comparison.n_rows) {
        fputs("total, net: VaR less (premium less expenses) ", f);
        xmc_text_amount(f, 1, total->var[XMC_Q995].value - d->comparison.admin_margin);
        fputc('\n', f);
    }
    fputs("VaR: smallest x with F(x) >= p, limits by order statistics. VaR-mean: unexpected loss. "
          "TVaR: mean of the worst\n1 - p, Manistre and Hancock.\n",
          f);

    xmc_text_heading(f, "Quantiles of the annual loss");
    fprintf(f, "%-20s", "");
    for (int q = 0; q < XMC_N_QUANTILES; q++)
        fprintf(f, "%8g %%", 100. * xmc_quantile_levels[q].num / xmc_quantile_levels[q].den);
    fputc('\n', f);
    for (size_t i = 0; i < m->n_rows; i++) {
        row_name(f, &m->rows[i]);
        for (int q = 0; q < XMC_N_QUANTILES; q++)
            xmc_text_amount(f, 10, m->rows[i].var[q].value);
        fputc('\n', f);
    }
}

static void write_exceedance(const xmc_report_data *d, FILE *f) {
    static const struct {
        const char *row, *label;
        int type;
    } columns[] = {{"cat_gross", "cat OEP, gross", 0},
                   {"cat_net", "cat OEP, net", 0},
                   {"cat_gross", "cat AEP, gross", 2},
                   {"cat_net", "cat AEP, net", 2},
                   {"total", "total AEP", 2}};
    xmc_text_heading(f, "Exceedance: loss at the return period");
    fprintf(f, "%6s", "years");
    for (int k = 0; k < 5; k++)
        if (xmc_measures_row(&d->measures, columns[k].row))
            fprintf(f, "%31s", columns[k].label);
    fputc('\n', f);
    for (int p = 0; p < XMC_N_PERIODS; p++) {
        fprintf(f, "%6u", xmc_return_periods[p]);
        for (int k = 0; k < 5; k++) {
            const xmc_measure_row *row = xmc_measures_row(&d->measures, columns[k].row);
            if (!row)
                continue;
            const xmc_estimate *e = &row->ep[columns[k].type][p];
            xmc_text_amount(f, 9, e->value);
            xmc_text_limits(f, e);
        }
        fputc('\n', f);
    }
    fputs("OEP: largest occurrence of the year (catastrophe only). AEP: sum of the year.\n", f);
    if (xmc_measures_row(&d->measures, "cat_net"))
        fputs("cat OEP, net: largest occurrence, net of its quota shares and layers, before "
              "reinstatement\npremiums and stop loss; cat AEP, net is after both.\n",
              f);
}

/* What secondary uncertainty does to the curves: the same occurrences, mean damage ratios beside
 * sampled ones. */
static void write_without(const xmc_report_data *d, FILE *f) {
    static const struct {
        const char *row, *label;
        int which, type;
    } columns[] = {{"cat_gross", "cat OEP, gross", 0, 0},
                   {"cat_net", "cat OEP, net", 1, 0},
                   {"cat_gross", "cat AEP, gross", 0, 2}};
    if (!d->without.there)
        return;
    xmc_text_heading(f,
                     "Exceedance with mean damage ratios, and how much secondary uncertainty adds");
    fprintf(f, "%6s", "years");
    for (int k = 0; k < 3; k++)
        fprintf(f, "%31s%9s", columns[k].label, "adds");
    fputc('\n', f);
    for (int p = 0; p < XMC_N_PERIODS; p++) {
        fprintf(f, "%6u", xmc_return_periods[p]);
        for (int k = 0; k < 3; k++) {
            const xmc_estimate *e = &d->without.ep[columns[k].which][columns[k].type][p];
            const xmc_measure_row *row = xmc_measures_row(&d->measures, columns[k].row);
            xmc_text_amount(f, 9, e->value);
            xmc_text_limits(f, e);
            xmc_text_amount(f, 9, row ? row->ep[columns[k].type][p].value - e->value : (double)NAN);
        }
        fputc('\n', f);
    }
}

/* --- allocation --- */

typedef struct {
    size_t segment;
    double contribution;
} ranked;

static int largest_first(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->contribution != y->contribution)
        return x->contribution < y->contribution ? 1 : -1;
    return (x->segment > y->segment) - (x->segment < y->segment);
}

/* The rest of a risk's or segment's line. */
static void write_contribution(const xmc_allocation *a, double tvar, FILE *f) {
    xmc_text_amount(f, 12, a->contribution[1].value);
    xmc_text_limits(f, &a->contribution[1]);
    xmc_text_percent(f, 9, a->contribution[1].value / tvar);
    xmc_text_amount(f, 12, a->mean);
    xmc_text_amount(f, 12, a->standalone_var);
    fputc('\n', f);
}

static void write_allocation(const xmc_report_data *d, FILE *f) {
    enum { SHOWN = 15 };
    const xmc_measures *m = &d->measures;
    const xmc_measure_row *total = xmc_measures_row(m, "total");
    ranked *order = calloc(m->n_segments + 1, sizeof *order);
    if (!m->n_segments || !total || !order) {
        free(order);
        return;
    }
    double tvar = total->tvar[XMC_Q995].value;
    xmc_text_heading(
        f, "Where the tail comes from: Euler contributions to the total's TVaR at 99.5 %, net");
    fprintf(f, "%-46s%12s %-21s%9s%12s%12s\n", "", "contribution", "", "share %", "mean",
            "own VaR");
    for (int k = 0; k < XMC_N_RISKS; k++) {
        const xmc_allocation *a = &m->risks[k];
        if (a->contribution[1].value == 0 && a->mean == 0)
            continue;
        fprintf(f, "%-46s", xmc_risk_names[k]);
        write_contribution(a, tvar, f);
    }
    fprintf(f, "%-46s", "total");
    xmc_text_amount(f, 12, tvar);
    xmc_text_limits(f, &total->tvar[XMC_Q995]);
    xmc_text_percent(f, 9, 1);
    xmc_text_amount(f, 12, total->mean.value);
    xmc_text_amount(f, 12, total->var[XMC_Q995].value);
    fputs("\n\nlargest segments (risk/line/region/cause)\n", f);
    for (size_t s = 0; s < m->n_segments; s++)
        order[s] = (ranked){s, m->segments[s].contribution[1].value};
    qsort(order, m->n_segments, sizeof *order, largest_first);
    size_t shown = m->n_segments < SHOWN ? m->n_segments : SHOWN;
    double rest = tvar;
    for (size_t i = 0; i < shown; i++) {
        const xmc_allocation *a = &m->segments[order[i].segment];
        rest -= a->contribution[1].value;
        fprintf(f, "%-46.46s", d->results->segment_names[order[i].segment]);
        write_contribution(a, tvar, f);
    }
    if (shown < m->n_segments) {
        fprintf(f, "%-8zu%-38s", m->n_segments - shown, "other segments");
        xmc_text_amount(f, 12, rest);
        fprintf(f, "%-22s", "");
        xmc_text_percent(f, 9, rest / tvar);
        fputc('\n', f);
    }
    fputs("Contributions add up exactly. Limits with the error of the quantile.\n", f);
    free(order);
}

static void write_convergence(const xmc_report_data *d, FILE *f) {
    const xmc_measures *m = &d->measures;
    xmc_text_heading(f, "Convergence of the total");
    fprintf(f, "%12s%10s%10s %-21s%10s %-21s%12s\n", "trials", "mean", "VaR 99.5", "", "TVaR 99.5",
            "", "error VaR %");
    for (size_t i = 0; i < m->n_convergence; i++) {
        const xmc_convergence *c = &m->convergence[i];
        char trials[32];
        xmc_text_grouped(trials, sizeof trials, (uint64_t)c->trials);
        fprintf(f, "%12s", trials);
        xmc_text_amount(f, 10, c->mean.value);
        xmc_text_amount(f, 10, c->var.value);
        xmc_text_limits(f, &c->var);
        xmc_text_amount(f, 10, c->tvar.value);
        xmc_text_limits(f, &c->tvar);
        xmc_text_percent(f, 12, c->var.se / c->var.value);
        fputc('\n', f);
    }
    if (m->n_convergence) {
        double error = m->convergence[0].var.se / m->convergence[0].var.value;
        if (error > 0.01)
            fprintf(f,
                    "The VaR's standard error is %.1f %%: about %.0f times as many trials bring "
                    "it below 1 %%.\n",
                    100 * error, ceil(error * error * 1e4));
    }
}

static void write_anchors(const xmc_report_data *d, FILE *f) {
    const xmc_anchors *a = &d->anchors;
    if (!a->n)
        return;
    size_t outside = 0, judged = 0;
    xmc_text_heading(f, "Sanity anchors: what a practitioner expects of these books (gross)");
    for (size_t i = 0; i < a->n; i++) {
        const xmc_anchor *e = &a->anchors[i];
        xmc_anchor_verdict verdict = xmc_anchor_judge(e);
        if (verdict == XMC_ANCHOR_NO_VERDICT) {
            fprintf(f, "%-66s%9.4f %%   %-19s  for information\n", e->name, 100 * e->value, "");
            continue;
        }
        judged++;
        outside += verdict != XMC_ANCHOR_INSIDE;
        fprintf(f, "%-66s%9.4f %%   %7.3f to %6.3f %%  %s\n", e->name, 100 * e->value, 100 * e->low,
                100 * e->high,
                verdict == XMC_ANCHOR_INSIDE    ? "inside"
                : verdict == XMC_ANCHOR_OUTSIDE ? "WARNING: outside"
                                                : "WARNING: implausible");
    }
    if (outside)
        fprintf(f,
                "%zu of %zu figures lie outside their range: each must be explained, or the "
                "model mended.\n",
                outside, judged);
}

void xmc_report_text(const xmc_report_data *d, const char *path, FILE *f) {
    write_head(d, path, f);
    write_exposure(d, f);
    write_capital(d, f);
    write_exceedance(d, f);
    write_without(d, f);
    write_allocation(d, f);
    xmc_text_credit(d, f);
    write_convergence(d, f);
    xmc_text_equity(d, f);
    xmc_text_comparison(d, f);
    write_anchors(d, f);
}
