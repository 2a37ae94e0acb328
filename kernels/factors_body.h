/* Vector body of the exponentials of factors, on the primitives of vec_<target>.h: see factors.h.
 * The factors of a vector of trials stay in registers, loadings are broadcast from memory. */
#include "kernels/exp2_body.h"
#include "kernels/factors_twin.h"

static void factor_exponentials(const xmc_exponentials *e, const float *x, size_t stride,
                                size_t lanes, double *sum) {
    enum { W = 2 * V_W };
    for (size_t l = 0; l < lanes; l += W) {
        v_f32 f[XMC_FACTORS];
        for (size_t k = 0; k < XMC_FACTORS; k++)
            f[k] = v_load_f32(x + k * stride + l);
        v_f64 low = v_load_f64(sum + l), high = v_load_f64(sum + l + V_W);
        const float *loading = e->loading;
        for (size_t i = 0; i < e->n; i++, loading += XMC_FACTORS) {
            v_f32 t = v_mul_f32(v_set_f32(loading[0]), f[0]);
            for (size_t k = 1; k < XMC_FACTORS; k++)
                t = v_fma_f32(v_set_f32(loading[k]), f[k], t);
            t = v_exp2_f32(t);
            const v_f64 weight = v_set_f64(e->weight[i]);
            low = v_fma(weight, v_low_f64(t), low);
            high = v_fma(weight, v_high_f64(t), high);
        }
        v_store_f64(sum + l, low);
        v_store_f64(sum + l + V_W, high);
    }
}
