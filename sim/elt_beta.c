#include "sim/elt_beta.h"

#include "kernels/distributions.h"
#include "kernels/vmath.h"

#include <stdlib.h>

/* The grid: logit of the mean, log of sd² / (mean (1 − mean)) = 1 / (alpha + beta + 1). */
enum { MEANS = 75, SPREADS = 28, BINS = 300 };
#define LEAST_LOGIT  (-9.25)
#define LOGIT_STEP   0.25
#define LEAST_SPREAD (-9.21034037197618) /* log 1e-4 */
#define SPREAD_STEP  0.3392137894743037  /* up to log 0.95 */

static double logistic(double z) {
    return 1 / (1 + xmc_exp(-z));
}

double xmc_elt_edge(int j) {
    double x = j & 1 ? 1.5 : 1.0;
    for (int k = j / 2; k < 15; k++)
        x *= 0.5;
    return x;
}

/* A node's law from its distribution function, over bins that are even in the logit of the damage,
 * twelve standard deviations to both sides. */
static int make_law(double logit, double log_spread, xmc_damage_row *row) {
    const double mean = logistic(logit), size = 1 / xmc_exp(log_spread) - 1;
    const double alpha = mean * size, beta = (1 - mean) * size;
    double half = 12 * sqrt(xmc_exp(log_spread) / (mean * (1 - mean)));
    half = half < 40 ? half : 40;
    double from[BINS], to[BINS], probability[BINS], x = 0, below = 0;
    for (int k = 0; k < BINS; k++) {
        from[k] = x;
        x = k + 1 < BINS ? logistic(logit + half * (2.0 * (k + 1) / BINS - 1)) : 1;
        to[k] = x;
        double upto = k + 1 < BINS ? xmc_beta_i(alpha, beta, x) : 1;
        upto = upto > below ? upto : below;
        probability[k] = upto - below;
        below = upto;
    }
    return xmc_damage_row_init(row, BINS, from, to, probability);
}

int xmc_elt_beta_init(xmc_elt_beta *b, int threads) {
    *b = (xmc_elt_beta){.laws = malloc(MEANS * SPREADS * sizeof *b->laws)};
    if (!b->laws)
        return -1;
    int bad = 0;
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads) reduction(| : bad)
    for (int i = 0; i < MEANS * SPREADS; i++) {
        const int mean = i / SPREADS, spread = i % SPREADS;
        bad |= make_law(LEAST_LOGIT + LOGIT_STEP * mean, LEAST_SPREAD + SPREAD_STEP * spread,
                        &b->laws[i]) != 0;
    }
    b->scale = b->laws[0].scale;
    b->shift = b->laws[0].shift;
    return bad ? -1 : 0;
}

void xmc_elt_beta_free(xmc_elt_beta *b) {
    free(b->laws);
    b->laws = NULL;
}

static int node(double x, double least, double step, int n, double *share) {
    x = (x - least) / step;
    x = x > 0 ? x : 0;
    x = x < n - 1 ? x : n - 1;
    const int i = x < n - 2 ? (int)x : n - 2;
    *share = x - i;
    return i;
}

/* Mean and mean square of max(x, 0) for x uniform between low and high. */
static void part_above_zero(double high, double low, double *mean, double *square) {
    if (low >= 0 || high <= 0) {
        const double h = high > 0 ? high : 0, l = low > 0 ? low : 0;
        *mean = 0.5 * (h + l);
        *square = (h * h + h * l + l * l) / 3;
        return;
    }
    *mean = high * high / (2 * (high - low));
    *square = *mean * high * (2.0 / 3);
}

/* Moments of the segments' law, cut off below zero. */
static void moments(const double *high, const double *low, double *mean, double *sd) {
    double m = 0, squares = 0;
    for (int k = 0; k < XMC_DAMAGE_INTERIOR; k++) {
        const double weight = (xmc_elt_edge(k + 1) - xmc_elt_edge(k)) / (1 - xmc_elt_edge(0));
        double x, square;
        part_above_zero(high[k], low[k], &x, &square);
        m += weight * x;
        squares += weight * square;
    }
    *mean = m;
    *sd = squares > m * m ? sqrt(squares - m * m) : 0;
}

void xmc_elt_beta_row(const xmc_elt_beta *b, double mean, double sd, xmc_elt_row *row) {
    double u, v;
    const int i = node(xmc_log(mean / (1 - mean)), LEAST_LOGIT, LOGIT_STEP, MEANS, &u);
    const int j =
        node(xmc_log(sd * sd / (mean * (1 - mean))), LEAST_SPREAD, SPREAD_STEP, SPREADS, &v);
    const xmc_damage_row *low = b->laws + i * SPREADS + j, *high = low + SPREADS;
    double first[XMC_DAMAGE_INTERIOR], last[XMC_DAMAGE_INTERIOR]; /* values at a segment's ends */
    for (int k = 0; k < XMC_DAMAGE_INTERIOR; k++) {
        const double a = (1 - u) * ((1 - v) * (double)low[0].a[k] + v * (double)low[1].a[k]) +
                         u * ((1 - v) * (double)high[0].a[k] + v * (double)high[1].a[k]);
        const double slope = (1 - u) * ((1 - v) * (double)low[0].b[k] + v * (double)low[1].b[k]) +
                             u * ((1 - v) * (double)high[0].b[k] + v * (double)high[1].b[k]);
        first[k] = a + slope * xmc_elt_edge(k);
        last[k] = a + slope * xmc_elt_edge(k + 1);
    }
    /* Shifting may push the smallest losses below nothing, where they are cut off: in rounds. */
    for (int round = 0; round < 40; round++) {
        double m, deviation;
        moments(first, last, &m, &deviation);
        if (fabs(m - mean) <= 1e-6 * mean && fabs(deviation - sd) <= 1e-5 * sd)
            break;
        const double stretch = deviation > 0 ? sd / deviation : 0;
        for (int k = 0; k < XMC_DAMAGE_INTERIOR; k++) {
            first[k] = mean + (first[k] - m) * stretch;
            last[k] = mean + (last[k] - m) * stretch;
        }
    }
    for (int k = 0; k < XMC_DAMAGE_INTERIOR; k++) {
        const double slope = (last[k] - first[k]) / (xmc_elt_edge(k + 1) - xmc_elt_edge(k));
        row->ab[k][0] = (float)(first[k] - slope * xmc_elt_edge(k));
        row->ab[k][1] = (float)slope;
    }
}
