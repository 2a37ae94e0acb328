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

static inline v_u64 v_mix64(v_u64 z) {
    z = v_mul_u64(v_xor(z, v_shift_right(z, 30)), v_set_u64(UINT64_C(0xbf58476d1ce4e5b9)));
    z = v_mul_u64(v_xor(z, v_shift_right(z, 27)), v_set_u64(UINT64_C(0x94d049bb133111eb)));
    return v_xor(z, v_shift_right(z, 31));
}

static inline v_f64 v_exp_minus(v_f64 x) {
    v_f64 k = v_rint(v_mul(x, v_set_f64(-XMC_LOG2_E)));
    v_f64 r = v_fma(k, v_set_f64(-XMC_LN2_HIGH), v_sub(v_set_f64(-0.0), x));
    r = v_fma(k, v_set_f64(-XMC_LN2_LOW), r);
    v_f64 y = v_set_f64(xmc_exp_series[XMC_EXP_DEGREE]);
    for (int i = XMC_EXP_DEGREE - 1; i >= 0; i--)
        y = v_fma(y, r, v_set_f64(xmc_exp_series[i]));
    v_u64 exponent = v_integer(v_add(k, v_set_f64(1023.0)));
    return v_mul(y, v_f64_of_bits(v_shift_left(exponent, 52)));
}

/* V_W trials of a strip. */
typedef struct {
    v_u64 state, inc;
    v_f64 mean, u, term, below;
    v_m64 active; /* another point falls */
} points;

/* Sets up the streams and the number of points; *dense: lanes above XMC_POINTS_MEAN. */
static inline points points_start(const xmc_stream_base *base, uint64_t address,
                                  const double *hazard, uint32_t n, uint32_t *dense) {
    const v_u64 b = v_set_u64(address), multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    points p;
    v_u64 state, inc;
    v_unzip(&base->s, &state, &inc);
    state = v_mix64(v_add_u64(v_xor(state, b), v_set_u64(UINT64_C(0xf1357aea2e62a9c5))));
    inc = v_mix64(v_add_u64(v_xor(inc, b), v_set_u64(UINT64_C(0xda942042e4dd58b5))));
    p.inc = v_or(inc, v_set_u64(1));
    v_u64 second = v_add_u64(v_mul_u64(state, multiplier), p.inc);
    p.u = v_uniform(v_pcg_output(second, state));
    p.state = v_add_u64(v_mul_u64(second, multiplier), p.inc);
    p.mean = v_mul(v_set_f64((double)n), v_load_f64(hazard));
    v_m64 above = v_lt(v_set_f64(XMC_POINTS_MEAN), p.mean);
    *dense = v_bits(above);
    p.active = v_andnot(above, v_lt(v_sub(v_set_f64(1.0), p.u), p.mean));
    return p; // cppcheck-suppress uninitvar ; points_count fills the rest
}

static inline void points_count(points *p) {
    p->term = v_exp_minus(v_min(p->mean, v_set_f64(XMC_POINTS_MEAN)));
    p->below = p->term;
    p->active = v_and(p->active, v_lt(p->below, p->u));
}

static inline void points_next(points *p, int k) {
    p->term = v_mul(p->term, v_mul(p->mean, v_set_f64(xmc_inverses[k])));
    p->below = v_add(p->below, p->term);
    p->active = v_and(p->active, v_lt(p->below, p->u));
    p->state = v_add_u64(v_mul_u64(p->state, v_set_u64(XMC_PCG_MULTIPLIER)), p->inc);
}

/* 2 V_W trials; WHAT(mask, obligor, first lane) is done with the new hits. */
#define STRIP(WHAT)                                                                                \
    do {                                                                                           \
        uint32_t above[2];                                                                         \
        points a = points_start(base + l, address, hazard + l, n, &above[0]);                      \
        points b = points_start(base + l + V_W, address, hazard + l + V_W, n, &above[1]);          \
        left_out |= (above[0] | above[1] << V_W) << l;                                             \
        if (!v_bits(v_or_m(a.active, b.active))) /* most small buckets in most trials */           \
            break;                                                                                 \
        points_count(&a);                                                                          \
        points_count(&b);                                                                          \
        v_u32 seen[XMC_POINTS_MOST];                                                               \
        for (int k = 0; k < XMC_POINTS_MOST && v_bits(v_or_m(a.active, b.active)); k++) {          \
            v_u32 i = v_scale_words(v_pcg_output(a.state, b.state), n);                            \
            v_m32 again = v_none_m32();                                                            \
            for (int j = 0; j < k; j++)                                                            \
                again = v_or_eq_u32(again, i, seen[j]);                                            \
            seen[k] = i;                                                                           \
            WHAT(v_andnot(v_even_m32(again), a.active), v_even_u32(i), l);                         \
            WHAT(v_andnot(v_odd_m32(again), b.active), v_odd_u32(i), l + V_W);                     \
            points_next(&a, k);                                                                    \
            points_next(&b, k);                                                                    \
        }                                                                                          \
    } while (0)

static uint32_t strip_sums(const xmc_stream_base *base, uint64_t address, const double *hazard,
                           const double *loss, uint32_t n, double *sum) {
    uint32_t left_out = 0;
    for (int l = 0; l < XMC_CREDIT_LANES; l += 2 * V_W) {
        v_f64 total[2] = {v_load_f64(sum + l), v_load_f64(sum + l + V_W)};
#define ADD(fresh, i, lane)                                                                        \
    total[(lane) != l] = v_add(total[(lane) != l], v_keep(fresh, v_gather(loss, i)))
        /* lane is l or l + V_W, by the macro. NOLINTNEXTLINE(misc-redundant-expression) */
        STRIP(ADD);
#undef ADD
        v_store_f64(sum + l, total[0]);
        v_store_f64(sum + l + V_W, total[1]);
    }
    return left_out;
}

static size_t strip_hits(const xmc_stream_base *base, uint64_t address, const double *hazard,
                         uint32_t n, uint64_t *hits, uint32_t *dense) {
    static const uint64_t numbers[XMC_CREDIT_LANES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                       8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t left_out = 0;
    size_t count = 0;
    for (int l = 0; l < XMC_CREDIT_LANES; l += 2 * V_W) {
#define LIST(fresh, i, lane)                                                                       \
    count += v_compress_u64(hits + count, fresh,                                                   \
                            v_or(v_shift_left(i, 32), v_load_u64(numbers + (lane))))
        STRIP(LIST);
#undef LIST
    }
    *dense = left_out;
    return count;
}
