#include "kernels/reduce.h"
#include <math.h>
#include <string.h>

/* A slice is summed in LANES interleaved partial sums (value i into lane i mod LANES), which are
 * then added pairwise: the order that vectors of any width up to LANES reproduce. */
enum { LANES = 16 };

static double fold(double *lane) {
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            lane[i] += lane[i + width];
    return lane[0];
}

/* Adds a slice's sum to the running one with Neumaier's compensation, so that the number of slices
 * costs no accuracy. */
typedef struct {
    double sum, lost;
} running;

static void add(running *r, double x) {
    double t = r->sum + x;
    if (isfinite(t))
        r->lost += fabs(r->sum) >= fabs(x) ? (r->sum - t) + x : (x - t) + r->sum;
    r->sum = t;
}

xmc_moments xmc_column_moments(const double *x, const double *w_or_null, size_t n) {
    running sum = {0, 0}, squares = {0, 0};
    double min = INFINITY, max = -INFINITY;
    for (size_t from = 0; from < n; from += XMC_SLICE) {
        size_t to = n - from < XMC_SLICE ? n : from + XMC_SLICE;
        double s[LANES] = {0}, s2[LANES] = {0};
        for (size_t i = from; i < to; i++) {
            double v = x[i], wv = w_or_null ? w_or_null[i] * v : v;
            size_t lane = (i - from) % LANES;
            s[lane] += wv;
            s2[lane] += wv * v;
            min = v < min ? v : min;
            max = v > max ? v : max;
        }
        add(&sum, fold(s));
        add(&squares, fold(s2));
    }
    return (xmc_moments){sum.sum + sum.lost, squares.sum + squares.lost, min, max};
}

xmc_tail xmc_column_tail(const double *x, size_t n, double q) {
    running sum = {0, 0}, squares = {0, 0};
    size_t above = 0, equal = 0;
    for (size_t from = 0; from < n; from += XMC_SLICE) {
        size_t to = n - from < XMC_SLICE ? n : from + XMC_SLICE;
        double s[LANES] = {0}, s2[LANES] = {0};
        for (size_t i = from; i < to; i++) {
            double v = x[i] > q ? x[i] : 0.0;
            size_t lane = (i - from) % LANES;
            s[lane] += v;
            s2[lane] += v * v;
            above += x[i] > q;
            equal += x[i] == q;
        }
        add(&sum, fold(s));
        add(&squares, fold(s2));
    }
    return (xmc_tail){sum.sum + sum.lost, squares.sum + squares.lost, above, equal};
}

/* Quickselect with three-way partition around the median of three; the pivots depend on the data
 * only, and the value found does not depend on the pivots. */
static double select_in_place(double *v, size_t n, size_t k) {
    size_t lo = 0, hi = n;
    while (hi - lo > 1) {
        double a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi - 1];
        double low = a < b ? a : b, high = a < b ? b : a;
        double pivot = c < low ? low : c > high ? high : c;
        size_t less = lo, i = lo, more = hi;
        while (i < more) {
            double x = v[i];
            if (x < pivot) {
                v[i++] = v[less];
                v[less++] = x;
            } else if (x > pivot) {
                v[i] = v[--more];
                v[more] = x;
            } else {
                i++;
            }
        }
        if (k < less)
            hi = less;
        else if (k >= more)
            lo = more;
        else
            return pivot;
    }
    return v[lo];
}

double xmc_kth_smallest(const double *x, size_t n, size_t k, double *scratch) {
    memcpy(scratch, x, n * sizeof *x);
    return select_in_place(scratch, n, k) + 0.0; /* one zero, whichever sign was found first */
}
