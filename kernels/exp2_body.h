/* A power of two in single precision, on the primitives of vec_<target>.h; for the bodies of other
 * kernels. */
#ifndef CROSSMC_EXP2_BODY_H
#define CROSSMC_EXP2_BODY_H

/* xmc_exp2_f32_twin. */
static inline v_f32 v_exp2_f32(v_f32 t) {
    const v_f32 shift = v_set_f32(XMC_EXP2_SHIFT);
    t = v_min_f32(v_max_f32(t, v_set_f32(-126.0f)), v_set_f32(126.0f));
    v_f32 n = v_add_f32(t, shift), x = v_sub_f32(t, v_sub_f32(n, shift));
    v_f32 z = v_set_f32(xmc_exp2_poly[6]);
    for (int i = 5; i >= 0; i--)
        z = v_fma_f32(z, x, v_set_f32(xmc_exp2_poly[i]));
    return v_scale_f32(z, n);
}

#endif
