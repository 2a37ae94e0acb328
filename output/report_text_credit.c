/* The report's page on credit: who makes the loss and the tail. */
#include "output/report_internal.h"
#include "output/report_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { SHOWN = 6, TAIL = 1, OWN = 3 }; /* total 99.5 %, credit 99.5 % */

typedef struct {
    size_t at;
    double value;
} ranked;

static int largest_first(const void *pa, const void *pb) {
    const ranked *a = pa, *b = pb;
    if (a->value != b->value)
        return a->value < b->value ? 1 : -1;
    return (a->at > b->at) - (a->at < b->at);
}

static void write_row(const xmc_credit_row *r, const xmc_credit_report *c, FILE *f) {
    fprintf(f, "%9" PRIu64, r->obligors);
    xmc_text_amount(f, 13, r->insured);
    xmc_text_amount(f, 11, r->expected);
    xmc_text_amount(f, 12, r->contribution[TAIL]);
    xmc_text_amount(f, 8, r->se[TAIL]);
    xmc_text_amount(f, 12, r->contribution[OWN]);
    xmc_text_percent(f, 9, r->contribution[OWN] / c->tail_mean[OWN]);
    fputc('\n', f);
}

static void write_group(const xmc_credit_report *c, size_t k, FILE *f) {
    ranked *order = calloc(c->n[k] + 1, sizeof *order);
    if (!order)
        return;
    for (size_t i = 0; i < c->n[k]; i++) {
        double x = c->rows[k][i].contribution[OWN];
        order[i] = (ranked){i, isnan(x) ? c->rows[k][i].expected : x};
    }
    qsort(order, c->n[k], sizeof *order, largest_first);
    for (size_t i = 0; i < c->n[k] && i < SHOWN; i++) {
        const xmc_credit_row *r = &c->rows[k][order[i].at];
        fprintf(f, "%-8s%-24.24s", i ? "" : xmc_credit_groups[k], r->name);
        write_row(r, c, f);
    }
    if (c->n[k] > SHOWN)
        fprintf(f, "%-8s%zu others in /credit/%s\n", "", c->n[k] - SHOWN, xmc_credit_groups[k]);
    free(order);
}

void xmc_text_credit(const xmc_report_data *d, FILE *f) {
    const xmc_credit_report *c = &d->credit;
    if (!c->n_top)
        return;
    xmc_text_heading(f, "Credit: who makes the loss, and the tail (gross, after policy terms)");
    fprintf(f, "%-32s%9s%13s%11s%12s%8s%12s%9s\n", "", "obligors", "insured", "expected",
            "total 99.5", "error", "credit 99.5", "share %");
    for (size_t k = 0; k < XMC_CREDIT_GROUPS; k++)
        write_group(c, k, f);
    fputs("\nlargest obligors (by the total's tail)\n", f);
    for (size_t i = 0; i < c->n_top && i < SHOWN; i++) {
        const xmc_credit_top *t = &c->top[i];
        fprintf(f, "%-16.16s%-5.4s%-11.10s", t->row.name, t->country, t->grade);
        write_row(&t->row, c, f);
    }
    fputs("expected: probability x insured x mean loss given default, before policy terms. The "
          "columns at 99.5 % are mean\n"
          "losses in the worst trials of all risks together, and of credit alone.\n",
          f);
    if (c->waiting_days > 0 || c->recovery_months > 0)
        fprintf(f,
                "Payment %.0f days after default and recovery %.1f months after payment, on the "
                "average of the expected loss; discounted\n"
                "at the model's rate it is %.1f (undiscounted, as everywhere here: %.1f).\n",
                c->waiting_days, c->recovery_months, c->discounted / 1e6, c->expected / 1e6);
}
