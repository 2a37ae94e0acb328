/* Euler allocation of the total's TVaR to segments. */
#include "output/allocation.h"

#include "kernels/distributions.h"
#include "kernels/reduce.h"
#include "kernels/vmath.h"
#include "output/weighted.h"

#include <stdlib.h>
#include <string.h>

enum { BATCHES = 20, MIN_TAIL = 5 }; /* trials in a batch's tail, at least */

typedef struct {
    xmc_level level;
    size_t n_above, n_equal;
    uint32_t *above, *equal; /* trials beyond and at the total's quantile */
    bool batched;
    size_t batch_start[BATCHES + 1];
    uint32_t *batch; /* trials of each batch's own tail, batch after batch */
    /* Weighted trials: what those of `above` (which then holds the ones at the quantile too) and of
     * `batch` count. */
    double *count, *batch_count;
} tail;

struct xmc_allocator {
    size_t n, n_segments;
    double grid;
    tail tails[XMC_N_ALLOCATION_LEVELS];
    /* sums over the tails in grid steps: numerators over one denominator */
    xmc_i128 *numerator; /* [n_segments][levels] */
    double *tail_mean;   /* [n_segments][levels], CNY: of weighted trials, instead of numerators */
    double *batch_mean;  /* [n_segments + risks][levels][BATCHES] */
    double total[XMC_N_ALLOCATION_LEVELS]; /* TVaR of weighted trials */
    int *risk;                             /* [n_segments] */
    size_t filled;
};

static xmc_status fill_tail(tail *t, const double *total, size_t n, xmc_level level,
                            double *scratch, xmc_diag *diag) {
    *t = (tail){.level = level};
    uint64_t rank = ((uint64_t)n * level.num + level.den - 1) / level.den;
    double q = xmc_kth_smallest(total, n, rank ? rank - 1 : 0, scratch);
    for (size_t i = 0; i < n; i++) {
        t->n_above += total[i] > q;
        t->n_equal += total[i] == q;
    }
    /* a batch of m trials has a tail of m - ceil(m p) */
    size_t in_batches = 0;
    t->batched = true;
    for (size_t b = 0; b < BATCHES; b++) {
        uint64_t m = n * (b + 1) / BATCHES - n * b / BATCHES;
        uint64_t k = m - (m * level.num + level.den - 1) / level.den;
        t->batch_start[b] = in_batches;
        in_batches += k;
        if (k < MIN_TAIL)
            t->batched = false;
    }
    t->batch_start[BATCHES] = in_batches;
    t->above = malloc((t->n_above + 1) * sizeof *t->above);
    t->equal = malloc((t->n_equal + 1) * sizeof *t->equal);
    t->batch = malloc((in_batches + 1) * sizeof *t->batch);
    if (!t->above || !t->equal || !t->batch)
        return xmc_no_memory(diag, (t->n_above + t->n_equal + in_batches) * 4, "the tail's trials");
    size_t a = 0, e = 0;
    for (size_t i = 0; i < n; i++) {
        if (total[i] > q)
            t->above[a++] = (uint32_t)i;
        else if (total[i] == q)
            t->equal[e++] = (uint32_t)i;
    }
    for (size_t b = 0; t->batched && b < BATCHES; b++) {
        size_t from = n * b / BATCHES, to = n * (b + 1) / BATCHES;
        size_t k = t->batch_start[b + 1] - t->batch_start[b], put = t->batch_start[b];
        double own = xmc_kth_smallest(total + from, to - from, to - from - k, scratch);
        for (size_t i = from; i < to; i++)
            if (total[i] > own)
                t->batch[put++] = (uint32_t)i;
        for (size_t i = from; i < to && put < t->batch_start[b + 1]; i++)
            if (total[i] == own)
                t->batch[put++] = (uint32_t)i;
    }
    return XMC_OK;
}

static xmc_status fill_weighted(tail *t, const double *total, const double *weight, size_t n,
                                xmc_level level, xmc_diag *diag) {
    *t = (tail){.level = level, .batched = n >= (size_t)BATCHES * 2};
    const size_t most = 2 * n * sizeof(double);
    double *pairs = malloc(most), q;
    t->above = malloc(n * sizeof *t->above);
    t->count = malloc(n * sizeof *t->count);
    t->batch = malloc(n * sizeof *t->batch);
    t->batch_count = malloc(n * sizeof *t->batch_count);
    if (!pairs || !t->above || !t->count || !t->batch || !t->batch_count) {
        free(pairs);
        return xmc_no_memory(diag, 2 * most, "the tail's trials");
    }
    t->n_above = xmc_weighted_tail(total, weight, 0, n, level, pairs, t->above, t->count, &q);
    size_t put = 0;
    for (size_t b = 0; t->batched && b < BATCHES; b++) {
        t->batch_start[b] = put;
        put += xmc_weighted_tail(total, weight, n * b / BATCHES, n * (b + 1) / BATCHES, level,
                                 pairs, t->batch + put, t->batch_count + put, &q);
        if (put - t->batch_start[b] < MIN_TAIL)
            t->batched = false;
    }
    t->batch_start[BATCHES] = put;
    free(pairs);
    return XMC_OK;
}

xmc_status xmc_allocator_new(const double *total, const double *weight, size_t n, double grid,
                             size_t n_segments, double *scratch, xmc_allocator **out,
                             xmc_diag *diag) {
    *out = NULL;
    xmc_allocator *a = calloc(1, sizeof *a);
    if (!a)
        return xmc_no_memory(diag, sizeof *a, "the allocation");
    a->n = n;
    a->grid = grid;
    a->n_segments = n_segments;
    size_t rows = n_segments + XMC_N_RISKS;
    a->numerator = calloc(rows * XMC_N_ALLOCATION_LEVELS, sizeof *a->numerator);
    a->batch_mean = calloc(rows * XMC_N_ALLOCATION_LEVELS * BATCHES, sizeof *a->batch_mean);
    a->risk = calloc(rows, sizeof *a->risk);
    if (weight)
        a->tail_mean = calloc(rows * XMC_N_ALLOCATION_LEVELS, sizeof *a->tail_mean);
    xmc_status st = XMC_OK;
    if (!a->numerator || !a->batch_mean || !a->risk || (weight && !a->tail_mean))
        st = xmc_no_memory(diag, rows * 400, "the allocation");
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS && st == XMC_OK; l++)
        st = weight ? fill_weighted(&a->tails[l], total, weight, n, xmc_allocation_levels[l], diag)
                    : fill_tail(&a->tails[l], total, n, xmc_allocation_levels[l], scratch, diag);
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
        free(a->tails[l].above);
        free(a->tails[l].equal);
        free(a->tails[l].batch);
        free(a->tails[l].count);
        free(a->tails[l].batch_count);
    }
    free(a->numerator);
    free(a->tail_mean);
    free(a->batch_mean);
    free(a->risk);
    free(a);
}

static xmc_i128 sum_at(const xmc_allocator *a, const double *x, const uint32_t *at, size_t n) {
    xmc_i128 sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (xmc_i128)(x[at[i]] / a->grid);
    return sum;
}

/* The tail in trials × den × n_equal: what numerators are divided by. */
static xmc_i128 denominator(const xmc_allocator *a, const tail *t) {
    return (xmc_i128)a->n * (t->level.den - t->level.num) * (xmc_i128)t->n_equal;
}

/* Mean over a weighted tail, whose counts add up to the divisor. */
static double weighted_mean(const double *x, const uint32_t *at, const double *count, size_t n) {
    double sum = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        sum += count[i] * x[at[i]];
        all += count[i];
    }
    return all > 0 ? sum / all : 0;
}

static void add_weighted(xmc_allocator *a, size_t s, int risk, const double *x) {
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++) {
        const tail *t = &a->tails[l];
        const size_t at = s * XMC_N_ALLOCATION_LEVELS + (size_t)l;
        const size_t of_risk = (a->n_segments + (size_t)risk) * XMC_N_ALLOCATION_LEVELS + (size_t)l;
        a->tail_mean[at] = weighted_mean(x, t->above, t->count, t->n_above);
        for (size_t b = 0; t->batched && b < BATCHES; b++) {
            const size_t from = t->batch_start[b];
            const double mean = weighted_mean(x, t->batch + from, t->batch_count + from,
                                              t->batch_start[b + 1] - from);
            a->batch_mean[at * BATCHES + b] = mean;
            a->batch_mean[of_risk * BATCHES + b] += mean;
        }
    }
}

void xmc_allocator_add(xmc_allocator *a, int risk, const double *x) {
    size_t s = a->filled++;
    a->risk[s] = risk;
    if (a->tail_mean) {
        add_weighted(a, s, risk, x);
        return;
    }
    for (int l = 0; l < XMC_N_ALLOCATION_LEVELS; l++) {
        const tail *t = &a->tails[l];
        size_t at = s * XMC_N_ALLOCATION_LEVELS + (size_t)l;
        size_t of_risk = (a->n_segments + (size_t)risk) * XMC_N_ALLOCATION_LEVELS + (size_t)l;
        /* trials at the quantile share what the ones beyond it leave of the tail */
        xmc_i128 rest = (xmc_i128)a->n * (t->level.den - t->level.num) -
                        (xmc_i128)t->level.den * (xmc_i128)t->n_above;
        a->numerator[at] =
            (xmc_i128)t->level.den * (xmc_i128)t->n_equal * sum_at(a, x, t->above, t->n_above) +
            rest * sum_at(a, x, t->equal, t->n_equal);
        for (size_t b = 0; t->batched && b < BATCHES; b++) {
            size_t from = t->batch_start[b], k = t->batch_start[b + 1] - from;
            double mean = (double)sum_at(a, x, t->batch + from, k) * a->grid / (double)k;
            a->batch_mean[at * BATCHES + b] = mean;
            a->batch_mean[of_risk * BATCHES + b] += mean;
        }
    }
}

static xmc_estimate with_error(const xmc_allocator *a, size_t at, const tail *t, double value) {
    xmc_estimate e = {value, NAN, NAN, NAN};
    if (!t->batched)
        return e;
    const double *b = a->batch_mean + at * BATCHES;
    double mean = 0, squares = 0;
    for (int i = 0; i < BATCHES; i++)
        mean += b[i] / BATCHES;
    for (int i = 0; i < BATCHES; i++)
        squares += (b[i] - mean) * (b[i] - mean);
    e.se = sqrt(squares / (BATCHES - 1) / BATCHES);
    double half = xmc_student_quantile(0.975, BATCHES - 1) * e.se;
    e.lower = value - half;
    e.upper = value + half;
    return e;
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
                with_error(a, s * XMC_N_ALLOCATION_LEVELS + (size_t)l, t, value);
        }
        for (size_t k = 0; k < XMC_N_RISKS; k++)
            risks[k].contribution[l] = with_error(
                a, (a->n_segments + k) * XMC_N_ALLOCATION_LEVELS + (size_t)l, t, by_risk[k]);
    }
    free(order);
    return XMC_OK;
}
