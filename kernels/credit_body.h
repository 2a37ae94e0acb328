/* Vector bodies of the credit kernels, on the primitives of vec_<target>.h. */
#include "kernels/credit_twin.h"
#include "kernels/exp2_body.h"

static void bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                           const double *factors, double *hazard) {
    const v_f64 reach = v_set_f64(XMC_HAZARD_REACH), per_unit = v_set_f64(XMC_HAZARD_PER_UNIT);
    const v_f64 last = v_set_f64(2.0 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT - 1e-9);
    const v_f64 threshold_of = v_set_f64(threshold), zero = v_set_f64(0.0);
    for (int l = 0; l < XMC_CREDIT_LANES; l += V_W) {
        v_f64 x = v_fma(threshold_of, v_load_f64(w + l), v_load_f64(factors + l));
        v_f64 at = v_mul(v_add(x, reach), per_unit);
        at = v_min(v_max(at, zero), last);
        v_f64 cell = v_trunc(at), f = v_sub(at, cell), c[4];
        v_rows(t->coef, v_integer(cell), c);
        v_f64 y = v_add(c[2], v_mul(f, c[3]));
        y = v_add(c[1], v_mul(f, y));
        v_store_f64(hazard + l, v_add(c[0], v_mul(f, y)));
    }
}

static void conditional_pd_f32(float threshold, const float *w, const float *factors, size_t n,
                               float *pd) {
    const v_f32 zero = v_set_f32(0.0f), one = v_set_f32(1.0f), c = v_set_f32(threshold);
    const v_f32 scale = v_set_f32(XMC_HALF_LOG2_E);
    size_t i = 0;
    for (; i + 2 * V_W <= n; i += 2 * V_W) {
        v_f32 x = v_fma_f32(c, v_load_f32(w + i), v_load_f32(factors + i));
        x = v_max_f32(v_min_f32(x, v_set_f32(XMC_PD_REACH)), v_set_f32(-XMC_PD_REACH));
        const v_f32 y = v_max_f32(x, v_sub_f32(zero, x));
        const v_f32 t = v_div_f32(one, v_fma_f32(v_set_f32(XMC_PD_STRETCH), y, one));
        v_f32 p = v_set_f32(xmc_pd_poly[XMC_PD_DEGREE]);
        for (int k = XMC_PD_DEGREE - 1; k >= 0; k--)
            p = v_fma_f32(p, t, v_set_f32(xmc_pd_poly[k]));
        const v_f32 square = v_mul_f32(y, y), rest = v_fma_f32(y, y, v_sub_f32(zero, square));
        const v_f32 power = v_mul_f32(square, scale);
        v_f32 more = v_fma_f32(square, scale, v_sub_f32(zero, power));
        more = v_fma_f32(square, v_set_f32(XMC_HALF_LOG2_E_LOW), more);
        more = v_fma_f32(rest, scale, more);
        const v_f32 e = v_exp2_f32(v_sub_f32(zero, power));
        v_f32 q = v_fma_f32(v_mul_f32(e, v_set_f32(-XMC_LN2_F32)), more, e);
        q = v_mul_f32(q, v_mul_f32(t, p));
        v_f32 upper = v_mul_f32(x, v_set_f32(0x1p126f));
        upper = v_min_f32(v_max_f32(upper, zero), one);
        const v_f32 d = v_sub_f32(upper, q);
        v_store_f32(pd + i, v_max_f32(d, v_sub_f32(zero, d)));
    }
    xmc_conditional_pd_rest(threshold, w, factors, i, n, pd);
}

/* The lanes of a strip are POINTS vectors, which take each step side by side: one after the other,
 * addresses and exponentials are chains longer than a processor looks ahead. */
enum { POINTS = XMC_CREDIT_LANES / V_W };

static inline void mix64(v_u64 z[POINTS]) {
    for (int v = 0; v < POINTS; v++)
        z[v] = v_mul_u64(v_xor(z[v], v_shift_right(z[v], 30)),
                         v_set_u64(UINT64_C(0xbf58476d1ce4e5b9)));
    for (int v = 0; v < POINTS; v++)
        z[v] = v_mul_u64(v_xor(z[v], v_shift_right(z[v], 27)),
                         v_set_u64(UINT64_C(0x94d049bb133111eb)));
    for (int v = 0; v < POINTS; v++)
        z[v] = v_xor(z[v], v_shift_right(z[v], 31));
}

/* exp(-x) as xmc_exp_minus_twin */
static inline void exp_minus(const v_f64 x[POINTS], v_f64 y[POINTS]) {
    v_f64 k[POINTS], r[POINTS];
    for (int v = 0; v < POINTS; v++) {
        k[v] = v_rint(v_mul(x[v], v_set_f64(-XMC_LOG2_E)));
        r[v] = v_fma(k[v], v_set_f64(-XMC_LN2_HIGH), v_sub(v_set_f64(-0.0), x[v]));
        r[v] = v_fma(k[v], v_set_f64(-XMC_LN2_LOW), r[v]);
        y[v] = v_set_f64(xmc_exp_series[XMC_EXP_DEGREE]);
    }
    for (int i = XMC_EXP_DEGREE - 1; i >= 0; i--)
        for (int v = 0; v < POINTS; v++)
            y[v] = v_fma(y[v], r[v], v_set_f64(xmc_exp_series[i]));
    for (int v = 0; v < POINTS; v++) {
        v_u64 exponent = v_integer(v_add(k[v], v_set_f64(1023.0)));
        y[v] = v_mul(y[v], v_f64_of_bits(v_shift_left(exponent, 52)));
    }
}

/* The trials of a strip. */
typedef struct {
    v_u64 state[POINTS], inc[POINTS];
    v_f64 mean[POINTS], u[POINTS], term[POINTS], below[POINTS];
    v_m64 active[POINTS]; /* another point falls */
} points;

/* Whether any trial of vectors from … from + n - 1 has another point. */
static inline bool points_any(const points *p, int from, int n) {
    v_m64 any = p->active[from];
    for (int v = from + 1; v < from + n; v++)
        any = v_or_m(any, p->active[v]);
    return v_bits(any);
}

/* Sets up the streams and the number of points. Returns the lanes above XMC_POINTS_MEAN; *any:
 * whether any trial has a point, which in most small buckets is not so. */
static inline uint32_t points_start(points *p, const xmc_stream_base *base, uint64_t address,
                                    const double *hazard, uint32_t n, bool *any) {
    const v_u64 b = v_set_u64(address), multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    const v_f64 most = v_set_f64(XMC_POINTS_MEAN);
    uint32_t dense = 0;
    for (int v = 0; v < POINTS; v++) {
        v_unzip(&base[v * V_W].s, &p->state[v], &p->inc[v]);
        p->state[v] = v_add_u64(v_xor(p->state[v], b), v_set_u64(UINT64_C(0xf1357aea2e62a9c5)));
        p->inc[v] = v_add_u64(v_xor(p->inc[v], b), v_set_u64(UINT64_C(0xda942042e4dd58b5)));
    }
    mix64(p->state);
    mix64(p->inc);
    for (int v = 0; v < POINTS; v++) {
        p->inc[v] = v_or(p->inc[v], v_set_u64(1));
        const v_u64 first = p->state[v];
        const v_u64 second = v_add_u64(v_mul_u64(first, multiplier), p->inc[v]);
        p->state[v] = second;
        p->u[v] = v_uniform(v_pcg_output(second, first));
    }
    for (int v = 0; v < POINTS; v++) {
        p->state[v] = v_add_u64(v_mul_u64(p->state[v], multiplier), p->inc[v]);
        p->mean[v] = v_mul(v_set_f64((double)n), v_load_f64(hazard + v * V_W));
        const v_m64 above = v_lt(most, p->mean[v]);
        dense |= (uint32_t)v_bits(above) << (v * V_W);
        p->active[v] = v_andnot(above, v_lt(v_sub(v_set_f64(1.0), p->u[v]), p->mean[v]));
    }
    *any = points_any(p, 0, POINTS);
    if (*any) {
        v_f64 x[POINTS];
        for (int v = 0; v < POINTS; v++)
            x[v] = v_min(p->mean[v], most);
        exp_minus(x, p->term);
        for (int v = 0; v < POINTS; v++) {
            p->below[v] = p->term[v];
            p->active[v] = v_and(p->active[v], v_lt(p->below[v], p->u[v]));
        }
    }
    return dense; // cppcheck-suppress uninitvar
}

/* The next obligor of vectors v and v + 1. */
static inline v_u32 points_words(points *p, int v, uint32_t n) {
    const v_u64 multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    const v_u32 i = v_scale_words(v_pcg_output(p->state[v], p->state[v + 1]), n);
    for (int w = v; w < v + 2; w++)
        p->state[w] = v_add_u64(v_mul_u64(p->state[w], multiplier), p->inc[w]);
    return i;
}

static inline void points_next(points *p, int v, int k) {
    for (int w = v; w < v + 2; w++) {
        p->term[w] = v_mul(p->term[w], v_mul(p->mean[w], v_set_f64(xmc_inverses[k])));
        p->below[w] = v_add(p->below[w], p->term[w]);
        p->active[w] = v_and(p->active[w], v_lt(p->below[w], p->u[w]));
    }
}

/* All trials of a strip; WHAT(mask, obligor, number of the vector) is done with the new hits. Each
 * point's word is drawn one step ahead. */
#define STRIP(WHAT)                                                                                \
    do {                                                                                           \
        points p;                                                                                  \
        bool any;                                                                                  \
        left_out = points_start(&p, base, address, hazard, n, &any);                               \
        for (int v = 0; any && v < POINTS; v += 2) {                                               \
            v_u32 seen[XMC_POINTS_MOST], next = points_words(&p, v, n);                            \
            for (int k = 0; k < XMC_POINTS_MOST && points_any(&p, v, 2); k++) {                    \
                const v_u32 i = next;                                                              \
                next = points_words(&p, v, n);                                                     \
                v_m32 again = v_none_m32();                                                        \
                for (int j = 0; j < k; j++)                                                        \
                    again = v_or_eq_u32(again, i, seen[j]);                                        \
                seen[k] = i;                                                                       \
                WHAT(v_andnot(v_even_m32(again), p.active[v]), v_even_u32(i), v);                  \
                WHAT(v_andnot(v_odd_m32(again), p.active[v + 1]), v_odd_u32(i), v + 1);            \
                points_next(&p, v, k);                                                             \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static uint32_t strip_sums(const xmc_stream_base *base, uint64_t address, const double *hazard,
                           const double *loss, uint32_t n, double *sum) {
    uint32_t left_out;
    v_f64 total[POINTS];
    for (int v = 0; v < POINTS; v++)
        total[v] = v_load_f64(sum + v * V_W);
#define ADD(fresh, i, v) total[v] = v_add(total[v], v_keep(fresh, v_gather(loss, i)))
    STRIP(ADD);
#undef ADD
    for (int v = 0; v < POINTS; v++)
        v_store_f64(sum + v * V_W, total[v]);
    return left_out;
}

static size_t strip_hits(const xmc_stream_base *base, uint64_t address, const double *hazard,
                         uint32_t n, uint64_t *hits, uint32_t *dense) {
    static const uint64_t numbers[XMC_CREDIT_LANES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                       8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t left_out;
    size_t count = 0;
#define LIST(fresh, i, v)                                                                          \
    count += v_compress_u64(hits + count, fresh,                                                   \
                            v_or(v_shift_left(i, 32), v_load_u64(numbers + (v)*V_W)))
    STRIP(LIST);
#undef LIST
    *dense = left_out;
    return count;
}
