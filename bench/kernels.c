/* Every vector kernel on every target, beside plain C. Arrays live in the caches of one core, as in
 * the program. */
#include "bench/cases.h"
#include "bench/plain.h"
#include "bench/plain_paths.h"
#include "kernels/bernoulli.h"
#include "kernels/distributions.h"
#include "kernels/paths.h"
#include "kernels/targets.h"
#include "kernels/twins.h"
#include "kernels/vmath.h"

#include <stdlib.h>
#include <string.h>

enum {
    N = 8192,
    OBLIGORS = 16384,
    LOCATIONS = 700,
    STOCKS = 300,
    INDICES = 4,
    SEGMENTS = 5,
    L = XMC_CREDIT_LANES,
    BUCKETS = 32,
    PATHS = 5, /* indices on daily paths */
    DAYS = 61,
    P = XMC_PATH_LANES,
    EXPONENTIALS = 500,
    F = XMC_FACTOR_LANES
};
static const double grid = 0x1p-6, inv_grid = 0x1p6, probabilities[] = {0.001, 0.01, 0.05};

static struct {
    xmc_stream stream;
    union {
        uint32_t u[N];
        float f[N];
        double d[N];
    } out;
    uint32_t hits[OBLIGORS + XMC_SKIP_SLACK];
    size_t n_hits;
    double scale[3]; /* of skipping at the three probabilities */
    /* ground-up loss */
    double tiv[LOCATIONS], zero[LOCATIONS], infinite[LOCATIONS], deductible[LOCATIONS],
        limit[LOCATIONS];
    uint32_t rank[LOCATIONS];
    plain_location bare[LOCATIONS], insured[LOCATIONS];
    xmc_damage_row row;
    const xmc_damage_row *rows[1];
    xmc_lanes lanes;
    double losses[XMC_LANES];
    /* policies */
    xmc_terms terms;
    xmc_layer layer;
    double gross[XMC_LANES];
    /* credit */
    xmc_hazard_table hazard_table;
    double w[BUCKETS][L], factors[BUCKETS][L], hazard[BUCKETS][L];
    float w_f32[BUCKETS * L], factors_f32[BUCKETS * L], pd[BUCKETS * L];
    /* stocks */
    uint32_t skip[STOCKS], index[STOCKS], segment[STOCKS];
    double beta[STOCKS], idio[STOCKS], value[STOCKS], scaled[STOCKS], R[INDICES * XMC_EQUITY_LANES],
        sums[SEGMENTS * XMC_EQUITY_LANES];
    plain_stock stocks[STOCKS];
    xmc_quantile_table own;
    xmc_stream streams[XMC_EQUITY_LANES];
    /* daily paths */
    float mixing_table[XMC_TWO_TAILS_ROWS * XMC_TWO_TAILS_WIDTH];
    float normals[PATHS * DAYS * P], mixing[DAYS * P];
    float h[PATHS * P], shock[PATHS * P], q[PATHS * (PATHS + 1) / 2 * P],
        scratch[(PATHS * (PATHS + 1) / 2 + PATHS) * P];
    double growth[PATHS * P];
    xmc_stream path_streams[(PATHS + 1) * P];
    /* exponentials of factors */
    float loading[EXPONENTIALS * XMC_FACTORS], natural[EXPONENTIALS * XMC_FACTORS],
        x[XMC_FACTORS * 4 * F];
    double weight[EXPONENTIALS], exponential_sums[4 * F];
} b;

/* ---- draws ---- */

static void restart(void) {
    b.stream = xmc_stream_at(1, 2, 3);
}

#define RUN_FILL(NAME, MEMBER)                                                                     \
    static void run_##NAME(const xmc_kernels *k) {                                                 \
        if (k)                                                                                     \
            k->fill_##NAME(&b.stream, b.out.MEMBER, N);                                            \
        else                                                                                       \
            plain_##NAME(&b.stream, b.out.MEMBER, N);                                              \
    }
RUN_FILL(u32, u)
RUN_FILL(uniform_f32, f)
RUN_FILL(uniform, d)
RUN_FILL(normal_f32, f)
RUN_FILL(normal, d)

/* ---- defaults by skipping ---- */

/* Another place of the stream at each call, as the branches depend on it. */
static void defaults(const xmc_kernels *k, int i) {
    xmc_u32(&b.stream);
    if (k)
        b.n_hits = k->skip(b.stream, OBLIGORS, b.scale[i], b.hits);
    else
        b.n_hits = plain_defaults(&b.stream, OBLIGORS, (float)probabilities[i], b.hits);
}

static void run_defaults_01(const xmc_kernels *k) {
    defaults(k, 0);
}

static void run_defaults_1(const xmc_kernels *k) {
    defaults(k, 1);
}

static void run_defaults_5(const xmc_kernels *k) {
    defaults(k, 2);
}

/* ---- ground-up loss ---- */

static int make_locations(void) {
    static const double from[] = {0, 0, 0.02, 0.1, 0.5, 1}, to[] = {0, 0.02, 0.1, 0.5, 1, 1},
                        p[] = {0.3, 0.3, 0.2, 0.15, 0.04, 0.01};
    if (xmc_damage_row_init(&b.row, 6, from, to, p))
        return -1;
    b.rows[0] = &b.row;
    xmc_stream s = xmc_stream_at(5, 0, 0);
    for (uint32_t i = 0; i < LOCATIONS; i++) {
        double tiv = xmc_to_grid(xmc_exp(10 + 6 * xmc_uniform(&s)), grid, inv_grid);
        b.tiv[i] = tiv;
        b.infinite[i] = INFINITY;
        b.deductible[i] = xmc_to_grid(0.02 * tiv, grid, inv_grid);
        b.limit[i] = xmc_uniform(&s) < 0.5 ? INFINITY : xmc_to_grid(0.5 * tiv, grid, inv_grid);
        b.rank[i] = i;
        b.bare[i] = (plain_location){tiv, 0, INFINITY};
        b.insured[i] = (plain_location){tiv, b.deductible[i], b.limit[i]};
    }
    return 0;
}

static xmc_run run_of(bool terms) {
    return (xmc_run){.n = LOCATIONS,
                     .n_covers = 1,
                     .has_terms = terms,
                     .plain_terms = terms,
                     .rank = b.rank,
                     .tiv = b.tiv,
                     .ded_amount = b.deductible,
                     .ded_share = b.zero,
                     .ded_min = b.zero,
                     .ded_max = b.infinite,
                     .limit_amount = b.limit,
                     .limit_share = b.zero};
}

static void restart_ground_up(void) {
    memset(b.losses, 0, sizeof b.losses);
    b.lanes.position = 0;
    for (uint64_t l = 0; l < XMC_LANES; l++) {
        xmc_stream s = xmc_stream_at(5, l, 3);
        b.lanes.state[l] = s.state;
        b.lanes.inc[l] = s.inc;
    }
    restart();
}

static void occurrences(const xmc_kernels *k, size_t n, bool terms) {
    if (k) {
        const xmc_run run = run_of(terms);
        b.lanes.position = 0;
        k->ground_up_occurrences(&run, b.rows, &b.lanes, n, b.losses, XMC_LANES, grid, inv_grid);
        return;
    }
    for (size_t l = 0; l < n; l++) {
        xmc_stream s = {b.lanes.state[l], b.lanes.inc[l]};
        b.losses[l] +=
            plain_ground_up(terms ? b.insured : b.bare, LOCATIONS, &b.row, &s, grid, inv_grid);
        b.lanes.state[l] = s.state;
    }
}

static void run_occurrences_bare(const xmc_kernels *k) {
    occurrences(k, 64, false);
}

static void run_occurrences(const xmc_kernels *k) {
    occurrences(k, 64, true);
}

static void run_occurrences_16(const xmc_kernels *k) {
    occurrences(k, 16, true);
}

static void run_locations(const xmc_kernels *k) {
    if (k) {
        const xmc_run run = run_of(true);
        uint64_t position = 0;
        k->ground_up_locations(&run, b.rows, &b.stream, &position, b.losses, grid, inv_grid);
        return;
    }
    b.losses[0] += plain_ground_up(b.insured, LOCATIONS, &b.row, &b.stream, grid, inv_grid);
}

static void run_account_terms(const xmc_kernels *k) {
    if (k)
        k->account_terms(&b.terms, &b.layer, b.gross, XMC_LANES, b.losses, grid, inv_grid);
    else
        plain_account_terms(&b.terms, &b.layer, b.gross, XMC_LANES, b.losses, grid, inv_grid);
}

/* ---- credit ---- */

static const double threshold = -2.5;

static void run_hazards(const xmc_kernels *k) {
    for (int i = 0; i < BUCKETS; i++)
        if (k)
            k->bucket_hazards(&b.hazard_table, threshold, b.w[i], b.factors[i], b.hazard[i]);
        else
            plain_hazards(threshold, b.w[i], b.factors[i], L, b.hazard[i]);
}

static void run_conditional_pd(const xmc_kernels *k) {
    if (k)
        k->conditional_pd_f32((float)threshold, b.w_f32, b.factors_f32, BUCKETS * L, b.pd);
    else
        plain_conditional_pd((float)threshold, b.w_f32, b.factors_f32, BUCKETS * L, b.pd);
}

static void make_credit(void) {
    xmc_stream s = xmc_stream_at(71, 0, 0);
    for (int i = 0; i < BUCKETS; i++)
        for (int l = 0; l < L; l++) {
            b.w[i][l] = 1 + xmc_uniform(&s);
            b.factors[i][l] = 0.6 * xmc_normal(&s);
            b.w_f32[i * L + l] = (float)b.w[i][l];
            b.factors_f32[i * L + l] = (float)b.factors[i][l];
        }
}

/* ---- stocks ---- */

static void make_stocks(void) {
    xmc_stream s = xmc_stream_at(41, 0, 0);
    for (uint32_t i = 0; i < STOCKS; i++) {
        b.index[i] = xmc_u32(&s) % INDICES;
        b.segment[i] = xmc_u32(&s) % SEGMENTS;
        b.beta[i] = 2 * xmc_uniform(&s);
        b.idio[i] = 0.5 * xmc_uniform(&s);
        b.value[i] = xmc_to_grid(1e9 * xmc_uniform(&s), grid, inv_grid);
        b.scaled[i] = b.value[i] * (0.9 + 0.2 * xmc_uniform(&s));
        b.stocks[i] =
            (plain_stock){b.index[i], b.segment[i], b.beta[i], b.idio[i], b.value[i], b.scaled[i]};
    }
    for (size_t i = 0; i < INDICES * XMC_EQUITY_LANES; i++)
        b.R[i] = 0.4 * xmc_normal(&s);
}

static void restart_stocks(void) {
    memset(b.sums, 0, sizeof b.sums);
    for (uint64_t l = 0; l < XMC_EQUITY_LANES; l++)
        b.streams[l] = xmc_stream_at(1, l, 0);
}

static void run_stocks(const xmc_kernels *k) {
    if (k) {
        const xmc_stocks x = {STOCKS, b.skip, b.index, b.segment,
                              b.beta, b.idio, b.value, b.scaled};
        k->equity_losses(&x, &b.own, b.streams, b.R, b.sums, grid, inv_grid);
        return;
    }
    for (size_t l = 0; l < XMC_EQUITY_LANES; l++)
        plain_stocks(b.stocks, STOCKS, &b.own, &b.streams[l], b.R + l, b.sums + l, XMC_EQUITY_LANES,
                     grid, inv_grid);
}

/* ---- daily paths ---- */

static const float omega[PATHS] = {1e-6f, 2e-6f, 3e-6f, 2e-6f, 2e-6f},
                   alpha[PATHS] = {0.064f, 0.087f, 0.102f, 0.069f, 0.079f},
                   beta[PATHS] = {0.932f, 0.905f, 0.875f, 0.919f, 0.913f},
                   limit[PATHS] = {0.1f, 0.1f, 0.2f, 0.2f, 0.1f},
                   cholesky[PATHS * PATHS] = {1,     0,     0,      0,     0,      0.67f,  0.742f,
                                              0,     0,     0,      0.72f, -0.22f, 0.658f, 0,
                                              0,     0.86f, -0.24f, 0.22f, 0.4f,   0,      0.86f,
                                              0.06f, 0.27f, 0.15f,  0.4f},
                   target[PATHS * (PATHS + 1) / 2] = {0.05f,  0.034f, 0.05f, 0.036f, 0.016f,
                                                      0.05f,  0.043f, 0.02f, 0.041f, 0.05f,
                                                      0.043f, 0.031f, 0.04f, 0.043f, 0.05f};

static void restart_paths(void) {
    for (uint64_t i = 0; i < (PATHS + 1) * P; i++)
        b.path_streams[i] = xmc_stream_at(91, i % P, i / P);
    for (size_t i = 0; i < PATHS * P; i++) {
        b.h[i] = 2e-4f;
        b.shock[i] = 0;
        b.growth[i] = 1;
    }
    for (size_t i = 0, row = 0; i < PATHS; row += ++i)
        for (size_t j = 0; j <= i; j++)
            for (size_t l = 0; l < P; l++)
                b.q[(row + j) * P + l] = target[row + j] / 0.05f;
}

/* The growth is not let run away over the calls. */
static void rewind_growth(void) {
    for (size_t i = 0; i < PATHS * P; i++)
        b.growth[i] = 1;
}

static void draw_paths(const xmc_kernels *k) {
    k->path_two_tails(b.path_streams, b.mixing_table, b.mixing, DAYS);
    for (size_t i = 0; i < PATHS; i++)
        k->path_normals(b.path_streams + (i + 1) * P, b.normals + i * DAYS * P, DAYS);
}

static void paths(const xmc_kernels *k, bool dynamic) {
    rewind_growth();
    if (k) {
        const xmc_garch m = {PATHS, omega, alpha, beta, limit, cholesky, dynamic ? target : NULL,
                             0.03f, 0.92f};
        const xmc_path_tile tile = {b.h, b.q, b.shock, b.growth, b.scratch};
        draw_paths(k);
        k->garch_days(&m, DAYS, b.normals, b.mixing, &tile);
        return;
    }
    const plain_garch m = {PATHS, 5.5, omega, alpha, beta, limit, cholesky};
    for (size_t l = 0; l < P; l++)
        plain_path(&m, DAYS, &b.path_streams[l], b.h + l * PATHS, b.growth + l * PATHS);
}

static void run_paths(const xmc_kernels *k) {
    paths(k, false);
}

static void run_dynamic_paths(const xmc_kernels *k) {
    paths(k, true);
}

/* The recursion alone, on innovations drawn before. */
static void restart_steps(void) {
    restart_paths();
    draw_paths(xmc_kernels_active());
}

static void run_steps(const xmc_kernels *k) {
    rewind_growth();
    const xmc_garch m = {PATHS, omega, alpha, beta, limit, cholesky, NULL, 0, 0};
    const xmc_path_tile tile = {b.h, b.q, b.shock, b.growth, b.scratch};
    (k ? k : &xmc_kernels_scalar)->garch_days(&m, DAYS, b.normals, b.mixing, &tile);
}

/* ---- exponentials of factors ---- */

static void make_exponentials(void) {
    xmc_stream s = xmc_stream_at(95, 0, 0);
    for (size_t i = 0; i < EXPONENTIALS * XMC_FACTORS; i++) {
        b.natural[i] = 2 * xmc_uniform_f32(&s) - 0.5f;
        b.loading[i] = b.natural[i] * 0x1.715476p0f;
    }
    for (size_t i = 0; i < EXPONENTIALS; i++)
        b.weight[i] = 1e8 * xmc_uniform(&s);
    for (size_t i = 0; i < XMC_FACTORS * 4 * F; i++)
        b.x[i] = (float)(0.1 * xmc_normal(&s));
}

static void restart_exponentials(void) {
    memset(b.exponential_sums, 0, sizeof b.exponential_sums);
}

static void run_exponentials(const xmc_kernels *k) {
    const xmc_exponentials e = {EXPONENTIALS, b.loading, b.weight};
    if (k) {
        k->factor_exponentials(&e, b.x, 4 * F, 4 * F, b.exponential_sums);
        return;
    }
    for (size_t l = 0; l < 4 * F; l++)
        b.exponential_sums[l] +=
            plain_exponentials(EXPONENTIALS, b.natural, b.weight, b.x + l, 4 * F);
}

#define CASE(NAME, UNIT, REFERENCE, ELEMENTS, RESTART, RUN, OUTPUT, EXACT, LIMIT512, LIMIT2)       \
    {                                                                                              \
        NAME, UNIT, REFERENCE, ELEMENTS, RESTART, RUN, &OUTPUT, sizeof(OUTPUT), EXACT, LIMIT512,   \
            LIMIT2                                                                                 \
    }

static const xmc_bench_case cases[] = {
    CASE("pcg32 words", "words", "plain C pcg32", N, restart, run_u32, b.out.u, true, 0.24, 0.50),
    CASE("uniform f32", "draws", "plain C", N, restart, run_uniform_f32, b.out.f, true, 0.38, 0.61),
    CASE("uniform f64", "draws", "plain C", N, restart, run_uniform, b.out.d, true, 0.70, 1.2),
    CASE("normal f32, inverse CDF", "draws", "plain C, AS 241 PPND7", N, restart, run_normal_f32,
         b.out.f, false, 0.57, 1.6),
    CASE("normal f64, inverse CDF", "draws", "plain C, AS 241 PPND16", N, restart, run_normal,
         b.out.d, false, 1.6, 5.5),
    CASE("ground-up, 64 occurrences, no terms", "losses", "plain C", LOCATIONS * 64,
         restart_ground_up, run_occurrences_bare, b.losses, true, 0, 0),
    CASE("ground-up, 64 occurrences, terms", "losses", "plain C", LOCATIONS * 64, restart_ground_up,
         run_occurrences, b.losses, true, 0.45, 1.04),
    CASE("ground-up, 16 occurrences, terms", "losses", "plain C", LOCATIONS * 16, restart_ground_up,
         run_occurrences_16, b.losses, true, 0.45, 1.04),
    CASE("ground-up, locations of a run, terms", "losses", "plain C", LOCATIONS, restart_ground_up,
         run_locations, b.losses, true, 0.46, 1.03),
    CASE("terms and layer of a policy", "losses", "plain C", XMC_LANES, restart, run_account_terms,
         b.losses, true, 0, 0),
    CASE("defaults by skipping, p = 0.1 %", "obligors", "plain C, one draw each", OBLIGORS, restart,
         run_defaults_01, b.n_hits, false, 0.005, 0.005),
    CASE("defaults by skipping, p = 1 %", "obligors", "plain C, one draw each", OBLIGORS, restart,
         run_defaults_1, b.n_hits, false, 0.017, 0.032),
    CASE("defaults by skipping, p = 5 %", "obligors", "plain C, one draw each", OBLIGORS, restart,
         run_defaults_5, b.n_hits, false, 0.08, 0.15),
    CASE("conditional default hazards f64", "buckets", "plain C, erfc and log1p of libm",
         BUCKETS *L, restart, run_hazards, b.hazard, false, 0, 0),
    CASE("conditional default probability f32", "probabilities", "plain C, erfcf of libm",
         BUCKETS *L, restart, run_conditional_pd, b.pd, false, 0.55, 2.1),
    CASE("stocks, own Student t by table", "stocks", "plain C", STOCKS *XMC_EQUITY_LANES,
         restart_stocks, run_stocks, b.sums, true, 0, 0),
    CASE("8 factors, exponential, double sums", "instrument-trials", "plain C, expf of libm",
         EXPONENTIALS * 4 * F, restart_exponentials, run_exponentials, b.exponential_sums, false,
         0.49, 0.79),
    CASE("GARCH-t day with its draws, 5 indices", "index-days",
         "plain C, AS 241, Marsaglia and Tsang", PATHS *DAYS *P, restart_paths, run_paths, b.growth,
         false, 0, 0),
    CASE("the same, dynamic correlation", "index-days", "plain C, constant correlation",
         PATHS *DAYS *P, restart_paths, run_dynamic_paths, b.growth, false, 0, 0),
    CASE("GARCH recursion alone", "index-days", "scalar reference", PATHS *DAYS *P, restart_steps,
         run_steps, b.growth, true, 0, 0),
};

xmc_status xmc_bench_kernels(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    if (xmc_hazard_table_init(&b.hazard_table) || xmc_quantile_table_student(&b.own, 4.0) ||
        xmc_mixing_table(b.mixing_table, 5.5)) {
        xmc_hazard_table_free(&b.hazard_table);
        return xmc_no_memory(diag, 1 << 20, "tables of the kernels");
    }
    b.terms = (xmc_terms){1000, 0.05, 500, 20000, 3e5, 0.5};
    b.layer = (xmc_layer){5000, 2e5, 0.7};
    xmc_stream s = xmc_stream_at(3, 0, 0);
    for (int l = 0; l < XMC_LANES; l++)
        b.gross[l] = xmc_to_grid(1e6 * xmc_uniform(&s), grid, inv_grid);
    for (int i = 0; i < 3; i++)
        b.scale[i] = xmc_skip_scale(probabilities[i]);
    make_credit();
    make_stocks();
    make_exponentials();
    xmc_status st = make_locations()
                        ? xmc_error(diag, XMC_FAILED, "no damage row")
                        : xmc_bench_cases(cases, sizeof cases / sizeof *cases, o, rows, diag);
    xmc_hazard_table_free(&b.hazard_table);
    xmc_quantile_table_free(&b.own);
    return st ? st : xmc_bench_select(o, rows, diag);
}
