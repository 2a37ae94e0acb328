#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/risk_columns.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static double *column(size_t n) {
    double *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64 + 64);
    assert_non_null(x);
    memset(x, 0, n * sizeof *x);
    return x;
}

risk_columns risk_run(const xmc_analysis *a, uint32_t block, int threads) {
    risk_columns c = {.trials = a->trials};
    xmc_run_shape shape = {block, threads};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_equity *equity = NULL;
    xmc_attritional *attritional = NULL;
    xmc_credit *credit = NULL;
    xmc_status st = XMC_OK;
    if (a->has_equity)
        st = xmc_equity_plan(a, &shape, &c.segments, &equity, &diag);
    if (!st && a->has_attritional)
        st = xmc_attritional_plan(a, &shape, &c.segments, &attritional, &diag);
    if (!st && a->has_credit)
        st = xmc_credit_plan(a, &shape, &c.segments, &credit, &diag);
    if (st)
        xmc_diag_print(&diag, stderr);
    assert_int_equal(st, XMC_OK);

    size_t n_seg = c.segments.n;
    c.gross = calloc(n_seg, sizeof *c.gross);
    c.total = column(c.trials);
    c.macro = column(c.trials);
    xmc_block b = {.capacity = block, .n_segments = n_seg};
    b.segment_gross = calloc(n_seg, sizeof(double *));
    b.segment_net = calloc(n_seg, sizeof(double *));
    assert_true(c.gross && b.segment_gross && b.segment_net);
    for (size_t s = 0; s < n_seg; s++) {
        c.gross[s] = column(c.trials);
        b.segment_gross[s] = column(block);
        b.segment_net[s] = column(block);
    }
    for (int r = 0; r < XMC_N_RISKS; r++) {
        b.risk_gross[r] = column(block);
        b.risk_ceded[r] = column(block);
        b.risk_net[r] = column(block);
    }
    b.macro = column(block);

    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    for (uint64_t first = 0; first < c.trials; first += block) {
        b.first = first;
        b.n = (uint32_t)(c.trials - first < block ? c.trials - first : block);
        for (size_t s = 0; s < n_seg; s++)
            memset(b.segment_gross[s], 0, block * sizeof(double));
        memset(b.macro, 0, block * sizeof(double));
        if (equity)
            xmc_equity_block(equity, &b);
        if (attritional)
            xmc_attritional_block(attritional, &b);
        if (credit)
            xmc_credit_block(credit, &b);
        for (size_t s = 0; s < n_seg; s++)
            memcpy(c.gross[s] + first, b.segment_gross[s], b.n * sizeof(double));
        memcpy(c.macro + first, b.macro, b.n * sizeof(double));
    }
    omp_set_num_threads(before);

    xmc_digest *d = xmc_digest_new();
    for (size_t s = 0; s < n_seg; s++) {
        xmc_digest_f64(d, c.gross[s], c.trials);
        for (size_t t = 0; t < c.trials; t++)
            c.total[t] += c.gross[s][t];
    }
    xmc_digest_f64(d, c.macro, c.trials);
    xmc_digest_finish(d, c.hash);
    d = xmc_digest_new();
    if (equity)
        xmc_equity_digest(equity, d);
    if (attritional)
        xmc_attritional_digest(attritional, d);
    if (credit)
        xmc_credit_digest(credit, d);
    xmc_digest_finish(d, c.plan);

    for (size_t s = 0; s < n_seg; s++) {
        free(b.segment_gross[s]);
        free(b.segment_net[s]);
    }
    free(b.segment_gross);
    free(b.segment_net);
    for (int r = 0; r < XMC_N_RISKS; r++) {
        free(b.risk_gross[r]);
        free(b.risk_ceded[r]);
        free(b.risk_net[r]);
    }
    free(b.macro);
    xmc_equity_free(equity);
    xmc_attritional_free(attritional);
    xmc_credit_free(credit);
    xmc_diag_free(&diag);
    return c;
}

void risk_free(risk_columns *c) {
    for (size_t s = 0; s < c->segments.n; s++)
        free(c->gross[s]);
    free(c->gross);
    free(c->total);
    free(c->macro);
    xmc_segments_free(&c->segments);
}

void check_same_bits(const xmc_analysis *a, const risk_columns *ref, uint32_t block, int threads) {
    risk_columns c = risk_run(a, block, threads);
    assert_string_equal(c.hash, ref->hash);
    assert_string_equal(c.plan, ref->plan);
    risk_free(&c);
}

void check_refused(const xmc_analysis *a, xmc_risk risk, const char *text) {
    xmc_run_shape shape = {16384, 1};
    xmc_segments s = {0};
    xmc_equity *equity = NULL;
    xmc_attritional *attritional = NULL;
    xmc_credit *credit = NULL;
    xmc_diag d;
    xmc_diag_init(&d);
    const xmc_status st = risk == XMC_RISK_EQUITY ? xmc_equity_plan(a, &shape, &s, &equity, &d)
                          : risk == XMC_RISK_CREDIT
                              ? xmc_credit_plan(a, &shape, &s, &credit, &d)
                              : xmc_attritional_plan(a, &shape, &s, &attritional, &d);
    assert_int_equal(st, XMC_BAD_INPUT);
    assert_true(!equity && !attritional && !credit);
    assert_true(d.n_messages > 0);
    if (!strstr(d.messages[0].text, text))
        print_message("%s\n", d.messages[0].text);
    assert_non_null(strstr(d.messages[0].text, text));
    xmc_diag_free(&d);
    xmc_segments_free(&s);
}

void mean_se(const double *x, size_t n, double *mean, double *se) {
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - *mean) * (x[i] - *mean);
    *se = sqrt(squares / (double)n / (double)(n - 1));
}

void check_z(const char *what, double got, double want, double se) {
    double z = (got - want) / se;
    if (!(fabs(z) < 4.0) || getenv("CROSSMC_TEST_VERBOSE"))
        print_message("%s: got %.10g, expected %.10g, SE %.3g, z %.2f\n", what, got, want, se, z);
    assert_true(fabs(z) < 4.0);
}

void check_exceedance(const char *what, const double *x, size_t n, double q, double p) {
    size_t above = 0;
    for (size_t i = 0; i < n; i++)
        above += x[i] > q;
    check_z(what, (double)above / (double)n, p, sqrt(p * (1.0 - p) / (double)n));
}

void check_tvar(const char *what, const double *x, size_t n, double p, double q, double want) {
    double *excess = malloc(n * sizeof *excess), mean, se;
    assert_non_null(excess);
    for (size_t i = 0; i < n; i++)
        excess[i] = x[i] > q ? x[i] - q : 0.0;
    mean_se(excess, n, &mean, &se);
    free(excess);
    check_z(what, q + mean / (1.0 - p), want, se / (1.0 - p));
}
