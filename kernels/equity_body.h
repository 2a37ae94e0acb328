/* Vector bodies of the stocks' losses and of quantiles by table, on the primitives of
 * vec_<target>.h. */
#include "kernels/affine.h"
#include "kernels/equity_twin.h"

/* xmc_quantile_of. */
static inline v_f64 v_quantile(const xmc_quantile_table *t, v_f64 u) {
    const v_f64 half = v_set_f64(0.5), one = v_set_f64(1.0), smallest = v_set_f64(0x1p-53);
    v_f64 v = v_max(v_min(u, v_sub(one, u)), smallest);
    v_u64 bits = v_bits_of(v);
    v_u64 i = v_sub_u64(v_set_u64(UINT64_C(1022) << XMC_QT_CELL_BITS),
                        v_shift_right(bits, 52 - XMC_QT_CELL_BITS));
    i = v_add_u64(i, v_keep_u64(v_lt(half, u), v_set_u64(XMC_QT_CELLS)));
    /* the mantissa behind the cell's bits as a fraction: exactly, through a number in [1, 2) */
    v_u64 fraction = v_shift_right(v_shift_left(bits, 12 + XMC_QT_CELL_BITS), 12);
    v_f64 x = v_sub(v_f64_of_bits(v_or(fraction, v_bits_of(one))), one);
    v_f64 c[4];
    v_rows(t->coef, i, c);
    v_f64 y = v_add(c[2], v_mul(x, c[3]));
    y = v_add(c[1], v_mul(x, y));
    return v_add(c[0], v_mul(x, y));
}

static void equity_losses(const xmc_stocks *s, const xmc_quantile_table *own, xmc_stream *stream,
                          const double *R, double *sum, double grid_scalar, double inv_scalar) {
    enum { L = XMC_EQUITY_LANES, N = XMC_EQUITY_LANES / V_W };
    v_u64 state[N], inc[N], inc_twice[N];
    const v_f64 grid = v_set_f64(grid_scalar), inv_grid = v_set_f64(inv_scalar);
    const v_f64 zero = v_set_f64(0.0), one = v_set_f64(1.0);
    const v_u64 once = v_set_u64(XMC_PCG_MULTIPLIER);
    const v_u64 twice = v_set_u64(XMC_PCG_MULTIPLIER * XMC_PCG_MULTIPLIER);
    for (int v = 0; v < N; v++) {
        v_unzip(&stream[v * V_W].state, &state[v], &inc[v]);
        inc_twice[v] = v_mul_u64(inc[v], v_set_u64(XMC_PCG_MULTIPLIER + 1));
    }
    for (size_t i = 0; i < s->n; i++) {
        const double *r = R + (size_t)s->index[i] * L;
        double *to = sum + (size_t)s->segment[i] * L;
        const v_f64 beta = v_set_f64(s->beta[i]), idio = v_set_f64(s->idio[i]);
        const v_f64 value = v_set_f64(s->value[i]), scaled = v_set_f64(-s->scaled[i]);
        if (s->skip[i]) {
            const xmc_affine jump = xmc_affine_of(2 * (uint64_t)s->skip[i]);
            const v_u64 m = v_set_u64(jump.multiplier), g = v_set_u64(jump.increment);
            for (int v = 0; v < N; v++)
                state[v] = v_add_u64(v_mul_u64(state[v], m), v_mul_u64(inc[v], g));
        }
        for (int v = 0; v < N; v++) {
            v_u64 second = v_add_u64(v_mul_u64(state[v], once), inc[v]);
            v_f64 u = v_uniform(v_pcg_output(second, state[v]));
            state[v] = v_add_u64(v_mul_u64(state[v], twice), inc_twice[v]);
            v_f64 e = v_quantile(own, u);
            v_f64 growth = v_fma(idio, e, v_fma(beta, v_load_f64(r + v * V_W), one));
            growth = v_max(growth, zero);
            v_f64 loss = v_mul(v_rint(v_mul(v_fma(scaled, growth, value), inv_grid)), grid);
            v_store_f64(to + v * V_W, v_add(v_load_f64(to + v * V_W), loss));
        }
    }
    for (int v = 0; v < N; v++)
        v_zip(&stream[v * V_W].state, state[v], inc[v]);
}
