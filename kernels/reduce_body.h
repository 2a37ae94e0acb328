/* Vector bodies of the reductions, on the primitives of vec_<target>.h: see reduce.c for the order
 * of the sums. */
#include "kernels/reduce_slices.h"

enum { VECTORS = XMC_SUM_LANES / V_W };

/* The partial sums of one slice. */
static void slice_sums(const double *x, const double *w, size_t n, double sum[XMC_SUM_LANES],
                       double squares[XMC_SUM_LANES], double *min, double *max) {
    v_f64 s[VECTORS], s2[VECTORS], low = v_set_f64(*min), high = v_set_f64(*max);
    for (int v = 0; v < VECTORS; v++)
        s[v] = s2[v] = v_set_f64(0.0);
    size_t i = 0;
    for (; i + XMC_SUM_LANES <= n; i += XMC_SUM_LANES)
        for (int v = 0; v < VECTORS; v++) {
            v_f64 a = v_load_f64(x + i + v * V_W), wa = a;
            if (w)
                wa = v_mul(v_load_f64(w + i + v * V_W), a);
            s[v] = v_add(s[v], wa);
            s2[v] = v_add(s2[v], v_mul(wa, a));
            low = v_min(a, low);
            high = v_max(a, high);
        }
    double lows[V_W], highs[V_W];
    v_store_f64(lows, low);
    v_store_f64(highs, high);
    for (int v = 0; v < VECTORS; v++) {
        v_store_f64(sum + v * V_W, s[v]);
        v_store_f64(squares + v * V_W, s2[v]);
    }
    for (int k = 0; k < V_W; k++) {
        *min = lows[k] < *min ? lows[k] : *min;
        *max = highs[k] > *max ? highs[k] : *max;
    }
    xmc_slice_rest(x + i, w ? w + i : NULL, n - i, sum, squares, min, max);
}

static xmc_moments column_moments(const double *x, const double *w, size_t n) {
    return xmc_moments_by(slice_sums, x, w, n);
}

/* Values above q side by side; out has room for n + V_W. No branch on the data: compressing always
 * is cheaper than a branch that is mispredicted now and then. */
static size_t keep_above(const double *x, size_t n, double q, double *out, size_t *equal) {
    const v_f64 bound = v_set_f64(q);
    size_t kept = 0, same = 0, i = 0;
    for (; i + V_W <= n; i += V_W) {
        v_f64 a = v_load_f64(x + i);
        same += v_count(v_eq(a, bound));
        v_m64 above = v_lt(bound, a);
        kept += v_compress_store(out + kept, above, a);
    }
    for (; i < n; i++) {
        same += x[i] == q;
        if (x[i] > q)
            out[kept++] = x[i];
    }
    *equal += same;
    return kept;
}

static xmc_tail column_tail(const double *x, size_t n, double q) {
    return xmc_tail_by(slice_sums, keep_above, x, n, q);
}

/* Values in [low, high] side by side; returns how many, and counts those below. */
static size_t keep_between(const double *x, size_t n, double low, double high, double *out,
                           size_t *below) {
    const v_f64 from = v_set_f64(low), to = v_set_f64(high);
    size_t kept = 0, under = 0, i = 0;
    for (; i + V_W <= n; i += V_W) {
        v_f64 a = v_load_f64(x + i);
        v_m64 less = v_lt(a, from);
        v_m64 inside = v_andnot(less, v_le(a, to));
        under += v_count(less);
        kept += v_compress_store(out + kept, inside, a);
    }
    for (; i < n; i++) {
        under += x[i] < low;
        if (x[i] >= low && x[i] <= high)
            out[kept++] = x[i];
    }
    *below = under;
    return kept;
}

static double kth_smallest(const double *x, size_t n, size_t k, double *scratch) {
    return xmc_kth_by(keep_between, x, n, k, scratch);
}

/* Values from low on, side by side; returns how many. Four vectors at a time: where few values are
 * kept, most of them hold none. */
static size_t keep_from(const double *x, size_t n, double low, double *out) {
    const v_f64 bound = v_set_f64(low);
    size_t kept = 0, i = 0;
    for (; i + 4 * V_W <= n; i += 4 * V_W) {
        v_f64 a[4];
        for (int v = 0; v < 4; v++)
            a[v] = v_load_f64(x + i + v * V_W);
        const v_f64 largest = v_max(v_max(a[0], a[1]), v_max(a[2], a[3]));
        if (v_bits(v_le(bound, largest)))
            for (int v = 0; v < 4; v++)
                kept += v_compress_store(out + kept, v_le(bound, a[v]), a[v]);
    }
    for (; i < n; i++)
        if (x[i] >= low)
            out[kept++] = x[i];
    return kept;
}

static double kth_and_tail(const double *x, size_t n, size_t k, double *scratch, xmc_tail *tail) {
    return xmc_kth_and_tail_by(keep_from, keep_between, keep_above, slice_sums, x, n, k, scratch,
                               tail);
}
