/* Every kernel on every target against its scalar twin, bit for bit, over ragged lengths, with
 * guards around the outputs. With --bench: nanoseconds per element. Options: --bench [NAME] */
#include "kernels/bernoulli.h"
#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "kernels/fill.h"
#include "kernels/paths_twin.h"
#include "kernels/targets.h"
#include "kernels/vmath.h"
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const xmc_kernels xmc_kernels_plain;
#ifdef XMC_EMULATED
/* checkkern_avx512, checkkern_neon: that target alone, its instructions by portable C. */
extern const xmc_kernels XMC_EMULATED;
#endif

enum { MAX = 40000, GUARD = 64 };
static const size_t lengths[] = {0,    1,    2,    3,    4,    5,     7,     8,     9,     11,
                                 12,   13,   15,   16,   17,   31,    32,    33,    47,    63,
                                 64,   65,   97,   127,  128,  129,   509,   511,   512,   513,
                                 1009, 1024, 1025, 8191, 8192, 16383, 16384, 16385, 32771, MAX};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static unsigned char buffer[2][MAX * 8 + 2 * GUARD];
static double column[MAX], weight[MAX], scratch[2][MAX + GUARD];
static int failures;

/* A digest of what the scalar reference gives, the same on every processor: a change of this number
 * is a change of results. */
static const uint64_t pinned = UINT64_C(0xb57bae901c47f482);
static uint64_t digest;

static void digest_bytes(const void *data, size_t n) {
    const unsigned char *p = data;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        digest = xmc_mix64(digest ^ word);
    }
    for (; n; p++, n--)
        digest = xmc_mix64(digest ^ *p);
}

static void fail(const char *kernel, const char *isa, size_t n, const char *what) {
    if (failures++ < 20)
        fprintf(stderr, "%s on %s, n = %zu: %s\n", kernel, isa, n, what);
}

static unsigned char *guarded(int which) {
    memset(buffer[which], 0xa5, sizeof buffer[which]);
    return buffer[which] + GUARD;
}

/* Both buffers alike: the outputs bit for bit, and the guards, `slack` bytes after the end
 * excepted. */
static void compare(const char *kernel, const char *isa, size_t n, size_t bytes, size_t slack) {
    if (memcmp(buffer[0] + GUARD, buffer[1] + GUARD, bytes) != 0)
        fail(kernel, isa, n, "differs from the scalar twin");
    if (strcmp(isa, "scalar") == 0)
        digest_bytes(buffer[0] + GUARD, bytes);
    static unsigned char untouched[sizeof buffer[1]];
    if (untouched[0] != 0xa5)
        memset(untouched, 0xa5, sizeof untouched);
    const size_t end = GUARD + bytes + slack;
    if (memcmp(buffer[1], untouched, GUARD) != 0 ||
        memcmp(buffer[1] + end, untouched + end, sizeof untouched - end) != 0)
        fail(kernel, isa, n, "wrote outside its output");
}

#define CHECK_FILL(NAME, TYPE)                                                                     \
    for (size_t j = 0; j < LENGTHS; j++)                                                           \
        for (uint64_t seed = 0; seed < 4; seed++) {                                                \
            size_t n = lengths[j];                                                                 \
            xmc_stream a = xmc_stream_at(seed, j, 0), b = a;                                       \
            ref->NAME(&a, (TYPE *)(void *)guarded(0), n);                                          \
            k->NAME(&b, (TYPE *)(void *)guarded(1), n);                                            \
            compare(#NAME, k->isa, n, n * sizeof(TYPE), 0);                                        \
            if (a.state != b.state || a.inc != b.inc)                                              \
                fail(#NAME, k->isa, n, "leaves the stream elsewhere");                             \
        }

static void check_fills(const xmc_kernels *ref, const xmc_kernels *k) {
    CHECK_FILL(fill_u32, uint32_t)
    CHECK_FILL(fill_uniform, double)
    CHECK_FILL(fill_uniform_f32, float)
    CHECK_FILL(fill_normal, double)
    CHECK_FILL(fill_normal_f32, float)
    /* many seeds, so that every segment of the quantile's table has its turn */
    for (uint64_t seed = 0; seed < 60; seed++) {
        xmc_stream a = xmc_stream_at(seed, 1, 2), b = a;
        ref->fill_normal(&a, (double *)(void *)guarded(0), MAX);
        k->fill_normal(&b, (double *)(void *)guarded(1), MAX);
        compare("fill_normal", k->isa, MAX, MAX * sizeof(double), 0);
        ref->fill_normal_f32(&a, (float *)(void *)guarded(0), MAX);
        k->fill_normal_f32(&b, (float *)(void *)guarded(1), MAX);
        compare("fill_normal_f32", k->isa, MAX, MAX * sizeof(float), 0);
    }
}

static void check_skip(const xmc_kernels *ref, const xmc_kernels *k) {
    static const double ps[] = {1e-12, 1e-7, 1e-4, 0.003, 0.01, 0.1, 0.5, 0.9, 0.999999};
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++)
        for (size_t j = 0; j < LENGTHS; j++) {
            size_t n = lengths[j];
            xmc_stream s = xmc_stream_at(i, j, 7);
            double scale = xmc_skip_scale(ps[i]);
            size_t a = ref->skip(s, n, scale, (uint32_t *)(void *)guarded(0));
            size_t b = k->skip(s, n, scale, (uint32_t *)(void *)guarded(1));
            if (a != b)
                fail("skip", k->isa, n, "another count");
            compare("skip", k->isa, n, a * 4, XMC_SKIP_SLACK * 4);
        }
}

static void make_column(int kind, size_t n) {
    xmc_stream s = xmc_stream_at(17, (uint64_t)kind, n);
    for (size_t i = 0; i < n; i++) {
        double u = xmc_uniform(&s);
        switch (kind) {
        case 0:
            column[i] = xmc_exp(20 * u - 3);
            break;
        case 1:
            column[i] = u < 0.8 ? 0.0 : xmc_exp(9 * u);
            break;
        case 2:
            column[i] = u < 0.1 ? -0.0 : u < 0.2 ? 0.0 : rint(8 * u - 4);
            break;
        case 3:
            column[i] = (double)i;
            break;
        case 4:
            column[i] = u < 0.01 ? INFINITY : u < 0.02 ? 0x1p-1060 : u < 0.03 ? -INFINITY : u - 0.5;
            break;
        default:
            column[i] = -3.5;
        }
        weight[i] = xmc_uniform(&s);
    }
}

static void same(const char *kernel, const char *isa, size_t n, const void *a, const void *b,
                 size_t bytes) {
    if (memcmp(a, b, bytes) != 0)
        fail(kernel, isa, n, "differs from the scalar twin");
    if (strcmp(isa, "scalar") == 0)
        digest_bytes(a, bytes);
}

static void check_reductions(const xmc_kernels *ref, const xmc_kernels *k) {
    for (int kind = 0; kind < 6; kind++)
        for (size_t j = 0; j < LENGTHS; j++) {
            size_t n = lengths[j];
            make_column(kind, n);
            int finite =
                kind != 4; /* infinities: their sums may be NaN, whose sign is not defined */
            for (int weighted = 0; weighted < 2; weighted++) {
                xmc_moments a = ref->column_moments(column, weighted ? weight : NULL, n);
                xmc_moments b = k->column_moments(column, weighted ? weight : NULL, n);
                if (finite)
                    same("column_moments", k->isa, n, &a, &b, sizeof a);
                same("column_moments", k->isa, n, &a.min, &b.min, 2 * sizeof a.min);
            }
            const double qs[] = {-INFINITY, -3.5, 0.0, 0.4, 2.0, 1000.0, INFINITY};
            for (size_t i = 0; i < sizeof qs / sizeof *qs; i++) {
                xmc_tail a = ref->column_tail(column, n, qs[i]);
                xmc_tail b = k->column_tail(column, n, qs[i]);
                same("column_tail", k->isa, n, &a, &b, sizeof a);
            }
            const size_t ranks[] = {0, n / 2, n - n / 200 - 1, n - 1};
            for (size_t i = 0; i < 4 && n; i++) {
                for (int w = 0; w < 2; w++)
                    for (size_t g = 0; g < GUARD; g++)
                        scratch[w][n + g] = 1e99;
                double a = ref->kth_smallest(column, n, ranks[i], scratch[0]);
                double b = k->kth_smallest(column, n, ranks[i], scratch[1]);
                same("kth_smallest", k->isa, n, &a, &b, sizeof a);
                same("kth_smallest's scratch", k->isa, n, scratch[0] + n, scratch[1] + n,
                     GUARD * sizeof(double));
            }
        }
}

/* Value and tail in one pass, against the twin's one after the other; adds nothing to the digest.
 */
static void check_kth_and_tail(const xmc_kernels *ref, const xmc_kernels *k) {
    for (int kind = 0; kind < 6; kind++)
        for (size_t j = 0; j < LENGTHS; j++) {
            const size_t n = lengths[j];
            make_column(kind, n);
            const size_t ranks[] = {0, n / 2, n - n / 4, n - n / 5 - 1, n - n / 200 - 1, n - 1};
            for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
                if (ranks[i] >= n)
                    continue;
                for (size_t g = 0; g < GUARD; g++)
                    scratch[1][n + g] = 1e99;
                const double a = ref->kth_smallest(column, n, ranks[i], scratch[0]);
                const xmc_tail t = ref->column_tail(column, n, a);
                xmc_tail both;
                const double b = k->kth_and_tail(column, n, ranks[i], scratch[1], &both);
                /* sums of infinities may be NaN, whose sign is not defined */
                const int sums = kind == 4 || (memcmp(&t.sum, &both.sum, sizeof t.sum) == 0 &&
                                               memcmp(&t.sum_squares, &both.sum_squares,
                                                      sizeof t.sum_squares) == 0);
                if (memcmp(&a, &b, sizeof a) != 0 || !sums || both.n_above != t.n_above ||
                    both.n_equal != t.n_equal)
                    fail("kth_and_tail", k->isa, n, "differs from the scalar twin");
                for (size_t g = 0; g < GUARD; g++)
                    if (scratch[1][n + g] != 1e99)
                        fail("kth_and_tail", k->isa, n, "wrote outside its scratch");
            }
        }
}

/* ---- ground-up loss ---- */

enum { RUN = 700, SLOTS = 5 };
static struct {
    double tiv[XMC_MAX_COVERS * RUN], term[15][RUN];
    uint32_t rank[RUN], slot[RUN];
    xmc_damage_row row[XMC_MAX_COVERS];
    const xmc_damage_row *rows[XMC_MAX_COVERS];
} book;

/* A run of n locations; bits of `form`: 1 location terms, 2 policy terms, 4 slots, 8 mean damage
 * only; gap: how far apart the draws lie. */
static xmc_run make_run(size_t n, uint32_t n_covers, unsigned form, unsigned gap, uint64_t seed) {
    xmc_stream s = xmc_stream_at(seed, n, form);
    uint32_t rank = xmc_u32(&s) % 5000;
    for (uint32_t c = 0; c < n_covers; c++) {
        const double from[] = {0, 0, 0.02, 0.1, 0.5, 1}, to[] = {0, 0.02, 0.1, 0.5, 1, 1};
        double p[6];
        for (int i = 0; i < 6; i++)
            p[i] = xmc_uniform(&s) < 0.2 ? 0 : xmc_uniform(&s);
        p[3] += 1e-3;
        if (xmc_damage_row_init(&book.row[c], 6, from, to, p))
            exit(1);
        book.rows[c] = &book.row[c];
    }
    for (size_t i = 0; i < n; i++) {
        double tiv = xmc_exp(10 + 6 * xmc_uniform(&s));
        for (uint32_t c = 0; c < n_covers; c++)
            book.tiv[c * n + i] = xmc_to_grid(tiv * xmc_uniform(&s), 0x1p-6, 0x1p6);
        for (int k = 0; k < 15; k++) {
            double u = xmc_uniform(&s);
            int policy = k >= 6, kind = policy ? k - 6 : k;
            /* ded amount, share, min, max, limit amount, share; attachment, layer limit, share */
            const double value[] = {tiv * u * 0.02,
                                    u * 0.05,
                                    u < 0.5 ? 0 : tiv * u * 0.01,
                                    u < 0.5 ? INFINITY : tiv * u * 0.3,
                                    u < 0.5 ? INFINITY : tiv * u,
                                    u < 0.8 ? 0 : u * 0.5,
                                    u < 0.7 ? 0 : tiv * u * 0.05,
                                    u < 0.7 ? INFINITY : tiv * u,
                                    u};
            book.term[k][i] = value[kind];
            if (form & 16) { /* amounts on the grid, nothing else */
                const double none[] = {0, 0, 0, INFINITY, 0, 0, 0, 0, 1};
                int amount = kind == 0 || kind == 4 || kind == 6 || kind == 7;
                book.term[k][i] = amount ? xmc_to_grid(value[kind], 0x1p3, 0x1p-3) : none[kind];
            }
        }
        book.rank[i] = rank;
        rank += gap == 0 ? n_covers : n_covers + xmc_u32(&s) % (gap + 1);
        book.slot[i] = xmc_u32(&s) % SLOTS;
    }
    xmc_run r = {.n = n,
                 .n_covers = n_covers,
                 .mean = form & 8,
                 .has_terms = form & 1,
                 .has_policy = form & 2,
                 .rank = book.rank,
                 .tiv = book.tiv,
                 .ded_amount = book.term[0],
                 .ded_share = book.term[1],
                 .ded_min = book.term[2],
                 .ded_max = book.term[3],
                 .limit_amount = book.term[4],
                 .limit_share = book.term[5],
                 .pol_ded_amount = book.term[6],
                 .pol_ded_share = book.term[7],
                 .pol_ded_min = book.term[8],
                 .pol_ded_max = book.term[9],
                 .pol_limit_amount = book.term[10],
                 .pol_limit_share = book.term[11],
                 .attachment = book.term[12],
                 .layer_limit = book.term[13],
                 .participation = book.term[14],
                 .slot = form & 4 ? book.slot : NULL};
    for (uint32_t c = 0; c < n_covers; c++)
        r.cover_offset[c] = c;
    r.plain_terms = xmc_run_terms_plain(&r, 0x1p-6);
    if (form & 16 && !r.plain_terms)
        fail("xmc_run_terms_plain", "-", n, "not recognised");
    if (!(form & 16) && form & 3 && n > 9 && r.plain_terms)
        fail("xmc_run_terms_plain", "-", n, "wrongly recognised");
    return r;
}

/* Mean damage with plain amounts; adds nothing to the digest. */
static void check_ground_up_mean(const xmc_kernels *ref, const xmc_kernels *k) {
    const uint64_t before = digest;
    for (unsigned form = 24; form < 32; form++)
        for (size_t n = 1; n < 40; n += 1 + n / 18) {
            xmc_run run = make_run(n, 1 + (uint32_t)(n % XMC_MAX_COVERS), form, 0, 77 + n);
            xmc_lanes lanes = {.position = 0};
            xmc_stream s = xmc_stream_at(1, 1, 1);
            uint64_t position = 0;
            for (size_t width = 1; width <= XMC_LANES; width += 9) {
                for (int t = 0; t < 2; t++) {
                    double *acc = (double *)(void *)guarded(t);
                    memset(acc, 0, SLOTS * width * sizeof *acc);
                    (t ? k : ref)
                        ->ground_up_occurrences(&run, book.rows, &lanes, width, acc, width, 0x1p-6,
                                                0x1p6);
                }
                compare("ground_up_occurrences, mean", k->isa, n, SLOTS * width * sizeof(double),
                        0);
            }
            for (int t = 0; t < 2; t++) {
                double *acc = (double *)(void *)guarded(t);
                memset(acc, 0, SLOTS * sizeof *acc);
                (t ? k : ref)
                    ->ground_up_locations(&run, book.rows, &s, &position, acc, 0x1p-6, 0x1p6);
            }
            compare("ground_up_locations, mean", k->isa, n, SLOTS * sizeof(double), 0);
        }
    digest = before;
}

static void check_ground_up(const xmc_kernels *ref, const xmc_kernels *k) {
    static const size_t ns[] = {1, 2, 6, 7, 9, 16, 17, 31, 33, 100, RUN};
    static const size_t widths[] = {1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 47, 48, 63, 64};
    static const unsigned gaps[] = {0, 3, 4000};
    uint64_t seed = 0;
    for (size_t a = 0; a < sizeof ns / sizeof *ns; a++)
        for (unsigned form = (unsigned)(a % 2); form < 32; form++)
            for (size_t g = 0; g < 3; g++) {
                if ((form & 24) == 24 || (form & 8 && g))
                    continue; /* nothing new */
                size_t n = ns[a];
                uint32_t covers = 1 + (uint32_t)(seed % XMC_MAX_COVERS);
                xmc_run run = make_run(n, covers, form, gaps[g], ++seed);
                double grid = seed % 5 ? 0x1p-6 : 0x1p3, inv = 1 / grid;
                /* occurrences */
                for (size_t w = seed % 3; w < sizeof widths / sizeof *widths; w += 3) {
                    size_t lanes = widths[w], stride = lanes + seed % 3;
                    xmc_lanes start = {.position = run.rank[0] - seed % 2 * (run.rank[0] / 2)},
                              l[2];
                    for (size_t i = 0; i < XMC_LANES; i++) {
                        xmc_stream s = xmc_stream_at(seed, i, 3);
                        start.state[i] = s.state;
                        start.inc[i] = s.inc;
                    }
                    for (int t = 0; t < 2; t++) {
                        double *acc = (double *)(void *)guarded(t);
                        memset(acc, 0, SLOTS * stride * sizeof *acc);
                        acc[0] = 64;
                        l[t] = start;
                        (t ? k : ref)
                            ->ground_up_occurrences(&run, book.rows, &l[t], lanes, acc, stride,
                                                    grid, inv);
                    }
                    compare("ground_up_occurrences", k->isa, n, SLOTS * stride * sizeof(double), 0);
                    same("ground_up_occurrences' streams", k->isa, n, l[0].state, l[1].state,
                         lanes * 8);
                    if (l[0].position != l[1].position)
                        fail("ground_up_occurrences", k->isa, n, "leaves the streams elsewhere");
                }
                /* locations */
                xmc_stream s[2];
                uint64_t position[2];
                for (int t = 0; t < 2; t++) {
                    double *acc = (double *)(void *)guarded(t);
                    memset(acc, 0, SLOTS * sizeof *acc);
                    s[t] = xmc_stream_at(seed, 0, 3);
                    position[t] = seed % 2 ? 0 : run.rank[0];
                    (t ? k : ref)
                        ->ground_up_locations(&run, book.rows, &s[t], &position[t], acc, grid, inv);
                }
                compare("ground_up_locations", k->isa, n, SLOTS * sizeof(double), 0);
                if (position[0] != position[1] || s[0].state != s[1].state)
                    fail("ground_up_locations", k->isa, n, "leaves the stream elsewhere");
            }
}

/* ---- stocks ---- */

enum { STOCKS = 300, INDICES = 4 };
static struct {
    uint32_t skip[STOCKS], index[STOCKS], segment[STOCKS];
    double beta[STOCKS], idio[STOCKS], value[STOCKS], scaled[STOCKS];
    double R[INDICES * XMC_EQUITY_LANES];
    xmc_stocks stocks;
    xmc_quantile_table own;
} shares;

static void make_stocks(size_t n, unsigned most_skipped) {
    xmc_stream s = xmc_stream_at(41, n, most_skipped);
    if (!shares.own.coef && xmc_quantile_table_student(&shares.own, 4.0))
        exit(1);
    for (size_t i = 0; i < n; i++) {
        shares.skip[i] = xmc_u32(&s) % (most_skipped + 1);
        shares.index[i] = xmc_u32(&s) % INDICES;
        shares.segment[i] = xmc_u32(&s) % SLOTS;
        shares.beta[i] = 2 * xmc_uniform(&s);
        shares.idio[i] = 0.5 * xmc_uniform(&s);
        shares.value[i] = xmc_to_grid(1e9 * xmc_uniform(&s), 0x1p-6, 0x1p6);
        shares.scaled[i] = shares.value[i] * (0.9 + 0.2 * xmc_uniform(&s));
    }
    for (size_t i = 0; i < INDICES * XMC_EQUITY_LANES; i++)
        shares.R[i] = 0.4 * xmc_normal(&s);
    shares.stocks = (xmc_stocks){n,           shares.skip, shares.index, shares.segment,
                                 shares.beta, shares.idio, shares.value, shares.scaled};
}

/* ---- rules of term trees ---- */

/* Rows behind each other in the guarded buffer: x, d, o, u of n lanes. */
static void make_history(xmc_stream *s, double *rows, size_t n, unsigned form) {
    for (size_t i = 0; i < 4 * n; i++)
        rows[i] = xmc_u32(s) % 3 ? floor(64e5 * xmc_uniform(s)) / 64 : 0;
    for (size_t i = 0; form & 1 && i < n; i++) /* nothing over while there is room under */
        rows[(xmc_u32(s) % 2 ? 2 : 3) * n + i] = 0;
}

static void check_rules(const xmc_kernels *ref, const xmc_kernels *k) {
    xmc_stream s = xmc_stream_at(37, 0, 0);
    static double rows[4 * 70];
    for (unsigned form = 0; form < 512; form++) {
        const xmc_rule r = {.ded_amount = form & 1 ? floor(5e4 * xmc_uniform(&s)) : 0,
                            .ded_share = form & 2 ? 0.2 * xmc_uniform(&s) : 0,
                            .ded_min = form & 4 ? floor(6e4 * xmc_uniform(&s)) : 0,
                            .ded_max = form & 8 ? floor(9e4 * xmc_uniform(&s)) : HUGE_VAL,
                            .limit_amount = form & 16   ? floor(8e4 * xmc_uniform(&s))
                                            : form & 32 ? 0
                                                        : HUGE_VAL,
                            .limit_share = form & 32 ? xmc_uniform(&s) : 0,
                            .franchise = form & 64 ? 1 : 0,
                            .participation = form & 128 ? xmc_uniform(&s) : 1};
        for (size_t n = 0; n < 70; n++) {
            make_history(&s, rows, n, form);
            for (int target = 0; target < 2; target++) {
                double *to = (double *)(void *)guarded(target);
                memcpy(to, rows, 4 * n * sizeof *to);
                const xmc_term_rows at = {to, to + n, to + 2 * n, to + 3 * n};
                const xmc_term_rows only = {to, NULL, NULL, NULL};
                (target ? k : ref)->rule_apply(&r, form & 256 ? &only : &at, n, 0x1p-6, 0x1p6);
            }
            compare("rule_apply", k->isa, n, 4 * n * sizeof(double), 0);
        }
    }
}

static void check_share_out(const xmc_kernels *ref, const xmc_kernels *k) {
    xmc_stream s = xmc_stream_at(41, 0, 0);
    enum { PARTS = 7, LANES = 70 };
    static double parts[PARTS][LANES], amount[LANES], sum[LANES];
    for (size_t n = 0; n < LANES; n++)
        for (int form = 0; form < 12; form++) {
            for (size_t l = 0; l < n; l++) {
                sum[l] = 0;
                for (int p = 0; p < PARTS; p++) {
                    parts[p][l] = xmc_u32(&s) % 2 && l % 5 ? floor(64e5 * xmc_uniform(&s)) / 64 : 0;
                    sum[l] += parts[p][l];
                }
                amount[l] = form % 3 ? floor(sum[l] * xmc_uniform(&s)) : sum[l];
                amount[l] = form % 4 == 3 ? 5 : amount[l];
            }
            for (int target = 0; target < 2; target++) {
                double *to = (double *)(void *)guarded(target);
                memset(to, 0, 2 * n * sizeof *to);
                for (int p = 0; p < PARTS; p++)
                    (target ? k : ref)
                        ->share_out(amount, sum, parts[p], to, to + n, to + (2 + (size_t)p) * n, n,
                                    0x1p-6, 0x1p6);
                for (size_t l = 0; l < n; l++) {
                    double total = 0;
                    for (size_t p = 0; p < PARTS; p++)
                        total += to[(2 + p) * n + l];
                    if (total != amount[l])
                        fail("share_out", k->isa, n, "parts do not sum to the amount");
                }
            }
            compare("share_out", k->isa, n, (2 + PARTS) * n * sizeof(double), 0);
        }
}

/* ---- policy terms ---- */

static void check_account_terms(const xmc_kernels *ref, const xmc_kernels *k) {
    xmc_stream s = xmc_stream_at(31, 0, 0);
    for (unsigned form = 0; form < 64; form++) {
        const xmc_terms t = {.ded_amount = form & 1 ? 1e5 * xmc_uniform(&s) : 0,
                             .ded_share = form & 2 ? 0.2 * xmc_uniform(&s) : 0,
                             .ded_min = form & 4 ? 1e4 : 0,
                             .ded_max = form & 8 ? 5e4 : INFINITY,
                             .limit_amount = form & 16 ? 3e5 : INFINITY,
                             .limit_share = form & 32 ? 0.3 : 0};
        const xmc_layer y = {form & 1 ? 12345.678 : 0, form & 2 ? INFINITY : 1e5,
                             form & 4 ? 1 : xmc_uniform(&s)};
        for (size_t n = 0; n < 70; n++) {
            for (size_t i = 0; i < n; i++)
                column[i] = i % 5 ? floor(64e6 * xmc_uniform(&s)) / 64 : 0;
            for (int target = 0; target < 2; target++)
                (target ? k : ref)
                    ->account_terms(&t, &y, column, n, (double *)(void *)guarded(target), 0x1p-6,
                                    0x1p6);
            compare("account_terms", k->isa, n, n * sizeof(double), 0);
        }
    }
}

static void check_equity(const xmc_kernels *ref, const xmc_kernels *k) {
    static const size_t ns[] = {0, 1, 2, 7, 100, STOCKS};
    for (size_t j = 0; j < sizeof ns / sizeof *ns; j++)
        for (unsigned skip = 0; skip < 40; skip += 19)
            for (uint64_t seed = 0; seed < 20; seed++) {
                size_t bytes = SLOTS * XMC_EQUITY_LANES * sizeof(double);
                xmc_stream s[2][XMC_EQUITY_LANES];
                make_stocks(ns[j], skip);
                for (int t = 0; t < 2; t++) {
                    double *sum = (double *)(void *)guarded(t);
                    memset(sum, 0, bytes);
                    for (uint64_t l = 0; l < XMC_EQUITY_LANES; l++)
                        s[t][l] = xmc_stream_at(seed, l, 0);
                    (t ? k : ref)
                        ->equity_losses(&shares.stocks, &shares.own, s[t], shares.R, sum, 0x1p-6,
                                        0x1p6);
                }
                compare("equity_losses", k->isa, ns[j], bytes, 0);
                same("equity_losses' streams", k->isa, ns[j], s[0], s[1], sizeof s[0]);
            }
}

/* ---- daily paths ---- */

enum { PATH_INDICES = 9, PATH_DAYS = 70 };
static struct {
    float table[XMC_TWO_TAILS_ROWS * XMC_TWO_TAILS_WIDTH];
    float omega[PATH_INDICES], alpha[PATH_INDICES], beta[PATH_INDICES], limit[PATH_INDICES],
        cholesky[PATH_INDICES * PATH_INDICES], target[PATH_INDICES * (PATH_INDICES + 1) / 2];
    float normals[PATH_INDICES * PATH_DAYS * XMC_PATH_LANES], mixing[PATH_DAYS * XMC_PATH_LANES];
    float scratch[(PATH_INDICES * (PATH_INDICES + 1) / 2 + PATH_INDICES) * XMC_PATH_LANES];
    xmc_garch model;
} daily;

static void make_paths(size_t n, int dynamic) {
    if (daily.table[0] == 0 && xmc_mixing_table(daily.table, 5.5))
        exit(1);
    xmc_stream s = xmc_stream_at(51, n, 0);
    for (size_t i = 0, row = 0; i < n; row += ++i) {
        daily.omega[i] = 2e-6f + 3e-6f * xmc_uniform_f32(&s);
        daily.alpha[i] = 0.1f * xmc_uniform_f32(&s);
        daily.beta[i] = 0.88f + 0.02f * xmc_uniform_f32(&s);
        daily.limit[i] = i % 3 ? 0.1f : i % 2 ? 0.2f : 1.0f;
        float rest = 1;
        for (size_t k = 0; k < i; k++) {
            daily.cholesky[i * n + k] = 0.3f * xmc_uniform_f32(&s);
            rest -= daily.cholesky[i * n + k] * daily.cholesky[i * n + k];
        }
        daily.cholesky[i * n + i] = sqrtf(rest);
        for (size_t j = 0; j <= i; j++)
            daily.target[row + j] = i == j ? 0.05f : 0.04f;
    }
    daily.model = (xmc_garch){n,
                              daily.omega,
                              daily.alpha,
                              daily.beta,
                              daily.limit,
                              daily.cholesky,
                              dynamic ? daily.target : NULL,
                              0.03f,
                              0.92f};
}

/* One memory: growth, h, shock, q of a tile. */
static size_t make_tile(size_t n, void *memory, xmc_path_tile *t) {
    enum { L = XMC_PATH_LANES };
    const size_t pairs = n * (n + 1) / 2;
    t->growth = memory;
    t->h = (float *)(t->growth + n * L);
    t->shock = t->h + n * L;
    t->q = t->shock + n * L;
    t->scratch = daily.scratch;
    for (size_t i = 0; i < n * L; i++) {
        t->growth[i] = 1;
        t->h[i] = 1e-4f + 1e-6f * (float)(i % 37);
        t->shock[i] = 0;
    }
    for (size_t i = 0, row = 0; i < n; row += ++i)
        for (size_t j = 0; j <= i; j++)
            for (size_t l = 0; l < L; l++)
                t->q[(row + j) * L + l] = i == j ? 1.0f + 0.01f * (float)l : 0.8f;
    return n * L * (sizeof(double) + 2 * sizeof(float)) + pairs * L * sizeof(float);
}

static void check_paths(const xmc_kernels *ref, const xmc_kernels *k) {
    static const size_t ns[] = {0, 1, 2, 5, PATH_INDICES}, days[] = {0, 1, 3, 31, 32, 33, 64, 70};
    make_paths(1, 0);
    for (size_t j = 0; j < sizeof days / sizeof *days; j++)
        for (uint64_t seed = 0; seed < 60; seed++) {
            xmc_stream s[2][XMC_PATH_LANES];
            for (int form = 0; form < 2; form++) {
                for (int t = 0; t < 2; t++) {
                    for (uint64_t l = 0; l < XMC_PATH_LANES; l++)
                        s[t][l] = xmc_stream_at(seed, l, 5);
                    float *out = (float *)(void *)guarded(t);
                    if (form)
                        (t ? k : ref)->path_two_tails(s[t], daily.table, out, days[j]);
                    else
                        (t ? k : ref)->path_normals(s[t], out, days[j]);
                }
                const char *name = form ? "path_two_tails" : "path_normals";
                compare(name, k->isa, days[j], days[j] * XMC_PATH_LANES * sizeof(float), 0);
                same("the paths' streams", k->isa, days[j], s[0], s[1], sizeof s[0]);
            }
        }
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++)
        for (size_t j = 0; j < sizeof days / sizeof *days; j++)
            for (int form = 0; form < 4; form++) {
                size_t n = ns[i], d = days[j], bytes = 0;
                make_paths(n, form & 1);
                xmc_stream s = xmc_stream_at(61, n, d);
                xmc_fill_normal_f32(&s, daily.normals, n * d * XMC_PATH_LANES);
                for (size_t m = 0; m < d * XMC_PATH_LANES; m++)
                    daily.mixing[m] = xmc_two_tails_f32_twin(daily.table, xmc_u32(&s));
                for (int t = 0; t < 2; t++) {
                    xmc_path_tile tile;
                    bytes = make_tile(n, guarded(t), &tile);
                    (t ? k : ref)
                        ->garch_days(&daily.model, d, daily.normals, form & 2 ? daily.mixing : NULL,
                                     &tile);
                }
                compare("garch_days", k->isa, n * 1000 + d, bytes, 0);
            }
}

/* ---- exponentials of factors ---- */

static struct {
    float loading[STOCKS * XMC_FACTORS], x[XMC_FACTORS * 64];
    double weight[STOCKS];
} exponentials;

static void make_exponentials(float size) {
    xmc_stream s = xmc_stream_at(81, 0, 0);
    for (size_t i = 0; i < STOCKS * XMC_FACTORS; i++)
        exponentials.loading[i] = 2 * xmc_uniform_f32(&s) - 1;
    for (size_t i = 0; i < STOCKS; i++)
        exponentials.weight[i] = 1e8 * xmc_uniform(&s);
    for (size_t i = 0; i < XMC_FACTORS * 64; i++)
        exponentials.x[i] = size * xmc_normal_f32_of(xmc_u32(&s));
    exponentials.x[7] = 0.0f;
    exponentials.x[70] = -0.0f;
    exponentials.x[90] = 0x1p-140f;
    exponentials.x[30] = size > 1 ? 1e30f : 1.0f;
}

static void check_exponentials(const xmc_kernels *ref, const xmc_kernels *k) {
    static const size_t ns[] = {0, 1, 2, 7, 100, STOCKS};
    static const float sizes[] = {0.0f, 0.3f, 40.0f, 3e4f};
    for (size_t f = 0; f < sizeof sizes / sizeof *sizes; f++)
        for (size_t j = 0; j < sizeof ns / sizeof *ns; j++)
            for (size_t lanes = 0; lanes <= 64; lanes += XMC_FACTOR_LANES) {
                make_exponentials(sizes[f]);
                const xmc_exponentials e = {ns[j], exponentials.loading, exponentials.weight};
                for (int t = 0; t < 2; t++) {
                    double *sum = (double *)(void *)guarded(t);
                    for (size_t l = 0; l < lanes; l++)
                        sum[l] = (double)l;
                    (t ? k : ref)->factor_exponentials(&e, exponentials.x, 64, lanes, sum);
                }
                compare("factor_exponentials", k->isa, ns[j], lanes * sizeof(double), 0);
            }
}

/* ---- credit ---- */

static struct {
    xmc_hazard_table table;
    double w[XMC_CREDIT_LANES], factors[XMC_CREDIT_LANES], hazard[XMC_CREDIT_LANES];
    double loss[XMC_STRIP_MOST];
    uint64_t hits[XMC_HITS_MOST];
    xmc_stream_base base[XMC_CREDIT_LANES];
} bucket;

static void make_bucket(uint64_t seed) {
    if (!bucket.table.coef && xmc_hazard_table_init(&bucket.table))
        exit(1);
    xmc_stream s = xmc_stream_at(71, seed, 0);
    for (uint64_t l = 0; l < XMC_CREDIT_LANES; l++) {
        bucket.w[l] = seed % 7 ? 1 + xmc_uniform(&s) : 30 * xmc_uniform(&s);
        bucket.factors[l] = xmc_normal(&s);
        bucket.base[l] = xmc_stream_base_at(seed, l);
    }
    for (size_t i = 0; i < XMC_STRIP_MOST; i++)
        bucket.loss[i] = (double)(xmc_u32(&s) >> 8);
}

static int by_lane(const void *pa, const void *pb) {
    const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
    const uint32_t la = (uint32_t)a & 0xffffu, lb = (uint32_t)b & 0xffffu;
    return la != lb ? (la < lb ? -1 : 1) : a < b ? -1 : a > b;
}

/* The hits of different lanes come in any order: here by lane, each with its place among those of
 * its lane. */
static size_t lanes_hits(const xmc_kernels *k, uint64_t address, uint32_t n, uint32_t *dense,
                         uint64_t *out) {
    static uint64_t hits[XMC_HITS_MOST];
    uint64_t place[XMC_CREDIT_LANES] = {0};
    size_t count = k->strip_hits(bucket.base, address, bucket.hazard, n, hits, dense);
    for (size_t i = 0; i < count; i++) {
        const uint64_t lane = hits[i] & 15u;
        out[i] = hits[i] | ++place[lane] << 16;
    }
    qsort(out, count, sizeof *out, by_lane);
    return count;
}

static void check_strip(const xmc_kernels *ref, const xmc_kernels *k, uint64_t address,
                        uint32_t n) {
    uint32_t dense[3];
    for (int t = 0; t < 2; t++) {
        double *sum = (double *)(void *)guarded(t);
        memset(sum, 0, sizeof bucket.hazard);
        dense[t] =
            (t ? k : ref)->strip_sums(bucket.base, address, bucket.hazard, bucket.loss, n, sum);
    }
    compare("strip_sums", k->isa, n, sizeof bucket.hazard, 0);
    static uint64_t list[2][XMC_HITS_MOST];
    size_t count = lanes_hits(ref, address, n, &dense[2], list[0]);
    if (dense[0] != dense[1] || dense[0] != dense[2])
        fail("strip_sums", k->isa, n, "other lanes are left out");
    if (lanes_hits(k, address, n, &dense[1], list[1]) != count || dense[0] != dense[1] ||
        memcmp(list[0], list[1], count * sizeof list[0][0]) != 0)
        fail("strip_hits", k->isa, n, "differs from the scalar twin");
    double sum[XMC_CREDIT_LANES] = {0};
    for (size_t i = 0; i < count; i++)
        sum[list[0][i] & 15u] += bucket.loss[list[0][i] >> 32];
    if (memcmp(sum, buffer[0] + GUARD, sizeof sum) != 0)
        fail("strip_hits", k->isa, n, "other defaults than strip_sums");
}

/* The single-precision probabilities: bits, and the error that credit.h states. */
static void check_conditional_pd(const xmc_kernels *ref, const xmc_kernels *k) {
    static float w[MAX], factors[MAX];
    xmc_stream s = xmc_stream_at(77, 0, 0);
    for (size_t i = 0; i < MAX; i++) {
        w[i] = i % 5 ? 1.0f : 0.5f + xmc_uniform_f32(&s);
        factors[i] = (float)((double)i / MAX * 30.0 - 12.5);
    }
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, 0x1p-149f, -0x1p-130f, 2.5f, 1e30f};
    memcpy(factors + 64, special, sizeof special);
    for (size_t j = 0; j < LENGTHS; j++) {
        for (int t = 0; t < 2; t++)
            (t ? k : ref)
                ->conditional_pd_f32(-2.5f, w, factors, lengths[j], (float *)(void *)guarded(t));
        compare("conditional_pd_f32", k->isa, lengths[j], lengths[j] * sizeof(float), 0);
    }
    const float *pd = (const float *)(void *)(buffer[1] + GUARD);
    for (size_t i = 0; i < MAX; i++) {
        float x = fmaf(-2.5f, w[i], factors[i]);
        x = x < 12.5f ? x : 12.5f;
        x = x > -12.5f ? x : -12.5f;
        const double exact = xmc_normal_cdf((double)x);
        if (!(fabs((double)pd[i] / exact - 1.0) < 5e-7)) {
            fprintf(stderr, "x = %.9g: %.9g, exact %.9g\n", (double)x, (double)pd[i], exact);
            fail("conditional_pd_f32", k->isa, i, "error above the stated one");
            return;
        }
    }
}

static void check_credit(const xmc_kernels *ref, const xmc_kernels *k) {
    check_conditional_pd(ref, k);
    for (uint64_t seed = 0; seed < 2000; seed++) {
        const double threshold = -5 + (double)(seed % 97) * 0.1;
        const size_t bytes = sizeof bucket.hazard;
        make_bucket(seed);
        for (int t = 0; t < 2; t++)
            (t ? k : ref)
                ->bucket_hazards(&bucket.table, threshold, bucket.w, bucket.factors,
                                 (double *)(void *)guarded(t));
        compare("bucket_hazards", k->isa, XMC_CREDIT_LANES, bytes, 0);
        memcpy(bucket.hazard, buffer[0] + GUARD, bytes);
        /* empty lanes, lanes left out, and up to XMC_POINTS_MEAN points in the others */
        static const uint32_t sizes[] = {1, 2, 3, 16, 97, 450, 1009, XMC_STRIP_MOST};
        const uint32_t n = sizes[seed % 8];
        for (uint64_t l = 0; l < XMC_CREDIT_LANES; l++)
            if ((seed + l) % 5 == 0)
                bucket.hazard[l] = (double)(seed % 56) * (double)(l % 4) / (3.0 * n);
        check_strip(ref, k, seed, n);
    }
}

/* ---- special values: zeros of both signs, subnormal, smallest and largest amounts, infinite
 * terms; adds nothing to the digest ---- */

static void check_special(const xmc_kernels *ref, const xmc_kernels *k) {
    static const double amounts[] = {0.0,      -0.0, 0x1p-1074, 0x1p-1060, DBL_MIN, 0x1p-8,
                                     0x1.8p-7, 1.0,  0x1p-6,    1e13,      1e9 / 3, 0x1p44};
    static const double terms[] = {0.0, INFINITY, 0x1p-1060, 0x1p-6, 1e6 / 7, 1e12};
    static const double grids[] = {0x1p-6, 0x1p3, 1.0};
    enum { AMOUNTS = sizeof amounts / sizeof *amounts, TERMS = sizeof terms / sizeof *terms };
    const uint64_t before = digest;
    xmc_stream s = xmc_stream_at(5, 5, 5);
    for (unsigned round = 0; round < 600; round++) {
        const double grid = grids[round % 3];
        const size_t n = 1 + xmc_u32(&s) % 40;
#define TERM() terms[xmc_u32(&s) % TERMS]
        const xmc_terms t = {TERM(), round % 2 ? 0.0 : 0x1p-1050, TERM(), TERM(),
                             TERM(), round % 5 ? 0.0 : 0.5};
        const xmc_layer y = {TERM(), TERM(), round % 7 ? 1.0 : 0.0};
        for (size_t i = 0; i < n; i++)
            column[i] = amounts[xmc_u32(&s) % AMOUNTS];
        for (int target = 0; target < 2; target++)
            (target ? k : ref)
                ->account_terms(&t, &y, column, n, (double *)(void *)guarded(target), grid,
                                1 / grid);
        compare("account_terms, special values", k->isa, n, n * sizeof(double), 0);
        xmc_run run = make_run(n, 1 + round % 2, round % 16, round % 3, round);
        for (size_t i = 0; i < n * run.n_covers; i++)
            book.tiv[i] = fabs(amounts[xmc_u32(&s) % AMOUNTS]);
        for (int kind = 0; kind < 14; kind++) /* shares and participations stay fractions */
            for (size_t i = 0; i < n; i++)
                if (kind != 1 && kind != 5 && kind != 7 && kind != 11)
                    book.term[kind][i] = TERM();
#undef TERM
        run.plain_terms = xmc_run_terms_plain(&run, grid);
        const size_t lanes = 1 + round % XMC_LANES;
        xmc_lanes start = {.position = 0}, l[2];
        for (size_t i = 0; i < XMC_LANES; i++) {
            const xmc_stream at = xmc_stream_at(round, i, 4);
            start.state[i] = at.state;
            start.inc[i] = at.inc;
        }
        for (int target = 0; target < 2; target++) {
            double *acc = (double *)(void *)guarded(target);
            memset(acc, 0, SLOTS * lanes * sizeof *acc);
            l[target] = start;
            (target ? k : ref)
                ->ground_up_occurrences(&run, book.rows, &l[target], lanes, acc, lanes, grid,
                                        1 / grid);
        }
        compare("ground_up_occurrences, special values", k->isa, n, SLOTS * lanes * sizeof(double),
                0);
        for (int target = 0; target < 2; target++) {
            double *acc = (double *)(void *)guarded(target);
            uint64_t position = 0;
            xmc_stream at = xmc_stream_at(round, 0, 4);
            memset(acc, 0, SLOTS * sizeof *acc);
            (target ? k : ref)
                ->ground_up_locations(&run, book.rows, &at, &position, acc, grid, 1 / grid);
        }
        compare("ground_up_locations, special values", k->isa, n, SLOTS * sizeof(double), 0);
    }
    static const double thresholds[] = {-INFINITY, INFINITY, 0.0, -0.0, 1e300, -1e300, 0x1p-1070};
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        make_bucket(i);
        for (int target = 0; target < 2; target++)
            (target ? k : ref)
                ->bucket_hazards(&bucket.table, thresholds[i], bucket.w, bucket.factors,
                                 (double *)(void *)guarded(target));
        compare("bucket_hazards, special values", k->isa, XMC_CREDIT_LANES, sizeof bucket.hazard,
                0);
    }
    make_stocks(STOCKS, 3);
    for (size_t i = 0; i < STOCKS; i++) {
        shares.value[i] = i % 3 ? amounts[i % AMOUNTS] : 0.0;
        shares.scaled[i] = i % 4 ? shares.value[i] : 0.0;
        shares.beta[i] = i % 5 ? shares.beta[i] : 0.0;
        shares.idio[i] = i % 7 ? shares.idio[i] : 0.0;
    }
    for (size_t i = 0; i < INDICES * XMC_EQUITY_LANES; i++)
        shares.R[i] = i % 3 ? shares.R[i] : i % 2 ? 0x1p-1060 : -700.0;
    for (int target = 0; target < 2; target++) {
        double *sum = (double *)(void *)guarded(target);
        xmc_stream at[XMC_EQUITY_LANES];
        memset(sum, 0, SLOTS * XMC_EQUITY_LANES * sizeof *sum);
        for (uint64_t l = 0; l < XMC_EQUITY_LANES; l++)
            at[l] = xmc_stream_at(3, l, 0);
        (target ? k : ref)
            ->equity_losses(&shares.stocks, &shares.own, at, shares.R, sum, 0x1p-6, 0x1p6);
    }
    compare("equity_losses, special values", k->isa, STOCKS,
            SLOTS * XMC_EQUITY_LANES * sizeof(double), 0);
    digest = before;
}

/* ---- plain terms and the largest losses that the grid allows; adds nothing to the digest ---- */

/* A stream whose next word is this one. */
static xmc_stream stream_of_word(uint32_t word) {
    const uint64_t low = word & 0x3fffu, high = word >> 14;
    xmc_stream s = {.state = high << 41, .inc = xmc_mix64(word) | 1};
    s.state |= (low ^ (s.state >> 45 & 0x3fffu)) << 27;
    xmc_stream next = s;
    if (xmc_u32(&next) != word)
        fail("stream_of_word", "-", word, "gives another word");
    return s;
}

/* Words of all magnitudes: the small ones bring the rarest and largest damage. */
static uint32_t any_word(xmc_stream *s) {
    const uint32_t form = xmc_u32(s) % 5, word = xmc_u32(s);
    return form == 0 ? word : form == 1 ? ~(word >> word % 32) : word >> word % 32;
}

/* Arrays that a run without such terms does not have. */
static void drop_terms(xmc_run *r) {
    if (!r->has_terms)
        r->ded_amount = r->ded_share = r->ded_min = r->ded_max = r->limit_amount = r->limit_share =
            NULL;
    if (!r->has_policy)
        r->pol_ded_amount = r->pol_ded_share = r->pol_ded_min = r->pol_ded_max =
            r->pol_limit_amount = r->pol_limit_share = r->attachment = r->layer_limit =
                r->participation = NULL;
}

/* A run with plain terms, or none: amounts up to and far beyond the largest loss, which is just
 * below 2^51 grid steps for a few locations; damage rows of atoms alone among others. */
static xmc_run plain_run(unsigned round, double grid, xmc_stream *s) {
    static const double steps[] = {0,      1,          2,          3,      64,     1e6,
                                   0x1p31, 0x1p40 + 1, 0x1p50 - 1, 0x1p50, 0x1p51, 0x1.8p52 + 1,
                                   0x1p53, 0x1p60,     0x1p200};
    enum { STEPS = sizeof steps / sizeof *steps };
    const size_t n = round % 11 ? 1 + xmc_u32(s) % 70 : RUN - xmc_u32(s) % 64;
    const uint32_t covers = round % 3 ? 1 : 1 + xmc_u32(s) % XMC_MAX_COVERS;
    xmc_run r = make_run(n, covers, 16 | (round / 2 & 15), 0, round);
    for (uint32_t c = 0, at = 0; c < covers; c++) {
        at += xmc_u32(s) % (round % 7 ? 3 : 600) + (c > 0);
        r.cover_offset[c] = at;
        static const double from[] = {0, 0.3, 1}, to[] = {0, 0.9, 1};
        const double p[] = {xmc_u32(s) % 2, xmc_u32(s) % 2, xmc_u32(s) % 2 ? 1 : 1e-9};
        if (xmc_u32(s) % 2 && xmc_damage_row_init(&book.row[c], 3, from, to, p))
            exit(1);
    }
    const uint32_t room = r.cover_offset[covers - 1] + 1;
    uint32_t rank = round % 5 ? xmc_u32(s) % 5000 : UINT32_MAX - (uint32_t)n * (room + 40);
    for (size_t i = 0; i < n; i++) {
        const bool huge = i < 3 || xmc_u32(s) % 200 == 0;
        const double most = (huge && i < 200 ? 0x1p51 - XMC_MAX_COVERS : 0x1p38) / covers * grid;
        for (uint32_t c = 0; c < covers; c++) {
            const double part[] = {1, 1, xmc_uniform(s), 0x1p-30 * xmc_uniform(s), 0, 0x1p-1060};
            book.tiv[c * n + i] = part[xmc_u32(s) % 6] * most;
        }
        book.rank[i] = rank;
        rank += round % 2 ? 1 : room + xmc_u32(s) % 40;
        for (int k = 0; k < 15; k++) {
            const int kind = k >= 6 ? k - 6 : k;
            const double share = xmc_u32(s) % 3 ? steps[xmc_u32(s) % STEPS] * grid
                                                : rint(xmc_uniform(s) * 0x1p51) * grid;
            const bool limit = kind == 4 || kind == 7;
            const bool amount = limit || kind == 0 || kind == 6;
            const double none = kind == 3 ? INFINITY : kind == 8 ? 1 : 0;
            book.term[k][i] = !amount                        ? none
                              : limit && xmc_u32(s) % 3 == 0 ? INFINITY
                              : xmc_u32(s) % 3               ? share
                                                             : 0;
        }
        for (int k = 0; k < 7; k += 6) { /* minima and maxima that say nothing */
            book.term[k + 2][i] = xmc_u32(s) % 2 ? 0 : book.term[k][i];
            book.term[k + 3][i] = xmc_u32(s) % 2 ? INFINITY : book.term[k][i];
        }
    }
    r.plain_terms = xmc_run_terms_plain(&r, grid);
    if (!r.plain_terms)
        fail("xmc_run_terms_plain", "-", n, "not recognised");
    drop_terms(&r);
    return r;
}

/* Losses on the grid that lie where the new ones are added. */
static void start_losses(double *acc, size_t n, double grid, uint64_t seed) {
    xmc_stream s = xmc_stream_at(seed, 6, 6);
    for (size_t i = 0; i < n; i++)
        acc[i] = (double)(xmc_u32(&s) >> 4) * grid;
}

static void check_plain(const xmc_kernels *ref, const xmc_kernels *k) {
    static const double grids[] = {0x1p-20, 0x1p-6, 1.0, 0x1p3, 0x1p10};
    const uint64_t before = digest;
    xmc_stream s = xmc_stream_at(15, 15, 15);
    for (unsigned round = 0; round < 1600; round++) {
        const double grid = grids[round % 5], inv = 1 / grid;
        const xmc_run run = plain_run(round, grid, &s);
        const size_t lanes = 1 + round % XMC_LANES, stride = lanes + xmc_u32(&s) % 3;
        xmc_lanes start = {.position = run.rank[0] + run.cover_offset[0]}, l[2];
        if (round % 4 == 0) /* draws to leave out, or to go back over */
            start.position = xmc_u32(&s);
        for (size_t i = 0; i < XMC_LANES; i++) {
            const xmc_stream at = stream_of_word(any_word(&s));
            start.state[i] = at.state;
            start.inc[i] = at.inc;
        }
        for (int t = 0; t < 2; t++) {
            double *acc = (double *)(void *)guarded(t);
            start_losses(acc, SLOTS * stride, grid, round);
            l[t] = start;
            (t ? k : ref)
                ->ground_up_occurrences(&run, book.rows, &l[t], lanes, acc, stride, grid, inv);
        }
        compare("ground_up_occurrences, plain", k->isa, run.n, SLOTS * stride * sizeof(double), 0);
        same("streams", k->isa, run.n, l[0].state, l[1].state, lanes * 8);
        if (l[0].position != l[1].position)
            fail("ground_up_occurrences, plain", k->isa, run.n, "leaves the streams elsewhere");
        xmc_stream at[2];
        uint64_t position[2];
        for (int t = 0; t < 2; t++) {
            double *acc = (double *)(void *)guarded(t);
            start_losses(acc, SLOTS, grid, round);
            at[t] = (xmc_stream){start.state[0], start.inc[0]};
            position[t] = start.position;
            (t ? k : ref)
                ->ground_up_locations(&run, book.rows, &at[t], &position[t], acc, grid, inv);
        }
        compare("ground_up_locations, plain", k->isa, run.n, SLOTS * sizeof(double), 0);
        if (position[0] != position[1] || at[0].state != at[1].state)
            fail("ground_up_locations, plain", k->isa, run.n, "leaves the stream elsewhere");
    }
    digest = before;
}

/* Terms that the shortcut must refuse, one at a time; numbers as in make_run. */
static void check_plain_refused(void) {
    static const struct {
        int term;
        double value;
    } wrong[] = {{0, 0x1p-7}, {0, -64},       {0, INFINITY}, {0, NAN},      {1, 0.01},
                 {2, 1e5},    {3, 64},        {4, 100.3},    {4, -64},      {4, NAN},
                 {5, 0.5},    {6, 1e-3},      {6, INFINITY}, {7, 0.01},     {8, 1e5},
                 {9, 64},     {10, 0x1p-7},   {10, -64},     {11, 0.5},     {12, 0.3},
                 {12, -64},   {12, INFINITY}, {12, NAN},     {13, 1e6 / 7}, {13, -64},
                 {13, NAN},   {14, 0.5},      {14, 0},       {14, NAN}};
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        const xmc_run r = make_run(5, 1, 16 | 3, 0, 9);
        for (size_t i = 0; i < 5; i++)
            book.term[0][i] = book.term[6][i] = 128;
        if (!xmc_run_terms_plain(&r, 0x1p-6))
            fail("xmc_run_terms_plain", "-", w, "refused what is plain");
        book.term[wrong[w].term][3] = wrong[w].value;
        if (xmc_run_terms_plain(&r, 0x1p-6))
            fail("xmc_run_terms_plain", "-", w, "accepted what is not plain");
    }
}

/* ---- chosen words, all small lengths and large buckets; adds nothing to the digest ---- */

static void check_words(const xmc_kernels *ref, const xmc_kernels *k) {
    const uint64_t before = digest;
    make_paths(1, 0);
    for (unsigned bit = 0; bit < 32; bit++)
        for (int half = 0; half < 2; half++)
            for (int form = 0; form < 2; form++) {
                /* sixteen words about a power of two, or half an octave above, from either end */
                xmc_stream s[2][XMC_PATH_LANES];
                for (unsigned i = 0; i < XMC_PATH_LANES; i++) {
                    const uint32_t near = (UINT32_C(1) << bit) + (half ? (1u << bit) / 2 : 0);
                    const uint32_t word = near + i / 2 - 4;
                    s[0][i] = s[1][i] = stream_of_word(i % 2 ? ~word : word);
                }
                for (int t = 0; t < 2; t++) {
                    float *out = (float *)(void *)guarded(t);
                    if (form)
                        (t ? k : ref)->path_two_tails(s[t], daily.table, out, 1);
                    else
                        (t ? k : ref)->path_normals(s[t], out, 1);
                }
                compare(form ? "path_two_tails, chosen words" : "path_normals, chosen words",
                        k->isa, bit, XMC_PATH_LANES * sizeof(float), 0);
            }
#define CHECK_LENGTH(NAME, TYPE, n)                                                                \
    do {                                                                                           \
        xmc_stream a = xmc_stream_at(n, 4, 4), b = a;                                              \
        ref->NAME(&a, (TYPE *)(void *)guarded(0), n);                                              \
        k->NAME(&b, (TYPE *)(void *)guarded(1), n);                                                \
        compare(#NAME, k->isa, n, (n) * sizeof(TYPE), 0);                                          \
        if (a.state != b.state)                                                                    \
            fail(#NAME, k->isa, n, "leaves the stream elsewhere");                                 \
    } while (0)
    for (size_t n = 0; n < 300; n++) { /* and about pieces of 2,048 */
        const size_t far = 2048 * (1 + n % 3) + n - 150;
        CHECK_LENGTH(fill_u32, uint32_t, n);
        CHECK_LENGTH(fill_uniform, double, n);
        CHECK_LENGTH(fill_uniform_f32, float, n);
        CHECK_LENGTH(fill_normal, double, n);
        CHECK_LENGTH(fill_normal_f32, float, n);
        CHECK_LENGTH(fill_normal, double, far);
        CHECK_LENGTH(fill_normal_f32, float, far);
    }
#undef CHECK_LENGTH
    static const double ps[] = {1e-12, 1e-9, 5e-6, 1e-5, 0.2, 0.75, 1 - 0x1p-40, 1 - 0x1p-53};
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++)
        for (size_t n = 0; n < 300; n++) {
            /* short buckets, and the largest, where there are not too many hits */
            const size_t m = n < 260 ? n : ps[i] > 1e-4 ? 30000 + n : (UINT32_C(1) << 31) - 1 - n;
            const xmc_stream s = xmc_stream_at(i, n, 9);
            const double scale = xmc_skip_scale(ps[i]);
            const size_t a = ref->skip(s, m, scale, (uint32_t *)(void *)guarded(0));
            const size_t b = k->skip(s, m, scale, (uint32_t *)(void *)guarded(1));
            if (a != b)
                fail("skip", k->isa, m, "another count");
            compare("skip", k->isa, m, a * 4, XMC_SKIP_SLACK * 4);
        }
    digest = before;
}

/* ---- benchmark ---- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static volatile uint64_t sink;

/* Nanoseconds of a clock cycle, by a chain of multiplications of three cycles each. */
static double cycle(void) {
    double best = 1e99;
    for (int slice = 0; slice < 20; slice++) {
        uint64_t x = sink | 1;
        double start = now();
        for (int i = 0; i < 200000; i++) {
            x *= XMC_PCG_MULTIPLIER;
            __asm__ volatile("" : "+r"(x));
        }
        double took = (now() - start) / 200000 / 3;
        sink = x;
        best = took < best ? took : best;
    }
    return best * 1e9;
}

/* Plain C figures, in the order of the benchmarks. */
static double plain[200];
static size_t n_plain, at_plain;
static double ns_per_cycle;

static void report(const char *isa, const char *label, double ns) {
    if (strcmp(isa, "plain") == 0 && n_plain < 200)
        plain[n_plain++] = ns;
    printf("%-7s %-44s %9.4f ns %9.3f cycles", isa, label, ns, ns / ns_per_cycle);
    if (strcmp(isa, "plain") != 0 && at_plain < n_plain)
        printf(" %6.1f x plain C", plain[at_plain++] / ns);
    putchar('\n');
}

/* Best of 30 slices of a millisecond: nanoseconds per element. The clock costs half a microsecond,
 * so it is read once per slice. */
#define BENCH(LABEL, ELEMENTS, ...)                                                                \
    do {                                                                                           \
        double best = 1e99;                                                                        \
        int rounds = 1;                                                                            \
        for (int slice = 0; slice < 30;) {                                                         \
            double start = now();                                                                  \
            for (int r = 0; r < rounds; r++) {                                                     \
                __VA_ARGS__;                                                                       \
            }                                                                                      \
            double took = now() - start;                                                           \
            if (took < 0.5e-3) {                                                                   \
                rounds *= 2;                                                                       \
                continue;                                                                          \
            }                                                                                      \
            took /= (double)rounds * (double)(ELEMENTS);                                           \
            best = took < best ? took : best;                                                      \
            slice++;                                                                               \
        }                                                                                          \
        report(k->isa, LABEL, best * 1e9);                                                         \
        fflush(stdout);                                                                            \
    } while (0)

static void bench(const xmc_kernels *k) {
    enum { N = 8192, LONG = 1000000 };
    static union {
        uint32_t u[N];
        float f[N];
        double d[N];
    } out;
    static uint32_t hits[16384 + XMC_SKIP_SLACK];
    xmc_stream s = xmc_stream_at(1, 2, 3);
    BENCH("u32", N, k->fill_u32(&s, out.u, N));
    BENCH("u32, 100 at a time", 100, k->fill_u32(&s, out.u, 100));
    BENCH("uniform f32", N, k->fill_uniform_f32(&s, out.f, N));
    BENCH("uniform f64", N, k->fill_uniform(&s, out.d, N));
    BENCH("normal f32", N, k->fill_normal_f32(&s, out.f, N));
    BENCH("normal f64", N, k->fill_normal(&s, out.d, N));
    BENCH("normal f64, 20 at a time", 20, k->fill_normal(&s, out.d, 20));
    static const double ps[] = {0.001, 0.01, 0.05, 0.2};
    for (size_t i = 0; i < 4; i++) {
        double scale = xmc_skip_scale(ps[i]);
        char label[64];
        snprintf(label, sizeof label, "skip p = %g, per obligor of 16384", ps[i]);
        BENCH(label, 16384, xmc_u32(&s); sink += k->skip(s, 16384, scale, hits));
    }
    const double at_one_percent = xmc_skip_scale(0.01);
    BENCH("skip p = 0.01, per bucket of 100", 1, xmc_u32(&s);
          sink += k->skip(s, 100, at_one_percent, hits));
    BENCH("skip p = 0.01, per bucket of 500", 1, xmc_u32(&s);
          sink += k->skip(s, 500, at_one_percent, hits));
    static double acc[SLOTS * XMC_LANES];
    static const unsigned all_forms[] = {0, 17, 19, 1, 3};
    for (unsigned f = 0; f < 5; f++) {
        const unsigned form = all_forms[f];
        xmc_run run = make_run(RUN, 1, form, 0, 5);
        xmc_lanes l = {.position = run.rank[0]};
        char label[64];
        for (size_t i = 0; i < XMC_LANES; i++) {
            s = xmc_stream_at(5, i, 3);
            l.state[i] = s.state;
            l.inc[i] = s.inc;
        }
        static const char *const forms[] = {"", ", plain terms", ", plain terms and policy",
                                            ", terms", ", terms and policy"};
        static const size_t widths[] = {8, 16, 32, 64};
        for (size_t w = 0; w < 4; w++) {
            snprintf(label, sizeof label, "ground-up, %zu occurrences%s", widths[w], forms[f]);
            BENCH(label, RUN * widths[w], l.position = run.rank[0]; k->ground_up_occurrences(
                &run, book.rows, &l, widths[w], acc, XMC_LANES, 0x1p-6, 0x1p6));
        }
        uint64_t position;
        snprintf(label, sizeof label, "ground-up, locations%s", forms[f]);
        BENCH(label, RUN, position = run.rank[0];
              k->ground_up_locations(&run, book.rows, &s, &position, acc, 0x1p-6, 0x1p6));
        run.n = 12;
        snprintf(label, sizeof label, "ground-up, 12 locations%s", forms[f]);
        BENCH(label, 12, position = run.rank[0];
              k->ground_up_locations(&run, book.rows, &s, &position, acc, 0x1p-6, 0x1p6));
    }
    xmc_run mean = make_run(RUN, 1, 9, 0, 5);
    xmc_lanes none = {.position = 0};
    BENCH("ground-up, mean damage, 64 occurrences, terms", RUN * 64,
          k->ground_up_occurrences(&mean, book.rows, &none, 64, acc, XMC_LANES, 0x1p-6, 0x1p6));
    make_bucket(1);
    BENCH("hazards of a bucket", XMC_CREDIT_LANES,
          k->bucket_hazards(&bucket.table, -2.5, bucket.w, bucket.factors, bucket.hazard));
    static const double means[] = {0.01, 0.1, 1, 4, 8, 16, 30, 45};
    for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
        char label[64];
        uint32_t dense;
        double sum[XMC_CREDIT_LANES] = {0};
        for (int l = 0; l < XMC_CREDIT_LANES; l++)
            bucket.hazard[l] = means[i] / 450;
        snprintf(label, sizeof label, "strip of 450, mean %g: sums", means[i]);
        BENCH(label, XMC_CREDIT_LANES,
              sink += k->strip_sums(bucket.base, sink, bucket.hazard, bucket.loss, 450, sum));
        snprintf(label, sizeof label, "strip of 450, mean %g: hits", means[i]);
        BENCH(label, XMC_CREDIT_LANES,
              sink += k->strip_hits(bucket.base, sink, bucket.hazard, 450, bucket.hits, &dense));
    }
    xmc_stream streams[XMC_EQUITY_LANES];
    for (uint64_t l = 0; l < XMC_EQUITY_LANES; l++)
        streams[l] = xmc_stream_at(1, l, 0);
    make_stocks(STOCKS, 0);
    BENCH("stocks, Student t", STOCKS * XMC_EQUITY_LANES,
          k->equity_losses(&shares.stocks, &shares.own, streams, shares.R, acc, 0x1p-6, 0x1p6));
    double *x = malloc(LONG * sizeof *x), *work = malloc(LONG * sizeof *work);
    if (!x || !work)
        exit(1);
    k->fill_normal(&s, x, LONG);
    memset(work, 0, LONG * sizeof *work);
    double q = 0;
    BENCH("moments of 1e6", LONG, sink += (uint64_t)k->column_moments(x, NULL, LONG).max);
    BENCH("VaR 99.5 % of 1e6", LONG, q = k->kth_smallest(x, LONG, 995000, work));
    xmc_tail both;
    BENCH("VaR and tail of 1e6", LONG, q = k->kth_and_tail(x, LONG, 995000, work, &both);
          sink += both.n_above);
    BENCH("tail sum of 1e6", LONG, sink += k->column_tail(x, LONG, q).n_above);
    free(x);
    free(work);
}

int main(int argc, char **argv) {
    const xmc_kernels *const *targets;
    size_t n = xmc_kernels_available(&targets);
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        ns_per_cycle = cycle();
        printf("clock: %.2f GHz\n", 1 / ns_per_cycle);
        bench(&xmc_kernels_plain);
        for (size_t i = 0; i < n; i++)
            if (argc < 3 || strcmp(argv[2], targets[i]->isa) == 0) {
                at_plain = 0;
                bench(targets[i]);
            }
        return 0;
    }
#ifdef XMC_EMULATED
    static const xmc_kernels *const emulated[] = {&xmc_kernels_scalar, &XMC_EMULATED};
    targets = emulated;
    n = 2;
#else
    for (size_t i = 0; i < n; i++)
        /* selection by name, and of what there is not */
        if (xmc_kernels_select(targets[i]->isa) != targets[i] || xmc_kernels_active() != targets[i])
            fail("select", targets[i]->isa, 0, "not selected");
    if (xmc_kernels_select("no such") || xmc_kernels_active() != targets[n - 1])
        fail("select", "no such", 0, "selected");
#endif
    const xmc_kernels *checked[8] = {targets[0], &xmc_kernels_plain};
    memcpy(checked + 2, targets + 1, (n - 1) * sizeof *targets);
    for (size_t i = 0; i < n + 1; i++) {
        check_fills(targets[0], checked[i]);
        check_skip(targets[0], checked[i]);
        check_ground_up(targets[0], checked[i]);
        check_ground_up_mean(targets[0], checked[i]);
        check_credit(targets[0], checked[i]);
        check_equity(targets[0], checked[i]);
        check_paths(targets[0], checked[i]);
        check_exponentials(targets[0], checked[i]);
        check_reductions(targets[0], checked[i]);
        check_kth_and_tail(targets[0], checked[i]);
        check_account_terms(targets[0], checked[i]);
        check_special(targets[0], checked[i]);
        check_rules(targets[0], checked[i]);
        check_share_out(targets[0], checked[i]);
        check_plain(targets[0], checked[i]);
        check_words(targets[0], checked[i]);
    }
    check_plain_refused();
    if (digest != pinned) {
        fprintf(stderr, "the scalar reference's digest is %#018llx, not %#018llx\n",
                (unsigned long long)digest, (unsigned long long)pinned);
        failures++;
    }
    printf("%zu targets:", n);
    for (size_t i = 0; i < n; i++)
        printf(" %s", targets[i]->isa);
    printf(failures ? "; %d failures\n" : "; all kernels equal their scalar twins\n", failures);
    return failures != 0;
}
