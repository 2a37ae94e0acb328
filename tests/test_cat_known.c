/* Known answers of catastrophe and reinsurance through plan and trial loop (T1, T3 to T7). */
#include "kernels/distributions.h"
#include "tests/cat_fixture.h"
#include <math.h>

enum { SEEDS = 5 };

static void check(const char *what, uint64_t seed, double estimate, double exact, double se) {
    double z = (estimate - exact) / (se > 0 ? se : 1e-300);
    if (!(fabs(estimate - exact) < 4 * se))
        fail_msg("%s, seed %lu: %.10g, expected %.10g, SE %.3g, z %.2f", what, (unsigned long)seed,
                 estimate, exact, se, z);
}

static void check_mean(const char *what, uint64_t seed, const double *x, size_t n, double exact) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    const double m = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - m) * (x[i] - m);
    check(what, seed, m, exact, sqrt(squares / (double)n / (double)(n - 1)));
}

/* P(X > x) against p. */
static void check_exceedance(const char *what, uint64_t seed, const double *x, size_t n, double at,
                             double p) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += x[i] > at;
    check(what, seed, (double)k / (double)n, p, sqrt(p * (1 - p) / (double)n));
}

/* q is the p-quantile: P(X <= q) >= p and P(X < q) <= p. And the mean beyond it. */
static void check_quantile(const char *what, uint64_t seed, const double *x, size_t n, double p,
                           double q, double tail) {
    size_t below = 0, upto = 0;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        below += x[i] < q;
        upto += x[i] <= q;
        double y = x[i] > q ? x[i] - q : 0;
        sum += y;
        squares += y * y;
    }
    const double se = sqrt(p * (1 - p) / (double)n), m = sum / (double)n;
    if ((double)upto / (double)n < p - 4 * se || (double)below / (double)n > p + 4 * se)
        fail_msg("%s %g, seed %lu: P(X < q) %.6f, P(X <= q) %.6f", what, p, (unsigned long)seed,
                 (double)below / (double)n, (double)upto / (double)n);
    check(what, seed, q + m / (1 - p), tail,
          sqrt((squares / (double)n - m * m) / (double)n) / (1 - p));
}

static const double t3_rate[] = {.002, .004, .01, .02, .05, .1, .2, .4};
static const double t3_loss[] = {400, 250, 150, 90, 40, 20, 8, 3};

static void discrete_event_loss_table(void **state) {
    (void)state;
    static const double p[] = {.9, .95, .98, .99, .995, .996, .999};
    static const double q[] = {28, 46, 101, 153, 250, 253, 403};
    static const double tvar[] = {80.8624806573, 123.491681927, 196.434777003, 255.908129641,
                                  323.732393182, 341.980214361, 423.921364358};
    static const double oep[] = {0.00199800133267, 0.00598203594606, 0.0158726799447,
                                 0.0353597065169, 0.0824057687798};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f;
        fixture_severity(&f, seed, 8, t3_rate, t3_loss, 0, NULL, NULL, NULL);
        fixture_layer(&f, 100, 50, 1, 1, 100);
        fixture_run_result r = fixture_run(&f, 200000, 65536, 2);
        const xmc_block *b = &r.block;
        check_mean("AAL", seed, b->risk_gross[0], b->n, 11.9);
        for (int i = 0; i < 7; i++)
            check_quantile("AEP", seed, b->risk_gross[0], b->n, p[i], q[i], tvar[i]);
        for (int i = 0; i < 5; i++)
            check_exceedance("OEP", seed, b->cat_gross_max_occ, b->n, t3_loss[i] - 0.5, oep[i]);
        check_mean("ceded", seed, b->treaty[0], b->n, 2.3998305448);
        check_exceedance("ceded", seed, b->treaty[0], b->n, 0, 0.0353597065169);
        check_mean("reinstated", seed, b->reinstatement_premium, b->n, 2.37454373833);
        double mean[8], sd[8], max[8];
        uint64_t occurrences[8];
        assert_int_equal(xmc_cat_elt_events(r.cat), 8);
        xmc_cat_elt(r.cat, NULL, NULL, occurrences, mean, sd, max);
        for (int i = 0; i < 8; i++) {
            const double expected = t3_rate[i] * b->n;
            check("occurrences", seed, (double)occurrences[i], expected, sqrt(expected));
            assert_true(mean[i] == t3_loss[i] && sd[i] == 0 && max[i] == t3_loss[i]);
        }
        fixture_result_free(&r);
        fixture_free(&f);
    }
}

/* Events at the middle quantiles of a law, of equal rates. */
static void severity_fixture(fixture *f, uint64_t seed, double rate, double (*quantile)(double)) {
    enum { N = 4000 };
    static double rates[N], losses[N];
    for (int i = 0; i < N; i++) {
        rates[i] = rate / N;
        losses[i] = quantile((i + 0.5) / N);
    }
    fixture_severity(f, seed, N, rates, losses, 0, NULL, NULL, NULL);
}

static double gamma_quantile(double p) {
    return 1000 * xmc_gamma_p_inverse(2, p);
}

static double pareto_quantile(double p) {
    return 1e6 * pow(1 - p, -1 / 1.5);
}

static void compound_poisson_gamma(void **state) {
    (void)state;
    static const double p[] = {.5, .9, .95, .99, .995};
    static const double q[] = {5313.9866111, 11759.3532538, 13970.6537748, 18563.9707163,
                               20389.0257499};
    static const double tvar[] = {9309.35205502, 14778.9857826, 16803.8877217, 21120.4404536,
                                  22862.9560879};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f;
        severity_fixture(&f, seed, 3, gamma_quantile);
        fixture_run_result r = fixture_run(&f, 100000, 32768, 2);
        check_mean("mean", seed, r.block.risk_gross[0], r.block.n, 6000);
        check_exceedance("no loss", seed, r.block.risk_gross[0], r.block.n, 0, 1 - 0.0497870683679);
        for (int i = 0; i < 5; i++)
            check_quantile("AEP", seed, r.block.risk_gross[0], r.block.n, p[i], q[i], tvar[i]);
        fixture_result_free(&r);
        fixture_free(&f);
    }
}

static void pareto_occurrences_and_layers(void **state) {
    (void)state;
    static const struct {
        double limit, attachment, mean, sd;
    } layers[] = {{4e6, 1e6, 884458.2472, 1478682.19493}, {5e6, 5e6, 209577.327173, 931717.614307}};
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int k = 0; k < 2; k++) {
            fixture f;
            severity_fixture(&f, seed, 0.8, pareto_quantile);
            f.a.book.locations[0].ded = 0;
            fixture_layer(&f, layers[k].limit, layers[k].attachment, 1000, 0, 0);
            fixture_run_result r = fixture_run(&f, 100000, 32768, 2);
            check_exceedance("100 years", seed, r.block.cat_gross_max_occ, r.block.n, 18504311.9562,
                             0.01);
            check_exceedance("200 years", seed, r.block.cat_gross_max_occ, r.block.n, 29423070.0089,
                             0.005);
            check_mean("layer", seed, r.block.treaty[0], r.block.n, layers[k].mean);
            double squares = 0, fourth = 0;
            for (size_t i = 0; i < r.block.n; i++) {
                double y = r.block.treaty[0][i] - layers[k].mean;
                squares += y * y / r.block.n;
                fourth += y * y * y * y / r.block.n;
            }
            check("layer variance", seed, squares, layers[k].sd * layers[k].sd,
                  sqrt((fourth - squares * squares) / r.block.n));
            fixture_result_free(&r);
            fixture_free(&f);
        }
}

static void reinstatement_of_total_losses(void **state) {
    (void)state;
    const double rate = 0.5, loss = 1000;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f;
        fixture_severity(&f, seed, 1, &rate, &loss, 0, NULL, NULL, NULL);
        fixture_layer(&f, 1000, 0, 1, 1, 347.10010241);
        fixture_run_result r = fixture_run(&f, 100000, 32768, 2);
        check_mean("ceded", seed, r.block.treaty[0], r.block.n, 483.673350718);
        check_mean("premium", seed, r.block.reinstatement_premium, r.block.n,
                   347.10010241 * 0.393469340287);
        for (uint32_t i = 0; i < r.block.n; i++)
            assert_true(r.block.risk_ceded[0][i] ==
                        r.block.treaty[0][i] - r.block.reinstatement_premium[i]);
        fixture_result_free(&r);
        fixture_free(&f);
    }
}

/* T7: a beta law by its mean and coefficient of variation, as damage bins. */
static void beta_damage(void **state) {
    (void)state;
    enum { N = 400 };
    static double from[N], to[N], probability[N];
    const double m = .005, cv = 1.4, alpha = (1 - m) / (cv * cv) - m, beta = alpha * (1 - m) / m;
    assert_true(fabs(alpha - 0.502653061224) < 1e-12 && fabs(beta - 100.027959184) < 1e-9);
    double lower = 0, mean = 0, second = 0, last = 0;
    for (int i = 0; i < N; i++) {
        double upper = i == N - 1 ? 1 : pow(10, -6 + 6.0 * (i + 1) / N);
        double cdf = i == N - 1 ? 1 : xmc_beta_i(alpha, beta, upper);
        from[i] = lower;
        to[i] = upper;
        probability[i] = cdf - last;
        mean += probability[i] * (lower + upper) / 2;
        second += probability[i] * (lower * lower + lower * upper + upper * upper) / 3;
        lower = upper;
        last = cdf;
    }
    assert_true(fabs(mean / m - 1) < 2e-3);
    const double rate = 4, loss = 1e8, sd = sqrt(second - mean * mean);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fixture f;
        fixture_severity(&f, seed, 1, &rate, &loss, N, from, to, probability);
        fixture_run_result r = fixture_run(&f, 50000, 16384, 2);
        uint64_t n;
        double m1, s1;
        xmc_cat_elt(r.cat, NULL, NULL, &n, &m1, &s1, NULL);
        check("mean", seed, m1, mean * loss, sd * loss / sqrt((double)n));
        /* Kurtosis of the law: 3 + 6 ((a-b)^2 (a+b+1) - ab(a+b+2)) / (ab(a+b+2)(a+b+3)) */
        const double ab = alpha + beta;
        const double kurtosis =
            3 + 6 * ((alpha - beta) * (alpha - beta) * (ab + 1) - alpha * beta * (ab + 2)) /
                    (alpha * beta * (ab + 2) * (ab + 3));
        check("variance", seed, s1 * s1, sd * sd * loss * loss,
              sd * sd * loss * loss * sqrt((kurtosis - 1) / (double)n));
        fixture_result_free(&r);
        fixture_free(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discrete_event_loss_table),
        cmocka_unit_test(compound_poisson_gamma),
        cmocka_unit_test(pareto_occurrences_and_layers),
        cmocka_unit_test(reinstatement_of_total_losses),
        cmocka_unit_test(beta_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
