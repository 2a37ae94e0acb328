#include "sim/credit_report.h"
#include "kernels/reduce.h"
#include "kernels/vmath.h"
#include "scenarios/common/worst.h"
#include "sim/credit_detail.h"
#include "sim/credit_tail.h"

#include <stdlib.h>
#include <string.h>

enum { TOP = 50 };
static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */

typedef struct {
    double loss, weight;
} weighted;

static int largest_first(const void *pa, const void *pb) {
    const weighted *a = pa, *b = pb;
    if (a->loss != b->loss)
        return a->loss < b->loss ? 1 : -1;
    return (a->weight < b->weight) - (a->weight > b->weight);
}

/* The quantile and its 95 % limits. */
typedef struct {
    double value, low, high;
} quantile;

/* At p of weighted trials: where the weight from above passes mass = n (1 - p); its limits are
 * where that less and plus 1.96 of its standard error does (output/weighted.h). */
static int weighted_quantile(const double *x, const double *w, uint64_t n, double mass,
                             quantile *q) {
    weighted *order = malloc(n * sizeof *order);
    if (!order)
        return -1;
    for (uint64_t i = 0; i < n; i++)
        order[i] = (weighted){x[i], w[i]};
    qsort(order, n, sizeof *order, largest_first);
    double sum = 0.0, squares = 0.0;
    bool found = false;
    *q = (quantile){order[n - 1].loss, -INFINITY, INFINITY};
    for (uint64_t i = 0; i < n && q->low == -INFINITY; i++) {
        sum += order[i].weight;
        squares += order[i].weight * order[i].weight;
        const double variance = squares - sum * sum / (double)n;
        const double half = z95 * sqrt(variance > 0.0 ? variance : 0.0);
        if (q->high == INFINITY && i > 0 && sum + half > mass)
            q->high = order[i].loss;
        if (!found && sum > mass) {
            found = true;
            q->value = order[i].loss;
        }
        if (sum - half > mass)
            q->low = order[i].loss;
    }
    free(order);
    return 0;
}

static int find_tail(const double *x, const double *w, uint64_t n, unsigned per_mille,
                     xmc_worst *t) {
    const double mass = (double)n * (1000 - per_mille) / 1000.0;
    const double middle = (double)n - mass, half = z95 * sqrt(middle * mass / (double)n);
    double *scratch = malloc(n * sizeof *scratch);
    bool plain = true;
    quantile q = {0.0, -INFINITY, INFINITY};
    if (!scratch)
        return -1;
    for (uint64_t i = 0; i < n && plain; i++)
        plain = w[i] == 1.0;
    int status = 0;
    if (plain) {
        const uint64_t rank = (n * per_mille + 999) / 1000;
        const double low = floor(middle - half), high = ceil(middle + half);
        q.value = xmc_kth_smallest(x, n, rank ? rank - 1 : 0, scratch);
        if (low >= 1.0)
            q.low = xmc_kth_smallest(x, n, (uint64_t)low - 1, scratch);
        if (high <= (double)n)
            q.high = xmc_kth_smallest(x, n, (uint64_t)high - 1, scratch);
    } else {
        status = weighted_quantile(x, w, n, mass, &q);
    }
    free(scratch);
    if (!status)
        xmc_worst_weigh(t, x, w, n, mass, q.value, q.low, q.high);
    return status;
}

static void estimate(const xmc_worst *t, const xmc_tail_sum *s, int set, double grid,
                     xmc_credit_row *row) {
    const double scale = 1.0 / XMC_TAIL_WEIGHT;
    const double above = (double)s->above[set] * scale * grid;
    const double equal = (double)s->equal[set] * scale * grid;
    const xmc_estimate e =
        xmc_worst_mean(t, &(xmc_worst_sums){.counted = above + t->share * equal,
                                            .linear = (double)s->linear[set],
                                            .square = (double)s->square[set],
                                            .near = (double)s->near[set] * scale * grid});
    row->contribution[set] = e.value;
    row->se[set] = e.se;
}

static void expectations(const xmc_credit *p, const xmc_analysis *a, xmc_credit_report *out) {
    const xmc_credit_model *m = &a->credit;
    double lost = 0.0, waiting = 0.0, months = 0.0;
    for (size_t i = 0; i < p->n_obligors; i++) {
        const xmc_claim_terms *c = &p->detail->claims[i];
        const xmc_obligor *o = &a->book.obligors[c->source];
        double lgd = p->lgd[o->loss_class].constant;
        double paid = p->strips[c->strip].probability * p->obligors[i].amount;
        double delay = m->lgd_months ? m->lgd_months[o->loss_class] : 0.0;
        double v = xmc_log1p(m->discount_rate);
        lost += paid * lgd;
        waiting += paid * lgd * o->waiting_days;
        months += paid * lgd * delay;
        out->discounted += paid * xmc_exp(-v * o->waiting_days / 365.0) *
                           (1.0 - (1.0 - lgd) * xmc_exp(-v * delay / 12.0));
    }
    out->expected = lost;
    out->waiting_days = lost > 0.0 ? waiting / lost : 0.0;
    out->recovery_months = lost > 0.0 ? months / lost : 0.0;
}

static const char *grade_name(const xmc_analysis *a, size_t grade) {
    return grade ? a->credit.grades[grade - 1] : "own probability";
}

static const char *group_name(const xmc_analysis *a, size_t k, size_t i) {
    switch (k) {
    case XMC_TAIL_COUNTRY:
        return a->credit.countries[i].name;
    case XMC_TAIL_SECTOR:
        return a->credit.sectors[i];
    case XMC_TAIL_GRADE:
        return grade_name(a, i);
    default:
        return a->book.credit_policies[i].id;
    }
}

/* Rows of groups that have obligors. */
static int group_rows(const xmc_credit *p, const xmc_analysis *a, const xmc_credit_tail *sums,
                      const xmc_worst *tails, bool has_tail, xmc_credit_report *out) {
    const size_t n = sums->first[XMC_TAIL_GROUPS];
    xmc_credit_row *all = calloc(n + 1, sizeof *all);
    if (!all)
        return -1;
    for (size_t i = 0; i < p->n_obligors; i++)
        for (size_t k = 0; k < XMC_TAIL_GROUPS; k++) {
            xmc_credit_row *r = &all[sums->group_of[i * XMC_TAIL_GROUPS + k]];
            r->obligors++;
            r->insured += p->obligors[i].amount;
            r->expected += p->strips[p->detail->claims[i].strip].probability *
                           p->obligors[i].amount * p->lgd[p->obligors[i].lgd].constant;
        }
    int status = 0;
    for (size_t k = 0; k < XMC_TAIL_GROUPS && !status; k++) {
        out->rows[k] = calloc(sums->first[k + 1] - sums->first[k] + 1, sizeof **out->rows);
        status = out->rows[k] ? 0 : -1;
        for (size_t g = sums->first[k]; g < sums->first[k + 1] && !status; g++) {
            if (!all[g].obligors)
                continue;
            xmc_credit_row *r = &out->rows[k][out->n[k]++];
            *r = all[g];
            r->name = group_name(a, k, g - sums->first[k]);
            for (int s = 0; s < XMC_TAIL_SETS; s++)
                if (has_tail)
                    estimate(&tails[s], &sums->group[g], s, p->grid, r);
                else
                    r->contribution[s] = r->se[s] = NAN;
        }
    }
    free(all);
    return status;
}

typedef struct {
    double value, amount;
    const char *id;
    size_t at;
} candidate;

/* By contribution, then by expected loss; a heap of the best would do, a sort is shorter. */
static int best_first(const void *pa, const void *pb) {
    const candidate *a = pa, *b = pb;
    if (a->value != b->value)
        return a->value < b->value ? 1 : -1;
    if (a->amount != b->amount)
        return a->amount < b->amount ? 1 : -1;
    return strcmp(a->id, b->id);
}

static int top_obligors(const xmc_credit *p, const xmc_analysis *a, const xmc_credit_tail *sums,
                        const xmc_worst *tails, bool has_tail, xmc_credit_report *out) {
    candidate *order = calloc(p->n_obligors + 1, sizeof *order);
    out->top = calloc(TOP, sizeof *out->top);
    if (!order || !out->top) {
        free(order);
        return -1;
    }
    for (size_t i = 0; i < p->n_obligors; i++) {
        xmc_credit_row r = {0};
        if (has_tail)
            estimate(&tails[1], &sums->obligor[i], 1, p->grid, &r);
        order[i] =
            (candidate){r.contribution[1],
                        p->strips[p->detail->claims[i].strip].probability * p->obligors[i].amount,
                        a->book.obligors[p->detail->claims[i].source].id, i};
    }
    qsort(order, p->n_obligors, sizeof *order, best_first);
    for (size_t k = 0; k < TOP && k < p->n_obligors; k++) {
        const size_t i = order[k].at;
        const xmc_obligor *o = &a->book.obligors[p->detail->claims[i].source];
        xmc_credit_top *t = &out->top[out->n_top++];
        t->row = (xmc_credit_row){.name = o->id, .obligors = 1, .insured = p->obligors[i].amount};
        t->probability = p->strips[p->detail->claims[i].strip].probability;
        t->row.expected = t->probability * t->row.insured * p->lgd[o->loss_class].constant;
        t->policy = a->book.credit_policies[o->policy].id;
        t->country = a->credit.countries[o->country].name;
        t->sector = a->credit.sectors[o->sector];
        t->grade = grade_name(a, o->grade);
        for (int s = 0; s < XMC_TAIL_SETS; s++)
            if (has_tail)
                estimate(&tails[s], &sums->obligor[i], s, p->grid, &t->row);
            else
                t->row.contribution[s] = t->row.se[s] = NAN;
    }
    free(order);
    return 0;
}

/* The trials of any tail, ascending. */
static xmc_tail_trial *list_trials(const xmc_worst *tails, const double *const column[2],
                                   const double *weight, const double *macro, uint64_t n,
                                   size_t *count) {
    xmc_tail_trial *list = NULL;
    for (int pass = 0; pass < 2; pass++) {
        size_t found = 0;
        for (uint64_t t = 0; t < n; t++) {
            uint8_t above = 0, equal = 0, near = 0;
            for (int s = 0; s < XMC_TAIL_SETS; s++) {
                double x = column[s / 2][t];
                above |= (uint8_t)((x > tails[s].quantile) << s);
                equal |= (uint8_t)((x == tails[s].quantile) << s);
                near |= (uint8_t)((tails[s].near > 0.0 && x >= tails[s].low && x <= tails[s].high)
                                  << s);
            }
            /* A trial without credit loss adds nothing. */
            if (!(above | equal | near) || !(column[1][t] > 0.0))
                continue;
            if (pass)
                list[found] =
                    (xmc_tail_trial){t, macro ? macro[t] : 0.0, weight[t], above, equal, near};
            found++;
        }
        if (!pass && !(list = malloc((found + 1) * sizeof *list)))
            return NULL;
        *count = found;
    }
    return list;
}

xmc_status xmc_credit_report_build(xmc_credit *p, const xmc_analysis *a, const double *total,
                                   const double *credit, const double *weight, const double *macro,
                                   uint64_t n, uint64_t independent, xmc_credit_report *out,
                                   xmc_diag *diag) {
    static const unsigned per_mille[2] = {990, 995};
    const double *const column[2] = {total, credit};
    xmc_worst tails[XMC_TAIL_SETS] = {{0}};
    double share[XMC_TAIL_SETS] = {0};
    *out = (xmc_credit_report){0};
    /* As with /allocation: five trials in the smallest tail, at least. */
    bool has_tail = n >= 1000;
    int failed = 0;
    for (int s = 0; s < XMC_TAIL_SETS && has_tail && !failed; s++) {
        failed = find_tail(column[s / 2], weight, n, per_mille[s % 2], &tails[s]);
        tails[s].independent = s < 2 && independent ? (double)independent : (double)n;
        out->trials[s] = tails[s].in_tail;
        share[s] = tails[s].share;
    }
    size_t count = 0;
    xmc_tail_trial *list = NULL;
    if (has_tail && !failed) {
        list = list_trials(tails, column, weight, macro, n, &count);
        failed = !list;
    }
    if (failed)
        return xmc_no_memory(diag, n * sizeof(double), "the tail of credit");
    xmc_credit_tail sums;
    xmc_status status = xmc_credit_tail_run(p, a, list, count, share, &sums, diag);
    free(list);
    if (status != XMC_OK)
        return status;
    expectations(p, a, out);
    if (group_rows(p, a, &sums, tails, has_tail, out) ||
        top_obligors(p, a, &sums, tails, has_tail, out))
        status = xmc_no_memory(diag, p->n_obligors * sizeof(candidate), "the tail of credit");
    for (int s = 0; s < XMC_TAIL_SETS && !status; s++) {
        out->tail_mean[s] = has_tail ? 0.0 : NAN;
        for (size_t i = 0; i < out->n[XMC_TAIL_SECTOR] && has_tail; i++)
            out->tail_mean[s] += out->rows[XMC_TAIL_SECTOR][i].contribution[s];
    }
    xmc_credit_tail_free(&sums);
    if (status != XMC_OK)
        xmc_credit_report_free(out);
    return status;
}

void xmc_credit_report_free(xmc_credit_report *c) {
    for (size_t k = 0; k < XMC_CREDIT_GROUPS; k++)
        free(c->rows[k]);
    free(c->top);
    *c = (xmc_credit_report){0};
}
