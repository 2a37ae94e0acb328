/* The report as CSV, one number or estimate a row:
 * section,row,item,level,value,se,lower,upper,unit. Amounts in CNY. */
#include "output/report_internal.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void text(FILE *f, const char *s) {
    csv_fwrite(f, s, strlen(s));
}

static void number(FILE *f, double x) {
    fputc(',', f);
    char digits[32]; /* as few as give the number back */
    for (int n = 15; n <= 17 && !isnan(x); n++) {
        snprintf(digits, sizeof digits, "%.*g", n, x);
        if (n == 17 || strtod(digits, NULL) == x) {
            fputs(digits, f);
            break;
        }
    }
}

static void line(FILE *f, const char *section, const char *row, const char *item, double level,
                 xmc_estimate e, const char *unit) {
    text(f, section);
    fputc(',', f);
    text(f, row);
    fputc(',', f);
    text(f, item);
    number(f, level);
    number(f, e.value);
    number(f, e.se);
    number(f, e.lower);
    number(f, e.upper);
    fputc(',', f);
    text(f, unit);
    fputc('\n', f);
}

static xmc_estimate plain(double value) {
    return (xmc_estimate){value, NAN, NAN, NAN};
}

static xmc_estimate less(xmc_estimate e, double known) {
    return (xmc_estimate){e.value - known, e.se, e.lower - known, e.upper - known};
}

static double fraction(xmc_level p) {
    return (double)p.num / p.den;
}

static void write_measures(const xmc_measures *m, FILE *f) {
    static const char *const ep[] = {"oep", "oep_tvar", "aep", "aep_tvar"};
    if (m->weighted) {
        const xmc_weight_report *w = &m->weights;
        const double v[] = {w->mean, w->largest, w->effective};
        static const char *const names[] = {"mean", "largest", "effective_sample_size"};
        for (int i = 0; i < 3; i++)
            line(f, "weights", "trials", names[i], NAN, (xmc_estimate){v[i], NAN, NAN, NAN}, "1");
    }
    for (size_t i = 0; i < m->n_rows; i++) {
        const xmc_measure_row *r = &m->rows[i];
        line(f, "measures", r->name, "mean", NAN, r->mean, "CNY");
        line(f, "measures", r->name, "sd", NAN, r->sd, "CNY");
        for (int q = 0; q < XMC_N_QUANTILES; q++) {
            double p = fraction(xmc_quantile_levels[q]);
            line(f, "measures", r->name, "var", p, r->var[q], "CNY");
            line(f, "measures", r->name, "var_less_mean", p, r->var_less_mean[q], "CNY");
            line(f, "measures", r->name, "tvar", p, r->tvar[q], "CNY");
        }
        for (int k = 0; k < XMC_N_EP_TYPES; k++)
            for (int p = 0; p < XMC_N_PERIODS; p++)
                if (!isnan(r->ep[k][p].value))
                    line(f, "ep", r->name, ep[k], xmc_return_periods[p], r->ep[k][p], "CNY");
    }
    for (int q = 0; q < XMC_N_QUANTILES; q++) {
        double p = fraction(xmc_quantile_levels[q]);
        line(f, "diversification", "total", "var", p, plain(xmc_diversification(m, q, false)), "1");
        line(f, "diversification", "total", "var_less_mean", p,
             plain(xmc_diversification(m, q, true)), "1");
    }
    for (size_t i = 0; i < m->n_convergence; i++) {
        const xmc_convergence *c = &m->convergence[i];
        line(f, "convergence", "total", "mean", c->trials, c->mean, "CNY");
        line(f, "convergence", "total", "var", c->trials, c->var, "CNY");
        line(f, "convergence", "total", "tvar", c->trials, c->tvar, "CNY");
    }
}

static void write_without(const xmc_without *w, FILE *f) {
    static const char *const ep[] = {"oep", "oep_tvar", "aep", "aep_tvar"};
    for (int i = 0; w->there && i < XMC_N_WITHOUT; i++)
        for (int k = 0; k < XMC_N_EP_TYPES; k++)
            for (int p = 0; p < XMC_N_PERIODS; p++)
                if (!isnan(w->ep[i][k][p].value))
                    line(f, "ep_mean_damage", xmc_without_names[i], ep[k], xmc_return_periods[p],
                         w->ep[i][k][p], "CNY");
}

static void write_allocation(const xmc_report_data *d, FILE *f) {
    const xmc_measures *m = &d->measures;
    for (int l = 0; m->n_segments && l < XMC_N_ALLOCATION_LEVELS; l++) {
        double p = fraction(xmc_allocation_levels[l]);
        for (int k = 0; k < XMC_N_RISKS; k++)
            line(f, "allocation", xmc_risk_names[k], "contribution", p, m->risks[k].contribution[l],
                 "CNY");
        for (size_t s = 0; s < m->n_segments; s++)
            line(f, "allocation", d->results->segment_names[s], "contribution", p,
                 m->segments[s].contribution[l], "CNY");
    }
    for (size_t s = 0; s < m->n_segments; s++) {
        const char *name = d->results->segment_names[s];
        line(f, "allocation", name, "exposure", NAN,
             plain(d->results->segments.segments[s].exposure), "CNY");
        line(f, "allocation", name, "mean", NAN, plain(m->segments[s].mean), "CNY");
        line(f, "allocation", name, "standalone_var", 0.995, plain(m->segments[s].standalone_var),
             "CNY");
    }
}

static void write_equity(const xmc_equity_measures *m, FILE *f) {
    if (!m->trials)
        return;
    line(f, "equity book", "book", "exposure", NAN, plain(m->exposure), "CNY");
    line(f, "equity book", "book", "dividends", NAN, plain(m->dividends), "CNY");
    line(f, "equity book", "book", "mean", NAN, m->mean, "CNY");
    line(f, "equity book", "book", "var", 0.995, m->var, "CNY");
    line(f, "equity book", "book", "var_after_dividends", 0.995, less(m->var, m->dividends), "CNY");
    line(f, "equity book", "book", "tvar", 0.995, m->tvar, "CNY");
    for (size_t g = 0; g < m->n_groups; g++) {
        const xmc_equity_group *x = &m->groups[g];
        char name[96];
        snprintf(name, sizeof name, "%s/%s", xmc_grouping_names[x->grouping], x->name);
        line(f, "equity book", name, "exposure", NAN, plain(x->exposure), "CNY");
        line(f, "equity book", name, "dividends", NAN, plain(x->dividends), "CNY");
        line(f, "equity book", name, "contribution", 0.995, x->contribution, "CNY");
        if (isnan(x->var.value))
            continue;
        line(f, "equity book", name, "mean", NAN, x->mean, "CNY");
        line(f, "equity book", name, "var", 0.995, x->var, "CNY");
        line(f, "equity book", name, "tvar", 0.995, x->tvar, "CNY");
        line(f, "equity book", name, "marginal", 0.995, x->marginal, "CNY");
    }
    for (size_t s = 0; s < m->n_scenarios; s++) {
        line(f, "equity scenario", m->scenarios[s], "book", NAN, plain(m->scenario_loss[s]), "CNY");
        for (size_t g = 0; g < m->n_groups; g++) {
            char name[96];
            snprintf(name, sizeof name, "%s/%s", xmc_grouping_names[m->groups[g].grouping],
                     m->groups[g].name);
            line(f, "equity scenario", m->scenarios[s], name, NAN,
                 plain(m->scenario_group[s * m->n_groups + g]), "CNY");
        }
    }
}

static void write_comparison(const xmc_comparison *c, FILE *f) {
    for (size_t i = 0; i < c->n_rows; i++) {
        const xmc_comparison_row *r = &c->rows[i];
        const char *section = r->place == XMC_PLACE_NOT_SIMULATED    ? "not simulated"
                              : r->place == XMC_PLACE_NOT_IN_MINIMUM ? "not in the minimum"
                                                                     : "comparison";
        if (r->place != XMC_PLACE_NOT_SIMULATED) {
            line(f, section, r->key, "mean", NAN, plain(r->mean), "CNY");
            line(f, section, r->key, "capital", 0.995, r->capital, "CNY");
            line(f, section, r->key, "capital_gross", 0.995, r->gross, "CNY");
        }
        for (size_t v = 0; v < c->n_versions; v++) {
            char item[64];
            if (isnan(r->factor[v]))
                continue;
            snprintf(item, sizeof item, "minimum %s", c->versions[v].version);
            line(f, section, r->key, item, NAN, plain(r->factor[v]), "CNY");
            if (r->place == XMC_PLACE_NOT_SIMULATED)
                continue;
            snprintf(item, sizeof item, "difference %s", c->versions[v].version);
            line(f, section, r->key, item, NAN, plain(r->capital.value - r->factor[v]), "CNY");
            snprintf(item, sizeof item, "level %s", c->versions[v].version);
            line(f, section, r->key, item, NAN, r->level[v], "1");
        }
    }
    for (size_t i = 0; i < c->n_perils; i++) {
        line(f, "catastrophe cover", c->perils[i].code, "gross", 0.995, plain(c->perils[i].gross),
             "CNY");
        line(f, "catastrophe cover", c->perils[i].code, "net", 0.995, plain(c->perils[i].net),
             "CNY");
    }
    for (size_t v = 0; v < c->n_versions; v++) {
        const xmc_comparison_version *e = &c->versions[v];
        line(f, "minimum", e->version, "sum of compared rows", NAN, plain(e->parts), "CNY");
        line(f, "minimum", e->version, "catastrophe_is_proxy", NAN, plain(e->catastrophe_is_proxy),
             "1");
        line(f, "minimum", e->version, "matched", NAN, plain(e->matched), "CNY");
        line(f, "minimum", e->version, "before_size", NAN, plain(e->before_size), "CNY");
        line(f, "minimum", e->version, "size_factor", NAN, plain(e->size_factor), "1");
        line(f, "minimum", e->version, "control_factor", NAN, plain(e->control_factor), "1");
        line(f, "minimum", e->version, "minimum", NAN, plain(e->minimum), "CNY");
        line(f, "minimum", e->version, "core_ratio", NAN, plain(e->core_ratio), "1");
        line(f, "minimum", e->version, "comprehensive_ratio", NAN, plain(e->comprehensive_ratio),
             "1");
    }
}

static void write_credit_row(const char *section, const xmc_credit_row *r, FILE *f) {
    line(f, section, r->name, "insured", NAN, plain(r->insured), "CNY");
    line(f, section, r->name, "expected", NAN, plain(r->expected), "CNY");
    for (int s = 0; s < XMC_CREDIT_SETS; s++)
        line(f, section, r->name, s < 2 ? "total_tail" : "credit_tail", s % 2 ? 0.995 : 0.99,
             (xmc_estimate){r->contribution[s], r->se[s], NAN, NAN}, "CNY");
}

static void write_credit(const xmc_credit_report *c, FILE *f) {
    char section[32];
    for (size_t k = 0; k < XMC_CREDIT_GROUPS; k++) {
        snprintf(section, sizeof section, "credit_%s", xmc_credit_groups[k]);
        for (size_t i = 0; i < c->n[k]; i++)
            write_credit_row(section, &c->rows[k][i], f);
    }
    for (size_t i = 0; i < c->n_top; i++)
        write_credit_row("credit_obligor", &c->top[i].row, f);
}

void xmc_report_csv(const xmc_report_data *d, FILE *f) {
    fputs("section,row,item,level,value,se,lower,upper,unit\n", f);
    for (size_t i = 0; i < d->n_lines; i++) {
        line(f, "exposure", d->line[i], "locations", NAN, plain((double)d->locations[i]), "1");
        line(f, "exposure", d->line[i], "sum_insured", NAN, plain(d->sum_insured[i]), "CNY");
        line(f, "exposure", d->line[i], "modelled", NAN, plain(d->modelled[i]), "CNY");
    }
    for (size_t i = 0; i < d->n_treaties; i++) {
        line(f, "treaty", d->results->treaty_names[i], "mean", NAN, plain(d->treaty_mean[i]),
             "CNY");
        line(f, "treaty", d->results->treaty_names[i], "probability", NAN, plain(d->treaty_p[i]),
             "1");
    }
    write_measures(&d->measures, f);
    write_without(&d->without, f);
    write_allocation(d, f);
    write_credit(&d->credit, f);
    write_equity(&d->equity, f);
    write_comparison(&d->comparison, f);
    for (size_t i = 0; i < d->anchors.n; i++) {
        const xmc_anchor *a = &d->anchors.anchors[i];
        line(f, "anchor", a->name,
             xmc_anchor_judge(a) == XMC_ANCHOR_INSIDE        ? "inside"
             : xmc_anchor_judge(a) == XMC_ANCHOR_OUTSIDE     ? "outside"
             : xmc_anchor_judge(a) == XMC_ANCHOR_IMPLAUSIBLE ? "implausible"
                                                             : "information",
             NAN, (xmc_estimate){a->value, NAN, a->low, a->high}, "1");
    }
}
