/* Distribution functions and samplers: against mpmath's digits, GSL, and their own theory. */
#include "kernels/distributions.h"
#include "kernels/fill.h"
#include "kernels/vmath.h"
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void close_rel(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance * fabs(want)))
        fail_msg("%.17g, not %.17g within %g", got, want, tolerance);
}

/* mpmath 1.3, 30 digits */
static const double upper_quantile[][2] = {
    {0x1.0000000000000p-2, 0.67448975019608174},   {0x1.5eb851eb851ecp-2, 0.40564970769891447},
    {0x1.b5c28f5c28f5cp-2, 0.18274258544544391},   {0x1.0000000000000p-3, 1.1503493803760082},
    {0x1.5eb851eb851ecp-3, 0.94923717157489532},   {0x1.b5c28f5c28f5cp-3, 0.79347693891572578},
    {0x1.0000000000000p-4, 1.5341205443525463},    {0x1.5eb851eb851ecp-4, 1.3681983434644119},
    {0x1.b5c28f5c28f5cp-4, 1.2433198291550558},    {0x1.0000000000000p-6, 2.1538746940614562},
    {0x1.5eb851eb851ecp-6, 2.0255345935210552},    {0x1.b5c28f5c28f5cp-6, 1.9313684817934231},
    {0x1.0000000000000p-10, 3.0972690781987845},   {0x1.5eb851eb851ecp-10, 3.0027204192851703},
    {0x1.b5c28f5c28f5cp-10, 2.9345939994124079},   {0x1.0000000000000p-11, 3.2971933456919633},
    {0x1.5eb851eb851ecp-11, 3.2077256427098659},   {0x1.b5c28f5c28f5cp-11, 3.1434092489836708},
    {0x1.0000000000000p-18, 4.4753284246542034},   {0x1.5eb851eb851ecp-18, 4.4075992581535588},
    {0x1.b5c28f5c28f5cp-18, 4.3593276657654344},   {0x1.0000000000000p-25, 5.419983174916868},
    {0x1.5eb851eb851ecp-25, 5.3634254485762222},   {0x1.b5c28f5c28f5cp-25, 5.3232599244050711},
    {0x1.0000000000000p-34, 6.4439345265385642},   {0x1.5eb851eb851ecp-34, 6.396010548094741},
    {0x1.b5c28f5c28f5cp-34, 6.3620564863903891},   {0x1.0000000000000p-54, 8.2923610758135955},
    {0x1.5eb851eb851ecp-54, 8.2548441744522985},   {0x1.b5c28f5c28f5cp-54, 8.2283258002745282},
    {0x1.0000000000000p-65, 9.1552937726860725},   {0x1.5eb851eb851ecp-65, 9.1212425896530263},
    {0x1.b5c28f5c28f5cp-65, 9.0971897788681032},   {0x1.79ca10c924223p-67, 9.2623400897984076},
    {0x1.bff2ee48e0530p-333, 21.273453560965324},  {0x1.56e1fc2f8f359p-997, 37.047096299361199},
    {0x1.ffe5c91d14e3cp-2, 0.00025066283008800749}};
static const double normal_cdf[][2] = {
    {-37, 5.7255712225245768e-300}, {-30, 4.9067139271481871e-198}, {-20.5, 1.076467325879096e-93},
    {-10, 7.6198530241605261e-24},  {-5.1, 1.6982674071476015e-7},  {-2, 0.022750131948179207},
    {-1, 0.15865525393145705},      {-0.3, 0.38208857781104737},    {0, 0.5},
    {0.7, 0.75803634777692697},     {3, 0.99865010196836991},       {8, 0.99999999999999938}};

static void normal_functions(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof normal_cdf / sizeof *normal_cdf; i++)
        close_rel(xmc_normal_cdf(normal_cdf[i][0]), normal_cdf[i][1], 1e-14);
    for (size_t i = 0; i < sizeof upper_quantile / sizeof *upper_quantile; i++) {
        double q = upper_quantile[i][0];
        assert_true(fabs(xmc_normal_quantile(q) + upper_quantile[i][1]) < 1.2e-12);
        if (q > 0x1p-40) /* 1 - q is q's mirror image only where it is a double */
            assert_true(xmc_normal_quantile(1 - q) == -xmc_normal_quantile(1 - (1 - q)));
    }
    assert_true(xmc_normal_quantile(0.5) == 0.0);
    assert_true(isnan(xmc_normal_quantile(0)) && isnan(xmc_normal_quantile(1)));
    assert_true(isnan(xmc_normal_quantile(-1)) && isnan(xmc_normal_quantile(2)));
    assert_true(isnan(xmc_normal_quantile(NAN)));
    /* through every segment, by the inverse relation with the distribution function: dp = density
     * dz */
    for (double q = 0.49999; q > 1e-290; q *= 0.97) {
        double z = xmc_normal_quantile(q), density = gsl_ran_ugaussian_pdf(z);
        assert_true(fabs(xmc_normal_cdf(z) - q) < 2e-12 * density + 1e-13 * q);
    }
    for (double z = -36; z < 8; z += 0.0137)
        close_rel(xmc_normal_cdf(z), gsl_cdf_ugaussian_P(z), 1e-13);
}

static void incomplete_gamma_and_beta(void **state) {
    (void)state;
    static const double shapes[] = {0.02, 0.3, 1, 2.5, 10, 50, 1000, 1e5};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double a = shapes[i];
        for (double p = 1e-12; p < 0.9999; p = p * 3 < 0.9 ? p * 3 : 0.5 * (1 + p)) {
            double x = xmc_gamma_p_inverse(a, p);
            if (x < 1e-290)
                continue;
            close_rel(xmc_gamma_p(a, x), p, a < 1e4 ? 1e-12 : 1e-11);
            close_rel(xmc_gamma_p(a, x), gsl_cdf_gamma_P(x, a, 1), a < 1e4 ? 2e-10 : 1e-7);
        }
    }
    /* mpmath: P(2.5, 3), I_0.3(0.5, 20), I_0.97(50, 2) */
    close_rel(xmc_gamma_p(2.5, 3), 0.69378108158672, 1e-13);
    static const double ab[][2] = {{0.1, 0.2}, {0.5, 0.5}, {1, 3},   {0.5, 20},
                                   {5, 2},     {50, 80},   {1000, 3}};
    for (size_t i = 0; i < sizeof ab / sizeof *ab; i++) {
        double a = ab[i][0], b = ab[i][1];
        for (double p = 1e-10; p < 0.9999; p = p * 3 < 0.9 ? p * 3 : 0.5 * (1 + p)) {
            double x = xmc_beta_i_inverse(a, b, p);
            if (!(x > 1e-290 && x < 1 - 1e-9))
                continue;
            close_rel(xmc_beta_i(a, b, x), gsl_cdf_beta_P(x, a, b), 1e-9);
            double dx = x * 2e-16 * gsl_ran_beta_pdf(x, a, b); /* x itself is rounded */
            assert_true(fabs(xmc_beta_i(a, b, x) - p) < 2 * dx + 1e-12 * p);
        }
    }
    assert_true(isnan(xmc_gamma_p(-1, 1)) && isnan(xmc_beta_i(1, 0, 0.5)));
    assert_true(isnan(xmc_gamma_p_inverse(1, 1.5)) && isnan(xmc_beta_i_inverse(1, 1, -0.1)));
    assert_true(xmc_gamma_p(3, 0) == 0 && xmc_beta_i(2, 3, 0) == 0 && xmc_beta_i(2, 3, 1) == 1);
    /* closed forms: I_x(1, b) = 1 - (1-x)^b, P(1, x) = 1 - e^-x */
    for (double x = 0.01; x < 1; x += 0.07) {
        close_rel(xmc_beta_i(1, 3, x), 1 - (1 - x) * (1 - x) * (1 - x), 1e-13);
        close_rel(xmc_gamma_p(1, x), -xmc_expm1(-x), 1e-13);
    }
}

static void student(void **state) {
    (void)state;
    static const double nus[] = {0.5, 1, 2, 3.3, 5, 30, 1000};
    for (size_t i = 0; i < sizeof nus / sizeof *nus; i++) {
        double nu = nus[i];
        for (double x = -40; x <= 40; x += 0.377)
            close_rel(xmc_student_cdf(x, nu), gsl_cdf_tdist_P(x, nu), 1e-9);
        for (double p = 1e-12; p < 1; p += p < 0.05 ? p : 0.05) {
            double x = xmc_student_quantile(p, nu);
            close_rel(xmc_student_cdf(x, nu), p, 1e-12);
            assert_true(xmc_student_quantile(0.5, nu) == 0.0);
        }
    }
    /* Cauchy: tan(pi (p - 1/2)); two degrees of freedom: (2p-1)/sqrt(2p(1-p)) */
    close_rel(xmc_student_quantile(1e-6, 1), -318309.88618274347, 1e-12);
    for (double p = 0.03; p < 1; p += 0.047)
        close_rel(xmc_student_quantile(p, 2), (2 * p - 1) / sqrt(2 * p * (1 - p)), 1e-12);
    assert_true(isnan(xmc_student_quantile(0, 3)) && isnan(xmc_student_quantile(0.3, 0)));
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's statistic times sqrt(n) of values already turned into uniforms. */
static double kolmogorov(double *u, size_t n) {
    qsort(u, n, sizeof *u, ascending);
    double d = 0;
    for (size_t i = 0; i < n; i++) {
        double above = (double)(i + 1) / (double)n - u[i], below = u[i] - (double)i / (double)n;
        d = above > d ? above : d;
        d = below > d ? below : d;
    }
    return d * sqrt((double)n);
}

enum { N = 200000 };
#define KS_LIMIT 2.3 /* P(K > 2.3) = 5e-5 */

static void normal_sampler(void **state) {
    (void)state;
    static double u[N];
    static float f[N];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        xmc_stream s = xmc_stream_at(seed, 0, 0);
        xmc_fill_normal(&s, u, N);
        double m[5] = {0};
        for (size_t i = 0; i < N; i++) {
            double z = u[i], power = 1;
            for (int k = 1; k <= 4; k++)
                m[k] += power *= z;
            u[i] = gsl_cdf_ugaussian_P(z);
        }
        assert_true(fabs(m[1] / N) < 4 * sqrt(1.0 / N));
        assert_true(fabs(m[2] / N - 1) < 4 * sqrt(2.0 / N));
        assert_true(fabs(m[3] / N) < 4 * sqrt(15.0 / N));
        assert_true(fabs(m[4] / N - 3) < 4 * sqrt(96.0 / N));
        assert_true(kolmogorov(u, N) < KS_LIMIT);
        xmc_fill_normal_f32(&s, f, N);
        for (size_t i = 0; i < N; i++)
            u[i] = gsl_cdf_ugaussian_P((double)f[i]);
        assert_true(kolmogorov(u, N) < KS_LIMIT);
    }
}

static void single_precision_normal(void **state) {
    (void)state;
    double worst = 0;
    for (uint64_t i = 0; i < 400000; i++) {
        uint32_t k = i < 1000 ? (uint32_t)i : (uint32_t)xmc_mix64(i) >> (i % 32);
        double exact = xmc_normal_quantile(((double)k + 0.5) * 0x1p-32);
        double error = fabs((double)xmc_normal_f32_of(k) - exact);
        worst = error > worst ? error : worst;
        assert_true(xmc_normal_f32_of(~k) == -xmc_normal_f32_of(k));
    }
    assert_true(worst < 1e-6);
    assert_true(xmc_normal_f32_of(0x7fffffffu) == 0.0f && xmc_normal_f32_of(0x80000000u) == 0.0f);
}

static void exponential_sampler(void **state) {
    (void)state;
    static double u[N];
    xmc_stream s = xmc_stream_at(77, 0, 0);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        double e = xmc_exponential(&s);
        sum += e;
        squares += e * e;
        u[i] = gsl_cdf_exponential_P(e, 1);
    }
    assert_true(fabs(sum / N - 1) < 4 * sqrt(1.0 / N));
    assert_true(fabs(squares / N - 2) < 4 * sqrt(20.0 / N));
    assert_true(kolmogorov(u, N) < KS_LIMIT);
}

static void count_tables(void **state) {
    (void)state;
    static const double cases[][2] = {{0.001, 1},  {0.3, 1},   {1, 1},    {7.5, 1}, {300, 1},
                                      {1e5, 1},    {0.2, 1.5}, {2, 1.01}, {10, 3},  {10, 40},
                                      {1000, 1.2}, {5e4, 2},   {0, 1},    {0, 2},   {1e-9, 1.5}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double mean = cases[c][0], dispersion = cases[c][1];
        xmc_count_table t;
        assert_int_equal(xmc_count_table_init(&t, mean, dispersion), 0);
        double sum = 0;
        for (size_t k = 0; k < t.n; k++) {
            assert_true(k == 0 || t.cdf[k] >= t.cdf[k - 1]);
            double p = t.cdf[k] - (k ? t.cdf[k - 1] : 0);
            sum += (double)k * p;
            double want = mean == 0 ? 1
                          : dispersion == 1
                              ? gsl_ran_poisson_pdf((unsigned)k, mean)
                              : gsl_ran_negative_binomial_pdf((unsigned)k, 1 / dispersion,
                                                              mean / (dispersion - 1));
            /* the last step also takes what rounding left of the sum */
            assert_true(fabs(p - want) < 1e-9 * want + (k + 1 == t.n ? 1e-13 : 3e-16));
        }
        assert_true(t.cdf[t.n - 1] == 1);
        assert_true(fabs(sum - mean) <= 1e-11 * mean + 1e-12);
        /* inversion: the first k with cdf >= u, at the steps themselves and beside them */
        for (size_t k = 0; k < t.n; k += 1 + t.n / 50) {
            size_t first = k;
            while (first && t.cdf[first - 1] == t.cdf[k])
                first--;
            if (t.cdf[k] > 0)
                assert_int_equal(xmc_count_of(&t, t.cdf[k]), first);
        }
        assert_true(xmc_count_of(&t, 1 - 0x1p-53) < t.n);
        xmc_count_table_free(&t);
    }
    xmc_count_table t;
    assert_int_equal(xmc_count_table_init(&t, -1, 1), -2);
    assert_int_equal(xmc_count_table_init(&t, 1, 0.9), -2);
    assert_int_equal(xmc_count_table_init(&t, NAN, 1), -2);
}

/* Chi-square of drawn counts against GSL's probabilities, bins of at least 20 expected. */
static void count_samplers(void **state) {
    (void)state;
    static const double cases[][2] = {{0.3, 1}, {7.5, 1}, {120, 1}, {0.2, 1.5}, {10, 3}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double mean = cases[c][0], dispersion = cases[c][1];
        xmc_count_table t;
        assert_int_equal(xmc_count_table_init(&t, mean, dispersion), 0);
        double *seen = calloc(t.n, sizeof *seen);
        xmc_stream s = xmc_stream_at(99, c, 0);
        for (int i = 0; i < N; i++)
            seen[xmc_count_of(&t, xmc_uniform(&s))]++;
        double chi2 = 0, expected = 0, observed = 0, bins = 0, rest = N;
        for (size_t k = 0; k < t.n; k++) {
            expected +=
                N * (dispersion == 1 ? gsl_ran_poisson_pdf((unsigned)k, mean)
                                     : gsl_ran_negative_binomial_pdf((unsigned)k, 1 / dispersion,
                                                                     mean / (dispersion - 1)));
            observed += seen[k];
            if (expected >= 20 && rest - expected >= 20) {
                chi2 += (observed - expected) * (observed - expected) / expected;
                rest -= expected;
                expected = observed = 0;
                bins++;
            }
        }
        chi2 += (observed - expected) * (observed - expected) / expected;
        assert_true(gsl_cdf_chisq_Q(chi2, bins) > 1e-4);
        free(seen);
        xmc_count_table_free(&t);
    }
}

static void gamma_tables(void **state) {
    (void)state;
    static const double shapes[] = {0.02, 0.1, 0.5, 1, 2.7, 10, 400, 1e6};
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        double a = shapes[c];
        xmc_gamma_table t;
        assert_int_equal(xmc_gamma_table_init(&t, a), 0);
        double worst = 0;
        for (double p = 1e-14; p < 1 - 1e-14; p = p < 0.4   ? p * 1.37
                                                  : p < 0.9 ? p + 0.0301
                                                            : 1 - 0.7 * (1 - p)) {
            double want = xmc_gamma_p_inverse(a, p);
            if (want < 1e-290)
                continue;
            double e = fabs(xmc_gamma_of(&t, p) / want - 1);
            worst = e > worst ? e : worst;
        }
        if (!(worst < 3e-9))
            fail_msg("shape %g: relative error %g", a, worst);
        double sum = 0, squares = 0;
        static double u[N];
        xmc_stream s = xmc_stream_at(123, c, 0);
        for (size_t i = 0; i < N; i++) {
            double g = xmc_gamma_of(&t, xmc_uniform(&s));
            sum += g;
            squares += (g - a) * (g - a);
            u[i] = a < 1e5 ? gsl_cdf_gamma_P(g, a, 1) : gsl_cdf_ugaussian_P((g - a) / sqrt(a));
        }
        assert_true(fabs(sum / N - a) < 4 * sqrt(a / N));
        assert_true(fabs(squares / N - a) < 4 * sqrt((2 * a * a + 6 * a) / N));
        if (a >= 0.1)
            assert_true(kolmogorov(u, N) < KS_LIMIT);
        xmc_gamma_table_free(&t);
    }
    xmc_gamma_table t;
    assert_int_equal(xmc_gamma_table_init(&t, 0), -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_functions),
        cmocka_unit_test(incomplete_gamma_and_beta),
        cmocka_unit_test(student),
        cmocka_unit_test(normal_sampler),
        cmocka_unit_test(single_precision_normal),
        cmocka_unit_test(exponential_sampler),
        cmocka_unit_test(count_tables),
        cmocka_unit_test(count_samplers),
        cmocka_unit_test(gamma_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
