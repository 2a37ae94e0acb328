/* The order of the reductions, shared by the scalar twin and the vector kernels: what may differ
 * between targets is only how one slice is summed into its lanes, and how values are picked out. */
#ifndef CROSSMC_REDUCE_SLICES_H
#define CROSSMC_REDUCE_SLICES_H

#include "kernels/reduce.h"
#include "kernels/stream.h"
#include <math.h>
#include <string.h>

/* A slice is summed in XMC_SUM_LANES interleaved partial sums (value i into lane i mod
 * XMC_SUM_LANES), which are then added pairwise. The tail's slices are shorter, for their buffer.
 */
enum { XMC_SUM_LANES = 16, XMC_TAIL_SLICE = 2048, XMC_TAIL_PIECE = 1024 };

static inline double xmc_fold(double *lane) {
    for (int width = XMC_SUM_LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            lane[i] += lane[i + width];
    return lane[0];
}

/* A slice's sum goes to the running one with Neumaier's compensation, so that the number of slices
 * costs no accuracy. */
typedef struct {
    double sum, lost;
} xmc_running;

static inline void xmc_running_add(xmc_running *r, double x) {
    double t = r->sum + x;
    if (isfinite(t))
        r->lost += fabs(r->sum) >= fabs(x) ? (r->sum - t) + x : (x - t) + r->sum;
    r->sum = t;
}

/* What is left of a slice after its full rounds of lanes; also the scalar twin of a whole slice. */
static inline void xmc_slice_rest(const double *x, const double *w, size_t n,
                                  double sum[XMC_SUM_LANES], double squares[XMC_SUM_LANES],
                                  double *min, double *max) {
    for (size_t i = 0; i < n; i++) {
        double a = x[i], wa = w ? w[i] * a : a;
        sum[i % XMC_SUM_LANES] += wa;
        squares[i % XMC_SUM_LANES] += wa * a;
        *min = a < *min ? a : *min;
        *max = a > *max ? a : *max;
    }
}

typedef void xmc_slice_sums(const double *x, const double *w, size_t n, double sum[XMC_SUM_LANES],
                            double squares[XMC_SUM_LANES], double *min, double *max);

static inline xmc_moments xmc_moments_by(xmc_slice_sums *slice, const double *x, const double *w,
                                         size_t n) {
    xmc_running sum = {0, 0}, squares = {0, 0};
    double min = INFINITY, max = -INFINITY;
    for (size_t from = 0; from < n; from += XMC_SLICE) {
        size_t m = n - from < XMC_SLICE ? n - from : XMC_SLICE;
        double s[XMC_SUM_LANES], s2[XMC_SUM_LANES];
        slice(x + from, w ? w + from : NULL, m, s, s2, &min, &max);
        xmc_running_add(&sum, xmc_fold(s));
        xmc_running_add(&squares, xmc_fold(s2));
    }
    /* + 0: which sign of zero came first must not show */
    return (xmc_moments){sum.sum + sum.lost, squares.sum + squares.lost, min + 0.0, max + 0.0};
}

typedef size_t xmc_keep_above(const double *x, size_t n, double q, double *out, size_t *equal);

/* The values above q count in the order of their appearance, in slices of their own, so that it
 * does not matter whether a filter has gone before. */
static inline xmc_tail xmc_tail_by(xmc_slice_sums *slice, xmc_keep_above *keep, const double *x,
                                   size_t n, double q) {
    double buffer[XMC_TAIL_SLICE + XMC_TAIL_PIECE + XMC_SUM_LANES];
    double s[XMC_SUM_LANES], s2[XMC_SUM_LANES], min = 0.0, max = 0.0;
    xmc_running sum = {0, 0}, squares = {0, 0};
    size_t held = 0, above = 0, equal = 0;
    for (size_t from = 0; from < n; from += XMC_TAIL_PIECE) {
        size_t m = n - from < XMC_TAIL_PIECE ? n - from : XMC_TAIL_PIECE;
        held += keep(x + from, m, q, buffer + held, &equal);
        if (held >= XMC_TAIL_SLICE || from + m == n) {
            size_t take = held < XMC_TAIL_SLICE ? held : XMC_TAIL_SLICE;
            slice(buffer, NULL, take, s, s2, &min, &max);
            xmc_running_add(&sum, xmc_fold(s));
            xmc_running_add(&squares, xmc_fold(s2));
            above += take;
            held -= take;
            memmove(buffer, buffer + take, held * sizeof *buffer);
        }
    }
    if (held) { /* the last piece filled one slice and began another */
        slice(buffer, NULL, held, s, s2, &min, &max);
        xmc_running_add(&sum, xmc_fold(s));
        xmc_running_add(&squares, xmc_fold(s2));
        above += held;
    }
    return (xmc_tail){sum.sum + sum.lost, squares.sum + squares.lost, above, equal};
}

/* Quickselect with three-way partition around the median of three; the pivots depend on the data
 * only, and the value found does not depend on the pivots. */
static inline double xmc_select_in_place(double *v, size_t n, size_t k) {
    size_t lo = 0, hi = n;
    while (hi - lo > 1) {
        double a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi - 1];
        double low = a < b ? a : b, high = a < b ? b : a;
        double pivot = c < low ? low : c > high ? high : c;
        size_t less = lo, i = lo, more = hi;
        while (i < more) {
            double y = v[i];
            if (y < pivot) {
                v[i++] = v[less];
                v[less++] = y;
            } else if (y > pivot) {
                v[i] = v[--more];
                v[more] = y;
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

typedef size_t xmc_keep_between(const double *x, size_t n, double low, double high, double *out,
                                size_t *below);

/* Bounds of the k-th smallest of x, n >= 8192, from a sample: four of its standard deviations to
 * either side of the rank. */
static inline void xmc_kth_bounds(const double *x, size_t n, size_t k, double *low, double *high) {
    enum { SAMPLE = 2048 };
    double sample[SAMPLE];
    const size_t m = n / 64 < SAMPLE ? n / 64 : SAMPLE, stride = n / m;
    for (size_t j = 0; j < m; j++)
        sample[j] = x[j * stride + xmc_mix64(j) % stride];
    const double rank = (double)k / (double)n * (double)m;
    const double spread = 4.0 * sqrt(rank * (1.0 - rank / (double)m)) + 4.0;
    const double first = rank - spread, last = rank + spread;
    *low = first < 0.0 ? -INFINITY : xmc_select_in_place(sample, m, (size_t)first);
    *high = last >= (double)m ? INFINITY : xmc_select_in_place(sample, m, (size_t)last);
}

/* Bounds from a sample; one pass keeps what lies between them; selection among those. Should the
 * sample mislead, the whole column is selected from: slower, and the same value. */
static inline double xmc_kth_by(xmc_keep_between *keep, const double *x, size_t n, size_t k,
                                double *scratch) {
    if (n >= 8192) {
        double low, high;
        size_t kept, below;
        xmc_kth_bounds(x, n, k, &low, &high);
        kept = keep(x, n, low, high, scratch, &below);
        if (k >= below && k - below < kept)
            return xmc_select_in_place(scratch, kept, k - below) + 0.0;
    }
    memcpy(scratch, x, n * sizeof *x);
    return xmc_select_in_place(scratch, n, k) + 0.0; /* one zero, whichever sign came first */
}

typedef size_t xmc_keep_from(const double *x, size_t n, double low, double *out);

/* One pass keeps everything from the lower bound on, in its order; value and tail come from those.
 * Where they are more than half of the column, or the sample has misled: the two one by one. */
static inline double xmc_kth_and_tail_by(xmc_keep_from *from, xmc_keep_between *between,
                                         xmc_keep_above *above, xmc_slice_sums *slice,
                                         const double *x, size_t n, size_t k, double *scratch,
                                         xmc_tail *tail) {
    if (n >= 8192 && k >= n - n / 4) {
        double low, high;
        xmc_kth_bounds(x, n, k, &low, &high);
        const size_t kept = from(x, n, low, scratch);
        if (kept <= n / 2 && k >= n - kept) {
            double *copy = scratch + kept;
            memcpy(copy, scratch, kept * sizeof *copy);
            const double q = xmc_select_in_place(copy, kept, k - (n - kept)) + 0.0;
            *tail = xmc_tail_by(slice, above, scratch, kept, q);
            return q;
        }
    }
    const double q = xmc_kth_by(between, x, n, k, scratch);
    *tail = xmc_tail_by(slice, above, x, n, q);
    return q;
}

#endif
