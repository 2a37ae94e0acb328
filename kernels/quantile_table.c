#include "kernels/quantile_table.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include <stdlib.h>

/* A cubic through the values at 0, 1/4, 3/4 and 1: nearly the best one, and continuous. */
static void fit_cubic(const double f[4], double c[4]) {
    double ga = 4.0 * (f[1] - f[0]), gb = 4.0 * (f[2] - f[0]) / 3.0, g1 = f[3] - f[0];
    double d1 = 2.0 * (gb - ga), d2 = (4.0 * (g1 - gb) - d1) / 0.75;
    c[0] = f[0];
    c[1] = ga - 0.25 * d1 + 0.1875 * d2;
    c[2] = d1 - d2;
    c[3] = d2;
}

int xmc_quantile_table_init(xmc_quantile_table *t, xmc_tail_quantile law,
                            const double *parameters) {
    const size_t per_octave = (size_t)1 << XMC_QT_CELL_BITS;
    /* whole cache lines, so that no cell's row straddles two */
    t->coef = aligned_alloc(64, (2 * (size_t)XMC_QT_CELLS * 4 * sizeof *t->coef + 63) / 64 * 64);
    if (!t->coef)
        return -1;
    for (int upper = 0; upper < 2; upper++) {
        double *side = t->coef + (size_t)upper * XMC_QT_CELLS * 4;
        double right = law(0.5, upper, parameters); /* at the cell's larger v */
        side[0] = right;
        side[1] = side[2] = side[3] = 0.0;
        for (size_t cell = 1; cell < XMC_QT_CELLS; cell++) {
            size_t octave = (cell - 1) / per_octave,
                   place = per_octave - 1 - (cell - 1) % per_octave;
            double low = 0.25; /* smallest v of the octave */
            for (size_t k = 0; k < octave; k++)
                low *= 0.5;
            double width = low / (double)per_octave, v = low + (double)place * width;
            double f[4] = {law(v, upper, parameters), law(v + 0.25 * width, upper, parameters),
                           law(v + 0.75 * width, upper, parameters), right};
            fit_cubic(f, side + 4 * cell);
            right = f[0];
        }
    }
    return 0;
}

void xmc_quantile_table_free(xmc_quantile_table *t) {
    free(t->coef);
    t->coef = NULL;
}

static double beta_tail(double v, int upper, const double *p) {
    return upper ? 1.0 - xmc_beta_i_inverse(p[1], p[0], v) : xmc_beta_i_inverse(p[0], p[1], v);
}

int xmc_quantile_table_beta(xmc_quantile_table *t, double a, double b) {
    t->coef = NULL;
    if (!(a > 0.0) || !(b > 0.0) || !isfinite(a) || !isfinite(b))
        return -2;
    return xmc_quantile_table_init(t, beta_tail, (double[]){a, b});
}

static double student_tail(double v, int upper, const double *p) {
    double x = xmc_student_quantile(v, p[0]);
    return upper ? -x : x;
}

int xmc_quantile_table_student(xmc_quantile_table *t, double nu) {
    t->coef = NULL;
    if (!(nu >= 1.0))
        return -2;
    return xmc_quantile_table_init(t, student_tail, &nu);
}

static double exponential_tail(double v, int upper, const double *p) {
    (void)p;
    return upper ? -xmc_log(v) : -xmc_log1p(-v);
}

int xmc_quantile_table_exponential(xmc_quantile_table *t) {
    return xmc_quantile_table_init(t, exponential_tail, NULL);
}
