/* Vector bodies of a bucket's hazards and of the screening of its lanes, on the primitives of
 * vec_<target>.h. */
#include "kernels/credit_twin.h"

static void bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                           const double *country, const double *sector, double *hazard) {
    const v_f64 reach = v_set_f64(XMC_HAZARD_REACH), per_unit = v_set_f64(XMC_HAZARD_PER_UNIT);
    const v_f64 last = v_set_f64(2.0 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT - 1e-9);
    const v_f64 threshold_of = v_set_f64(threshold), zero = v_set_f64(0.0);
    for (int l = 0; l < XMC_CREDIT_LANES; l += V_W) {
        v_f64 sum = v_add(v_load_f64(country + l), v_load_f64(sector + l));
        v_f64 x = v_fma(threshold_of, v_load_f64(w + l), sum);
        v_f64 at = v_mul(v_add(x, reach), per_unit);
        at = v_min(v_max(at, zero), last);
        v_f64 cell = v_trunc(at), f = v_sub(at, cell), c[4];
        v_rows(t->coef, v_integer(cell), c);
        v_f64 y = v_add(c[2], v_mul(f, c[3]));
        y = v_add(c[1], v_mul(f, y));
        v_store_f64(hazard + l, v_add(c[0], v_mul(f, y)));
    }
}

static inline v_u64 v_mix64(v_u64 z) {
    z = v_mul_u64(v_xor(z, v_shift_right(z, 30)), v_set_u64(UINT64_C(0xbf58476d1ce4e5b9)));
    z = v_mul_u64(v_xor(z, v_shift_right(z, 27)), v_set_u64(UINT64_C(0x94d049bb133111eb)));
    return v_xor(z, v_shift_right(z, 31));
}

/* xmc_stream_from and xmc_uniform in the lanes. */
static uint32_t bucket_screen(const xmc_stream_base *base, uint64_t address, uint32_t n,
                              const double *hazard, double mask_hazard, uint32_t lanes) {
    const v_u64 b = v_set_u64(address), multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    const v_f64 most = v_set_f64(mask_hazard), size = v_set_f64((double)n), one = v_set_f64(1.0);
    uint32_t open = 0, l = 0;
    for (; l + V_W <= lanes; l += V_W) {
        v_u64 state, inc;
        v_unzip(&base[l].s, &state, &inc);
        state = v_mix64(v_add_u64(v_xor(state, b), v_set_u64(UINT64_C(0xf1357aea2e62a9c5))));
        inc = v_mix64(v_add_u64(v_xor(inc, b), v_set_u64(UINT64_C(0xda942042e4dd58b5))));
        v_u64 second = v_add_u64(v_mul_u64(state, multiplier), v_or(inc, v_set_u64(1)));
        v_f64 none = v_sub(one, v_uniform(v_pcg_output(second, state)));
        v_f64 h = v_load_f64(hazard + l);
        open |= (v_bits(v_lt(most, h)) | v_bits(v_lt(none, v_mul(size, h)))) << l;
    }
    return open | xmc_bucket_screen_twin(base, address, n, hazard, mask_hazard, l, lanes);
}
