/* The equity book in the text report: by board, membership, holding time, and its largest stocks;
 * and deterministic scenarios. */
#include "output/report_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 10 };

static void share(FILE *f, int width, double x, double of) {
    xmc_text_percent(f, width, of > 0 ? x / of : NAN);
}

static void with_error(FILE *f, int width, const xmc_estimate *e) {
    xmc_text_amount(f, width, e->value);
    xmc_text_amount(f, 7, e->se);
}

static void group_line(const xmc_equity_measures *m, const xmc_equity_group *g, FILE *f) {
    fprintf(f, "%-14s %-18s", xmc_grouping_names[g->grouping], g->name);
    xmc_text_amount(f, 11, g->exposure);
    with_error(f, 10, &g->var);
    share(f, 9, g->var.value, g->exposure);
    with_error(f, 10, &g->tvar);
    with_error(f, 14, &g->contribution);
    share(f, 9, g->contribution.value, m->tvar.value);
    with_error(f, 10, &g->marginal);
    fputc('\n', f);
}

/* The stocks by exposure; one more than is shown where there is no memory for the order. */
static void largest_stocks(const xmc_equity_measures *m, FILE *f) {
    double below = INFINITY;
    size_t shown = 0;
    for (size_t k = 0; k < LARGEST && shown < LARGEST; k++) {
        double next = -1;
        for (size_t g = 0; g < m->n_groups; g++)
            if (m->groups[g].grouping == XMC_GROUP_STOCK && m->groups[g].exposure < below &&
                m->groups[g].exposure > next)
                next = m->groups[g].exposure;
        if (!(next > 0))
            return;
        for (size_t g = 0; g < m->n_groups && shown < LARGEST; g++)
            if (m->groups[g].grouping == XMC_GROUP_STOCK && m->groups[g].exposure == next) {
                group_line(m, &m->groups[g], f);
                shown++;
            }
        below = next;
    }
}

void xmc_text_equity(const xmc_report_data *d, FILE *f) {
    const xmc_equity_measures *m = &d->equity;
    if (!m->trials)
        return;
    xmc_text_heading(f, "Equity book: VaR and TVaR at 99.5 % by group, before dividends");
    fprintf(f, "%-14s %-18s%11s%10s%7s%9s%10s%7s%14s%7s%9s%10s%7s\n", "by", "", "value", "VaR",
            "error", "% value", "TVaR", "error", "contribution", "error", "share %", "marginal",
            "error");
    for (size_t g = 0; g < m->n_groups; g++)
        if (m->groups[g].grouping != XMC_GROUP_STOCK)
            group_line(m, &m->groups[g], f);
    largest_stocks(m, f);
    fprintf(f, "%-33s", "book");
    xmc_text_amount(f, 11, m->exposure);
    with_error(f, 10, &m->var);
    share(f, 9, m->var.value, m->exposure);
    with_error(f, 10, &m->tvar);
    with_error(f, 14, &m->tvar);
    share(f, 9, m->tvar.value, m->tvar.value);
    with_error(f, 10, &m->var);
    if (m->dividends > 0) {
        fprintf(f, "\n%-33s", "book after the year's dividends");
        const double var = m->var.value - m->dividends;
        xmc_text_amount(f, 11, m->exposure);
        xmc_text_amount(f, 10, var);
        xmc_text_amount(f, 7, m->var.se);
        share(f, 9, var, m->exposure);
        xmc_text_amount(f, 10, m->tvar.value - m->dividends);
        xmc_text_amount(f, 7, m->tvar.se);
    }
    fputs("\nContribution: mean loss in the book's worst 0.5 %. Marginal: VaR of the book less VaR "
          "without the group.\n"
          "Errors: standard errors of the simulation.\n"
          "Derivatives are valued by their underlying; the ten largest stocks are shown.\n",
          f);
    xmc_text_heading(f, "Equity scenarios: the book's loss when the indices move so");
    fprintf(f, "%-33s%12s%10s", "", "loss", "% value");
    for (size_t g = 0; g < m->n_groups; g++)
        if (m->groups[g].grouping == XMC_GROUP_MEMBERSHIP)
            fprintf(f, "%13s", m->groups[g].name);
    fputc('\n', f);
    for (size_t s = 0; s < m->n_scenarios; s++) {
        fprintf(f, "%-33s", m->scenarios[s]);
        xmc_text_amount(f, 12, m->scenario_loss[s]);
        share(f, 10, m->scenario_loss[s], m->exposure);
        for (size_t g = 0; g < m->n_groups; g++)
            if (m->groups[g].grouping == XMC_GROUP_MEMBERSHIP)
                xmc_text_amount(f, 13, m->scenario_group[s * m->n_groups + g]);
        fputc('\n', f);
    }
    fputs("Stocks by their betas, no move of their own; derivatives revalued at the horizon.\n", f);
}
