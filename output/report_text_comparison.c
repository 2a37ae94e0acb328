/* The comparison with the minimum as text. */
#include "output/report_text.h"

#include <math.h>
#include <string.h>

static void row_label(FILE *f, const xmc_comparison_row *row) {
    fprintf(f, "%-15s%-50.50s", row->code, row->label_en);
}

/* The rest of a row's line: capital with its limits, and the amount under each version. */
static void capital_and_minimum(const xmc_comparison *c, const xmc_comparison_row *row, FILE *f) {
    xmc_text_amount(f, 10, row->capital.value);
    xmc_text_limits(f, &row->capital);
    for (size_t v = 0; v < c->n_versions; v++)
        xmc_text_amount(f, 10, row->factor[v]);
    fputc('\n', f);
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
        capital_and_minimum(c, row, f);
    }
    fprintf(f, "%-77s", "sum of the rows");
    xmc_text_amount(f, 10, c->parts);
    fprintf(f, " %-21s", "");
    for (size_t v = 0; v < c->n_versions; v++)
        xmc_text_amount(f, 10, c->versions[v].parts);
    fprintf(f, "\n%-77s", "diversification, %");
    xmc_text_percent(f, 10, total && c->parts > 0 ? 1 - total->capital.value / c->parts : NAN);
    fprintf(f, " %-21s", "");
    for (size_t v = 0; v < c->n_versions; v++)
        xmc_text_percent(
            f, 10,
            c->versions[v].parts > 0 ? 1 - c->versions[v].matched / c->versions[v].parts : NAN);
    fputc('\n', f);
    if (total) {
        fprintf(f, "%-65s %-11s", "total against the matched minimum",
                xmc_report_basis(total->basis));
        capital_and_minimum(c, total, f);
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
            if (c->versions[v].catastrophe_is_proxy && !strcmp(row->key, "catastrophe")) {
                fprintf(f, "%-35s", "         - proxy: no verdict");
                continue;
            }
            if (!isnan(row->level[v].value))
                snprintf(text, sizeof text, "[%.2f, %.2f]", 100 * row->level[v].lower,
                         100 * row->level[v].upper);
            xmc_text_amount(f, 10, row->capital.value - row->factor[v]);
            xmc_text_percent(f, 8, row->level[v].value);
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
        xmc_text_amount(f, 14, e->before_size);
        fprintf(f, "%8.2f", e->size_factor);
        if (isnan(e->control_factor))
            fprintf(f, "%10s", "-");
        else
            fprintf(f, "%10.4f", e->control_factor);
        xmc_text_amount(f, 14, e->minimum);
        xmc_text_percent(f, 16, e->comprehensive_ratio);
        xmc_text_percent(f, 10, e->core_ratio);
        fprintf(f, "  %s, from %s\n", e->title, e->effective);
    }
    bool proxy = false;
    for (size_t v = 0; v < c->n_versions; v++)
        proxy |= c->versions[v].catastrophe_is_proxy;
    if (proxy)
        fputs("The catastrophe minimum comes from own events, not from the regulator's table: a "
              "proxy, left out of any verdict on the\nformula. The matched minimum and the total's "
              "level contain it.\n",
              f);
}

/* Rule 4 Art. 52 beside the simulated treaties. */
static void write_covers(const xmc_comparison *c, FILE *f) {
    const xmc_comparison_row *cat = xmc_comparison_find(c, "catastrophe");
    if (!cat)
        return;
    size_t last = c->n_versions - 1;
    if (!c->n_perils) {
        fputs("Catastrophe cover peril by peril (Rule 4 Art. 52) is not shown: the company sheet "
              "has no table of scenarios in use, only an amount.\n",
              f);
        return;
    }
    fprintf(f,
            "\nCatastrophe: excess cover peril by peril (Rule 4 Art. 52, rules %s) beside the "
            "simulated treaties, which all perils share\n%-65s%12s%12s\n",
            c->versions[last].version, "", "gross", "net");
    for (size_t i = 0; i < c->n_perils; i++) {
        fprintf(f, "%-15s%-50.50s", c->perils[i].code, c->perils[i].label_en);
        xmc_text_amount(f, 12, c->perils[i].gross);
        xmc_text_amount(f, 12, c->perils[i].net);
        fputc('\n', f);
    }
    if (!isnan(cat->factor[last])) {
        fprintf(f, "%-15s%-50s%12s", cat->code, "perils aggregated", "");
        xmc_text_amount(f, 12, cat->factor[last]);
        fputc('\n', f);
    }
    if (cat->place == XMC_PLACE_COMPARED) {
        fprintf(f, "%-15s%-50s", "", "simulated, all perils, shared treaties");
        xmc_text_amount(f, 12, cat->gross.value);
        xmc_text_amount(f, 12, cat->capital.value);
        fputc('\n', f);
    } else {
        fprintf(f, "%-15s%s\n", "", "not simulated");
    }
}

void xmc_text_comparison(const xmc_report_data *d, FILE *f) {
    const xmc_comparison *c = &d->comparison;
    xmc_text_heading(f,
                     "Simulated capital against the factor-based minimum (C-ROSS II), net, 99.5 %");
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
            xmc_text_amount(f, 10, c->rows[i].factor[last]);
            any = true;
        }
    fputs(any ? "\n" : " nothing\n", f);
    fputs("Simulated, not in the minimum:", f);
    any = false;
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].place == XMC_PLACE_NOT_IN_MINIMUM) {
            const xmc_comparison_row *row = &c->rows[i];
            fprintf(f, "\n  %-65.65s", row->label_en[0] ? row->label_en : row->key);
            xmc_text_amount(f, 10, row->capital.value);
            xmc_text_limits(f, &row->capital);
            any = true;
        }
    fputs(any ? "\n" : " nothing\n", f);

    fprintf(f, "\nBefore and after reinsurance\n%-65s%12s%12s\n", "", "gross", "net");
    for (size_t i = 0; i < c->n_rows; i++) {
        const xmc_comparison_row *row = &c->rows[i];
        if (row->place != XMC_PLACE_COMPARED && row->place != XMC_PLACE_TOTAL)
            continue;
        row_label(f, row);
        xmc_text_amount(f, 12, row->gross.value);
        xmc_text_amount(f, 12, row->capital.value);
        fputc('\n', f);
    }
    const xmc_comparison_row *failed = xmc_comparison_find(c, "credit.default");
    fputs(failed && failed->place == XMC_PLACE_COMPARED
              ? "Net of the reinsurers' default, which stands in counterparty default (a node that "
                "holds all\ncounterparties) and the total; capital at risk shows the total if all "
                "reinsurers pay.\n"
              : "Net of the reinsurers' default: not simulated.\n",
          f);
    write_covers(c, f);
}
