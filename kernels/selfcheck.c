#include "kernels/selfcheck.h"
#include "kernels/arithmetic.h"
#include "kernels/credit.h"
#include "kernels/vmath.h"

static uint64_t hash_bytes(const void *data, size_t n) {
    const unsigned char *p = data;
    uint64_t h = n;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = xmc_mix64(h ^ word);
    }
    for (; n; p++, n--)
        h = xmc_mix64(h ^ *p);
    return h;
}

static uint64_t arithmetic(const xmc_kernels *k) {
    (void)k;
    return xmc_arithmetic();
}

/* ---- SLEEF ---- */

static double power(double x) {
    return xmc_pow(x, 1.7);
}

/* Values of f at n places between low and high. */
static uint64_t hash_function(double (*f)(double), double low, double high) {
    enum { N = 24 };
    double y[N];
    xmc_stream s = xmc_stream_at(3, 1, 4);
    for (int i = 0; i < N; i++)
        y[i] = f(fma(high - low, xmc_uniform(&s), low));
    return hash_bytes(y, sizeof y);
}

#define FUNCTION(NAME, F, LOW, HIGH)                                                               \
    static uint64_t NAME(const xmc_kernels *k) {                                                   \
        (void)k;                                                                                   \
        return hash_function(F, LOW, HIGH);                                                        \
    }
FUNCTION(sleef_exp, xmc_exp, -40, 40)
FUNCTION(sleef_expm1, xmc_expm1, -2, 2)
FUNCTION(sleef_log, xmc_log, 1e-9, 50)
FUNCTION(sleef_log1p, xmc_log1p, -0.9, 2)
FUNCTION(sleef_pow, power, 1e-3, 50)
FUNCTION(sleef_lgamma, xmc_lgamma, 0.1, 40)
FUNCTION(sleef_erfc, xmc_erfc, -3, 6)
FUNCTION(sleef_sin, xmc_sin, -9, 9)
FUNCTION(sleef_cos, xmc_cos, -9, 9)
#undef FUNCTION

/* ---- kernels ---- */

enum { N = 203 }; /* whole vectors on every target, and a rest */

#define FILL(NAME, TYPE)                                                                           \
    static uint64_t kernel_##NAME(const xmc_kernels *k) {                                          \
        TYPE out[N];                                                                               \
        xmc_stream s = xmc_stream_at(5, 9, 2);                                                     \
        k->NAME(&s, out, N);                                                                       \
        return hash_bytes(out, sizeof out) ^ s.state;                                              \
    }
FILL(fill_u32, uint32_t)
FILL(fill_uniform, double)
FILL(fill_uniform_f32, float)
FILL(fill_normal, double)
FILL(fill_normal_f32, float)
#undef FILL

static uint64_t kernel_skip(const xmc_kernels *k) {
    uint32_t hits[1000 + XMC_SKIP_SLACK];
    const size_t n = k->skip(xmc_stream_at(6, 5, 3), 1000, xmc_skip_scale(0.05), hits);
    return hash_bytes(hits, n * sizeof *hits);
}

/* Seven locations in both orders of the lanes: with amounts off the grid, with amounts on it (which
 * need no rounding), and without terms. */
static uint64_t kernel_ground_up(const xmc_kernels *k) {
    enum { LOCATIONS = 7, OCCURRENCES = 19, FORMS = 3 };
    static const double from[] = {0, 0, 0.1, 1}, to[] = {0, 0.1, 1, 1}, p[] = {0.2, 0.5, 0.2, 0.1};
    static const uint32_t rank[LOCATIONS] = {2, 3, 4, 9, 10, 700, 701};
    static const double tiv[LOCATIONS] = {1e6, 12345.67, 3e7, 5e5, 8e8, 1, 2e4},
                        ded[LOCATIONS] = {1e4, 0, 77.7, 0, 1e6, 0, 0.3},
                        whole[LOCATIONS] = {1e4, 0, 77.75, 0, 1e6, 0, 500},
                        share[LOCATIONS] = {0, 0.01, 0, 0.05, 0, 0, 0}, none[LOCATIONS] = {0},
                        limit[LOCATIONS] = {5e5, INFINITY, 1e7, 3e5, INFINITY, INFINITY, 1e3},
                        most[LOCATIONS] = {INFINITY, INFINITY, INFINITY, INFINITY,
                                           INFINITY, INFINITY, INFINITY};
    xmc_damage_row row;
    if (xmc_damage_row_init(&row, 4, from, to, p))
        return 0;
    const xmc_damage_row *rows[] = {&row};
    double loss[FORMS][OCCURRENCES + 1] = {{0}};
    for (int form = 0; form < FORMS; form++) {
        const xmc_run run = {.n = LOCATIONS,
                             .n_covers = 1,
                             .has_terms = (form < 2),
                             .plain_terms = (form > 0),
                             .rank = rank,
                             .tiv = tiv,
                             .ded_amount = form ? whole : ded,
                             .ded_share = form ? none : share,
                             .ded_min = none,
                             .ded_max = most,
                             .limit_amount = limit,
                             .limit_share = none};
        xmc_lanes lanes = {.position = 0};
        for (size_t i = 0; i < XMC_LANES; i++) {
            const xmc_stream s = xmc_stream_at(2, i, 1);
            lanes.state[i] = s.state;
            lanes.inc[i] = s.inc;
        }
        k->ground_up_occurrences(&run, rows, &lanes, OCCURRENCES, loss[form], OCCURRENCES, 0x1p-6,
                                 0x1p6);
        xmc_stream s = xmc_stream_at(2, 0, 1);
        uint64_t position = 0;
        k->ground_up_locations(&run, rows, &s, &position, loss[form] + OCCURRENCES, 0x1p-6, 0x1p6);
    }
    return hash_bytes(loss, sizeof loss);
}

static uint64_t kernel_account_terms(const xmc_kernels *k) {
    const xmc_terms t = {100, 0.02, 50, 4000, 9000, 0.5};
    const xmc_layer y = {12.3, 7000, 0.37};
    double x[N], out[N];
    xmc_stream s = xmc_stream_at(8, 8, 8);
    for (size_t i = 0; i < N; i++)
        x[i] = xmc_to_grid(20000 * xmc_uniform(&s), 0x1p-6, 0x1p6);
    k->account_terms(&t, &y, x, N, out, 0x1p-6, 0x1p6);
    return hash_bytes(out, sizeof out);
}

static uint64_t kernel_reductions(const xmc_kernels *k) {
    double x[N], w[N], scratch[N];
    xmc_stream s = xmc_stream_at(4, 4, 4);
    for (size_t i = 0; i < N; i++) {
        x[i] = 1 / xmc_uniform(&s) - 5;
        w[i] = xmc_uniform(&s);
    }
    const xmc_moments m = k->column_moments(x, w, N);
    const double q = k->kth_smallest(x, N, N - 9, scratch);
    const xmc_tail tail = k->column_tail(x, N, q);
    return hash_bytes(&m, sizeof m) ^
           xmc_mix64(hash_bytes(&tail, sizeof tail) ^ hash_bytes(&q, sizeof q));
}

static const char by_flags[] = "the compiler was told to change the order or the rounding of "
                               "arithmetic (-ffast-math or parts of it), or to flush subnormals";
static const char by_sleef[] = "another SLEEF than version 3.5.1's deterministic functions, or one "
                               "built otherwise";
static const char by_kernel[] =
    "the kernels were built with other flags than CMakeLists.txt gives, "
    "or miscompiled";

/* What tests/test_selfcheck.c proves for every target that the processor has. */
static const struct {
    const char *what, *because;
    uint64_t (*hash)(const xmc_kernels *k);
    uint64_t expected;
} checks[] = {
    {"arithmetic", by_flags, arithmetic, XMC_ARITHMETIC_RIGHT},
    {"SLEEF's exp", by_sleef, sleef_exp, UINT64_C(0x4b13f241481a15ad)},
    {"SLEEF's expm1", by_sleef, sleef_expm1, UINT64_C(0x654d69e1872c430c)},
    {"SLEEF's log", by_sleef, sleef_log, UINT64_C(0x2fc657dee190f6c6)},
    {"SLEEF's log1p", by_sleef, sleef_log1p, UINT64_C(0xe87f9df466b1a18a)},
    {"SLEEF's pow", by_sleef, sleef_pow, UINT64_C(0xac7be13cee0185be)},
    {"SLEEF's lgamma", by_sleef, sleef_lgamma, UINT64_C(0xc2701a79ecf18aa3)},
    {"SLEEF's erfc", by_sleef, sleef_erfc, UINT64_C(0x2a6ad6191a1ace3b)},
    {"SLEEF's sin", by_sleef, sleef_sin, UINT64_C(0x16c2383db96d2b1d)},
    {"SLEEF's cos", by_sleef, sleef_cos, UINT64_C(0xec6a9fbae2cf7f22)},
    {"kernel fill_u32", by_kernel, kernel_fill_u32, UINT64_C(0x7342b4afa36d55ab)},
    {"kernel fill_uniform", by_kernel, kernel_fill_uniform, UINT64_C(0x2f04a0a26f8cd6e9)},
    {"kernel fill_uniform_f32", by_kernel, kernel_fill_uniform_f32, UINT64_C(0x51869b0b72c0d46b)},
    {"kernel fill_normal", by_kernel, kernel_fill_normal, UINT64_C(0x62c6bd9b7309ba42)},
    {"kernel fill_normal_f32", by_kernel, kernel_fill_normal_f32, UINT64_C(0xa8c9ff13e2aaff1a)},
    {"kernel skip", by_kernel, kernel_skip, UINT64_C(0x9556ee553815051f)},
    {"kernels ground_up", by_kernel, kernel_ground_up, UINT64_C(0x6677bbc116312ffb)},
    {"kernel account_terms", by_kernel, kernel_account_terms, UINT64_C(0x17154e58e75f899a)},
    {"kernels of the reductions", by_kernel, kernel_reductions, UINT64_C(0xd5dc581318799d17)},
};

xmc_selfcheck_result xmc_selfcheck(const xmc_kernels *k) {
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const uint64_t hash = checks[i].hash(k);
        if (hash != checks[i].expected)
            return (xmc_selfcheck_result){checks[i].what, checks[i].because, hash,
                                          checks[i].expected};
    }
    return (xmc_selfcheck_result){NULL, NULL, 0, 0};
}
