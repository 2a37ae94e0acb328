#include "kernels/paths.h"
#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "kernels/tables.h"
#include "kernels/twins.h"
#include "kernels/vmath.h"

void xmc_path_normals(xmc_stream *stream, float *out, size_t days) {
    xmc_kernels_active()->path_normals(stream, out, days);
}

void xmc_path_two_tails(xmc_stream *stream, const float *table, float *out, size_t days) {
    xmc_kernels_active()->path_two_tails(stream, table, out, days);
}

void xmc_garch_days(const xmc_garch *m, size_t days, const float *normals, const float *mixing,
                    const xmc_path_tile *tile) {
    xmc_kernels_active()->garch_days(m, days, normals, mixing, tile);
}

enum { NODES = 6 };

/* The polynomial through f at the Chebyshev nodes of [-1/4, 1/4], by divided differences. */
static void interpolate(const double x[NODES], double f[NODES], float *out) {
    double c[NODES] = {0};
    for (int j = 1; j < NODES; j++)
        for (int i = NODES - 1; i >= j; i--)
            f[i] = (f[i] - f[i - 1]) / (x[i] - x[i - j]);
    for (int i = NODES - 1; i >= 0; i--) {
        for (int k = NODES - 1; k > 0; k--)
            c[k] = c[k - 1] - x[i] * c[k];
        c[0] = f[i] - x[i] * c[0];
    }
    for (int k = 0; k < NODES; k++)
        out[k] = (float)c[k];
    out[6] = out[7] = 0.0f;
}

int xmc_mixing_table(float *table, double nu) {
    /* cos(pi (2 i + 1) / 12) / 4 */
    static const double x[NODES] = {0.24148145657226705,  0.17677669529663687,
                                    0.06470476127563018,  -0.06470476127563018,
                                    -0.17677669529663687, -0.24148145657226705};
    if (!(nu > 2.0) || !isfinite(nu))
        return -2;
    for (int upper = 0; upper < 2; upper++)
        for (int s = 0; s < XMC_NORMAL_F32_SEGMENTS; s++) {
            float *row = table + XMC_TWO_TAILS_WIDTH * (XMC_NORMAL_F32_SEGMENTS * upper + s);
            const double scale =
                xmc_f64_bits((uint64_t)(1023 + XMC_NORMAL_F32_LOWEST + s / 2) << 52);
            double f[NODES];
            for (int i = 0; i < NODES; i++) {
                double q = scale * (1.25 + x[i] + 0.5 * (s & 1));
                double g = xmc_gamma_p_inverse(0.5 * nu, upper ? 1.0 - q : q);
                f[i] = sqrt(0.5 * (nu - 2.0) / g);
            }
            interpolate(x, f, row);
        }
    return 0;
}
