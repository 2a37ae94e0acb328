/* Euler allocation of the total's TVaR to segments. */
#include "output/allocation.h"

#include "kernels/vmath.h"
#include "scenarios/common/worst.h"

#include <stdlib.h>
#include <string.h>

static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */

typedef struct {
    xmc_level level;
    size_t n_above, n_equal; /* trials beyond and at the total's quantile */
    xmc_worst worst;
    bool *equal;  /* [worst.n_trials] at the quantile */
    double *risk; /* [risks][worst.n_trials] sums of the risks' segments */
} tail;

struct xmc_allocator {
    size_t n, n_segments;
    double grid;
    tail tails[XMC_N_ALLOCATION_LEVELS];
    /* sums over the tails in grid steps: numerators over one denominator */
    xmc_i128 *numerator; /* [n_segments][levels] */
    double *tail_mean;   /* [n_segments][levels], CNY: of weighted trials, instead of numerators */
    double *error;       /* [n_segments][levels] standard errors */
    double total[XMC_N_ALLOCATION_LEVELS]; /* TVaR of weighted trials */
    int *risk;                             /* [n_segments] */
    size_t filled;
};

static xmc_status fill_tail(tail *t, const double *total, const double *weight, size_t n,
                            xmc_level level, const xmc_estimate *var, size_t independent,
                            xmc_diag *diag) {
    const double mass = (double)n * (level.den - level.num) / level.den;
    *t = (tail){.level = level};
    xmc_status st = xmc_worst_find(&t->worst, total, weight, n, mass, var->value,
                                   isnan(var->lower) ? -INFINITY : var->lower,
                                   isnan(var->upper) ? INFINITY : var->upper, diag);
    if (st != XMC_OK)
        return st;
    const size_t listed = t->worst.n_trials;
    t->equal = malloc(listed + 1);
    t->risk = calloc(listed * XMC_N_RISKS + 1, sizeof *t->risk);
    if (!t->equal || !t->risk)
        return xmc_no_memory(diag, listed * XMC_N_RISKS * sizeof *t->risk, "the tail's trials");
    if (independent && independent < n)
        t->worst.independent = (double)independent;
    for (size_t i = 0; i < listed; i++) {
        const double x = total[t->worst.trials[i].trial];
        t->equal[i] = x == var->value;
        t->n_equal += t->equal[i];
        t->n_above += x > var->value;
    }
    return XMC_OK;
}

xmc_status xmc_allocator_new(const double *total, const double *weight, size_t n, double grid,
                             size_t n_segments, const xmc_estimate var[XMC_N_ALLOCATION_LEVELS],
                             size_t independent, xmc_allocator **out, xmc_diag *diag) {
    *out = NULL;
    xmc_allocator *a = calloc(1, sizeof *a);
    if (!a)
        return xmc_no_memory(diag, sizeof *a, "the allocation");
    a->n = n;
    a->grid = grid;
    a->n_segments = n_segments;
    size_t rows = n_segments + XMC_N_RISKS;
    a->numerator = calloc(rows * XMC_N_ALLOCATION_LEVELS, sizeof *a->numerator);
    a->error = calloc(rows * XMC_N_ALLOCATION_LEVELS, sizeof *a->error);
    a->risk = calloc(rows, sizeof *a->risk);
    if (weight)
        a->tail_mean = calloc(rows * XMC_N_ALLOCATION_LEVELS, sizeof *a->tail_mean);
    xmc_status st = XMC_OK;
    if (!a->numerator || !a->error || !a->risk || (weight && !a->tail_mean))
        st = xmc_no_memory(diag, rows * 400, "the allocation");
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS && st == XMC_OK; l++)
        st = fill_tail(&a->tails[l], total, weight, n, xmc_allocation_levels[l], &var[l],
                       independent, diag);
    if (st != XMC_OK) {
        xmc_allocator_free(a);
        return st;
    }
    *out = a;
    return XMC_OK;
}

void xmc_allocator_free(xmc_allocator *a) {
    if (!a)
        return;
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++) {
        xmc_worst_free(&a->tails[l].worst);
        free(a->tails[l].equal);
        free(a->tails[l].risk);
    }
    free(a->numerator);
    free(a->tail_mean);
    free(a->error);
    free(a->risk);
    free(a);
}

/* The tail in trials × den × n_equal: what numerators are divided by. */
static xmc_i128 denominator(const xmc_allocator *a, const tail *t) {
    return (xmc_i128)a->n * (t->level.den - t->level.num) * (xmc_i128)t->n_equal;
}

void xmc_allocator_add(xmc_allocator *a, int risk, const double *x) {
    size_t s = a->filled++;
    a->risk[s] = risk;
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++) {
        const tail *t = &a->tails[l];
        const size_t at = s * XMC_N_ALLOCATION_LEVELS + (size_t)l, listed = t->worst.n_trials;
        double *of_risk = t->risk + (size_t)risk * listed;
        xmc_worst_sums sums = {0};
        xmc_i128 above = 0, equal = 0;
        for (size_t i = 0; i < listed; i++) {
            const xmc_worst_trial *trial = &t->worst.trials[i];
            const double y = x[trial->trial];
            xmc_worst_add(&sums, trial, y);
            of_risk[i] += y;
            if (t->equal[i])
                equal += (xmc_i128)(y / a->grid);
            else if (trial->count > 0)
                above += (xmc_i128)(y / a->grid);
        }
        const xmc_estimate e = xmc_worst_mean(&t->worst, &sums);
        a->error[at] = e.se;
        if (a->tail_mean) {
            a->tail_mean[at] = e.value;
            continue;
        }
        /* trials at the quantile share what the ones beyond it leave of the tail */
        xmc_i128 rest = (xmc_i128)a->n * (t->level.den - t->level.num) -
                        (xmc_i128)t->level.den * (xmc_i128)t->n_above;
        a->numerator[at] = (xmc_i128)t->level.den * (xmc_i128)t->n_equal * above + rest * equal;
    }
}

static xmc_estimate with_error(double value, double se) {
    return (xmc_estimate){value, se, value - z95 * se, value + z95 * se};
}

static double error_of_risk(const tail *t, size_t risk) {
    xmc_worst_sums sums = {0};
    for (size_t i = 0; i < t->worst.n_trials; i++)
        xmc_worst_add(&sums, &t->worst.trials[i], t->risk[risk * t->worst.n_trials + i]);
    return xmc_worst_mean(&t->worst, &sums).se;
}

typedef struct {
    xmc_i128 remainder;
    size_t segment;
} rounding;

static int larger_remainder_first(const void *x, const void *y) {
    const rounding *a = x, *b = y;
    if (a->remainder != b->remainder)
        return a->remainder < b->remainder ? 1 : -1;
    return (a->segment > b->segment) - (a->segment < b->segment);
}

void xmc_allocator_total(xmc_allocator *a, int l, double tvar) {
    a->total[l] = tvar;
}

xmc_status xmc_allocator_finish(const xmc_allocator *a, xmc_allocation *segments,
                                xmc_allocation risks[XMC_N_RISKS], xmc_diag *diag) {
    rounding *order = calloc(a->n_segments + 1, sizeof *order);
    if (!order)
        return xmc_no_memory(diag, a->n_segments * sizeof *order, "the allocation");
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++) {
        const tail *t = &a->tails[l];
        /* weighted means are taken to 2^-20 of a grid step */
        xmc_i128 den = a->tail_mean ? 1 << 20 : denominator(a, t), all = 0, given = 0;
        double by_risk[XMC_N_RISKS] = {0};
        for (size_t s = 0; s < a->n_segments; s++) {
            const size_t at = s * XMC_N_ALLOCATION_LEVELS + (size_t)l;
            xmc_i128 num = a->tail_mean ? (xmc_i128)rint(a->tail_mean[at] / a->grid * 0x1p20)
                                        : a->numerator[at];
            xmc_i128 floor_steps = xmc_divide_floor(num, den);
            all += num;
            given += floor_steps;
            order[s] = (rounding){num - floor_steps * den, s};
            segments[s].contribution[l].value = (double)floor_steps * a->grid;
        }
        qsort(order, a->n_segments, sizeof *order, larger_remainder_first);
        xmc_i128 left = xmc_divide_round(all, den) - given;
        if (a->tail_mean) /* sums in another order: they may differ by a step */
            left = (xmc_i128)rint(a->total[l] / a->grid) - given;
        for (size_t i = 0; i < a->n_segments && left > 0; i++, left--)
            segments[order[i].segment].contribution[l].value += a->grid;
        for (size_t i = a->n_segments; i > 0 && left < 0; i--, left++)
            segments[order[i - 1].segment].contribution[l].value -= a->grid;
        for (size_t s = 0; s < a->n_segments; s++) {
            double value = segments[s].contribution[l].value;
            by_risk[a->risk[s]] += value;
            segments[s].contribution[l] =
                with_error(value, a->error[s * XMC_N_ALLOCATION_LEVELS + (size_t)l]);
        }
        for (size_t k = 0; k < XMC_N_RISKS; k++)
            risks[k].contribution[l] = with_error(by_risk[k], error_of_risk(t, k));
    }
    free(order);
    return XMC_OK;
}
