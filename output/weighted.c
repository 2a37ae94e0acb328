#include "output/weighted.h"

#include "output/results_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */
static const xmc_estimate missing = {NAN, NAN, NAN, NAN};
enum { BATCHES = 64, MIN_BATCH = 32, SLICE = 16384 };

typedef struct {
    double x, w;
} pair;

static int ascending(const void *pa, const void *pb) {
    const pair *a = pa, *b = pb;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return a->w < b->w ? 1 : a->w > b->w ? -1 : 0;
}

xmc_weight_report xmc_weights_describe(const double *w, size_t n) {
    double sum = 0, squares = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        sum += w[i];
        squares += w[i] * w[i];
        largest = w[i] > largest ? w[i] : largest;
    }
    return (xmc_weight_report){squares > 0 ? sum * sum / squares : 0, largest,
                               n ? sum / (double)n : 0};
}

xmc_status xmc_distribution_weights(xmc_distribution *d, const double *w, size_t n,
                                    xmc_diag *diag) {
    d->weight = malloc(n * sizeof *d->weight);
    d->pairs = malloc(2 * n * sizeof *d->pairs);
    d->above = malloc((n + 1) * sizeof *d->above);
    d->above_squares = malloc((n + 1) * sizeof *d->above_squares);
    if (!d->weight || !d->pairs || !d->above || !d->above_squares)
        return xmc_no_memory(diag, 5 * n * sizeof(double), "weighted trials");
    memcpy(d->weight, w, n * sizeof *w);
    return XMC_OK;
}

/* The weights of the file's trials, unless all are 1. */
static xmc_status weigh(xmc_distribution *d, xmc_results *r, xmc_diag *diag) {
    xmc_status st = xmc_results_column(r, "weight", 0, d->buffer, diag);
    if (st != XMC_OK)
        return st;
    bool plain = true;
    for (size_t i = 0; i < r->trials && st == XMC_OK; i++) {
        plain = plain && d->buffer[i] == 1.0;
        if (!(d->buffer[i] >= 0 && d->buffer[i] < INFINITY))
            st = xmc_error(diag, XMC_BAD_INPUT, "%s: trial %zu: expected a weight >= 0, got %g",
                           r->h.path, i, d->buffer[i]);
    }
    return st != XMC_OK || plain ? st : xmc_distribution_weights(d, d->buffer, r->trials, diag);
}

xmc_status xmc_distribution_of(xmc_distribution *d, xmc_results *r, xmc_diag *diag) {
    xmc_status st = xmc_distribution_init(d, r->trials, r->grid, diag);
    if (st != XMC_OK)
        return st;
    d->independent = (size_t)r->independent;
    st = weigh(d, r, diag);
    if (st != XMC_OK)
        xmc_distribution_free(d);
    return st;
}

/* Mean of w (x - centre)^k over trials [from, to), k = 1 or 2. */
static double weighted_moment(const double *x, const double *w, size_t from, size_t to,
                              double centre, int k) {
    double all = 0;
    for (size_t i = from; i < to; i += SLICE) {
        double sum = 0;
        for (size_t j = i; j < to && j < i + SLICE; j++)
            sum += k == 1 ? w[j] * (x[j] - centre) : w[j] * (x[j] - centre) * (x[j] - centre);
        all += sum;
    }
    return all / (double)(to - from);
}

static double sd_of(const double *x, const double *w, size_t from, size_t to) {
    double mean = weighted_moment(x, w, from, to, 0, 1);
    return sqrt(weighted_moment(x, w, from, to, mean, 2));
}

xmc_status xmc_weighted_set(xmc_distribution *d, const double *x) {
    const double *w = d->weight;
    const size_t n = d->n;
    const double mean = weighted_moment(x, w, 0, n, 0, 1);
    double squares = 0;
    for (size_t i = 0; i < n; i += SLICE) {
        double sum = 0;
        for (size_t j = i; j < n && j < i + SLICE; j++)
            sum += (w[j] * x[j] - mean) * (w[j] * x[j] - mean);
        squares += sum;
    }
    d->mean = (xmc_estimate){mean, sqrt(squares / (double)n / (double)n), 0, 0};
    d->mean.lower = mean - z95 * d->mean.se;
    d->mean.upper = mean + z95 * d->mean.se;
    d->sd = missing;
    d->sd.value = n > 1 ? sd_of(x, w, 0, n) : (double)NAN;
    if (n >= (size_t)BATCHES * MIN_BATCH) {
        double sd[BATCHES], average = 0, spread = 0;
        for (size_t b = 0; b < BATCHES; b++) {
            sd[b] = sd_of(x, w, n * b / BATCHES, n * (b + 1) / BATCHES);
            average += sd[b] / BATCHES;
        }
        for (size_t b = 0; b < BATCHES; b++)
            spread += (sd[b] - average) * (sd[b] - average);
        d->sd.se = sqrt(spread / (BATCHES - 1) / BATCHES);
        d->sd.lower = d->sd.value - 2.0 * d->sd.se; /* Student, 63 degrees of freedom: 1.998 */
        d->sd.upper = d->sd.value + 2.0 * d->sd.se;
    }
    pair *sorted = (pair *)(void *)d->pairs;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (pair){x[i], w[i]};
    qsort(sorted, n, sizeof *sorted, ascending);
    d->above[n] = d->above_squares[n] = 0;
    for (size_t i = n; i-- > 0;) {
        d->sorted[i] = sorted[i].x;
        d->above[i] = d->above[i + 1] + sorted[i].w;
        d->above_squares[i] = d->above_squares[i + 1] + sorted[i].w * sorted[i].w;
    }
    return XMC_OK;
}

/* S beyond the k smallest values, and its standard error. */
static double tail(const xmc_distribution *d, size_t k) {
    return d->above[k] / (double)d->n;
}

static double tail_error(const xmc_distribution *d, size_t k) {
    const double n = (double)d->n, s = tail(d, k), variance = d->above_squares[k] / n - s * s;
    return sqrt((variance > 0 ? variance : 0) / n);
}

static double beyond(xmc_level p) {
    return (double)(p.den - p.num) / (double)p.den;
}

/* The smallest k >= 1 with S beyond the k smallest values at most 1 - p. */
static size_t rank_of(const xmc_distribution *d, xmc_level p) {
    size_t low = 1, high = d->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tail(d, middle) <= beyond(p))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

xmc_estimate xmc_weighted_var(const xmc_distribution *d, xmc_level p) {
    if (d->n == 0)
        return missing;
    const double q = beyond(p);
    size_t k = rank_of(d, p), low = k, high = k;
    xmc_estimate e = missing;
    e.value = d->sorted[k - 1];
    while (low > 0 && tail(d, low) - z95 * tail_error(d, low) <= q)
        low--;
    while (high < d->n && tail(d, high) + z95 * tail_error(d, high) > q)
        high++;
    if (low > 0)
        e.lower = d->sorted[low < d->n ? low : d->n - 1];
    if (high < d->n) /* at n nothing is beyond, and nothing is known of the error */
        e.upper = d->sorted[high - 1];
    e.se = (e.upper - e.lower) / (2 * z95);
    return e;
}

xmc_estimate xmc_weighted_tvar(const xmc_distribution *d, xmc_level p) {
    if (d->n == 0)
        return missing;
    const size_t k = rank_of(d, p), n = d->n;
    const double q = d->sorted[k - 1], share = beyond(p);
    double sum = 0, squares = 0;
    for (size_t i = n; i-- > k;) {
        double y = (d->above[i] - d->above[i + 1]) * (d->sorted[i] - q);
        sum += y;
        squares += y * y;
    }
    xmc_estimate e = missing;
    const double excess = sum / (double)n;
    e.value = rint((q + excess / share) / d->grid) * d->grid;
    if (n - k < 2)
        return e;
    e.se = sqrt((squares / (double)n - excess * excess) / (double)n) / share;
    e.lower = e.value - z95 * e.se;
    e.upper = e.value + z95 * e.se;
    return e;
}

xmc_estimate xmc_weighted_var_less_mean(const xmc_distribution *d, xmc_level p) {
    const xmc_estimate q = xmc_weighted_var(d, p);
    xmc_estimate e = missing;
    e.value = q.value - d->mean.value;
    if (!isfinite(q.se) || !isfinite(d->mean.se))
        return e;
    const size_t k = rank_of(d, p), n = d->n;
    const double error = tail_error(d, k);
    double covariance = 0;
    if (q.se > 0 && error > 0) {
        /* the quantile's error is that of S over the density, whose inverse is q.se / error */
        for (size_t i = n; i-- > k;) {
            double w = d->above[i] - d->above[i + 1];
            covariance += w * w * d->sorted[i];
        }
        covariance = (covariance / (double)n - tail(d, k) * d->mean.value) / (double)n;
        covariance *= q.se / error;
    }
    const double variance = q.se * q.se + d->mean.se * d->mean.se - 2 * covariance;
    e.se = sqrt(variance > 0 ? variance : 0);
    if (q.se > 0) {
        e.lower = e.value - (q.value - q.lower) * e.se / q.se;
        e.upper = e.value + (q.upper - q.value) * e.se / q.se;
    } else {
        e.lower = e.value - z95 * e.se;
        e.upper = e.value + z95 * e.se;
    }
    return e;
}

xmc_estimate xmc_weighted_level_of(const xmc_distribution *d, double amount) {
    if (d->n == 0 || isnan(amount))
        return missing;
    const size_t low = xmc_count_at_most(d, amount);
    const double error = tail_error(d, low), f = 1 - tail(d, low);
    xmc_estimate e = {f > 0 ? f : 0, error, f - z95 * error, f + z95 * error};
    if (low == d->n) {
        /* nothing beyond: as many trials of the largest weight as one may miss with 2.5 % */
        double largest = 0;
        for (size_t i = 0; i < d->n; i++)
            largest = d->weight[i] > largest ? d->weight[i] : largest;
        e.lower = 1 - 3.688879454113936 * largest / (double)d->n;
    }
    e.lower = e.lower > 0 ? e.lower : 0;
    e.upper = e.upper < 1 ? e.upper : 1;
    return e;
}
