/* The report as text. Amounts in CNY million. */
#include "output/report_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char rule[] =
    "----------------------------------------------------------------------------------------------"
    "--------------";

static void heading(FILE *f, const char *text) {
    fprintf(f, "\n%s\n%.*s\n", text, (int)strlen(text), rule);
}

/* A number in millions, right-aligned; "-" where there is none. */
static void amount(FILE *f, int width, double x) {
    if (isnan(x))
        fprintf(f, "%*s", width, "-");
    else
        fprintf(f, "%*.1f", width, x / 1e6);
}

static void limits(FILE *f, const xmc_estimate *e) {
    char text[2][24];
    const double v[] = {e->lower, e->upper};
    for (int i = 0; i < 2; i++)
        if (isnan(v[i]))
            snprintf(text[i], sizeof text[i], "-");
        else
            snprintf(text[i], sizeof text[i], "%.1f", v[i] / 1e6);
    char both[52];
    snprintf(both, sizeof both, "[%s, %s]", text[0], text[1]);
    fprintf(f, " %-21s", both);
}

static void percent(FILE *f, int width, double x) {
    if (isnan(x))
        fprintf(f, "%*s", width, "-");
    else
        fprintf(f, "%*.2f", width, 100 * x);
}

static void grouped(char *out, size_t size, uint64_t n) {
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, n);
    size_t len = strlen(digits), put = 0;
    for (size_t i = 0; i < len && put + 2 < size; i++) {
        if (i && (len - i) % 3 == 0)
            out[put++] = ',';
        out[put++] = digits[i];
    }
    out[put] = '\0';
}

static void write_head(const xmc_report_data *d, const char *path, FILE *f) {
    time_t seconds = (time_t)d->valuation_date * 86400;
    struct tm day;
    char date[16] = "", trials[32];
    if (gmtime_r(&seconds, &day))
        strftime(date, sizeof date, "%Y-%m-%d", &day);
    grouped(trials, sizeof trials, d->measures.trials);
    fprintf(f, "%s\n%.*s\n", d->title, (int)strlen(d->title), rule);
    fprintf(f, "%s, crossmc %s, valuation date %s\n", path, d->software, date);
    fprintf(f, "%s trials of one year; seeds", trials);
    for (size_t i = 0; i < d->n_seeds; i++)
        fprintf(f, "%s %s %" PRIu64, i ? "," : "", xmc_seed_names[i], d->seeds[i]);
    fprintf(f, "; loss grid %g CNY\n", xmc_results_grid(d->results));
    fprintf(f, "year loss table SHA-256 %s\n\n", d->sha256);
    fputs("Amounts in CNY million. Losses are positive, an equity gain is negative. Limits in "
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
    heading(f, "What was simulated");
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
            amount(f, 17, d->sum_insured[k]);
            percent(f, 16, 1 - d->modelled[k] / d->sum_insured[k]);
        } else {
            fprintf(f, "%9s", "");
            double exposure = xmc_exposure_of(s, chosen);
            amount(f, 17, exposure > 0 ? exposure : NAN);
        }
        fputc('\n', f);
    }
    free(done);
    free(chosen);
    static const char *const words[] = {"catastrophe", "attritional losses",
                                        "export credit and guarantee", "equity"};
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
            amount(f, 15, d->treaty_mean[i]);
            percent(f, 15, d->treaty_p[i]);
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
    heading(f, "Capital at risk: VaR at 99.5 % over one year");
    fprintf(f, "%-20s%9s%9s%10s %-21s%10s %-21s%10s %-21s\n", "", "mean", "sd", "VaR", "",
            "VaR-mean", "", "TVaR", "");
    double sum[3] = {0, 0, 0};
    for (size_t i = 0; i < m->n_rows; i++) {
        const xmc_measure_row *row = &m->rows[i];
        if (row->risk == XMC_N_RISKS && row->gross)
            fprintf(f, "%.*s\n", 20, rule);
        row_name(f, row);
        amount(f, 9, row->mean.value);
        amount(f, 9, row->sd.value);
        amount(f, 10, row->var[XMC_Q995].value);
        limits(f, &row->var[XMC_Q995]);
        amount(f, 10, row->var_less_mean[XMC_Q995].value);
        limits(f, &row->var_less_mean[XMC_Q995]);
        amount(f, 10, row->tvar[XMC_Q995].value);
        limits(f, &row->tvar[XMC_Q995]);
        fputc('\n', f);
        if (row->risk < XMC_N_RISKS && !row->gross) {
            sum[0] += row->var[XMC_Q995].value;
            sum[1] += row->var_less_mean[XMC_Q995].value;
            sum[2] += row->tvar[XMC_Q995].value;
        }
    }
    fprintf(f, "%-20s%9s%9s", "sum of risks, net", "", "");
    for (int k = 0; k < 3; k++) {
        amount(f, 10, sum[k]);
        if (k < 2)
            fprintf(f, " %-21s", "");
    }
    fprintf(f, "\n%-20s%9s%9s", "diversification, %", "", "");
    const xmc_measure_row *total = xmc_measures_row(m, "total");
    percent(f, 10, xmc_diversification(m, XMC_Q995, false));
    fprintf(f, " %-21s", "");
    percent(f, 10, xmc_diversification(m, XMC_Q995, true));
    fprintf(f, " %-21s", "");
    percent(f, 10, total && sum[2] > 0 ? 1 - total->tvar[XMC_Q995].value / sum[2] : NAN);
    fputc('\n', f);
    if (total && !isnan(d->comparison.admin_margin) && d->comparison.n_rows) {
        fputs("total, net: VaR less (premium less expenses) ", f);
        amount(f, 1, total->var[XMC_Q995].value - d->comparison.admin_margin);
        fputc('\n', f);
    }
    fputs("VaR: smallest x with F(x) >= p, limits by order statistics. VaR-mean: unexpected loss. "
          "TVaR: mean of the worst\n1 - p, Manistre and Hancock.\n",
          f);

    heading(f, "Quantiles of the annual loss");
    fprintf(f, "%-20s", "");
    for (int q = 0; q < XMC_N_QUANTILES; q++)
        fprintf(f, "%8g %%", 100. * xmc_quantile_levels[q].num / xmc_quantile_levels[q].den);
    fputc('\n', f);
    for (size_t i = 0; i < m->n_rows; i++) {
        row_name(f, &m->rows[i]);
        for (int q = 0; q < XMC_N_QUANTILES; q++)
            amount(f, 10, m->rows[i].var[q].value);
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
    heading(f, "Exceedance: loss at the return period");
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
            amount(f, 9, e->value);
            limits(f, e);
        }
        fputc('\n', f);
    }
    fputs("OEP: largest occurrence of the year (catastrophe only). AEP: sum of the year.\n", f);
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
    heading(f, "Where the tail comes from: Euler contributions to the total's TVaR at 99.5 %, net");
    fprintf(f, "%-46s%12s %-21s%9s%12s%12s\n", "", "contribution", "", "share %", "mean",
            "own VaR");
    for (int k = 0; k < XMC_N_RISKS; k++) {
        const xmc_allocation *a = &m->risks[k];
        if (a->contribution[1].value == 0 && a->mean == 0)
            continue;
        fprintf(f, "%-46s", xmc_risk_names[k]);
        amount(f, 12, a->contribution[1].value);
        limits(f, &a->contribution[1]);
        percent(f, 9, a->contribution[1].value / tvar);
        amount(f, 12, a->mean);
        amount(f, 12, a->standalone_var);
        fputc('\n', f);
    }
    fprintf(f, "%-46s", "total");
    amount(f, 12, tvar);
    limits(f, &total->tvar[XMC_Q995]);
    percent(f, 9, 1);
    amount(f, 12, total->mean.value);
    amount(f, 12, total->var[XMC_Q995].value);
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
        amount(f, 12, a->contribution[1].value);
        limits(f, &a->contribution[1]);
        percent(f, 9, a->contribution[1].value / tvar);
        amount(f, 12, a->mean);
        amount(f, 12, a->standalone_var);
        fputc('\n', f);
    }
    if (shown < m->n_segments) {
        fprintf(f, "%-8zu%-38s", m->n_segments - shown, "other segments");
        amount(f, 12, rest);
        fprintf(f, "%-22s", "");
        percent(f, 9, rest / tvar);
        fputc('\n', f);
    }
    fputs("Contributions add up exactly. Limits from 20 batches of trials.\n", f);
    free(order);
}

static void write_convergence(const xmc_report_data *d, FILE *f) {
    const xmc_measures *m = &d->measures;
    heading(f, "Convergence of the total");
    fprintf(f, "%12s%10s%10s %-21s%10s %-21s%12s\n", "trials", "mean", "VaR 99.5", "", "TVaR 99.5",
            "", "error VaR %");
    for (size_t i = 0; i < m->n_convergence; i++) {
        const xmc_convergence *c = &m->convergence[i];
        char trials[32];
        grouped(trials, sizeof trials, (uint64_t)c->trials);
        fprintf(f, "%12s", trials);
        amount(f, 10, c->mean.value);
        amount(f, 10, c->var.value);
        limits(f, &c->var);
        amount(f, 10, c->tvar.value);
        limits(f, &c->tvar);
        percent(f, 12, c->var.se / c->var.value);
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

/* --- comparison --- */

static void row_label(FILE *f, const xmc_comparison_row *row) {
    fprintf(f, "%-15s%-50.50s", row->code, row->label_en);
}

/* Simulated capital, and the minimum under each version. */
static void write_amounts(const xmc_comparison *c, FILE *f) {
    fprintf(f, "\n%-65s %-11s%10s %-21s", "row of the minimum", "basis", "simulated", "");
    for (size_t v = 0; v < c->n_versions; v++)
        fprintf(f, "%10s", c->versions[v].version);
    fputc('\n', f);
    const xmc_comparison_row *total = xmc_comparison_total(c);
    for (size_t i = 0; i < c->n_rows; i++) {
        const xmc_comparison_row *row = &c->rows[i];
        if (row->place != XMC_PLACE_COMPARED)
            continue;
        row_label(f, row);
        fprintf(f, " %-11s", xmc_report_basis(row->basis));
        amount(f, 10, row->capital.value);
        limits(f, &row->capital);
        for (size_t v = 0; v < c->n_versions; v++)
            amount(f, 10, row->factor[v]);
        fputc('\n', f);
    }
    fprintf(f, "%-77s", "sum of the rows");
    amount(f, 10, c->parts);
    fprintf(f, " %-21s", "");
    for (size_t v = 0; v < c->n_versions; v++)
        amount(f, 10, c->versions[v].parts);
    fprintf(f, "\n%-77s", "diversification, %");
    percent(f, 10, total && c->parts > 0 ? 1 - total->capital.value / c->parts : NAN);
    fprintf(f, " %-21s", "");
    for (size_t v = 0; v < c->n_versions; v++)
        percent(f, 10,
                c->versions[v].parts > 0 ? 1 - c->versions[v].matched / c->versions[v].parts : NAN);
    fputc('\n', f);
    if (total) {
        fprintf(f, "%-65s %-11s", "total against the matched minimum",
                xmc_report_basis(total->basis));
        amount(f, 10, total->capital.value);
        limits(f, &total->capital);
        for (size_t v = 0; v < c->n_versions; v++)
            amount(f, 10, total->factor[v]);
        fputc('\n', f);
    }
}

/* Difference, and the level that each version's amount implies. */
static void write_levels(const xmc_comparison *c, FILE *f) {
    fprintf(f, "\n%-65s", "simulated less minimum; implied confidence level, %");
    for (size_t v = 0; v < c->n_versions; v++)
        fprintf(f, "%10s%25s", c->versions[v].version, "");
    fputc('\n', f);
    for (size_t i = 0; i < c->n_rows; i++) {
        const xmc_comparison_row *row = &c->rows[i];
        if (row->place != XMC_PLACE_COMPARED && row->place != XMC_PLACE_TOTAL)
            continue;
        row_label(f, row);
        for (size_t v = 0; v < c->n_versions; v++) {
            char text[32] = "";
            if (!isnan(row->level[v].value))
                snprintf(text, sizeof text, "[%.2f, %.2f]", 100 * row->level[v].lower,
                         100 * row->level[v].upper);
            amount(f, 10, row->capital.value - row->factor[v]);
            percent(f, 8, row->level[v].value);
            fprintf(f, " %-16s", text);
        }
        fputc('\n', f);
    }
}

static void write_full(const xmc_comparison *c, FILE *f) {
    fprintf(f,
            "\nThe full minimum, for information: also what is not simulated\n%-10s%14s%8s%10s"
            "%14s%16s%10s\n",
            "rules", "before size", "size", "Q", "minimum", "comprehensive %", "core %");
    for (size_t v = 0; v < c->n_versions; v++) {
        const xmc_comparison_version *e = &c->versions[v];
        fprintf(f, "%-10s", e->version);
        amount(f, 14, e->before_size);
        fprintf(f, "%8.2f", e->size_factor);
        if (isnan(e->control_factor))
            fprintf(f, "%10s", "-");
        else
            fprintf(f, "%10.4f", e->control_factor);
        amount(f, 14, e->minimum);
        percent(f, 16, e->comprehensive_ratio);
        percent(f, 10, e->core_ratio);
        fprintf(f, "  %s, from %s\n", e->title, e->effective);
    }
    bool proxy = false;
    for (size_t v = 0; v < c->n_versions; v++)
        proxy |= c->versions[v].catastrophe_is_proxy;
    if (proxy)
        fputs("The catastrophe minimum comes from own events, not from the regulator's table: a "
              "proxy, no ground for a verdict on the formula.\n",
              f);
}

static void write_comparison(const xmc_report_data *d, FILE *f) {
    const xmc_comparison *c = &d->comparison;
    heading(f, "Simulated capital against the factor-based minimum (C-ROSS II), net, 99.5 %");
    if (!c->n_rows) {
        fputs("No comparison: the analysis names no company sheet.\n", f);
        return;
    }
    fprintf(f, "Company sheet: %s\n", d->company);
    fputs("Twelve months, pre-tax, undiscounted, book at the valuation date taken as renewed "
          "(guarantee in run-off). Matched minimum: every\n"
          "node that is not simulated left out, before size coefficient and control factor. "
          "Catastrophe: VaR, mean not deducted; premium\n"
          "risk and loan balance: VaR less mean; equity: VaR with zero expected return; total: VaR "
          "less the means so deducted. Level: the\n"
          "confidence level that the rules' amount implies in the simulated distribution. A given "
          "amount is the company's own figure.\n",
          f);
    write_amounts(c, f);
    write_levels(c, f);
    write_full(c, f);
    size_t last = c->n_versions - 1;
    fprintf(f,
            "\nIn the minimum, not simulated (amounts under rules %s):", c->versions[last].version);
    bool any = false;
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].place == XMC_PLACE_NOT_SIMULATED) {
            fprintf(f, "\n  %-15s%-50.50s", c->rows[i].code, c->rows[i].label_en);
            amount(f, 10, c->rows[i].factor[last]);
            any = true;
        }
    fputs(any ? "\n" : " nothing\n", f);
    fputs("Simulated, not in the minimum:", f);
    any = false;
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].place == XMC_PLACE_NOT_IN_MINIMUM) {
            const xmc_comparison_row *row = &c->rows[i];
            fprintf(f, "\n  %-65.65s", row->label_en[0] ? row->label_en : row->key);
            amount(f, 10, row->capital.value);
            limits(f, &row->capital);
            any = true;
        }
    fputs(any ? "\n" : " nothing\n", f);

    fprintf(f, "\nBefore and after reinsurance\n%-65s%12s%12s\n", "", "gross", "net");
    for (size_t i = 0; i < c->n_rows; i++) {
        const xmc_comparison_row *row = &c->rows[i];
        if (row->place != XMC_PLACE_COMPARED && row->place != XMC_PLACE_TOTAL)
            continue;
        row_label(f, row);
        amount(f, 12, row->gross.value);
        amount(f, 12, row->capital.value);
        fputc('\n', f);
    }
    fputs("Net of the reinsurers' default: not simulated.\n", f);
}

static void write_anchors(const xmc_report_data *d, FILE *f) {
    const xmc_anchors *a = &d->anchors;
    if (!a->n)
        return;
    size_t outside = 0;
    heading(f, "Sanity anchors: what a practitioner expects of these books (gross)");
    for (size_t i = 0; i < a->n; i++) {
        const xmc_anchor *e = &a->anchors[i];
        xmc_anchor_verdict verdict = xmc_anchor_judge(e);
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
                outside, a->n);
}

void xmc_report_text(const xmc_report_data *d, const char *path, FILE *f) {
    write_head(d, path, f);
    write_exposure(d, f);
    write_capital(d, f);
    write_exceedance(d, f);
    write_allocation(d, f);
    write_convergence(d, f);
    write_comparison(d, f);
    write_anchors(d, f);
}
