/* The comparison of two results files as text and CSV. */
#include "output/compare.h"
#include "output/report_text.h"

#include <math.h>
#include <string.h>

enum { MOST_SEGMENTS = 20 };

static void text_change(const xmc_change *x, FILE *f) {
    xmc_text_amount(f, 12, x->a);
    xmc_text_amount(f, 12, x->b);
    xmc_text_amount(f, 12, x->change.value);
    xmc_text_limits(f, &x->change);
    fputc('\n', f);
}

/* Saved: base less programme, so that a saving is positive. */
static void text_saving(const char *what, const xmc_change *x, FILE *f) {
    const xmc_estimate saved = {-x->change.value, x->change.se, -x->change.upper, -x->change.lower};
    fprintf(f, "  %-44s", what);
    xmc_text_amount(f, 12, saved.value);
    xmc_text_limits(f, &saved);
    fputc('\n', f);
}

static void text_programme(const xmc_compare *c, FILE *f) {
    const xmc_compare_row *total = NULL;
    for (size_t i = 0; i < c->n_rows; i++)
        if (!strcmp(c->rows[i].name, "total"))
            total = &c->rows[i];
    if (!c->title || !total)
        return;
    xmc_text_heading(f, "The programme, a year");
    fprintf(f, "  %s\n", c->title);
    text_saving("mean loss saved, net", &total->of[XMC_CHANGE_MEAN], f);
    text_saving("capital saved, VaR less mean of the total", &total->of[XMC_CHANGE_VAR_LESS_MEAN],
                f);
    text_saving("VaR of the total saved", &total->of[XMC_CHANGE_VAR], f);
    fprintf(f, "  %-44s", "cost of the programme (input)");
    xmc_text_amount(f, 12, c->cost);
    fputc('\n', f);
    xmc_change net = total->of[XMC_CHANGE_MEAN];
    net.change.value += c->cost;
    net.change.lower += c->cost;
    net.change.upper += c->cost;
    text_saving("mean loss saved less cost", &net, f);
}

void xmc_compare_text(const xmc_compare *c, FILE *f) {
    char trials[32];
    xmc_text_grouped(trials, sizeof trials, c->trials);
    const double level = 100.0 * c->level.num / c->level.den;
    fprintf(f,
            "A %s\nB %s\n%s trials each, %s; quantiles at %g %%; CNY million; 95 %% limits of "
            "the change: simulation error only\n",
            c->file[0]->path, c->file[1]->path, trials,
            c->same_seeds ? "same seeds: the same years, trial by trial"
                          : "different seeds: other years, so the limits are wide",
            level);
    xmc_text_heading(f, "Change from A to B");
    fprintf(f, "  %-18s %-14s%12s%12s%12s %s\n", "", "", "A", "B", "change", "95 % limits");
    for (size_t i = 0; i < c->n_rows; i++) {
        if (c->rows[i].same) {
            fprintf(f, "  %-18s no trial differs\n", c->rows[i].name);
            continue;
        }
        for (int k = 0; k < XMC_N_CHANGES; k++) {
            fprintf(f, "  %-18s %-14s", k ? "" : c->rows[i].name, xmc_change_names[k]);
            text_change(&c->rows[i].of[k], f);
        }
    }
    if (c->n_segments) {
        xmc_text_heading(f, "Segments, mean net of reinsurance, largest change first");
        for (size_t i = 0; i < c->n_segments && i < MOST_SEGMENTS; i++) {
            fprintf(f, "  %-60s\n%34s", c->segments[i].name, "");
            text_change(&c->segments[i].mean, f);
        }
        if (c->n_segments > MOST_SEGMENTS)
            fprintf(f, "  and %zu more (--format csv)\n", c->n_segments - MOST_SEGMENTS);
    } else {
        fprintf(f, "\nNo segment differs in any trial.\n");
    }
    text_programme(c, f);
}

static void csv_line(const char *row, const char *what, const xmc_change *x, FILE *f) {
    const double v[] = {x->a,           x->b, x->change.value, x->change.se, x->change.lower,
                        x->change.upper};
    fprintf(f, "%s,%s", row, what);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        if (isnan(v[i]))
            fputc(',', f);
        else
            fprintf(f, ",%.17g", v[i]);
    fputc('\n', f);
}

void xmc_compare_csv(const xmc_compare *c, FILE *f) {
    fprintf(f, "row,quantity,a,b,change,change_se,change_lower,change_upper\n");
    for (size_t i = 0; i < c->n_rows; i++)
        for (int k = 0; k < XMC_N_CHANGES; k++)
            csv_line(c->rows[i].name, xmc_change_names[k], &c->rows[i].of[k], f);
    for (size_t i = 0; i < c->n_segments; i++)
        csv_line(c->segments[i].name, "mean", &c->segments[i].mean, f);
    if (c->title)
        fprintf(f, "programme,cost,,%.17g,,,,\n", c->cost);
}
