/* Scalar mathematics that gives the same bits on every processor: SLEEF's deterministic functions
 * with fma (maximal error in units of the last place in the name: u10 = 1.0). Nothing that libm
 * computes may reach a result, except fma() and sqrt(), which IEEE 754 rounds exactly.
 *
 * sleef.h hides the purecfma prototypes unless the compiler targets FMA, hence the declarations
 * here. */
#ifndef CROSSMC_VMATH_H
#define CROSSMC_VMATH_H

#include <math.h> /* fma, sqrt, floor, ceil, rint, fabs, isfinite, NAN, INFINITY: exact */

double Sleef_finz_expd1_u10purecfma(double);
double Sleef_finz_expm1d1_u10purecfma(double);
double Sleef_finz_logd1_u10purecfma(double);
double Sleef_finz_log1pd1_u10purecfma(double);
double Sleef_finz_powd1_u10purecfma(double, double);
double Sleef_finz_lgammad1_u10purecfma(double);
double Sleef_finz_erfcd1_u15purecfma(double);
double Sleef_finz_sind1_u10purecfma(double);
double Sleef_finz_cosd1_u10purecfma(double);

static inline double xmc_exp(double x) {
    return Sleef_finz_expd1_u10purecfma(x);
}
static inline double xmc_expm1(double x) {
    return Sleef_finz_expm1d1_u10purecfma(x);
}
static inline double xmc_log(double x) {
    return Sleef_finz_logd1_u10purecfma(x);
}
static inline double xmc_log1p(double x) {
    return Sleef_finz_log1pd1_u10purecfma(x);
}
static inline double xmc_pow(double x, double y) {
    return Sleef_finz_powd1_u10purecfma(x, y);
}
static inline double xmc_lgamma(double x) {
    return Sleef_finz_lgammad1_u10purecfma(x);
}
static inline double xmc_erfc(double x) {
    return Sleef_finz_erfcd1_u15purecfma(x);
}
static inline double xmc_sin(double x) {
    return Sleef_finz_sind1_u10purecfma(x);
}
static inline double xmc_cos(double x) {
    return Sleef_finz_cosd1_u10purecfma(x);
}

/* Rounds an amount to the loss grid: to the nearest multiple of grid (a power of two), ties to
 * even. inv_grid = 1/grid. Sums of grid values below 2^53 grid steps are exact, so their order
 * cannot matter. */
static inline double xmc_to_grid(double x, double grid, double inv_grid) {
    return rint(x * inv_grid) * grid;
}

#endif
