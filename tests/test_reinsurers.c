/* Default of reinsurers: probability of default whatever the correlation, pairs against the exact
 * answer of the Gaussian copula (oracle T10), the larger ceded loss, exact amounts, same bits. */
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "sim/reinsurers.h"
#include "tests/cat_fixture.h"

enum { TRIALS = 1 << 20, PILOT = 16384, N = 3 };

/* Treaty 0 is shared by reinsurers 0 and 1, treaty 1 is reinsurer 2's. */
static void book_of_reinsurers(fixture *f) {
    static xmc_reinsurer reinsurers[N] = {
        {"a", "a", .01, .6, .2}, {"b", "b", .01, 1, .2}, {"c", "c", .1, .5, 0}};
    static xmc_signed_share shares[N] = {{0, 0, .3}, {0, 1, .7}, {1, 2, 1}};
    fixture_base(f, 5);
    f->a.book.n_treaties = 2;
    f->a.book.reinsurers = reinsurers;
    f->a.book.n_reinsurers = N;
    f->a.book.signed_shares = shares;
    f->a.book.n_signed_shares = N;
}

static double recovery(const fixture *f, uint64_t trial, int treaty) {
    xmc_stream s = xmc_stream_at(99, trial, (uint64_t)treaty);
    return xmc_to_grid(1e9 * xmc_uniform(&s), f->a.loss_grid, 1 / f->a.loss_grid);
}

typedef struct {
    xmc_segments segments;
    xmc_reinsurers *r;
} plan;

static plan plan_of(const fixture *f, int threads) {
    plan p = {0};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_run_shape shape = {16384, threads};
    assert_int_equal(xmc_reinsurers_plan(&f->a, &shape, &p.segments, &p.r, &diag), XMC_OK);
    double *pilot = malloc(PILOT * sizeof *pilot), *weight = malloc(PILOT * sizeof *weight);
    for (uint32_t i = 0; i < PILOT; i++) {
        pilot[i] = recovery(f, i, 0) + recovery(f, i, 1);
        weight[i] = 1;
    }
    assert_int_equal(xmc_reinsurers_set_pilot(p.r, pilot, weight, PILOT, &diag), XMC_OK);
    free(pilot);
    free(weight);
    xmc_diag_free(&diag);
    return p;
}

static void close_plan(plan *p) {
    xmc_reinsurers_free(p->r);
    xmc_segments_free(&p->segments);
}

static void fill_block(const fixture *f, const plan *p, xmc_block *b, uint64_t first, uint32_t n) {
    xmc_block_reset(b, first, n);
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < 2; k++)
            b->treaty[k][i] = recovery(f, first + i, k);
    xmc_reinsurers_block(p->r, b);
}

static void frequency_is(double count, double n, double p) {
    const double z = (count / n - p) / sqrt(p * (1 - p) / n);
    if (!(fabs(z) < 4))
        print_message("%g of %g, expected %g: z = %g\n", count, n, p * n, z);
    assert_true(fabs(z) < 4);
}

static void defaults_follow_the_law(void **state) {
    (void)state;
    fixture f;
    book_of_reinsurers(&f);
    plan p = plan_of(&f, 2);
    xmc_block b;
    assert_int_equal(xmc_block_init(&b, 16384, p.segments.n, 2), 0);
    double failed[N] = {0}, both = 0, top = 0, top_failed = 0, top_expected = 0, top_square = 0;
    const xmc_reinsurer *re = f.a.book.reinsurers;
    for (uint64_t first = 0; first < TRIALS; first += 16384) {
        fill_block(&f, &p, &b, first, 16384);
        for (uint32_t i = 0; i < 16384; i++) {
            const double x = recovery(&f, first + i, 0), y = recovery(&f, first + i, 1);
            const double share = xmc_to_grid(.3 * x, f.a.loss_grid, 64);
            const double ceded[N] = {share, x - share, y};
            double sum = 0;
            bool out[N];
            for (int j = 0; j < N; j++) {
                const double loss = b.segment_net[j][i];
                out[j] = loss > 0;
                assert_true(b.segment_gross[j][i] == 0);
                assert_true(!out[j] || loss == xmc_to_grid(re[j].loss_given_default * ceded[j],
                                                           f.a.loss_grid, 64));
                failed[j] += out[j];
                sum += loss;
            }
            both += out[0] && out[1];
            assert_true(b.risk_net[XMC_RISK_REINSURERS][i] == sum);
            assert_true(b.risk_gross[XMC_RISK_REINSURERS][i] == 0 &&
                        b.risk_ceded[XMC_RISK_REINSURERS][i] == -sum);
            /* Worst years: the sum of two uniforms has a triangular law. */
            const double s = (x + y) * 1e-9, above = s > 1 ? (2 - s) * (2 - s) / 2 : 1;
            if (above < 0.01) {
                const double z = xmc_normal_quantile(above); /* the factor */
                const double q =
                    xmc_normal_cdf((xmc_normal_quantile(.01) - sqrt(.2) * z) / sqrt(.8));
                top++;
                top_failed += out[0];
                top_expected += q;
                top_square += q * (1 - q);
            }
        }
    }
    for (int j = 0; j < N; j++)
        frequency_is(failed[j], TRIALS, re[j].probability);
    frequency_is(both, TRIALS, 3.38917179073e-4);
    /* The pilot's rank of the worst per cent has an error of its own. */
    assert_true(fabs(top_failed - top_expected) < 4 * sqrt(top_square) + 0.03 * top_expected);
    assert_true(top_expected / top > .05); /* five times as likely as on average */
    xmc_block_free(&b);
    close_plan(&p);
    fixture_free(&f);
}

static void threads_and_blocks_do_not_show(void **state) {
    (void)state;
    fixture f;
    book_of_reinsurers(&f);
    plan p = plan_of(&f, 1), q = plan_of(&f, 3);
    xmc_block b, c;
    assert_int_equal(xmc_block_init(&b, 30000, p.segments.n, 2), 0);
    assert_int_equal(xmc_block_init(&c, 16384, p.segments.n, 2), 0);
    fill_block(&f, &p, &b, 0, 30000);
    for (uint32_t first = 0; first < 30000; first += 10000) {
        fill_block(&f, &q, &c, first, 10000);
        for (int j = 0; j < N; j++)
            assert_memory_equal(b.segment_net[j] + first, c.segment_net[j], 10000 * sizeof(double));
    }
    xmc_block_free(&b);
    xmc_block_free(&c);
    close_plan(&p);
    close_plan(&q);
    fixture_free(&f);
}

/* Many equal recoveries (years without any, say): the rank among them is drawn, so the probability
 * stays what it is. */
static void equals_keep_the_probability(void **state) {
    (void)state;
    fixture f;
    book_of_reinsurers(&f);
    plan p = {0};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_run_shape shape = {16384, 2};
    assert_int_equal(xmc_reinsurers_plan(&f.a, &shape, &p.segments, &p.r, &diag), XMC_OK);
    static double pilot[PILOT], weight[PILOT];
    for (uint32_t i = 0; i < PILOT; i++) {
        pilot[i] = 1000;
        weight[i] = 1;
    }
    assert_int_equal(xmc_reinsurers_set_pilot(p.r, pilot, weight, PILOT, &diag), XMC_OK);
    xmc_block b;
    assert_int_equal(xmc_block_init(&b, 16384, p.segments.n, 2), 0);
    double failed = 0;
    for (uint64_t first = 0; first < 16 * 16384; first += 16384) {
        xmc_block_reset(&b, first, 16384);
        for (uint32_t i = 0; i < 16384; i++)
            b.treaty[0][i] = 1000;
        xmc_reinsurers_block(p.r, &b);
        for (uint32_t i = 0; i < 16384; i++)
            failed += b.segment_net[0][i] > 0;
    }
    frequency_is(failed, 16 * 16384, .01);
    xmc_block_free(&b);
    xmc_diag_free(&diag);
    close_plan(&p);
    fixture_free(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_follow_the_law),
        cmocka_unit_test(threads_and_blocks_do_not_show),
        cmocka_unit_test(equals_keep_the_probability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
