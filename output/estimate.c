#include "output/estimate.h"

#include "kernels/distributions.h"
#include "kernels/reduce.h"
#include "kernels/vmath.h"
#include "output/weighted.h"

#include <stdlib.h>
#include <string.h>

static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */
enum { BATCHES = 64, MIN_BATCH = 32 };

static const xmc_estimate missing = {NAN, NAN, NAN, NAN};

xmc_i128 xmc_divide_floor(xmc_i128 num, xmc_i128 den) {
    xmc_i128 q = num / den;
    return q * den > num ? q - 1 : q;
}

xmc_i128 xmc_divide_round(xmc_i128 num, xmc_i128 den) {
    xmc_i128 a = num < 0 ? -num : num, q = (a + den / 2) / den;
    return num < 0 ? -q : q;
}

xmc_status xmc_distribution_init(xmc_distribution *d, size_t n, double grid, xmc_diag *diag) {
    *d = (xmc_distribution){.n = n, .grid = grid};
    d->sorted = malloc(n * sizeof *d->sorted);
    d->buffer = malloc(n * sizeof *d->buffer);
    if (!d->sorted || !d->buffer) {
        xmc_distribution_free(d);
        return xmc_no_memory(diag, 2 * n * sizeof(double), "a column of the year loss table");
    }
    return XMC_OK;
}

void xmc_distribution_free(xmc_distribution *d) {
    free(d->sorted);
    free(d->buffer);
    free(d->weight);
    free(d->pairs);
    free(d->above);
    free(d->above_squares);
    *d = (xmc_distribution){0};
}

static xmc_i128 steps(const xmc_distribution *d, double x) {
    return (xmc_i128)(x / d->grid); /* exact: the grid is a power of two */
}

static double centred_square(const double *x, size_t n, double mean) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

/* Over slices, which are combined in order: trials may come in any blocks. */
static double standard_deviation(const double *x, size_t n, double mean) {
    enum { SLICE = 16384 };
    double sum = 0;
    for (size_t i = 0; i < n; i += SLICE)
        sum += centred_square(x + i, n - i < SLICE ? n - i : SLICE, mean);
    return n > 1 ? sqrt(sum / (double)(n - 1)) : NAN;
}

/* Trials that count for an error. */
static size_t independent(const xmc_distribution *d) {
    return d->independent && d->independent < d->n ? d->independent : d->n;
}

static xmc_estimate batch_sd(const double *x, size_t n, double mean) {
    xmc_estimate e = missing;
    e.value = standard_deviation(x, n, mean);
    if (n < (size_t)BATCHES * MIN_BATCH)
        return e;
    double sd[BATCHES], average = 0;
    for (size_t b = 0; b < BATCHES; b++) {
        size_t from = n * b / BATCHES, to = n * (b + 1) / BATCHES, m = to - from;
        double sum = 0;
        for (size_t i = from; i < to; i++)
            sum += x[i];
        sd[b] = standard_deviation(x + from, m, sum / (double)m);
        average += sd[b] / BATCHES;
    }
    e.se = sqrt(centred_square(sd, BATCHES, average) / (BATCHES - 1) / BATCHES);
    double t = xmc_student_quantile(0.975, BATCHES - 1);
    e.lower = e.value - t * e.se;
    e.upper = e.value + t * e.se;
    return e;
}

/* Sorts keys below 2^bits by digits of 11 bits, lowest first: on whole grid steps this is three
 * times as fast as sorting by comparison. other holds n keys; returns where the sorted keys are. */
static uint64_t *sort_keys(uint64_t *keys, uint64_t *other, size_t n, int bits) {
    enum { DIGIT = 11, VALUES = 1 << DIGIT };
    for (int shift = 0; shift < bits; shift += DIGIT) {
        size_t place[VALUES] = {0}, next = 0;
        for (size_t i = 0; i < n; i++)
            place[keys[i] >> shift & (VALUES - 1)]++;
        for (int v = 0; v < VALUES; v++) {
            size_t count = place[v];
            place[v] = next;
            next += count;
        }
        for (size_t i = 0; i < n; i++)
            other[place[keys[i] >> shift & (VALUES - 1)]++] = keys[i];
        uint64_t *swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

/* Sorts a column whose values lie from low to high into d->sorted. */
static void sort_column(xmc_distribution *d, const double *x, double low, double high) {
    uint64_t *keys = (uint64_t *)(void *)d->sorted, *other = (uint64_t *)(void *)d->buffer;
    int bits = 0;
    while (bits < 55 && (uint64_t)((high - low) / d->grid) >> bits)
        bits++;
    for (size_t i = 0; i < d->n; i++)
        keys[i] = (uint64_t)((x[i] - low) / d->grid);
    keys = sort_keys(keys, other, d->n, bits);
    for (size_t i = 0; i < d->n; i++)
        d->sorted[i] = (double)keys[i] * d->grid + low;
}

/* Range and exact sum of a column on the grid. */
typedef struct {
    xmc_i128 sum;
    double low, high;
} column_range;

static xmc_status check_column(xmc_distribution *d, const double *x, size_t m, const char *name,
                               column_range *r, xmc_diag *diag) {
    *r = (column_range){0, INFINITY, -INFINITY};
    d->n = m;
    d->from = 0;
    for (size_t i = 0; i < m; i++) {
        double s = x[i] / d->grid;
        if (!(fabs(s) <= 0x1p52) || s != rint(s))
            return xmc_error(diag, XMC_FAILED,
                             "%s, trial %zu: %.17g does not lie on the loss grid of %g CNY", name,
                             i, x[i], d->grid);
        r->sum += (xmc_i128)s;
        r->low = x[i] < r->low ? x[i] : r->low;
        r->high = x[i] > r->high ? x[i] : r->high;
    }
    return XMC_OK;
}

/* Of plain trials; sd is there. */
static void set_mean(xmc_distribution *d, xmc_i128 sum) {
    const double mean = (double)sum * d->grid / (double)d->n;
    d->mean = (xmc_estimate){mean, NAN, NAN, NAN};
    if (d->n > 1) {
        d->mean.se = d->sd.value / sqrt((double)independent(d));
        d->mean.lower = mean - z95 * d->mean.se;
        d->mean.upper = mean + z95 * d->mean.se;
    }
}

xmc_status xmc_distribution_set(xmc_distribution *d, const double *x, size_t m, const char *name,
                                xmc_diag *diag) {
    column_range r;
    xmc_status st = check_column(d, x, m, name, &r, diag);
    if (st != XMC_OK)
        return st;
    if (d->weight)
        return xmc_weighted_set(d, x);
    d->sd = batch_sd(x, m, (double)r.sum * d->grid / (double)m);
    if (independent(d) < m)
        d->sd.se = d->sd.lower = d->sd.upper = NAN;
    set_mean(d, r.sum);
    sort_column(d, x, r.low, r.high);
    return XMC_OK;
}

static int ascending(const void *pa, const void *pb) {
    const double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

xmc_status xmc_distribution_set_tail(xmc_distribution *d, const double *x, size_t m, xmc_level p,
                                     const char *name, xmc_diag *diag) {
    size_t r = 0, s;
    if (m && !d->weight && !(d->independent && d->independent < m))
        xmc_quantile_ranks(m, p, &r, &s);
    if (!r)
        return xmc_distribution_set(d, x, m, name, diag);
    column_range range;
    xmc_status st = check_column(d, x, m, name, &range, diag);
    if (st != XMC_OK)
        return st;
    d->sd = missing;
    d->sd.value = standard_deviation(x, m, (double)range.sum * d->grid / (double)m);
    set_mean(d, range.sum);
    const double least = xmc_kth_smallest(x, m, r - 1, d->sorted);
    size_t put = m;
    for (size_t i = 0; i < m; i++)
        if (x[i] > least)
            d->sorted[--put] = x[i];
    qsort(d->sorted + put, m - put, sizeof *d->sorted, ascending);
    d->from = r - 1;
    while (put > d->from)
        d->sorted[--put] = least;
    return XMC_OK;
}

/* --- quantiles --- */

static double probability(xmc_level p) {
    return (double)p.num / (double)p.den;
}

size_t xmc_quantile_rank(size_t n, xmc_level p) {
    uint64_t k = ((uint64_t)n * p.num + p.den - 1) / p.den;
    return k ? (size_t)k : 1;
}

/* P(B >= k) and P(B < k) of B ~ binomial(n, p), k = 1 … n. */
static double at_least(size_t n, double p, size_t k) {
    return xmc_beta_i((double)k, (double)(n - k) + 1, p);
}
static double below(size_t n, double p, size_t k) {
    return xmc_beta_i((double)(n - k) + 1, (double)k, 1 - p);
}

void xmc_quantile_ranks(size_t n, xmc_level level, size_t *r, size_t *s) {
    double p = probability(level), np = (double)n * (double)level.num / (double)level.den;
    double half = z95 * sqrt(np * (1 - p));
    double lo = floor(np - half), hi = ceil(np + half) + 1;
    *r = lo < 1 ? 0 : (size_t)lo;
    *s = hi > (double)n ? n + 1 : (size_t)hi;
    while (*r > 0 && below(n, p, *r) > 0.025)
        --*r;
    while (*s <= n && at_least(n, p, *s) > 0.025)
        ++*s;
}

double xmc_rank_coverage(size_t n, xmc_level level, size_t r, size_t s) {
    double p = probability(level);
    double inside = 1;
    if (r > 0)
        inside -= below(n, p, r);
    if (s <= n)
        inside -= at_least(n, p, s);
    return inside;
}

xmc_estimate xmc_var(const xmc_distribution *d, xmc_level p) {
    if (d->weight)
        return xmc_weighted_var(d, p);
    if (d->n == 0 || xmc_quantile_rank(d->n, p) <= d->from)
        return missing;
    xmc_estimate e = missing;
    size_t r, s;
    const size_t m = independent(d);
    xmc_quantile_ranks(m, p, &r, &s);
    e.value = d->sorted[xmc_quantile_rank(d->n, p) - 1];
    /* Of years that repeat, the order statistics of the years. */
    if (r > d->from)
        e.lower = d->sorted[m == d->n ? r - 1 : (size_t)((xmc_i128)r * d->n / m) - 1];
    if (s <= m)
        e.upper = d->sorted[m == d->n ? s - 1 : (size_t)((xmc_i128)s * d->n / m) - 1];
    e.se = (e.upper - e.lower) / (2 * z95);
    return e;
}

xmc_estimate xmc_tvar(const xmc_distribution *d, xmc_level p) {
    if (d->weight)
        return xmc_weighted_tvar(d, p);
    if (d->n == 0 || xmc_quantile_rank(d->n, p) <= d->from)
        return missing;
    size_t k = xmc_quantile_rank(d->n, p);
    double q = d->sorted[k - 1];
    xmc_i128 sum = 0;
    for (size_t i = k; i < d->n; i++)
        sum += steps(d, d->sorted[i]);
    xmc_i128 whole = (xmc_i128)d->n * (p.den - p.num); /* den × the trials in the tail */
    xmc_i128 part = (xmc_i128)k * p.den - (xmc_i128)d->n * p.num;
    xmc_estimate e = missing;
    e.value = (double)xmc_divide_round(p.den * sum + part * steps(d, q), whole) * d->grid;
    if (d->n - k < 2)
        return e;
    double squares = centred_square(d->sorted + k, d->n - k, e.value);
    double variance = squares / (double)(d->n - k), pp = probability(p);
    e.se =
        sqrt((variance + pp * (e.value - q) * (e.value - q)) / ((double)independent(d) * (1 - pp)));
    e.lower = e.value - z95 * e.se;
    e.upper = e.value + z95 * e.se;
    return e;
}

xmc_estimate xmc_var_less_mean(const xmc_distribution *d, xmc_level p) {
    if (d->weight)
        return xmc_weighted_var_less_mean(d, p);
    xmc_estimate q = xmc_var(d, p), e = missing;
    double mean = d->mean.value, pp = probability(p);
    e.value = q.value - mean;
    if (!isfinite(q.se) || !isfinite(d->mean.se) || !(q.se > 0)) {
        if (q.se == 0 && isfinite(d->mean.se)) { /* an atom at the quantile: only the mean errs */
            e.se = d->mean.se;
            e.lower = e.value - z95 * e.se;
            e.upper = e.value + z95 * e.se;
        }
        return e;
    }
    /* Bahadur: the quantile's error is -(1{X<=q} - p)/(n f), f from its standard error */
    double beyond = xmc_tvar(d, p).value - mean;
    double covariance = q.se * sqrt((1 - pp) / pp) * beyond / sqrt((double)independent(d));
    double variance = q.se * q.se + d->mean.se * d->mean.se - 2 * covariance;
    e.se = sqrt(variance > 0 ? variance : 0);
    double scale = e.se / q.se;
    e.lower = e.value - (q.value - q.lower) * scale;
    e.upper = e.value + (q.upper - q.value) * scale;
    return e;
}

size_t xmc_count_at_most(const xmc_distribution *d, double amount) {
    size_t low = d->from, high = d->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->sorted[middle] <= amount)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

xmc_estimate xmc_level_of(const xmc_distribution *d, double amount) {
    if (d->weight)
        return xmc_weighted_level_of(d, amount);
    if (d->n == 0 || isnan(amount) || (d->from && amount < d->sorted[d->from]))
        return missing;
    const size_t below = xmc_count_at_most(d, amount);
    const double share = (double)independent(d) / (double)d->n; /* 1: every trial counts */
    double n = (double)independent(d), k = (double)below * share, f = k / n;
    xmc_estimate e = {f, sqrt(f * (1 - f) / n), 0, 1};
    if (below > 0)
        e.lower = xmc_beta_i_inverse(k, n - k + 1, 0.025);
    if (below < d->n)
        e.upper = xmc_beta_i_inverse(k + 1, n - k, 0.975);
    return e;
}
